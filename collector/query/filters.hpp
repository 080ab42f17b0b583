// `filter=<dimension>:<value>`: keeps the sessions that have what it says (docs/protocol.md, "Filters").
#pragma once

#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "http/message.hpp"
#include "model/measure.hpp"

namespace collector::query {

/// Of every `filter` of the request: all of them must hold. Error `invalid` with the message for the client.
pulsekit::Result<std::vector<model::Filter>> filters_of(const http::Request& request);

/// The sessions whose first pageview with any utm value has this one, or has any value there.
model::Attribute campaign_value(model::Column column);

}  // namespace collector::query
