// What projects have defined for their reports: funnels and goals.
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

struct FunnelStep {
    enum class Type { pageview, event } type = Type::pageview;
    std::string value;  ///< a path, or with a `*` at its end what paths begin with; or the name of an event
    std::string label;
};

std::string_view name_of(FunnelStep::Type type);
std::optional<FunnelStep::Type> step_type_named(std::string_view name);

struct Funnel {
    std::string id;
    std::string project_id;
    std::string name;
    std::vector<FunnelStep> steps;
    std::int64_t created_ms = 0;
};

/// What is to be reached.
struct Aim {
    enum class Type { pageview, event, duration, pages_per_session } type = Type::pageview;
    std::string target;    ///< of pageview and event: as FunnelStep::value
    double threshold = 0;  ///< of duration, in seconds, and of pages_per_session
};

std::string_view name_of(Aim::Type type);
std::optional<Aim::Type> aim_type_named(std::string_view name);

struct Goal {
    std::string id;
    std::string project_id;
    std::string name;
    Aim aim;
    std::int64_t created_ms = 0;
};

/// What to change; what is absent stays.
struct FunnelChange {
    std::optional<std::string> name;
    std::optional<std::vector<FunnelStep>> steps;
};
struct GoalChange {
    std::optional<std::string> name;
    std::optional<Aim> aim;
};

/// Owns its connection to the metadata database. Lists are oldest first. A definition of another project is as good as
/// none: `not_found`. Thread safe.
class Definitions {
public:
    /// `clock` and `random` outlive it.
    static pulsekit::Result<std::unique_ptr<Definitions>> open(const std::string& database_path, pulsekit::Clock& clock,
                                                               pulsekit::Random& random);
    ~Definitions();

    pulsekit::Result<Funnel> create_funnel(std::string_view project_id, std::string_view name,
                                           std::vector<FunnelStep> steps);
    pulsekit::Result<std::vector<Funnel>> funnels(std::string_view project_id) const;
    pulsekit::Result<Funnel> funnel(std::string_view project_id, std::string_view id) const;
    pulsekit::Result<Funnel> change_funnel(std::string_view project_id, std::string_view id,
                                           const FunnelChange& change);
    pulsekit::Result<void> erase_funnel(std::string_view project_id, std::string_view id);

    pulsekit::Result<Goal> create_goal(std::string_view project_id, std::string_view name, Aim aim);
    pulsekit::Result<std::vector<Goal>> goals(std::string_view project_id) const;
    pulsekit::Result<Goal> goal(std::string_view project_id, std::string_view id) const;
    pulsekit::Result<Goal> change_goal(std::string_view project_id, std::string_view id, const GoalChange& change);
    pulsekit::Result<void> erase_goal(std::string_view project_id, std::string_view id);

private:
    explicit Definitions(std::unique_ptr<Connection> connection);
    std::unique_ptr<Connection> connection_;
};

}  // namespace collector::meta
