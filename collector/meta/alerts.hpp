// Alerts: what a project wants to be told of its numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "support/sqlite/database.hpp"

namespace collector::meta {

struct Connection;

/// How a value compares with a threshold for an alert to fire.
enum class Operator { gt, lt, gte, lte, eq };

std::string_view name_of(Operator compared);
std::optional<Operator> operator_named(std::string_view name);

/// Whom an alert tells.
struct AlertChannel {
    enum class Type { webhook, email } type = Type::webhook;
    std::string target;  ///< the URL or the e-mail address

    bool operator==(const AlertChannel&) const = default;
};

std::string_view name_of(AlertChannel::Type type);
std::optional<AlertChannel::Type> channel_type_named(std::string_view name);

struct AlertRule {
    std::string name;
    std::string module;
    std::string metric;
    Operator compared = Operator::gt;
    double threshold = 0;
    std::int64_t window_minutes = 60;     ///< that the value is of: the last so many
    std::int64_t cooldown_minutes = 360;  ///< in which it does not fire again
    std::vector<AlertChannel> channels;
};

struct Alert {
    std::string id;
    std::string project_id;
    AlertRule rule;
    bool enabled = true;
    std::optional<std::int64_t> last_triggered_ms;
    std::int64_t created_ms = 0;
};

/// What to change; what is absent stays.
struct AlertChange {
    std::optional<std::string> name;
    std::optional<std::string> module;
    std::optional<std::string> metric;
    std::optional<Operator> compared;
    std::optional<double> threshold;
    std::optional<std::int64_t> window_minutes;
    std::optional<std::int64_t> cooldown_minutes;
    std::optional<std::vector<AlertChannel>> channels;
};

void apply(const AlertChange& change, AlertRule& rule);

/// Owns its connection to the metadata database. An alert of another project is as good as none: `not_found`. Thread
/// safe.
class Alerts {
public:
    /// `clock` and `random` outlive it.
    static pulsekit::Result<std::unique_ptr<Alerts>> open(const std::string& database_path, pulsekit::Clock& clock,
                                                          pulsekit::Random& random);
    ~Alerts();

    pulsekit::Result<Alert> create(std::string_view project_id, AlertRule rule);
    pulsekit::Result<std::vector<Alert>> alerts(std::string_view project_id) const;  ///< oldest first
    pulsekit::Result<Alert> alert(std::string_view project_id, std::string_view id) const;
    pulsekit::Result<Alert> change(std::string_view project_id, std::string_view id, const AlertChange& change);
    /// Switches it off, or on.
    pulsekit::Result<Alert> toggle(std::string_view project_id, std::string_view id);
    pulsekit::Result<void> erase(std::string_view project_id, std::string_view id);

private:
    explicit Alerts(std::unique_ptr<Connection> connection);
    std::unique_ptr<Connection> connection_;
};

/// That the alert fired at `now_ms`. Within the transaction that keeps what it tells. Error `not_found`: it has been
/// switched off or deleted, and is to tell nothing.
pulsekit::Result<void> note_triggered(pulsekit::sqlite::Database& database, std::string_view id, std::int64_t now_ms);

}  // namespace collector::meta
