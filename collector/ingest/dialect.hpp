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

#include "http/message.hpp"
#include "ingest/counters.hpp"
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
    std::string country;  ///< two upper-case letters, or empty when no trusted proxy says
};

/// An event on its way through the steps.
struct Item {
    std::size_t index = 0;  ///< in the request
    model::Event event;
    std::size_t wire_bytes = 0;  ///< of its compact JSON form, 0 when that is certainly within the limit
};

struct Rejection {
    std::size_t index = 0;
    std::string error;
};

struct Decoded {
    std::vector<Item> items;
    std::vector<Rejection> rejections;  ///< of events that break a rule of the protocol
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
    std::size_t max_event_bytes = 0;  ///< of an event's compact JSON form; 0: only the body's limit holds

    /// `body` may be changed.
    DecodeResult (*decode)(JsonParser& parser, std::string& body, const Arrival& arrival, bool batch);
    http::Response (*reply)(const Outcome& outcome);
    http::Response (*deny)(const meta::Denial& denial);
    http::Response (*refuse)(Problem problem);
    /// The text of a Rejection that a step, not decode, came to.
    std::string (*rejection)(Reason reason);
};

/// Every dialect that this collector speaks.
std::span<const Dialect* const> dialects();

extern const Dialect kProductgraph;
extern const Dialect kAnalytics;

}  // namespace collector::ingest
