// Messages of the outbox as the administration shows them.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include <pulsekit/result.hpp>

#include "http/json.hpp"
#include "http/message.hpp"
#include "http/route_document.hpp"
#include "outbound/outbox.hpp"

namespace collector::admin {

/// The parameters `status`, `before` and `limit`, or the refusal.
std::variant<outbound::Listing, http::Response> read_listing(const http::Request& request);
std::vector<http::DocumentedParameter> listing_parameters();

/// What was sent, how often, and what came of it; not what it says.
http::Json delivery_json(const outbound::Kept& kept);

/// The messages of a page as `shown` shows them, and `next_before`: where the next page begins, or null.
pulsekit::Result<http::Json> page_of(const outbound::Outbox& outbox, outbound::Listing wanted,
                                     http::Json (*shown)(const outbound::Kept& kept));

inline constexpr std::string_view kDeliveryExample =
    R"({"id":"0195f4a1-7c00-7000-8000-00000000000b","event":"daily_summary","status":"delivered","attempts":2,)"
    R"("status_code":200,"response_time_ms":87,"error":null,"created_at":"2026-03-02T00:00:00Z",)"
    R"("last_attempt_at":"2026-03-02T00:00:04Z","next_attempt_at":null})";

}  // namespace collector::admin
