// How events are spoken to a collector. wire.cpp has the list of dialects.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/options.hpp>

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
    std::size_t at = 0;  ///< split: how many events to try next; 0: half of them
    std::optional<std::chrono::milliseconds> retry_after;
    std::string message;  ///< for people
};

/// The labels that go with every event of this client.
struct Labels {
    std::string app_name;
};

struct Wire {
    std::string_view name;
    std::string_view path;         ///< of a batch, appended to the endpoint
    std::string_view single_path;  ///< of one event alone; empty: a batch of one goes to `path`
    std::string_view key_header;   ///< carries the key
    std::string_view key_prefix;   ///< before the key: "Bearer " or nothing
    std::size_t max_events;        ///< in a request
    /// The body of a request; for one event the form that `single_path` takes, where there is one.
    std::string (*encode)(const std::vector<RecordView>& events, const Labels& labels);
    /// Reads a 2xx answer to `events` events; nothing when the collector did not say what a collector says.
    std::optional<Verdict> (*read_success)(const HttpResponse& response, std::size_t events);
    /// Reads a 400 or 403 that says which events it is about: `settled` with the rejections, or `split` with `at`.
    /// Nothing when it says no such thing. May be null.
    std::optional<Verdict> (*read_refusal)(const HttpResponse& response, std::size_t events);
    /// Why the collector would refuse the event for good, as a static text; null when it would not.
    const char* (*check)(const RecordView& event, const Labels& labels);
};

extern const Wire productgraph;  ///< ProductGraph `POST /v1/events`
extern const Wire pulse;         ///< PULSE `POST /collect/batch`
extern const Wire gateway;       ///< `POST /api/v1/pulse/events/batch`
extern const Wire analytics;     ///< Pulse Analytics `POST /api/collect`
extern const Wire ingest;        ///< `POST /ingest`

/// The dialects this SDK speaks.
const Wire& wire_of(Dialect dialect);

/// The meaning of any answer. `now_ms`: wall-clock time, for a Retry-After that is a date.
Verdict judge(const Wire& wire, const HttpResponse& response, std::size_t events, std::int64_t now_ms);

}  // namespace pulsekit::wire
