// Stored events as a service reads them, and what is not sent to it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "outbound/providers.hpp"
#include "store/store.hpp"

namespace collector::outbound {

/// Where to, and what.
struct Destination {
    const Provider& provider;
    std::string url;
    std::string key;
    bool every_dialect = false;          ///< else what came by productgraph alone
    std::chrono::hours max_lag{7 * 24};  ///< what came longer ago is skipped
};

/// Why an event is not sent, or not again.
enum class Drop : std::uint8_t {
    refused,    ///< the service does not take it
    too_large,  ///< by itself
    too_old,    ///< the service takes none that happened so long ago
};
inline constexpr std::size_t kDrops = 3;
std::string_view name_of(Drop drop);

/// Events of some places, one after the other.
struct Batch {
    std::size_t places = 0;
    std::int64_t last_place = 0;
    std::vector<std::string> events;        ///< that are to be sent, as the provider reads them
    std::optional<std::int64_t> oldest_ms;  ///< when the first event came; nothing: they have all been erased
    std::uint64_t skipped = 0;              ///< they had waited too long
    std::array<std::uint64_t, kDrops> dropped{};

    void drop(Drop why, std::size_t events_of_it) { dropped[static_cast<std::size_t>(why)] += events_of_it; }
};

/// As many of the places, at least one, as fit into one request; `now_ms` tells what is too old.
pulsekit::Result<Batch> read_batch(store::EventStore& store, std::span<const std::int64_t> places,
                                   const Destination& destination, std::int64_t now_ms);

}  // namespace collector::outbound
