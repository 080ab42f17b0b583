#include "meta/experiments.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "crypto/hash.hpp"
#include "meta/connection.hpp"
#include "meta/definition_rows.hpp"
#include "meta/experiment_rows.hpp"
#include "model/names.hpp"

namespace collector::meta {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Transaction;
using Status = Experiment::Status;

constexpr std::string_view kStatuses[] = {"draft", "running", "paused", "completed"};

constexpr std::pair<Status, Status> kTransitions[] = {{Status::draft, Status::running},
                                                      {Status::running, Status::paused},
                                                      {Status::paused, Status::running},
                                                      {Status::running, Status::completed}};

bool leads_to(Status from, Status to) {
    return std::find(std::begin(kTransitions), std::end(kTransitions), std::pair(from, to)) != std::end(kTransitions);
}

Result<Experiment> find_one(Database& database, std::string_view project_id, std::string_view id) {
    auto found = find_experiments(database, project_id, id);
    if (!found) return std::move(found).error();
    if (found->empty()) return Error{ErrorCode::not_found, "no experiment " + std::string(id)};
    return std::move(found->front());
}

}  // namespace

std::string_view name_of(Status status) { return kStatuses[static_cast<std::size_t>(status)]; }

std::optional<Status> experiment_status_named(std::string_view name) { return model::named<Status>(kStatuses, name); }

std::size_t variant_of(const Experiment& experiment, std::string_view visitor_id) {
    const auto digest = crypto::sha256(experiment.id + ":" + std::string(visitor_id));
    std::uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = bits << 8 | digest[static_cast<std::size_t>(i)];
    const double percent = static_cast<double>(bits >> 11) * 0x1p-53 * 100;  // as many bits as a double has: below 100
    std::size_t variant = 0;
    double end = 0;
    for (std::size_t i = 0; i < experiment.variants.size(); ++i) {
        if (experiment.variants[i].weight <= 0) continue;
        variant = i;  // the last one takes what the weights lack
        end += experiment.variants[i].weight;
        if (percent < end) break;
    }
    return variant;
}

Experiments::Experiments(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

Experiments::~Experiments() = default;

Result<std::unique_ptr<Experiments>> Experiments::open(const std::string& database_path, pulsekit::Clock& clock,
                                                       pulsekit::Random& random) {
    auto connection = connect(database_path, clock, random);
    if (!connection) return std::move(connection).error();
    return std::unique_ptr<Experiments>(new Experiments(*std::move(connection)));
}

Result<Experiment> Experiments::create(Experiment wanted) {
    const pulsekit::MutexLock lock(connection_->mutex);
    auto transaction = Transaction::begin(connection_->database);
    if (!transaction) return std::move(transaction).error();
    wanted.created_ms = connection_->clock.unix_ms();
    wanted.id = connection_->ids.next(wanted.created_ms).text();
    wanted.status = Status::draft;
    if (auto done = insert(connection_->database, wanted); !done) return std::move(done).error();
    if (auto done = transaction->commit(); !done) return std::move(done).error();
    return wanted;
}

Result<std::vector<Experiment>> Experiments::list(std::string_view project_id) const {
    const pulsekit::MutexLock lock(connection_->mutex);
    return find_experiments(connection_->database, project_id, std::nullopt);
}

Result<Experiment> Experiments::find(std::string_view project_id, std::string_view id) const {
    const pulsekit::MutexLock lock(connection_->mutex);
    return find_one(connection_->database, project_id, id);
}

Result<Experiment> Experiments::change_status(std::string_view project_id, std::string_view id, Status status) {
    const pulsekit::MutexLock lock(connection_->mutex);
    auto experiment = find_one(connection_->database, project_id, id);
    if (!experiment) return experiment;
    if (!leads_to(experiment->status, status)) {
        return Error{ErrorCode::invalid, "Experiment cannot go from '" + std::string(name_of(experiment->status)) +
                                             "' to '" + std::string(name_of(status)) + "'."};
    }
    experiment->status = status;
    if (auto done = write_status(connection_->database, *experiment); !done) return std::move(done).error();
    return experiment;
}

Result<void> Experiments::erase(std::string_view project_id, std::string_view id) {
    const pulsekit::MutexLock lock(connection_->mutex);
    const auto experiment = find_one(connection_->database, project_id, id);
    if (!experiment) return experiment.error();
    if (experiment->status != Status::draft && experiment->status != Status::completed) {
        return Error{ErrorCode::invalid, "Experiment can only be deleted while draft or completed."};
    }
    const auto erased = erase_row(connection_->database, "experiments", project_id, id);
    return erased ? Result<void>() : erased.error();
}

Result<std::string> Experiments::assign(std::string_view project_id, std::string_view id, std::string_view visitor_id) {
    const pulsekit::MutexLock lock(connection_->mutex);
    const auto experiment = find_one(connection_->database, project_id, id);
    if (!experiment) return experiment.error();
    const auto known = find_variant(connection_->database, *experiment, visitor_id);
    if (!known) return known.error();
    if (*known) return experiment->variants[**known].name;
    if (experiment->status != Status::running) return Error{ErrorCode::invalid, "Experiment is not running."};
    const Assignment assignment{.visitor_id = std::string(visitor_id),
                                .variant = variant_of(*experiment, visitor_id),
                                .assigned_ms = std::max(connection_->clock.unix_ms(), experiment->created_ms)};
    if (auto done = insert(connection_->database, *experiment, assignment); !done) return std::move(done).error();
    return experiment->variants[assignment.variant].name;
}

Result<std::vector<Assignment>> Experiments::assignments(const Experiment& experiment, std::int64_t from_ms,
                                                         std::int64_t to_ms) const {
    const pulsekit::MutexLock lock(connection_->mutex);
    return find_assignments(connection_->database, experiment, from_ms, to_ms);
}

Result<void> Experiments::erase_visitors(std::string_view project_id, const std::vector<std::string>& visitor_ids) {
    const pulsekit::MutexLock lock(connection_->mutex);
    auto transaction = Transaction::begin(connection_->database);
    if (!transaction) return std::move(transaction).error();
    if (const auto erased = erase_assignments(connection_->database, project_id, visitor_ids); !erased) {
        return erased.error();
    }
    return transaction->commit();
}

}  // namespace collector::meta
