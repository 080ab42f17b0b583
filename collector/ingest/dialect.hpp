// What tells one wire protocol from another. dialects.cpp is the list of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <pulsekit/result.hpp>

#include "http/message.hpp"
#include "ingest/counters.hpp"
#include "ingest/user_agent.hpp"
#include "meta/access.hpp"
#include "model/event.hpp"

namespace collector::ingest {

class JsonParser;

/// What a request says about its sender, besides its body.
struct Arrival {
    meta::Grant grant;
    std::int64_t received_ms = 0;
    std::string client_address;  ///< as text; never stored
    std::string user_agent;
    std::string country;  ///< two upper-case letters, or empty when neither a trusted proxy nor a database says
    Client client;        ///< what the user agent says
};

/// Where an event came from.
struct Origin {
    std::size_t index = 0;       ///< in the request
    std::size_t wire_bytes = 0;  ///< of its compact JSON form, 0 when that is certainly within the limit
};

/// An event on its way through the steps.
struct Item {
    model::Event& event;
    Origin origin;
};

struct Rejection {
    std::size_t index = 0;
    std::string error;
};

/// Events are large: each is filled where it stays until the writer takes it.
struct Decoded {
    void reserve(std::size_t count) {
        events.reserve(count);
        origins.reserve(count);
    }
    /// The place for one more event; valid until the next one's.
    model::Event& add(std::size_t index) {
        origins.push_back({.index = index});
        return events.emplace_back();
    }

    std::vector<model::Event> events;
    std::vector<Origin> origins;        ///< one an event
    std::vector<Rejection> rejections;  ///< of events that break a rule of the protocol
    std::string echo;                   ///< what Dialect::echo wants to know of the request
};

/// A request of which nothing is taken.
struct Refusal {
    Reason reason = Reason::json;
    http::Response response;
};

/// What became of a request that was decoded.
struct Outcome {
    std::size_t accepted = 0;           ///< stored now, known already, or filtered
    std::vector<Rejection> rejections;  ///< by index
    bool batch = false;                 ///< as Endpoint::batch
    std::int64_t received_ms = 0;
    std::string echo;  ///< of a single event that was taken: what Dialect::echo says
};

/// Why a request fails before its body is read as JSON, or after its events were good.
enum class Problem {
    bad_request,
    not_found,
    method_not_allowed,
    too_large,
    content_type,
    content_encoding,
    damaged_gzip,
    unavailable,
    internal,
};

enum class ContentTypeRule {
    any,               ///< browser beacons send text/plain
    json_when_sent,    ///< application/json, any type of JSON, or none
    json_is_required,  ///< application/json
};

struct Endpoint {
    std::string_view pattern;
    bool batch = false;
    std::string_view summary;
    std::string_view request;  ///< an example for the API document, as JSON, like the next
    std::string_view answer;
    int status = 200;  ///< of that answer
};

using DecodeResult = std::variant<Decoded, Refusal>;

/// One protocol: its routes are all POST. The pipeline does what protocols have in common; a dialect says where its key
/// is, what its bytes mean and how it answers. Functions are called from any thread.
struct Dialect {
    model::DialectId id;
    std::span<const Endpoint> endpoints;
    meta::KeyPlace credential;
    meta::Traffic traffic;
    ContentTypeRule content_type;
    std::size_t max_event_bytes = 0;         ///< of an event's compact JSON form; 0: only the body's limit holds
    bool all_or_nothing = false;             ///< when a step rejects one event, the request is refused whole
    std::string_view not_found_prefix = {};  ///< unknown paths below it are answered in this dialect's envelope

    /// `body` may be changed.
    DecodeResult (*decode)(JsonParser& parser, std::string& body, const Arrival& arrival, bool batch);
    /// What the answer repeats of a single event; null: nothing. `of_request` is Decoded::echo.
    std::string (*echo)(const model::Event& event, std::string of_request) = nullptr;
    http::Response (*reply)(const Outcome& outcome);
    http::Response (*deny)(const meta::Denial& denial, std::int64_t now_ms);
    http::Response (*refuse)(Problem problem, std::int64_t now_ms);
    /// The text of a Rejection that a step, not decode, came to.
    std::string (*rejection)(Reason reason);
    /// The answer when a survey is unknown (`not_found`) or takes no response (`invalid`, whose message says why).
    /// Null: it brings no responses to surveys. Those it brings come one a request.
    http::Response (*refuse_response)(const model::Event& event, const pulsekit::Error& error) = nullptr;
};

/// Every dialect that this collector speaks.
std::span<const Dialect* const> dialects();

extern const Dialect kPulse;
extern const Dialect kGateway;
extern const Dialect kAnalytics;
extern const Dialect kProductgraph;
extern const Dialect kIngest;

}  // namespace collector::ingest
