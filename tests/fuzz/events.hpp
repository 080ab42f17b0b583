// What must hold for events that were read from any bytes at all.
#pragma once

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "src/json_reader.hpp"
#include "src/queue.hpp"
#include "src/record.hpp"
#include "src/wire/wire.hpp"
#include "tests/fuzz/require.hpp"

namespace pulsekit::fuzz {

constexpr Dialect kDialects[] = {Dialect::productgraph, Dialect::pulse, Dialect::gateway, Dialect::analytics,
                                 Dialect::ingest};

/// Whatever was read, every wire makes whole JSON of it.
inline void encode(const std::vector<RecordView>& events) {
    if (events.empty()) return;
    for (const Dialect dialect : kDialects) {
        const wire::Wire& wire = wire::wire_of(dialect);
        for (const auto& event : events) (void)wire.check(event, {"app"});
        const auto last = events.begin() + static_cast<std::ptrdiff_t>(std::min(events.size(), wire.max_events));
        const std::string body = wire.encode({events.begin(), last}, {"app"});
        json::Reader reader(body);
        const bool whole = reader.skip_value() && reader.at_end();
        if (!whole) std::fprintf(stderr, "%s\n", body.c_str());
        require(whole, "a wire's output is not JSON");
    }
}

/// Frames as the queue keeps them, a context first: all `count` events of them.
inline void read(std::string_view frames, std::size_t skip, std::size_t count) {
    EventList list;
    if (!list.add(frames, skip, count)) return;
    require(list.events().size() == count, "an event list has another number of events than was asked for");
    encode(list.events());
}

inline std::size_t count_events(std::string_view frames) {
    FrameReader reader(frames);
    std::size_t events = 0;
    while (const auto frame = reader.next()) events += is_context(*frame) ? 0U : 1U;
    return events;
}

}  // namespace pulsekit::fuzz
