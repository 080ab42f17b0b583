#include "meta/definitions.hpp"

#include <utility>

#include "meta/connection.hpp"
#include "meta/definition_rows.hpp"
#include "model/names.hpp"

namespace collector::meta {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Transaction;

constexpr std::string_view kStepTypes[] = {"pageview", "event"};
constexpr std::string_view kAimTypes[] = {"pageview", "event", "duration", "pages_per_session"};

Error unknown(std::string_view what, std::string_view id) {
    return {ErrorCode::not_found, "no " + std::string(what) + " " + std::string(id)};
}

Result<Funnel> find_funnel(Database& database, std::string_view project_id, std::string_view id) {
    auto found = find_funnels(database, project_id, id);
    if (!found) return std::move(found).error();
    if (found->empty()) return unknown("funnel", id);
    return std::move(found->front());
}

Result<Goal> find_goal(Database& database, std::string_view project_id, std::string_view id) {
    auto found = find_goals(database, project_id, id);
    if (!found) return std::move(found).error();
    if (found->empty()) return unknown("goal", id);
    return std::move(found->front());
}

Result<void> erase(Database& database, std::string_view what, std::string_view project_id, std::string_view id) {
    const auto erased = erase_row(database, std::string(what) + "s", project_id, id);
    if (!erased) return erased.error();
    return *erased ? Result<void>() : unknown(what, id);
}

template <typename Definition>
Result<Definition> committed(Database& database, Transaction& transaction, Definition definition) {
    if (auto done = write(database, definition); !done) return std::move(done).error();
    if (auto done = transaction.commit(); !done) return std::move(done).error();
    return definition;
}

}  // namespace

std::string_view name_of(FunnelStep::Type type) { return kStepTypes[static_cast<std::size_t>(type)]; }
std::optional<FunnelStep::Type> step_type_named(std::string_view name) {
    return model::named<FunnelStep::Type>(kStepTypes, name);
}
std::string_view name_of(Aim::Type type) { return kAimTypes[static_cast<std::size_t>(type)]; }
std::optional<Aim::Type> aim_type_named(std::string_view name) { return model::named<Aim::Type>(kAimTypes, name); }

Definitions::Definitions(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

Definitions::~Definitions() = default;

Result<std::unique_ptr<Definitions>> Definitions::open(const std::string& database_path, pulsekit::Clock& clock,
                                                       pulsekit::Random& random) {
    auto connection = connect(database_path, clock, random);
    if (!connection) return std::move(connection).error();
    return std::unique_ptr<Definitions>(new Definitions(*std::move(connection)));
}

Result<Funnel> Definitions::create_funnel(std::string_view project_id, std::string_view name,
                                          std::vector<FunnelStep> steps) {
    const pulsekit::MutexLock lock(connection_->mutex);
    auto transaction = Transaction::begin(connection_->database);
    if (!transaction) return std::move(transaction).error();
    const auto now = connection_->clock.unix_ms();
    return committed(connection_->database, *transaction,
                     Funnel{.id = connection_->ids.next(now).text(),
                            .project_id = std::string(project_id),
                            .name = std::string(name),
                            .steps = std::move(steps),
                            .created_ms = now});
}

Result<std::vector<Funnel>> Definitions::funnels(std::string_view project_id) const {
    const pulsekit::MutexLock lock(connection_->mutex);
    return find_funnels(connection_->database, project_id, std::nullopt);
}

Result<Funnel> Definitions::funnel(std::string_view project_id, std::string_view id) const {
    const pulsekit::MutexLock lock(connection_->mutex);
    return find_funnel(connection_->database, project_id, id);
}

Result<Funnel> Definitions::change_funnel(std::string_view project_id, std::string_view id,
                                          const FunnelChange& change) {
    const pulsekit::MutexLock lock(connection_->mutex);
    auto transaction = Transaction::begin(connection_->database);
    if (!transaction) return std::move(transaction).error();
    auto funnel = find_funnel(connection_->database, project_id, id);
    if (!funnel) return funnel;
    if (change.name) funnel->name = *change.name;
    if (change.steps) funnel->steps = *change.steps;
    return committed(connection_->database, *transaction, *std::move(funnel));
}

Result<void> Definitions::erase_funnel(std::string_view project_id, std::string_view id) {
    const pulsekit::MutexLock lock(connection_->mutex);
    return erase(connection_->database, "funnel", project_id, id);
}

Result<Goal> Definitions::create_goal(std::string_view project_id, std::string_view name, Aim aim) {
    const pulsekit::MutexLock lock(connection_->mutex);
    auto transaction = Transaction::begin(connection_->database);
    if (!transaction) return std::move(transaction).error();
    const auto now = connection_->clock.unix_ms();
    return committed(connection_->database, *transaction,
                     Goal{.id = connection_->ids.next(now).text(),
                          .project_id = std::string(project_id),
                          .name = std::string(name),
                          .aim = std::move(aim),
                          .created_ms = now});
}

Result<std::vector<Goal>> Definitions::goals(std::string_view project_id) const {
    const pulsekit::MutexLock lock(connection_->mutex);
    return find_goals(connection_->database, project_id, std::nullopt);
}

Result<Goal> Definitions::goal(std::string_view project_id, std::string_view id) const {
    const pulsekit::MutexLock lock(connection_->mutex);
    return find_goal(connection_->database, project_id, id);
}

Result<Goal> Definitions::change_goal(std::string_view project_id, std::string_view id, const GoalChange& change) {
    const pulsekit::MutexLock lock(connection_->mutex);
    auto transaction = Transaction::begin(connection_->database);
    if (!transaction) return std::move(transaction).error();
    auto goal = find_goal(connection_->database, project_id, id);
    if (!goal) return goal;
    if (change.name) goal->name = *change.name;
    if (change.aim) goal->aim = *change.aim;
    return committed(connection_->database, *transaction, *std::move(goal));
}

Result<void> Definitions::erase_goal(std::string_view project_id, std::string_view id) {
    const pulsekit::MutexLock lock(connection_->mutex);
    return erase(connection_->database, "goal", project_id, id);
}

}  // namespace collector::meta
