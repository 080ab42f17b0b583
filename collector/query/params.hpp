// The parameters that reports take (docs/protocol.md, "Query conventions").
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "http/message.hpp"
#include "model/measure.hpp"

namespace collector::query {

/// A parameter of one report's own: a text.
struct Parameter {
    std::string_view name;
    std::string_view summary;  ///< one line for the API document
    bool required = false;
    std::span<const std::string_view> one_of = {};  ///< what it may be; empty: anything
    std::string_view otherwise = {};                ///< what it is when it is absent
    std::string_view example = {};                  ///< for the API document
};

/// Which parameters a report declares; any other is ignored, whatever it says.
struct Takes {
    bool range = false;      ///< start_at and end_at; without them the last 30 days
    bool all_time = false;   ///< start_at and end_at; without them everything
    bool so_far = false;     ///< start_at and end_at; without them everything up to now
    bool filters = false;    ///< filter, repeated: sessions that have what it says
    std::int64_t limit = 0;  ///< limit, with this default, and never more than max_limit; 0: takes none
    std::int64_t max_limit = 1000;
    bool strict_limit = false;  ///< a limit above max_limit is refused; else it is max_limit
    bool offset = false;
    std::span<const Parameter> own = {};
};

struct Params {
    model::TimeRange range;
    model::Page page;
    std::vector<model::Filter> filters;
    std::map<std::string_view, std::string> own;  ///< by Parameter::name, absent ones left out

    std::string text(std::string_view name) const {
        const auto found = own.find(name);
        return found == own.end() ? std::string() : found->second;
    }
};

/// The declared parameters of the request, or their defaults at `now_ms`. Error `invalid` with the message for the
/// client.
pulsekit::Result<Params> parse(const http::Request& request, const Takes& takes, std::int64_t now_ms);

/// `Invalid value for '<parameter>': <reason>.`
pulsekit::Error bad_value(std::string_view parameter, std::string_view reason);

}  // namespace collector::query
