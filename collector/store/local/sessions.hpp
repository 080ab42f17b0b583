// The session of an event that came without one (docs/protocol.md, "Visitor and session when not sent").
#pragma once

#include <cstdint>
#include <optional>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "model/event.hpp"
#include "store/local/dictionary.hpp"
#include "support/ids.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// Assigns sessions in the order of arrival, within the writer's transaction; what is assigned is never changed. The
/// database must outlive it. One thread at a time.
///
/// It remembers spans: stretches of time in which a session of a visitor has rows at most 30 minutes apart, so that
/// being near a span is being near a row. A span is at most a day long, which bounds the search; a session that goes on
/// has several. Only dialects whose events may lack a session leave spans: no other event is ever looked for.
class Sessions {
public:
    static pulsekit::Result<Sessions> open(pulsekit::sqlite::Database& database, pulsekit::Random& random);

    /// The session the event names; else the nearest in time of its visitor's that has a row within 30 minutes, both
    /// ends included, the earlier of two; else a new one, whose id is a UUIDv7: unlike random ids, those of a day lie
    /// together in the index of texts.
    pulsekit::Result<std::int64_t> assign(std::int64_t project, std::int64_t visitor, const model::Event& event,
                                          Dictionary& dictionary);

private:
    struct Span {
        std::int64_t first_ms;
        std::int64_t last_ms;
        std::int64_t session;
    };
    struct Visitor {
        std::int64_t project;
        std::int64_t visitor;
    };
    struct Statements {
        pulsekit::sqlite::Statement nearest, insert, extend;
    };

    Sessions(Statements statements, pulsekit::Random& random);
    /// Of one session, or of any.
    pulsekit::Result<std::optional<Span>> nearest(Visitor visitor, std::int64_t ts_ms,
                                                  std::optional<std::int64_t> session);
    pulsekit::Result<void> note_row(Visitor visitor, std::int64_t ts_ms, std::int64_t session,
                                    const std::optional<Span>& near);

    Statements statements_;
    pulsekit::UuidGenerator ids_;
};

}  // namespace collector::store::local
