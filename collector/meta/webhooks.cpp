#include "meta/webhooks.hpp"

#include <utility>

#include "meta/connection.hpp"
#include "meta/database.hpp"
#include "model/names.hpp"

namespace collector::meta {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;
using pulsekit::sqlite::Transaction;

constexpr std::string_view kEvents[] = {"traffic_spike", "zero_traffic", "daily_summary"};

std::string text_of(const std::vector<WebhookEvent>& events) {
    std::vector<std::string> names;
    for (const auto event : events) names.emplace_back(name_of(event));
    return model::joined(names);
}

std::vector<WebhookEvent> events_of(std::string_view text) {
    std::vector<WebhookEvent> events;
    for (const auto& name : model::split(text)) {
        if (const auto event = webhook_event_named(name)) events.push_back(*event);
    }
    return events;
}

/// A project's, oldest first; with `id` that one, or none.
Result<std::vector<Webhook>> find_webhooks(Database& database, std::string_view project_id,
                                           std::optional<std::string_view> id) {
    auto rows = database.prepare(
        "SELECT id, url, events, secret, created_ms FROM webhooks WHERE project_id = ?1 AND (?2 IS NULL OR id = ?2) "
        "ORDER BY seq");
    if (!rows) return std::move(rows).error();
    rows->bind(1, project_id);
    if (id) rows->bind(2, *id);
    std::vector<Webhook> found;
    auto read = for_each_row(*rows, [&](const Statement& row) -> Result<void> {
        found.push_back({.id = std::string(row.text(0)),
                         .project_id = std::string(project_id),
                         .url = std::string(row.text(1)),
                         .events = events_of(row.text(2)),
                         .secret = std::string(row.text(3)),
                         .created_ms = row.integer(4)});
        return {};
    });
    if (!read) return std::move(read).error();
    return found;
}

Result<Webhook> find_webhook(Database& database, std::string_view project_id, std::string_view id) {
    auto found = find_webhooks(database, project_id, id);
    if (!found) return std::move(found).error();
    if (found->empty()) return Error{ErrorCode::not_found, "no webhook " + std::string(id)};
    return std::move(found->front());
}

Result<void> write(Database& database, const Webhook& webhook) {
    auto row = database.prepare(
        "INSERT INTO webhooks (id, project_id, url, events, secret, created_ms) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET url = excluded.url, events = excluded.events, secret = excluded.secret");
    if (!row) return std::move(row).error();
    row->bind(1, webhook.id);
    row->bind(2, webhook.project_id);
    row->bind(3, webhook.url);
    row->bind(4, text_of(webhook.events));
    row->bind(5, webhook.secret);
    row->bind(6, webhook.created_ms);
    return row->run();
}

Result<bool> has_project(Database& database, std::string_view id) {
    auto row = database.prepare("SELECT 1 FROM projects WHERE id = ?");
    if (!row) return std::move(row).error();
    row->bind(1, id);
    return row->step();
}

Result<void> run(Database& database, std::string_view sql, std::string_view first, std::string_view second) {
    auto row = database.prepare(sql);
    if (!row) return std::move(row).error();
    row->bind(1, first);
    row->bind(2, second);
    return row->run();
}

}  // namespace

std::string_view name_of(WebhookEvent event) { return kEvents[static_cast<std::size_t>(event)]; }

std::optional<WebhookEvent> webhook_event_named(std::string_view name) {
    return model::named<WebhookEvent>(kEvents, name);
}

Webhooks::Webhooks(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

Webhooks::~Webhooks() = default;

Result<std::unique_ptr<Webhooks>> Webhooks::open(const std::string& database_path, pulsekit::Clock& clock,
                                                 pulsekit::Random& random) {
    auto connection = connect(database_path, clock, random);
    if (!connection) return std::move(connection).error();
    return std::unique_ptr<Webhooks>(new Webhooks(*std::move(connection)));
}

Result<Webhook> Webhooks::create(Webhook webhook) {
    const pulsekit::MutexLock lock(connection_->mutex);
    auto transaction = Transaction::begin(connection_->database);
    if (!transaction) return std::move(transaction).error();
    const auto known = has_project(connection_->database, webhook.project_id);
    if (!known) return known.error();
    if (!*known) return Error{ErrorCode::not_found, "no project " + webhook.project_id};
    webhook.created_ms = connection_->clock.unix_ms();
    webhook.id = connection_->ids.next(webhook.created_ms).text();
    if (auto done = write(connection_->database, webhook); !done) return std::move(done).error();
    if (auto done = transaction->commit(); !done) return std::move(done).error();
    return webhook;
}

Result<std::vector<Webhook>> Webhooks::list(std::string_view project_id) const {
    const pulsekit::MutexLock lock(connection_->mutex);
    return find_webhooks(connection_->database, project_id, std::nullopt);
}

Result<Webhook> Webhooks::find(std::string_view project_id, std::string_view id) const {
    const pulsekit::MutexLock lock(connection_->mutex);
    return find_webhook(connection_->database, project_id, id);
}

Result<Webhook> Webhooks::change(std::string_view project_id, std::string_view id, const WebhookChange& change) {
    const pulsekit::MutexLock lock(connection_->mutex);
    auto transaction = Transaction::begin(connection_->database);
    if (!transaction) return std::move(transaction).error();
    auto webhook = find_webhook(connection_->database, project_id, id);
    if (!webhook) return webhook;
    if (change.url) webhook->url = *change.url;
    if (change.events) webhook->events = *change.events;
    if (change.secret) webhook->secret = *change.secret;
    if (auto done = write(connection_->database, *webhook); !done) return std::move(done).error();
    if (auto done = transaction->commit(); !done) return std::move(done).error();
    return webhook;
}

Result<void> Webhooks::erase(std::string_view project_id, std::string_view id) {
    const pulsekit::MutexLock lock(connection_->mutex);
    auto transaction = Transaction::begin(connection_->database);
    if (!transaction) return std::move(transaction).error();
    if (auto found = find_webhook(connection_->database, project_id, id); !found) return std::move(found).error();
    auto done = run(connection_->database, "DELETE FROM webhooks WHERE project_id = ? AND id = ?", project_id, id);
    if (!done) return done;
    done =
        run(connection_->database, "DELETE FROM outbox_messages WHERE project_id = ? AND target = ?", project_id, id);
    if (!done) return done;
    return transaction->commit();
}

}  // namespace collector::meta
