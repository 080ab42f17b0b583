// What became of events, by dialect: the source of the ingest metrics.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "model/event.hpp"

namespace collector::ingest {

/// Why an event was not stored.
enum class Reason {
    credentials,
    scope,
    rate,
    module,
    content_type,
    encoding,
    too_large,
    json,
    batch,  ///< too many events
    field,
    event_size,
    unavailable,
    filtered,  ///< answered as accepted; counted apart from the rejected ones
};
inline constexpr std::size_t kReasons = static_cast<std::size_t>(Reason::filtered);
inline constexpr std::size_t kDialects = 5;

std::string_view name_of(Reason reason);

/// Thread safe. Once no request is under way, received = stored + duplicate + rejected + filtered. A request that is
/// refused before its events were counted is one received and one rejected.
class Counters {
public:
    struct Dialect {
        std::uint64_t received = 0;
        std::uint64_t stored = 0;
        std::uint64_t duplicate = 0;
        std::uint64_t filtered = 0;
        std::array<std::uint64_t, kReasons> rejected{};  ///< by Reason

        std::uint64_t rejected_in_all() const;
    };

    void received(model::DialectId dialect, std::uint64_t events);
    void stored(model::DialectId dialect, std::uint64_t events);
    void duplicate(model::DialectId dialect, std::uint64_t events);
    void dropped(model::DialectId dialect, Reason reason, std::uint64_t events);

    Dialect snapshot(model::DialectId dialect) const;

private:
    struct Live {
        std::atomic<std::uint64_t> received{0}, stored{0}, duplicate{0}, filtered{0};
        std::array<std::atomic<std::uint64_t>, kReasons> rejected{};
    };
    Live& of(model::DialectId dialect) { return live_[static_cast<std::size_t>(dialect)]; }

    std::array<Live, kDialects> live_;
};

}  // namespace collector::ingest
