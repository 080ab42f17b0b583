// Reports asked of plain SQLite rows, by hand-written SQL over the collector's own tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/sqlite/database.hpp"

namespace bench {

/// A number, a text or nothing, as it stands in a report.
using Leaf = std::variant<std::monostate, double, std::string>;

/// Reads a data directory, also while a collector runs on it. Ends the program on errors.
class RowQuestions {
public:
    /// `project`: its id.
    RowQuestions(const std::string& data_directory, const std::string& project);

    static bool knows(std::string_view report);
    /// What the report says of the range, which is closed.
    std::vector<Leaf> ask(std::string_view report, std::int64_t from_ms, std::int64_t to_ms);

private:
    std::string complete(std::string sql, std::int64_t from_ms, std::int64_t to_ms) const;
    void run(const std::string& sql);
    std::vector<Leaf> rows_of(const std::string& sql);

    pulsekit::sqlite::Database database_;
    std::int64_t project_ = 0;
};

/// The same of a report's JSON: what ask() answers for it, in the order in which it stands there.
std::vector<Leaf> leaves_of(std::string_view report, const std::string& json);

/// Where the two differ, if they do.
std::optional<std::string> difference(const std::vector<Leaf>& rows, const std::vector<Leaf>& report);

}  // namespace bench
