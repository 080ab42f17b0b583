#include "outbound/channels/webhook.hpp"

#include <utility>

#include "crypto/hash.hpp"
#include "support/time_text.hpp"

namespace collector::outbound {

std::string envelope(std::string_view event, std::string_view project_id, std::int64_t at_ms, http::Json data) {
    return http::to_text({{"event", event},
                          {"project_id", project_id},
                          {"timestamp", pulsekit::date_time_text(at_ms)},
                          {"data", std::move(data)}});
}

pulsekit::Result<Posted> post_envelope(Poster& poster, const std::string& url, const std::string& secret,
                                       const Kept& kept) {
    Post post{.url = url,
              .headers = {{"Content-Type", "application/json"},
                          {"X-Pulse-Event", kept.message.event},
                          {"X-Pulse-Delivery", kept.id}},
              .body = kept.message.body};
    if (!secret.empty()) {
        post.headers.emplace_back("X-Pulse-Signature", crypto::hex(crypto::hmac_sha256(secret, post.body)));
    }
    return poster.post(post);
}

Attempt attempt_of(const pulsekit::Result<Posted>& posted) {
    using Outcome = Attempt::Outcome;
    if (!posted) {
        const bool closed = posted.error().code == pulsekit::ErrorCode::forbidden;
        return {.outcome = closed ? Outcome::hopeless : Outcome::later, .error = posted.error().message};
    }
    Attempt attempt{.status = posted->status, .took_ms = posted->took_ms};
    if (posted->status / 100 == 2) {
        attempt.outcome = Outcome::delivered;
        return attempt;
    }
    attempt.error = "HTTP " + std::to_string(posted->status);
    if (posted->retry_after) attempt.at_least = *posted->retry_after;
    return attempt;
}

}  // namespace collector::outbound
