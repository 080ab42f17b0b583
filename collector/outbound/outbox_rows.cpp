#include "outbound/outbox_rows.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "meta/database.hpp"
#include "model/names.hpp"

namespace collector::outbound {
namespace {

using meta::for_each_row;
using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

constexpr std::string_view kChannelNames[] = {"subscription", "webhook", "email"};
constexpr std::string_view kStateNames[] = {"pending", "delivered", "failed"};

constexpr std::string_view kColumns =
    "SELECT m.id, m.project_id, m.channel, m.target, m.event, m.subject, m.body, m.state, m.created_ms, m.next_ms, "
    "m.attempts, m.error, a.at_ms, a.status, a.took_ms FROM outbox_messages m "
    "LEFT JOIN outbox_attempts a ON a.message_id = m.id AND a.number = m.attempts ";

Result<Statement> select(Database& database, std::string_view which) {
    std::string sql(kColumns);
    sql += which;
    return database.prepare(sql);
}

Result<std::vector<Kept>> read(Statement& rows) {
    std::vector<Kept> found;
    auto done = for_each_row(rows, [&](const Statement& row) -> Result<void> {
        const auto channel = model::named<Channel>(kChannelNames, row.text(2));
        const auto state = state_named(row.text(7));
        if (!channel || !state) return Error{ErrorCode::corrupt, "a stored message has no channel or state"};
        Kept kept{.id = std::string(row.text(0)),
                  .message = {.project_id = std::string(row.text(1)),
                              .channel = *channel,
                              .target = std::string(row.text(3)),
                              .event = std::string(row.text(4)),
                              .subject = std::string(row.text(5)),
                              .body = std::string(row.text(6))},
                  .state = *state,
                  .created_ms = row.integer(8),
                  .next_ms = row.integer(9),
                  .attempts = static_cast<int>(row.integer(10)),
                  .error = std::string(row.text(11))};
        if (!row.is_null(12)) {
            kept.last_attempt_ms = row.integer(12);
            kept.last_status = static_cast<int>(row.integer(13));
            kept.last_took_ms = row.integer(14);
        }
        found.push_back(std::move(kept));
        return {};
    });
    if (!done) return std::move(done).error();
    return found;
}

void bind_settled(Statement& row, int parameter, const Kept& kept, std::int64_t now_ms) {
    if (kept.state == State::pending) {
        row.bind_null(parameter);
    } else {
        row.bind(parameter, now_ms);
    }
}

}  // namespace

std::string_view name_of(Channel channel) { return kChannelNames[static_cast<std::size_t>(channel)]; }
std::string_view name_of(State state) { return kStateNames[static_cast<std::size_t>(state)]; }
std::optional<State> state_named(std::string_view name) { return model::named<State>(kStateNames, name); }

Result<void> insert(Database& database, const Kept& kept, std::int64_t expires_ms) {
    auto row = database.prepare(
        "INSERT INTO outbox_messages (id, project_id, channel, target, event, subject, body, created_ms, expires_ms, "
        "state, attempts, next_ms, settled_ms, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (!row) return std::move(row).error();
    const auto& message = kept.message;
    row->bind(1, kept.id);
    row->bind(2, message.project_id);
    row->bind(3, name_of(message.channel));
    row->bind(4, message.target);
    row->bind(5, message.event);
    row->bind(6, message.subject);
    row->bind(7, message.body);
    row->bind(8, kept.created_ms);
    row->bind(9, expires_ms);
    row->bind(10, name_of(kept.state));
    row->bind(11, std::int64_t{kept.attempts});
    row->bind(12, kept.next_ms);
    bind_settled(*row, 13, kept, kept.created_ms);
    row->bind(14, kept.error);
    return row->run();
}

Result<void> insert_attempt(Database& database, const Kept& kept, std::int64_t at_ms, const Attempt& attempt) {
    // Nothing, when the message has gone meanwhile with its webhook or project.
    auto row = database.prepare(
        "INSERT INTO outbox_attempts (message_id, number, at_ms, status, took_ms, error) "
        "SELECT id, ?2, ?3, ?4, ?5, ?6 FROM outbox_messages WHERE id = ?1");
    if (!row) return std::move(row).error();
    row->bind(1, kept.id);
    row->bind(2, std::int64_t{kept.attempts});
    row->bind(3, at_ms);
    row->bind(4, std::int64_t{attempt.status});
    row->bind(5, attempt.took_ms);
    row->bind(6, attempt.error);
    return row->run();
}

Result<void> update(Database& database, const Kept& kept, std::int64_t now_ms) {
    auto row = database.prepare(
        "UPDATE outbox_messages SET state = ?, attempts = ?, next_ms = ?, settled_ms = ?, error = ? WHERE id = ?");
    if (!row) return std::move(row).error();
    row->bind(1, name_of(kept.state));
    row->bind(2, std::int64_t{kept.attempts});
    row->bind(3, kept.next_ms);
    bind_settled(*row, 4, kept, now_ms);
    row->bind(5, kept.error);
    row->bind(6, kept.id);
    return row->run();
}

Result<std::vector<Head>> heads(Database& database) {
    auto rows = database.prepare(
        "SELECT id, channel, target, next_ms FROM outbox_messages WHERE seq IN "
        "(SELECT min(seq) FROM outbox_messages WHERE state = 'pending' GROUP BY channel, target) ORDER BY next_ms, "
        "seq");
    if (!rows) return std::move(rows).error();
    std::vector<Head> found;
    auto done = for_each_row(*rows, [&](const Statement& row) -> Result<void> {
        const auto channel = model::named<Channel>(kChannelNames, row.text(1));
        if (!channel) return Error{ErrorCode::corrupt, "a stored message has no channel"};
        found.push_back({.id = std::string(row.text(0)),
                         .channel = *channel,
                         .target = std::string(row.text(2)),
                         .next_ms = row.integer(3)});
        return {};
    });
    if (!done) return std::move(done).error();
    return found;
}

Result<std::optional<Kept>> find(Database& database, std::string_view id) {
    auto rows = select(database, "WHERE m.id = ?");
    if (!rows) return std::move(rows).error();
    rows->bind(1, id);
    auto found = read(*rows);
    if (!found) return std::move(found).error();
    if (found->empty()) return std::optional<Kept>();
    return std::optional<Kept>(std::move(found->front()));
}

Result<std::vector<Kept>> find_all(Database& database, const Listing& listing) {
    auto rows = select(
        database,
        "WHERE (?1 IS NULL OR m.project_id = ?1) AND (?2 IS NULL OR m.target = ?2) AND (?3 IS NULL OR m.state = ?3) "
        "AND (?4 IS NULL OR m.seq < (SELECT seq FROM outbox_messages WHERE id = ?4)) ORDER BY m.seq DESC LIMIT ?5");
    if (!rows) return std::move(rows).error();
    if (listing.project_id) rows->bind(1, *listing.project_id);
    if (listing.target) rows->bind(2, *listing.target);
    if (listing.state) rows->bind(3, name_of(*listing.state));
    if (listing.before) rows->bind(4, *listing.before);
    rows->bind(5, listing.limit);
    return read(*rows);
}

Result<std::int64_t> expiry_of(Database& database, std::string_view id) {
    auto row = database.prepare("SELECT expires_ms FROM outbox_messages WHERE id = ?");
    if (!row) return std::move(row).error();
    row->bind(1, id);
    const auto there = row->step();
    if (!there) return there.error();
    return *there ? row->integer(0) : 0;
}

Result<std::int64_t> give_up_surplus(Database& database, const Message& like, int most, std::int64_t now_ms) {
    auto row = database.prepare(
        "UPDATE outbox_messages SET state = 'failed', settled_ms = ?1, error = ?2 "
        "WHERE state = 'pending' AND channel = ?3 AND target = ?4 AND seq <= "
        "(SELECT seq FROM outbox_messages WHERE state = 'pending' AND channel = ?3 AND target = ?4 "
        "ORDER BY seq DESC LIMIT 1 OFFSET ?5)");
    if (!row) return std::move(row).error();
    row->bind(1, now_ms);
    row->bind(2, "given up: " + std::to_string(most) + " newer messages were waiting");
    row->bind(3, name_of(like.channel));
    row->bind(4, like.target);
    row->bind(5, std::int64_t{most});
    if (auto done = row->run(); !done) return std::move(done).error();
    return database.changes();
}

Result<void> replay(Database& database, std::string_view id, std::int64_t now_ms, std::int64_t expires_ms) {
    auto row = database.prepare(
        "UPDATE outbox_messages SET state = 'pending', next_ms = ?, expires_ms = ?, settled_ms = NULL WHERE id = ?");
    if (!row) return std::move(row).error();
    row->bind(1, now_ms);
    row->bind(2, expires_ms);
    row->bind(3, id);
    return row->run();
}

Result<void> erase_settled(Database& database, std::int64_t before_ms) {
    auto row = database.prepare("DELETE FROM outbox_messages WHERE settled_ms < ?");
    if (!row) return std::move(row).error();
    row->bind(1, before_ms);
    return row->run();
}

Result<std::array<std::int64_t, kChannels>> count_waiting(Database& database) {
    auto rows =
        database.prepare("SELECT channel, count(*) FROM outbox_messages WHERE state = 'pending' GROUP BY channel");
    if (!rows) return std::move(rows).error();
    std::array<std::int64_t, kChannels> counts{};
    auto done = for_each_row(*rows, [&](const Statement& row) -> Result<void> {
        if (const auto channel = model::named<Channel>(kChannelNames, row.text(0)))
            counts[static_cast<std::size_t>(*channel)] = row.integer(1);
        return {};
    });
    if (!done) return std::move(done).error();
    return counts;
}

}  // namespace collector::outbound
