// What the services' forms of an event have in common. For outbound's own providers.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "http/json.hpp"
#include "model/event.hpp"
#include "outbound/providers.hpp"

namespace collector::outbound {

/// What a service takes of properties. Texts are cut, members and elements beyond the limit left out, and what lies
/// too deep becomes a text.
struct Limits {
    std::size_t (*cut)(std::string_view text);                       ///< how many bytes of a text it takes
    std::size_t members = std::numeric_limits<std::size_t>::max();   ///< of an object
    std::size_t elements = std::numeric_limits<std::size_t>::max();  ///< of an array
    int depth = 1;                                                   ///< of objects and arrays within properties
};

/// The bytes of the longest start of a text that has at most so many bytes, or characters as UTF-16 counts them.
std::size_t cut_bytes(std::string_view text, std::size_t most);
std::size_t cut_characters(std::string_view text, std::size_t most);

/// Adds to `properties` what the event says beside its name, user, session, time and id, under the services' names;
/// a member that is there already is not replaced. `room`: how many members it may have in the end.
void add_properties(http::Json& properties, const model::Event& event, const Limits& limits, std::size_t room);

/// Whether the services take it for a placeholder of a careless application, and refuse it.
bool is_placeholder(std::string_view id);

/// The id, or in place of one that is longer than `max_bytes` its SHA-256 in hexadecimal, for a part of it might be
/// somebody else's.
std::string bounded_id(const std::string& id, std::size_t max_bytes);

/// Likewise, with `id:` before a placeholder.
std::string fitting_id(const std::string& id, std::size_t max_bytes);

/// What the status alone says, with the text of the member `error` of the answer's JSON.
Verdict judge_status(const Posted& answer, const http::Json& json);

/// An answer's JSON; null when it is none.
http::Json json_of(const Posted& answer);

/// The indexes below `events` among the array's elements are added to `bad`, which is then sorted and without repeats.
void add_indexes(const http::Json& array, std::size_t events, std::vector<std::size_t>& bad);

}  // namespace collector::outbound
