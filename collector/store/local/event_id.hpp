// How an event's id lies in its row: UUIDs, which most are, as their 16 bytes, anything else as text.
#pragma once

#include <string>
#include <string_view>

#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// Binds the id. It is borrowed: the memory must live until the statement's next reset or bind.
class EventIdBytes {
public:
    void bind(pulsekit::sqlite::Statement& statement, int parameter, std::string_view event_id);

private:
    char bytes_[16];
};

/// The id that is in a column of a row.
std::string event_id_of(const pulsekit::sqlite::Statement& row, int column);

/// SQL for the same.
std::string event_id_sql(const std::string& column);

}  // namespace collector::store::local
