#include "store/local/sessions.hpp"

#include <algorithm>
#include <utility>

namespace collector::store::local {
namespace {

using pulsekit::Result;
using pulsekit::sqlite::Database;

constexpr std::int64_t kMaxSpanMs = 86'400'000;

bool may_lack_a_session(model::DialectId dialect) {
    return dialect == model::DialectId::gateway || dialect == model::DialectId::analytics;
}

}  // namespace

Result<Sessions> Sessions::open(Database& database, pulsekit::Random& random) {
    // 1800000 ms are the 30 minutes; 88200000 are those and the longest span.
    auto nearest = database.prepare(
        "SELECT first_ms, last_ms, session FROM session_spans "
        "WHERE project = ?1 AND visitor = ?2 "
        "AND first_ms BETWEEN ?3 - 88200000 AND ?3 + 1800000 AND last_ms >= ?3 - 1800000 "
        "AND (?4 IS NULL OR session = ?4) "
        "ORDER BY max(first_ms - ?3, ?3 - last_ms, 0), first_ms, session LIMIT 1");
    if (!nearest) return std::move(nearest).error();
    auto insert = database.prepare(
        "INSERT INTO session_spans (project, visitor, first_ms, last_ms, session) "
        "VALUES (?, ?, ?, ?, ?)");
    if (!insert) return std::move(insert).error();
    auto extend = database.prepare(
        "UPDATE session_spans SET first_ms = ?5, last_ms = ?6 "
        "WHERE project = ?1 AND visitor = ?2 AND first_ms = ?3 AND session = ?4");
    if (!extend) return std::move(extend).error();
    return Sessions({std::move(*nearest), std::move(*insert), std::move(*extend)}, random);
}

Sessions::Sessions(Statements statements, pulsekit::Random& random)
    : statements_(std::move(statements)), ids_(random) {}

Result<std::int64_t> Sessions::assign(std::int64_t project, std::int64_t visitor, const model::Event& event,
                                      Dictionary& dictionary) {
    const Visitor whose{project, visitor};
    std::optional<std::int64_t> session;
    if (!event.session_id.empty()) {
        auto named = dictionary.id(project, Space::session, event.session_id);
        if (!named || !may_lack_a_session(event.dialect)) return named;
        session = *named;
    }
    const auto near = nearest(whose, event.ts_ms, session);
    if (!near) return near.error();
    if (!session && *near) session = (*near)->session;
    if (!session) {
        auto made = dictionary.id(project, Space::session, ids_.next(event.received_ms).text());
        if (!made) return made;
        session = *made;
    }
    if (auto noted = note_row(whose, event.ts_ms, *session, *near); !noted) return std::move(noted).error();
    return *session;
}

Result<std::optional<Sessions::Span>> Sessions::nearest(Visitor visitor, std::int64_t ts_ms,
                                                        std::optional<std::int64_t> session) {
    auto& find = statements_.nearest;
    find.bind(1, visitor.project);
    find.bind(2, visitor.visitor);
    find.bind(3, ts_ms);
    if (session) {
        find.bind(4, *session);
    } else {
        find.bind_null(4);
    }
    auto row = find.step();
    std::optional<Span> span;
    if (row && *row) span = Span{find.integer(0), find.integer(1), find.integer(2)};
    find.reset();
    if (!row) return std::move(row).error();
    return span;
}

Result<void> Sessions::note_row(Visitor visitor, std::int64_t ts_ms, std::int64_t session,
                                const std::optional<Span>& near) {
    if (near) {
        const std::int64_t first_ms = std::min(near->first_ms, ts_ms);
        const std::int64_t last_ms = std::max(near->last_ms, ts_ms);
        if (first_ms == near->first_ms && last_ms == near->last_ms) return {};
        if (last_ms - first_ms <= kMaxSpanMs) {
            auto& extend = statements_.extend;
            extend.bind(1, visitor.project);
            extend.bind(2, visitor.visitor);
            extend.bind(3, near->first_ms);
            extend.bind(4, session);
            extend.bind(5, first_ms);
            extend.bind(6, last_ms);
            return extend.run();
        }
    }
    auto& insert = statements_.insert;
    insert.bind(1, visitor.project);
    insert.bind(2, visitor.visitor);
    insert.bind(3, ts_ms);
    insert.bind(4, ts_ms);
    insert.bind(5, session);
    return insert.run();
}

}  // namespace collector::store::local
