#include "meta/alerts.hpp"

#include <utility>

#include "meta/alert_rows.hpp"
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

constexpr std::string_view kOperators[] = {"gt", "lt", "gte", "lte", "eq"};
constexpr std::string_view kChannelTypes[] = {"webhook", "email"};

template <typename T>
void set(T& member, const std::optional<T>& wanted) {
    if (wanted) member = *wanted;
}

Error unknown(std::string_view id) { return {ErrorCode::not_found, "no alert " + std::string(id)}; }

Result<Alert> find_alert(Database& database, std::string_view project_id, std::string_view id) {
    auto found = find_alerts(database, project_id, id);
    if (!found) return std::move(found).error();
    if (found->empty()) return unknown(id);
    return std::move(found->front());
}

/// The alert as `edit` has left it.
template <typename Edit>
Result<Alert> edited(Database& database, std::string_view project_id, std::string_view id, Edit edit) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::move(transaction).error();
    auto alert = find_alert(database, project_id, id);
    if (!alert) return alert;
    edit(*alert);
    if (auto done = write(database, *alert); !done) return std::move(done).error();
    if (auto done = transaction->commit(); !done) return std::move(done).error();
    return alert;
}

}  // namespace

std::string_view name_of(Operator compared) { return kOperators[static_cast<std::size_t>(compared)]; }
std::optional<Operator> operator_named(std::string_view name) { return model::named<Operator>(kOperators, name); }
std::string_view name_of(AlertChannel::Type type) { return kChannelTypes[static_cast<std::size_t>(type)]; }
std::optional<AlertChannel::Type> channel_type_named(std::string_view name) {
    return model::named<AlertChannel::Type>(kChannelTypes, name);
}

void apply(const AlertChange& change, AlertRule& rule) {
    set(rule.name, change.name);
    set(rule.module, change.module);
    set(rule.metric, change.metric);
    set(rule.compared, change.compared);
    set(rule.threshold, change.threshold);
    set(rule.window_minutes, change.window_minutes);
    set(rule.cooldown_minutes, change.cooldown_minutes);
    set(rule.channels, change.channels);
}

Alerts::Alerts(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

Alerts::~Alerts() = default;

Result<std::unique_ptr<Alerts>> Alerts::open(const std::string& database_path, pulsekit::Clock& clock,
                                             pulsekit::Random& random) {
    auto connection = connect(database_path, clock, random);
    if (!connection) return std::move(connection).error();
    return std::unique_ptr<Alerts>(new Alerts(*std::move(connection)));
}

Result<Alert> Alerts::create(std::string_view project_id, AlertRule rule) {
    const pulsekit::MutexLock lock(connection_->mutex);
    auto transaction = Transaction::begin(connection_->database);
    if (!transaction) return std::move(transaction).error();
    const auto now = connection_->clock.unix_ms();
    Alert alert{.id = connection_->ids.next(now).text(),
                .project_id = std::string(project_id),
                .rule = std::move(rule),
                .last_triggered_ms = {},
                .created_ms = now};
    if (auto done = write(connection_->database, alert); !done) return std::move(done).error();
    if (auto done = transaction->commit(); !done) return std::move(done).error();
    return alert;
}

Result<std::vector<Alert>> Alerts::alerts(std::string_view project_id) const {
    const pulsekit::MutexLock lock(connection_->mutex);
    return find_alerts(connection_->database, project_id, std::nullopt);
}

Result<Alert> Alerts::alert(std::string_view project_id, std::string_view id) const {
    const pulsekit::MutexLock lock(connection_->mutex);
    return find_alert(connection_->database, project_id, id);
}

Result<Alert> Alerts::change(std::string_view project_id, std::string_view id, const AlertChange& change) {
    const pulsekit::MutexLock lock(connection_->mutex);
    return edited(connection_->database, project_id, id, [&](Alert& alert) { apply(change, alert.rule); });
}

Result<Alert> Alerts::toggle(std::string_view project_id, std::string_view id) {
    const pulsekit::MutexLock lock(connection_->mutex);
    return edited(connection_->database, project_id, id, [](Alert& alert) { alert.enabled = !alert.enabled; });
}

Result<void> Alerts::erase(std::string_view project_id, std::string_view id) {
    const pulsekit::MutexLock lock(connection_->mutex);
    const auto erased = erase_row(connection_->database, "alerts", project_id, id);
    if (!erased) return erased.error();
    return *erased ? Result<void>() : unknown(id);
}

}  // namespace collector::meta
