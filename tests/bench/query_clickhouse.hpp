// Reports asked of ClickHouse, by hand-written SQL over one table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/query_answers.hpp"
#include "tests/bench/query_clickhouse_server.hpp"
#include "tests/bench/query_events.hpp"

namespace bench {

/// A server of its own, and the events of a project in it. Throws what goes wrong.
class ClickHouseQuestions {
public:
    explicit ClickHouseQuestions(Visits visits);

    /// What the report says of the range, which is closed.
    std::vector<Leaf> ask(std::string_view report, std::int64_t from_ms, std::int64_t to_ms);

private:
    void load(Visits visits);

    ClickHouseServer server_;
};

}  // namespace bench
