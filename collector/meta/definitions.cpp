#include "meta/definitions.hpp"

#include <utility>

#include "meta/database.hpp"
#include "meta/definition_rows.hpp"
#include "support/ids.hpp"
#include "support/mutex.hpp"

namespace collector::meta {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Transaction;

constexpr std::string_view kStepTypes[] = {"pageview", "event"};
constexpr std::string_view kAimTypes[] = {"pageview", "event", "duration", "pages_per_session"};

template <typename Type, std::size_t N>
std::optional<Type> named(const std::string_view (&names)[N], std::string_view name) {
    for (std::size_t i = 0; i < N; ++i) {
        if (names[i] == name) return static_cast<Type>(i);
    }
    return std::nullopt;
}

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
    return named<FunnelStep::Type>(kStepTypes, name);
}
std::string_view name_of(Aim::Type type) { return kAimTypes[static_cast<std::size_t>(type)]; }
std::optional<Aim::Type> aim_type_named(std::string_view name) { return named<Aim::Type>(kAimTypes, name); }

struct Definitions::Impl {
    Impl(Database opened, pulsekit::Clock& time, pulsekit::Random& chance)
        : clock(time), ids(chance), database(std::move(opened)) {}

    pulsekit::Clock& clock;
    pulsekit::Mutex mutex;
    pulsekit::UuidGenerator ids PULSEKIT_GUARDED_BY(mutex);
    Database database PULSEKIT_GUARDED_BY(mutex);
};

Definitions::Definitions(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Definitions::~Definitions() = default;

Result<std::unique_ptr<Definitions>> Definitions::open(const std::string& database_path, pulsekit::Clock& clock,
                                                       pulsekit::Random& random) {
    auto database = open_database(database_path);
    if (!database) return std::move(database).error();
    auto impl = std::make_unique<Impl>(*std::move(database), clock, random);
    return std::unique_ptr<Definitions>(new Definitions(std::move(impl)));
}

Result<Funnel> Definitions::create_funnel(std::string_view project_id, std::string_view name,
                                          std::vector<FunnelStep> steps) {
    const pulsekit::MutexLock lock(impl_->mutex);
    auto transaction = Transaction::begin(impl_->database);
    if (!transaction) return std::move(transaction).error();
    const auto now = impl_->clock.unix_ms();
    return committed(impl_->database, *transaction,
                     Funnel{.id = impl_->ids.next(now).text(),
                            .project_id = std::string(project_id),
                            .name = std::string(name),
                            .steps = std::move(steps),
                            .created_ms = now});
}

Result<std::vector<Funnel>> Definitions::funnels(std::string_view project_id) const {
    const pulsekit::MutexLock lock(impl_->mutex);
    return find_funnels(impl_->database, project_id, std::nullopt);
}

Result<Funnel> Definitions::funnel(std::string_view project_id, std::string_view id) const {
    const pulsekit::MutexLock lock(impl_->mutex);
    return find_funnel(impl_->database, project_id, id);
}

Result<Funnel> Definitions::change_funnel(std::string_view project_id, std::string_view id,
                                          const FunnelChange& change) {
    const pulsekit::MutexLock lock(impl_->mutex);
    auto transaction = Transaction::begin(impl_->database);
    if (!transaction) return std::move(transaction).error();
    auto funnel = find_funnel(impl_->database, project_id, id);
    if (!funnel) return funnel;
    if (change.name) funnel->name = *change.name;
    if (change.steps) funnel->steps = *change.steps;
    return committed(impl_->database, *transaction, *std::move(funnel));
}

Result<void> Definitions::erase_funnel(std::string_view project_id, std::string_view id) {
    const pulsekit::MutexLock lock(impl_->mutex);
    return erase(impl_->database, "funnel", project_id, id);
}

Result<Goal> Definitions::create_goal(std::string_view project_id, std::string_view name, Aim aim) {
    const pulsekit::MutexLock lock(impl_->mutex);
    auto transaction = Transaction::begin(impl_->database);
    if (!transaction) return std::move(transaction).error();
    const auto now = impl_->clock.unix_ms();
    return committed(impl_->database, *transaction,
                     Goal{.id = impl_->ids.next(now).text(),
                          .project_id = std::string(project_id),
                          .name = std::string(name),
                          .aim = std::move(aim),
                          .created_ms = now});
}

Result<std::vector<Goal>> Definitions::goals(std::string_view project_id) const {
    const pulsekit::MutexLock lock(impl_->mutex);
    return find_goals(impl_->database, project_id, std::nullopt);
}

Result<Goal> Definitions::goal(std::string_view project_id, std::string_view id) const {
    const pulsekit::MutexLock lock(impl_->mutex);
    return find_goal(impl_->database, project_id, id);
}

Result<Goal> Definitions::change_goal(std::string_view project_id, std::string_view id, const GoalChange& change) {
    const pulsekit::MutexLock lock(impl_->mutex);
    auto transaction = Transaction::begin(impl_->database);
    if (!transaction) return std::move(transaction).error();
    auto goal = find_goal(impl_->database, project_id, id);
    if (!goal) return goal;
    if (change.name) goal->name = *change.name;
    if (change.aim) goal->aim = *change.aim;
    return committed(impl_->database, *transaction, *std::move(goal));
}

Result<void> Definitions::erase_goal(std::string_view project_id, std::string_view id) {
    const pulsekit::MutexLock lock(impl_->mutex);
    return erase(impl_->database, "goal", project_id, id);
}

}  // namespace collector::meta
