// What a project's webhooks want to hear of its traffic: spikes, silence, and each day's sum.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pulsekit/result.hpp>

#include "meta/catalog.hpp"
#include "support/sqlite/database.hpp"
#include "watch/complaints.hpp"
#include "watch/messages.hpp"
#include "watch/reports.hpp"

namespace collector::watch {

/// A webhook, and the names of the events that it wants.
struct Subscription {
    std::string id;
    std::vector<std::string> events;
};
using Subscriptions = std::function<pulsekit::Result<std::vector<Subscription>>(std::string_view project_id)>;

/// What it works with; it outlives it.
struct TrafficParts {
    meta::Catalog& catalog;
    Subscriptions subscriptions;
    Reports reports;
    Send send;
    std::function<void(std::string_view text)> warn;  ///< of what failed, and is tried again
};

/// Each is told once: what has been told is kept together with the messages. What nobody wants is not asked for, and
/// forgotten. One thread.
class TrafficWatch {
public:
    /// Opens a connection of its own to the metadata database.
    static pulsekit::Result<std::unique_ptr<TrafficWatch>> open(const std::string& database_path, TrafficParts parts);

    /// Once over all projects; to be called about once a minute.
    void run();

private:
    /// A project and the webhooks that want the event.
    struct Wanted {
        const meta::Project& project;
        std::string_view event;
        std::vector<std::string> webhooks;
        std::int64_t now_ms = 0;
    };

    TrafficWatch(pulsekit::sqlite::Database database, TrafficParts parts)
        : parts_(std::move(parts)), database_(std::move(database)), complaints_(parts_.warn) {}

    pulsekit::Result<void> spike(const Wanted& wanted);
    pulsekit::Result<void> silence(const Wanted& wanted);
    pulsekit::Result<void> summary(const Wanted& wanted);

    pulsekit::Result<void> tell(const Wanted& wanted, const http::Json& data, const Also& also);
    pulsekit::Result<void> keep(const Also& also);
    pulsekit::Result<void> forget(const Wanted& wanted);

    const TrafficParts parts_;
    pulsekit::sqlite::Database database_;
    Complaints complaints_;
};

}  // namespace collector::watch
