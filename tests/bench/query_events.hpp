// The project that the query benchmark asks about: sixty days of visits to a site.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/event.hpp"
#include "tests/bench/ingest_events.hpp"

namespace bench {

/// 1,000 paths and 500,000 visitors, of both a few more often than the others (Zipf), in visits of about six events:
/// page views, custom events, web vitals, clicks, errors and, once a visit in ten, an identification. In the order of
/// their times. The same on every run.
class Visits {
public:
    static constexpr std::int64_t kDays = 60;
    static constexpr std::size_t kVisitors = 500'000;
    static constexpr std::size_t kPaths = 1'000;

    /// `events` of them, the last one just before `end_ms`.
    Visits(std::string project, std::uint64_t events, std::int64_t end_ms);

    /// The next so many events; fewer at the end.
    std::vector<collector::model::Event> next(std::size_t count);

private:
    struct Visit {
        std::uint32_t visitor = 0;
        std::string session;
        std::string referrer;
        std::size_t campaign = 0;  ///< 0: none
        std::uint32_t left = 0;
        bool is_new = true;
    };

    collector::model::Event event(Visit& visit, std::int64_t ts_ms);
    void begin(Visit& visit);
    std::string id();
    std::size_t zipf(std::size_t count, double skew);

    const std::string project_;
    const std::uint64_t events_;
    const std::int64_t start_ms_;
    std::uint64_t made_ = 0;
    std::int64_t now_ms_ = 0;
    Dice dice_{20260501};
    std::vector<Visit> visits_;
    std::vector<std::string> paths_;
};

}  // namespace bench
