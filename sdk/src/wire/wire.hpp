// How events are spoken to a collector. wire.cpp has the list of dialects.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pulsekit/environment.hpp>

#include "src/record.hpp"

namespace pulsekit::wire {

/// What an answer means for the events that were sent.
struct Verdict {
    enum class Kind {
        settled,   ///< the collector has decided about each event; `rejections` names those it refused
        retry,     ///< send the same again later
        pause,     ///< nothing is wrong with the events: credentials or address are; keep them, try seldom
        split,     ///< too much at once, or one of them spoils the rest: send fewer
        rejected,  ///< a single event that will never pass
    } kind = Kind::retry;

    struct Refused {
        std::size_t index;
        std::string message;
    };
    std::vector<Refused> rejections;
    std::optional<std::chrono::milliseconds> retry_after;
    std::string message;  ///< for people
};

/// The labels that go with every event of this client.
struct Labels {
    std::string app_name;
};

struct Wire {
    std::string_view name;
    std::string_view path;        ///< appended to the endpoint
    std::string_view key_header;  ///< carries the key
    std::string (*encode)(const std::vector<RecordView>& events, const Labels& labels);
    /// Reads a 2xx answer to `events` events; nothing when the collector did not say what a collector says.
    std::optional<Verdict> (*read_success)(const HttpResponse& response, std::size_t events);
};

/// ProductGraph `POST /v1/events`.
extern const Wire productgraph;

/// The meaning of any answer. `now_ms`: wall-clock time, for a Retry-After that is a date.
Verdict judge(const Wire& wire, const HttpResponse& response, std::size_t events, std::int64_t now_ms);

}  // namespace pulsekit::wire
