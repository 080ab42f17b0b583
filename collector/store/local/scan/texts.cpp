#include "store/local/scan/texts.hpp"

#include <algorithm>
#include <utility>

#include "store/local/event_id.hpp"

namespace collector::store::local {

using pulsekit::Error;
using pulsekit::MutexLock;
using pulsekit::Result;
using pulsekit::sqlite::Statement;

Texts::~Texts() {
    const MutexLock lock(mutex_);
    statements_.clear();
    if (database_.in_transaction()) (void)database_.execute("COMMIT");  // it only read
}

std::string Texts::text(std::int64_t number) {
    const MutexLock lock(mutex_);
    const auto known = texts_.find(number);
    if (known != texts_.end()) return known->second;
    auto* statement = prepared("SELECT text FROM event_texts WHERE id = ?");
    if (!statement) return {};
    statement->bind(1, number);
    const auto found = statement->step();
    if (!found) note(found.error());
    std::string text = found && *found ? std::string(statement->text(0)) : std::string();
    statement->reset();
    texts_.emplace(number, text);
    return text;
}

bool Texts::precedes(const RowPlace& place, const RowPlace& other) {
    if (place.time != other.time) return place.time < other.time;
    if (same_session(place, other)) return place.row < other.row;
    const auto row = snapshot_.segments[place.segment].segment->row_id(place.row);
    const auto other_row = snapshot_.segments[other.segment].segment->row_id(other.row);
    const MutexLock lock(mutex_);
    const auto id = event_id(row);
    const auto other_id = event_id(other_row);
    return id != other_id ? id < other_id : row < other_row;
}

bool Texts::same_session(const RowPlace& place, const RowPlace& other) const {
    if (place.segment != other.segment) return false;
    const auto begins = snapshot_.segments[place.segment].segment->begins();
    const auto end_of = [&](std::uint32_t row) { return std::upper_bound(begins.begin(), begins.end(), row); };
    return end_of(place.row) == end_of(other.row);
}

/// SQLite reads the JSON: what it cannot read has no members.
Texts::Trait Texts::trait(const std::string& properties, const std::string& name, const std::string& value) {
    const MutexLock lock(mutex_);
    auto* statement = prepared(
        "SELECT CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE atom END "
        "FROM json_each(CASE WHEN json_valid(?1) THEN ?1 ELSE '{}' END) WHERE key = ?2");
    if (!statement) return Trait::absent;
    statement->bind_borrowed(1, properties);
    statement->bind_borrowed(2, name);
    const auto found = statement->step();
    if (!found) note(found.error());
    auto trait = Trait::absent;
    if (found && *found) trait = !statement->is_null(0) && statement->text(0) == value ? Trait::equal : Trait::other;
    statement->reset();
    return trait;
}

Result<void> Texts::result() const {
    const MutexLock lock(mutex_);
    if (!errors_.empty()) return errors_.front();
    return {};
}

void Texts::fail(Error error) {
    const MutexLock lock(mutex_);
    note(error);
}

std::string Texts::event_id(std::int64_t row) {
    const auto known = event_ids_.find(row);
    if (known != event_ids_.end()) return known->second;
    auto* statement = prepared("SELECT event_id FROM events WHERE id = ?");
    if (!statement) return {};
    statement->bind(1, row);
    const auto found = statement->step();
    if (!found) note(found.error());
    std::string id = found && *found ? event_id_of(*statement, 0) : std::string();
    statement->reset();
    event_ids_.emplace(row, id);
    return id;
}

Statement* Texts::prepared(const std::string& sql) {
    const auto known = statements_.find(sql);
    if (known != statements_.end()) return &known->second;
    // One transaction for all: a lock a text would cost more than the text.
    if (statements_.empty()) {
        if (auto begun = database_.execute("BEGIN"); !begun) note(begun.error());
    }
    auto made = database_.prepare(sql);
    if (!made) {
        note(made.error());
        return nullptr;
    }
    return &statements_.emplace(sql, std::move(*made)).first->second;
}

void Texts::note(const Error& error) {
    if (errors_.empty()) errors_.push_back(error);
}

}  // namespace collector::store::local
