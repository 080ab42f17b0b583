// The parameters that reports share: a range of time and a page of a list (docs/protocol.md, "Query conventions").
#pragma once

#include <cstdint>
#include <string_view>

#include <pulsekit/result.hpp>

#include "http/message.hpp"
#include "model/measure.hpp"

namespace collector::query {

/// Which parameters a report declares; any other is ignored, whatever it says.
struct Takes {
    bool range = false;  ///< start_at and end_at
    bool page = false;   ///< limit and offset
};

struct Params {
    model::TimeRange range;
    model::Page page;
};

/// The declared parameters of the request, or their defaults at `now_ms`. Error `invalid` with the message for the
/// client.
pulsekit::Result<Params> parse(const http::Request& request, Takes takes, std::int64_t now_ms);

/// `Invalid value for '<parameter>': <reason>.`
pulsekit::Error bad_value(std::string_view parameter, std::string_view reason);

}  // namespace collector::query
