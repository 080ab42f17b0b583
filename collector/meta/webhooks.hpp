// Where projects want to be told of what happens.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

namespace collector::meta {

struct Connection;

enum class WebhookEvent { traffic_spike, zero_traffic, daily_summary };

std::string_view name_of(WebhookEvent event);
std::optional<WebhookEvent> webhook_event_named(std::string_view name);

struct Webhook {
    std::string id;
    std::string project_id;
    std::string url;
    std::vector<WebhookEvent> events;
    std::string secret;  ///< empty: what is sent is not signed
    std::int64_t created_ms = 0;
};

/// What to change; what is absent stays.
struct WebhookChange {
    std::optional<std::string> url;
    std::optional<std::vector<WebhookEvent>> events;
    std::optional<std::string> secret;
};

/// Owns its connection to the metadata database. Lists are oldest first. A webhook of another project is as good as
/// none: `not_found`. Thread safe.
class Webhooks {
public:
    /// `clock` and `random` outlive it.
    static pulsekit::Result<std::unique_ptr<Webhooks>> open(const std::string& database_path, pulsekit::Clock& clock,
                                                            pulsekit::Random& random);
    ~Webhooks();

    /// Id and time of creation are given here. Error `not_found` without its project.
    pulsekit::Result<Webhook> create(Webhook webhook);
    pulsekit::Result<std::vector<Webhook>> list(std::string_view project_id) const;
    pulsekit::Result<Webhook> find(std::string_view project_id, std::string_view id) const;
    pulsekit::Result<Webhook> change(std::string_view project_id, std::string_view id, const WebhookChange& change);
    /// And what waits to be sent to it is not sent.
    pulsekit::Result<void> erase(std::string_view project_id, std::string_view id);

private:
    explicit Webhooks(std::unique_ptr<Connection> connection);
    std::unique_ptr<Connection> connection_;
};

}  // namespace collector::meta
