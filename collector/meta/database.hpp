// Connections to the metadata database.
#pragma once

#include <string>
#include <string_view>

#include <pulsekit/result.hpp>

#include "support/sqlite/database.hpp"

namespace collector::meta {

/// Brings the schema up to date. What a connection commits survives a power failure.
pulsekit::Result<pulsekit::sqlite::Database> open_database(const std::string& path);

/// Calls `take` for each row of the statement; an error that it returns ends the query.
template <typename F>
pulsekit::Result<void> for_each_row(pulsekit::sqlite::Statement& rows, F take) {
    for (;;) {
        const auto more = rows.step();
        if (!more) return more.error();
        if (!*more) return {};
        if (pulsekit::Result<void> taken = take(rows); !taken) return taken;
    }
}

}  // namespace collector::meta
