// What projects try out: experiments, and which of their visitors see which variant.
#pragma once

#include <cstddef>
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

struct Variant {
    std::string name;   ///< unique in its experiment
    double weight = 0;  ///< percent of the visitors
};

struct Experiment {
    enum class Status { draft, running, paused, completed };

    std::string id;
    std::string project_id;
    std::string name;
    std::string description;  ///< empty: none
    Status status = Status::draft;
    std::vector<Variant> variants;  ///< the first is the control; their weights add up to about 100
    std::string goal_id;            ///< empty: none; there need not be such a goal
    std::int64_t created_ms = 0;
};

std::string_view name_of(Experiment::Status status);
std::optional<Experiment::Status> experiment_status_named(std::string_view name);

/// A visitor who is in a variant, for good.
struct Assignment {
    std::string visitor_id;
    std::size_t variant = 0;       ///< into Experiment::variants
    std::int64_t assigned_ms = 0;  ///< not before the experiment was created
};

/// Which variant a visitor falls to who is in none yet: by SHA-256 of both ids, so always the same one, and never one
/// of weight 0.
std::size_t variant_of(const Experiment& experiment, std::string_view visitor_id);

/// Owns its connection to the metadata database. Lists are oldest first. An experiment of another project is as good as
/// none: `not_found`. What the status does not allow is `invalid`, with the text for the client. Thread safe.
class Experiments {
public:
    /// `clock` and `random` outlive it.
    static pulsekit::Result<std::unique_ptr<Experiments>> open(const std::string& database_path, pulsekit::Clock& clock,
                                                               pulsekit::Random& random);
    ~Experiments();

    /// `wanted` says all but the id, the status and when it was created.
    pulsekit::Result<Experiment> create(Experiment wanted);
    pulsekit::Result<std::vector<Experiment>> list(std::string_view project_id) const;
    pulsekit::Result<Experiment> find(std::string_view project_id, std::string_view id) const;
    pulsekit::Result<Experiment> change_status(std::string_view project_id, std::string_view id,
                                               Experiment::Status status);
    /// With its assignments.
    pulsekit::Result<void> erase(std::string_view project_id, std::string_view id);

    /// The name of the visitor's variant. It is kept at the first call, which the experiment must be running for.
    pulsekit::Result<std::string> assign(std::string_view project_id, std::string_view id, std::string_view visitor_id);
    /// Those of the range, both ends included, in no particular order.
    pulsekit::Result<std::vector<Assignment>> assignments(const Experiment& experiment, std::int64_t from_ms,
                                                          std::int64_t to_ms) const;
    /// The project's visitors are in no variant any more. Whoever empties the log makes it so in the files, too.
    pulsekit::Result<void> erase_visitors(std::string_view project_id, const std::vector<std::string>& visitor_ids);

private:
    explicit Experiments(std::unique_ptr<Connection> connection);
    std::unique_ptr<Connection> connection_;
};

}  // namespace collector::meta
