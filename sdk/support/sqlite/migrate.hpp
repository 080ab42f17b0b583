// Numbered, append-only schema changes.
#pragma once

#include <vector>

#include "support/sqlite/database.hpp"

namespace pulsekit::sqlite {

/// One step of a schema. Numbers count up from 1; a step that has shipped is never edited.
struct Migration {
    int number;
    const char* sql;
};

/// Applies what `schema` has not seen yet, each step in a transaction of its own. Several schemas may share one file.
/// Error `conflict`: the file was written by a newer version of the program.
Result<void> migrate(Database& database, const std::string& schema, const std::vector<Migration>& migrations);

}  // namespace pulsekit::sqlite
