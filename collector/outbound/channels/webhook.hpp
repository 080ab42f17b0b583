// Envelopes to webhooks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <pulsekit/result.hpp>

#include "http/json.hpp"
#include "outbound/outbox.hpp"
#include "outbound/poster.hpp"

namespace collector::outbound {

/// What a webhook is posted: `{"event","project_id","timestamp","data"}`.
std::string envelope(std::string_view event, std::string_view project_id, std::int64_t at_ms, http::Json data);

/// Signed when there is a secret: X-Pulse-Signature is the lower-case hexadecimal HMAC-SHA256 of the body.
/// X-Pulse-Delivery is the message's id, the same at each attempt.
pulsekit::Result<Posted> post_envelope(Poster& poster, const std::string& url, const std::string& secret,
                                       const Kept& kept);

/// Any 2xx is a delivery; what the address is refused for is hopeless.
Attempt attempt_of(const pulsekit::Result<Posted>& posted);

}  // namespace collector::outbound
