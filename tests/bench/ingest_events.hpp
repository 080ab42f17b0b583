// The requests that the ingest benchmark sends: prepared once, so that sending one costs no more than a copy of what
// differs, its ids and its times.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

enum class Ids {
    ordered,  ///< UUIDv7
    random,   ///< UUIDv4
};

/// wyrand: fast, and the same on every run.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    std::uint64_t roll();
    std::uint64_t below(std::uint64_t limit) { return static_cast<std::uint64_t>((__uint128_t{roll()} * limit) >> 64); }

private:
    std::uint64_t state_;
};

/// A whole HTTP request, and where in it the events begin.
struct Prepared {
    std::string bytes;
    std::vector<std::size_t> events;
};

/// Who visits: 500,000 people with a device and a user id each, 20,000 of them at a time, for about ten events a visit.
/// Page views, clicks and an application's own events, on 1,000 paths of which a few are popular (Zipf).
class Events {
public:
    static constexpr std::uint64_t kVisitors = 500'000;
    static constexpr std::size_t kVisits = 20'000;
    static constexpr std::uint64_t kEventsPerVisit = 10;
    static constexpr std::size_t kPaths = 1'000;

    explicit Events(Ids ids);

    /// POST /v1/events with `count` events; `key` and further header lines as given.
    Prepared prepare(std::size_t count, const std::string& key);

    /// Gives every event a new id, the time at which a client that sends one batch a second would have taken it (one a
    /// millisecond, the last one now) and the next visitor's ids.
    void renew(Prepared& request, std::int64_t now_ms);

private:
    struct Visit {
        std::array<char, 36> session;
        std::array<char, 36> device;
        std::array<char, 8> user;
        std::uint64_t left = 0;
    };

    std::string event();
    void begin(Visit& visit, std::int64_t now_ms);
    void write_id(char* out, Ids kind, std::int64_t ms);

    Ids ids_;
    Dice dice_{20240115};
    std::vector<Visit> visits_{kVisits};
    std::vector<double> path_odds_;  ///< cumulative
};

/// The same request with its body compressed.
std::string compressed(const Prepared& request);

}  // namespace bench
