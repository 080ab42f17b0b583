// Messages that are to leave the collector: kept in SQLite until they have been delivered, or cannot be.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "support/sqlite/database.hpp"

namespace collector::outbound {

/// How a message leaves. The names are stored.
enum class Channel {
    subscription,  ///< a webhook of the project, by its id: address and secret are those of the moment of sending
    webhook,       ///< an address, unsigned: an alert's
    email,         ///< an e-mail address
};

std::string_view name_of(Channel channel);

struct Message {
    std::string project_id;
    Channel channel = Channel::webhook;
    std::string target;   ///< the webhook's id, the URL or the e-mail address; messages to one target leave in order
    std::string event;    ///< alert, traffic_spike, zero_traffic or daily_summary
    std::string subject;  ///< of an e-mail; empty elsewhere
    std::string body;     ///< the envelope as JSON, signed and posted as it is; of an e-mail its text
};

/// Thread safe.
class Outbox {
public:
    /// Keeps the messages, all or none, and sends them soon. `also` writes, in the same transaction, what must be known
    /// if and only if they are kept: when each alert last fired, and the like.
    pulsekit::Result<void> add(const std::vector<Message>& messages,
                               const std::function<pulsekit::Result<void>(pulsekit::sqlite::Database&)>& also = {});
};

}  // namespace collector::outbound
