// Alerts, looked at each minute.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "meta/alerts.hpp"
#include "meta/catalog.hpp"
#include "watch/complaints.hpp"
#include "watch/messages.hpp"
#include "watch/reports.hpp"

namespace collector::watch {

/// What it works with; it outlives it.
struct AlertParts {
    meta::Catalog& catalog;
    meta::Alerts& alerts;
    Reports reports;
    Send send;
    std::function<void(std::string_view text)> warn;  ///< of what failed, and is tried again
};

/// Sends what alerts have to tell whose condition holds and whose cooldown is over. That one has fired and what it
/// tells are kept together. One thread.
class AlertWatch {
public:
    explicit AlertWatch(AlertParts parts) : parts_(std::move(parts)), complaints_(parts_.warn) {}

    /// Once over all alerts that are on, of the projects that have them and what they watch switched on.
    void run();

private:
    void look_at(const meta::Project& project);
    pulsekit::Result<void> look_at(const meta::Project& project, const meta::Alert& alert, std::int64_t now_ms);

    const AlertParts parts_;
    Complaints complaints_;
};

}  // namespace collector::watch
