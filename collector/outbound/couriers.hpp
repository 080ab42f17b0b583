// Who carries the outbox's messages away.
#pragma once

#include <functional>
#include <stop_token>
#include <string_view>
#include <thread>
#include <vector>

#include "meta/webhooks.hpp"
#include "outbound/channels/email.hpp"
#include "outbound/outbox.hpp"
#include "outbound/reach.hpp"

namespace collector::outbound {

/// What they work with; it outlives them.
struct CourierParts {
    Outbox& outbox;
    const meta::Webhooks& webhooks;
    Reach reach = Reach::public_only;  ///< of webhooks
    MailSettings mail;
    std::function<void(std::string_view)> log;  ///< of what is given up, and of the outbox's own failures
};

/// A few threads, so that one target that does not answer holds up no other. Stop with their owner, giving up what is
/// under way.
class Couriers {
public:
    explicit Couriers(CourierParts parts);

private:
    void run(const std::stop_token& stop) const;

    const CourierParts parts_;
    std::vector<std::jthread> threads_;
};

}  // namespace collector::outbound
