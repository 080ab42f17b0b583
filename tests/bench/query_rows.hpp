// Reports asked of plain SQLite rows, by hand-written SQL over the collector's own tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/sqlite/database.hpp"
#include "tests/bench/query_answers.hpp"

namespace bench {

/// Reads a data directory, also while a collector runs on it. Throws what goes wrong.
class RowQuestions {
public:
    /// `project`: its id.
    RowQuestions(const std::string& data_directory, const std::string& project);

    /// What the report says of the range, which is closed.
    std::vector<Leaf> ask(std::string_view report, std::int64_t from_ms, std::int64_t to_ms);

private:
    std::string complete(std::string sql, std::int64_t from_ms, std::int64_t to_ms) const;
    void run(const std::string& sql);
    std::vector<Leaf> rows_of(const std::string& sql);

    pulsekit::sqlite::Database database_;
    std::int64_t project_ = 0;
};

}  // namespace bench
