#include "outbound/couriers.hpp"

#include <string>

#include "outbound/channels/webhook.hpp"

namespace collector::outbound {
namespace {

constexpr int kThreads = 4;

Attempt to_subscription(const meta::Webhooks& webhooks, Poster& poster, const Kept& kept) {
    const auto webhook = webhooks.find(kept.message.project_id, kept.message.target);
    if (webhook) return attempt_of(post_envelope(poster, webhook->url, webhook->secret, kept));
    const bool gone = webhook.error().code == pulsekit::ErrorCode::not_found;
    return {.outcome = gone ? Attempt::Outcome::hopeless : Attempt::Outcome::later,
            .error = gone ? "the webhook has been deleted" : webhook.error().message};
}

}  // namespace

Couriers::Couriers(CourierParts parts) : parts_(std::move(parts)) {
    for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
}

void Couriers::run(const std::stop_token& stop) const {
    const auto keep_waiting = [&stop] { return !stop.stop_requested(); };
    Poster poster(parts_.reach, keep_waiting);
    while (const auto kept = parts_.outbox.take(stop, parts_.log)) {
        Attempt attempt;
        switch (kept->message.channel) {
            case Channel::subscription: attempt = to_subscription(parts_.webhooks, poster, *kept); break;
            case Channel::webhook: attempt = attempt_of(post_envelope(poster, kept->message.target, {}, *kept)); break;
            case Channel::email: attempt = send_email(parts_.mail, *kept, keep_waiting); break;
        }
        if (stop.stop_requested() && attempt.outcome == Attempt::Outcome::later) return;  // the next start tries again
        if (attempt.outcome == Attempt::Outcome::hopeless) {
            parts_.log("message " + kept->id + " of project " + kept->message.project_id +
                       " is given up: " + attempt.error);
        }
        if (auto settled = parts_.outbox.settle(*kept, attempt); !settled) {
            parts_.log("message " + kept->id +
                       " is tried again, for what came of it cannot be noted: " + settled.error().message);
        }
    }
}

}  // namespace collector::outbound
