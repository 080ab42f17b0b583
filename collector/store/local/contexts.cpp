#include "store/local/contexts.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace collector::store::local {
namespace {

using model::Event;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

constexpr std::size_t kRemembered = 16 * 1024;  // some 4 MB

std::string columns() {
    std::string names = "project, dialect";
    for (const auto& text : kContextTexts) names += std::string(", ") + text.column;
    return names;
}

HashEntry entry_of(const std::vector<std::int64_t>& numbers) {
    return hash_entry({reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof numbers[0]});
}

HashEntry entry_of_row(const Statement& row) {
    std::vector<std::int64_t> numbers;
    for (int column = 1; column < row.columns(); ++column) numbers.push_back(row.integer(column));  // null is 0
    auto entry = entry_of(numbers);
    entry.set_value(row.integer(0));
    return entry;
}

/// Bytes that no other context has.
void write_key(std::string& key, std::int64_t project, const Event& event) {
    key.assign(reinterpret_cast<const char*>(&project), sizeof project).append(1, static_cast<char>(event.dialect));
    for (const auto& text : kContextTexts) {
        const std::string& value = event.*text.text;
        const auto size = static_cast<std::uint32_t>(value.size());
        key.append(reinterpret_cast<const char*>(&size), sizeof size).append(value);
    }
}

}  // namespace

const std::vector<ContextText> kContextTexts = {
    {"app", &Event::app_id},
    {"app_version", &Event::app_version},
    {"utm_source", &Event::utm_source},
    {"utm_medium", &Event::utm_medium},
    {"utm_campaign", &Event::utm_campaign},
    {"utm_content", &Event::utm_content},
    {"utm_term", &Event::utm_term},
    {"browser", &Event::browser},
    {"browser_version", &Event::browser_version},
    {"os", &Event::os},
    {"os_version", &Event::os_version},
    {"device_type", &Event::device_type},
    {"screen", &Event::screen},
    {"language", &Event::language},
    {"country", &Event::country},
};

Result<Contexts> Contexts::open(Database& database, const HashIndexOptions& options) {
    auto index =
        HashIndex::open(database, {.table = "event_contexts", .columns = columns(), .entry = entry_of_row}, options);
    if (!index) return std::move(index).error();
    std::string places = "?, ?";
    for (std::size_t i = 0; i < kContextTexts.size(); ++i) places += ", ?";
    auto insert = database.prepare("INSERT INTO event_contexts (id, " + columns() + ") VALUES (?, " + places + ")");
    if (!insert) return std::move(insert).error();
    return Contexts(std::move(*index), std::move(*insert));
}

Contexts::Contexts(std::unique_ptr<HashIndex> index, Statement insert)
    : index_(std::move(index)), insert_(std::move(insert)), remembered_(kRemembered), last_id_(index_->last_row()) {}

Result<std::int64_t> Contexts::id(std::int64_t project, const Event& event, Dictionary& dictionary) {
    write_key(key_, project, event);
    auto& place = remembered_[std::hash<std::string>()(key_) % remembered_.size()];
    if (place.id != 0 && place.key == key_) return place.id;
    Numbers numbers = {project, static_cast<std::int64_t>(event.dialect)};
    for (const auto& text : kContextTexts) {
        const std::string& value = event.*text.text;
        const auto number = value.empty() ? Result<std::int64_t>(0) : dictionary.id(project, Space::word, value);
        if (!number) return number.error();
        numbers.push_back(*number);
    }
    auto id = find_or_insert(numbers);
    if (!id) return id;
    place.id = *id;
    place.key = key_;
    return id;
}

void Contexts::forget(std::vector<std::int64_t> numbers) {
    for (auto& place : remembered_) {
        if (std::binary_search(numbers.begin(), numbers.end(), place.id)) place = {};
    }
    index_->forget(std::move(numbers));
}

void Contexts::rolled_back() {
    index_->rolled_back();
    last_id_ = index_->last_row();
    for (auto& place : remembered_) place.id = 0;
}

Result<std::int64_t> Contexts::find_or_insert(const Numbers& numbers) {
    auto entry = entry_of(numbers);
    if (auto known = index_->find(entry); !known || *known >= 0) return known;
    insert_.bind(1, last_id_ + 1);
    insert_.bind(2, numbers[0]);
    insert_.bind(3, numbers[1]);
    for (std::size_t i = 2; i < numbers.size(); ++i) {
        const int parameter = static_cast<int>(i) + 2;
        if (numbers[i] == 0) {
            insert_.bind_null(parameter);
        } else {
            insert_.bind(parameter, numbers[i]);
        }
    }
    if (auto inserted = insert_.run(); !inserted) return std::move(inserted).error();
    ++last_id_;
    entry.set_value(last_id_);
    index_->add(entry);
    return last_id_;
}

}  // namespace collector::store::local
