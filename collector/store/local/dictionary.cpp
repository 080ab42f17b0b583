#include "store/local/dictionary.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace collector::store::local {
namespace {

using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

HashEntry entry_of(std::int64_t project, Space space, std::string_view text, std::int64_t id = 0) {
    thread_local std::string key;
    // Both have one size: no two triples make the same bytes.
    key.assign(reinterpret_cast<const char*>(&project), sizeof project)
        .append(1, static_cast<char>(space))
        .append(text);
    return hash_entry(key, id);
}

HashEntry entry_of_row(const Statement& row) {
    return entry_of(row.integer(1), static_cast<Space>(row.integer(2)), row.text(3), row.integer(0));
}

}  // namespace

Result<Dictionary> Dictionary::open(Database& database, const Options& options) {
    auto index = HashIndex::open(
        database, {.table = "event_texts", .columns = "project, space, text", .entry = entry_of_row}, options.index);
    if (!index) return std::move(index).error();
    auto insert = database.prepare("INSERT INTO event_texts (id, project, space, text) VALUES (?, ?, ?, ?)");
    if (!insert) return std::move(insert).error();
    return Dictionary(std::move(*index), std::move(*insert), options.remembered);
}

Dictionary::Dictionary(std::unique_ptr<HashIndex> index, Statement insert, std::size_t remembered)
    : index_(std::move(index)), insert_(std::move(insert)), remembered_(remembered), last_id_(index_->last_row()) {}

bool Dictionary::Remembered::is(std::int64_t a_project, Space a_space, std::string_view a_text) const {
    return id != 0 && std::string_view(text, size) == a_text && project == a_project &&
           space == static_cast<std::uint8_t>(a_space);
}

void Dictionary::Remembered::put(std::int64_t an_id, std::int64_t a_project, Space a_space, std::string_view a_text) {
    if (a_text.size() > sizeof text || a_project > std::numeric_limits<std::uint32_t>::max()) return;
    id = an_id;
    project = static_cast<std::uint32_t>(a_project);
    space = static_cast<std::uint8_t>(a_space);
    size = static_cast<std::uint8_t>(a_text.size());
    std::copy(a_text.begin(), a_text.end(), text);
}

std::size_t Dictionary::place_of(std::int64_t project, Space space, std::string_view text) const {
    const auto hash = std::hash<std::string_view>()(text) +
                      (static_cast<std::size_t>(project) * 31 + static_cast<std::size_t>(space)) * 0x9e3779b97f4a7c15;
    return hash % remembered_.size();
}

void Dictionary::prefetch(std::int64_t project, Space space, std::string_view text) const {
    __builtin_prefetch(&remembered_[place_of(project, space, text)]);
}

Result<std::int64_t> Dictionary::id(std::int64_t project, Space space, std::string_view text) {
    auto& place = remembered_[place_of(project, space, text)];
    if (place.is(project, space, text)) return place.id;
    auto id = find_or_insert(project, space, text);
    if (id) place.put(*id, project, space, text);
    return id;
}

Result<std::int64_t> Dictionary::find(std::int64_t project, Space space, std::string_view text) const {
    return index_->find_committed(entry_of(project, space, text));
}

void Dictionary::forget(std::vector<std::int64_t> numbers) {
    for (auto& place : remembered_) {
        if (std::binary_search(numbers.begin(), numbers.end(), place.id)) place.id = 0;
    }
    index_->forget(std::move(numbers));
}

void Dictionary::rolled_back() {
    index_->rolled_back();
    last_id_ = index_->last_row();
    for (auto& place : remembered_) place.id = 0;
}

Result<std::int64_t> Dictionary::find_or_insert(std::int64_t project, Space space, std::string_view text) {
    auto entry = entry_of(project, space, text);
    index_->prefetch(entry);
    if (auto known = index_->find(entry); !known || *known >= 0) return known;
    insert_.bind(1, last_id_ + 1);
    insert_.bind(2, project);
    insert_.bind(3, static_cast<std::int64_t>(space));
    insert_.bind_borrowed(4, text);
    if (auto inserted = insert_.run(); !inserted) return std::move(inserted).error();
    entry.set_value(++last_id_);
    index_->add(entry);
    return last_id_;
}

}  // namespace collector::store::local
