#include "store/local/erasures.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <limits>
#include <utility>

#include "store/local/coded_columns.hpp"
#include "store/local/last_rows.hpp"
#include "store/local/orphans.hpp"
#include "store/local/statements.hpp"

namespace collector::store::local {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::MutexLock;
using pulsekit::Result;
using pulsekit::sqlite::Statement;
using pulsekit::sqlite::Transaction;
using Turn = Turns::Turn;

// So many rows are erased in a turn: some milliseconds, during which others wait.
constexpr std::size_t kRowsATurn = 256;
constexpr std::size_t kNumbersATurn = 2'000;
// So many rows are read at a time: no longer than that does the log have to keep what they read.
constexpr std::int64_t kRowsARead = 64 * 1024;
// The instant that all events of a project are from before.
constexpr std::int64_t kAfterAll = std::numeric_limits<std::int64_t>::max();
constexpr int kTriesToEmptyTheLog = 200;
constexpr std::chrono::milliseconds kLookAtPatience(50);

Error given_up() { return {ErrorCode::unavailable, "the erasure takes too long and goes on later"}; }

std::optional<std::int64_t> optional_integer(const Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return row.integer(column);
}

void bind_optional(Statement& statement, int parameter, const std::optional<std::int64_t>& value) {
    value ? statement.bind(parameter, *value) : statement.bind_null(parameter);
}

}  // namespace

Result<std::int64_t> Erasures::erase(const Erasure& erasure, const Patience& patience) {
    const MutexLock one_at_a_time(mutex_);
    const auto rows = meant_by(erasure);
    if (!rows) return rows.error();
    // One that was given up, of the same, counts as this one.
    std::int64_t erased = 0;
    auto unfinished = pending();
    if (!unfinished) return std::move(unfinished).error();
    for (const auto& noted : *unfinished) {
        const auto done = run(noted, patience);
        if (!done) return done;
        if (*rows && noted.rows.project == (*rows)->project && noted.rows.visitor == (*rows)->visitor &&
            noted.rows.user == (*rows)->user && noted.rows.before_ms == (*rows)->before_ms) {
            erased += *done;
        }
    }
    if (!*rows) return erased;
    const auto noted = note(**rows);
    if (!noted) return noted.error();
    const auto done = run(*noted, patience);
    if (!done) return done;
    return erased + *done;
}

Result<void> Erasures::finish(const Patience& patience) {
    const MutexLock one_at_a_time(mutex_);
    auto unfinished = pending();
    if (!unfinished) return std::move(unfinished).error();
    for (const auto& noted : *unfinished) {
        if (auto done = run(noted, patience); !done) return std::move(done).error();
    }
    return {};
}

Result<std::vector<Erasures::Noted>> Erasures::pending() {
    auto reader = parts_.readers.borrow();
    if (!reader) return std::move(reader).error();
    auto rows = (*reader)->prepare(
        "SELECT id, erased, token, project, last_row, visitor, user, before_ms FROM erasures WHERE done = 0 ORDER BY "
        "id");
    if (!rows) return std::move(rows).error();
    std::vector<Noted> found;
    auto read = for_each_row(*rows, [&] {
        found.push_back({.id = rows->integer(0),
                         .erased = rows->integer(1),
                         .rows = {.erasure = rows->integer(2),
                                  .project = rows->integer(3),
                                  .last_row = rows->integer(4),
                                  .visitor = optional_integer(*rows, 5),
                                  .user = optional_integer(*rows, 6),
                                  .before_ms = optional_integer(*rows, 7)}});
    });
    if (!read) return std::move(read).error();
    return found;
}

Result<std::optional<ErasedRows>> Erasures::meant_by(const Erasure& erasure) {
    const auto& dictionary = std::as_const(parts_.rows).dictionary();
    const auto project = dictionary.find(kNoProject, Space::project, erasure.project_id);
    if (!project) return project.error();
    if (*project < 0) return std::optional<ErasedRows>();
    ErasedRows rows{.project = *project};
    // Also without rows: the project's own text is there.
    if (erasure.of == Erasure::Of::project) {
        rows.before_ms = kAfterAll;
        return std::optional(rows);
    }
    if (erasure.of == Erasure::Of::old_events) {
        rows.before_ms = erasure.before_ms;
        auto reader = parts_.readers.borrow();
        if (!reader) return std::move(reader).error();
        auto any = (*reader)->prepare("SELECT 1 FROM events WHERE project = ? AND ts_ms < ? LIMIT 1");
        if (!any) return std::move(any).error();
        any->bind(1, *project);
        any->bind(2, erasure.before_ms);
        const auto found = any->step();
        if (!found) return found.error();
        return *found ? std::optional(rows) : std::nullopt;
    }
    const bool user = erasure.of == Erasure::Of::user;
    const auto number = dictionary.find(*project, user ? Space::user : Space::visitor, erasure.id);
    if (!number) return number.error();
    if (*number < 0) return std::optional<ErasedRows>();
    (user ? rows.user : rows.visitor) = *number;
    return std::optional(rows);
}

Result<Erasures::Noted> Erasures::note(ErasedRows rows) {
    Noted noted;
    // On the disk before anything else is: what has left the segments must be known to be on its way out.
    const auto noting = [&]() -> Result<void> {
        const auto last_row = last_id(parts_.database, "events");
        if (!last_row) return last_row.error();
        const auto token = parts_.database.query_integer("SELECT random() | 1");
        if (!token) return token.error();
        auto insert = parts_.database.prepare(
            "INSERT INTO erasures (token, project, last_row, visitor, user, before_ms) VALUES (?, ?, ?, ?, ?, ?)");
        if (!insert) return std::move(insert).error();
        insert->bind(1, *token);
        insert->bind(2, rows.project);
        insert->bind(3, *last_row);
        bind_optional(*insert, 4, rows.visitor);
        bind_optional(*insert, 5, rows.user);
        bind_optional(*insert, 6, rows.before_ms);
        rows.erasure = *token;
        rows.last_row = *last_row;
        if (auto done = insert->run(); !done) return done;
        noted.id = parts_.database.last_insert_id();
        if (rows.before_ms == kAfterAll) {
            auto project = parts_.database.prepare("INSERT OR IGNORE INTO orphaned_texts VALUES (?)");
            if (!project) return std::move(project).error();
            project->bind(1, rows.project);
            return project->run();
        }
        return {};
    };
    if (auto written = write_durably(noting); !written) return std::move(written).error();
    noted.rows = rows;
    return noted;
}

Result<std::int64_t> Erasures::run(const Noted& noted, const Patience& patience) {
    if (auto left = leave_segments(noted, patience); !left) return std::move(left).error();
    if (auto settled = settle_ids(); !settled) return std::move(settled).error();
    if (auto erased = erase_rows(noted, patience); !erased) return std::move(erased).error();
    // Had a file been found damaged meanwhile, segments were made anew of rows that are gone by now; and the row that
    // the manifest is known by may be one of them.
    if (auto left = leave_segments(noted, patience); !left) return std::move(left).error();
    if (auto erased = erase_orphans(patience); !erased) return std::move(erased).error();
    if (auto emptied = empty_log(patience); !emptied) return std::move(emptied).error();
    return finish(noted);
}

Result<void> Erasures::leave_segments(const Noted& noted, const Patience& patience) {
    auto ended = parts_.segments.erase(noted.rows, patience);
    if (!ended) return std::move(ended).error();
    // Questions that look at earlier segments ask for texts and rows until they are answered.
    while (ended->wait_for(kLookAtPatience) != std::future_status::ready) {
        if (patience.ended()) return given_up();
    }
    return {};
}

/// The ids that were seen are made of the rows at a start, save for those in runs: an event that was erased and is sent
/// again must not come back.
Result<void> Erasures::settle_ids() {
    auto& ids = parts_.rows.ids().index();
    const auto in_a_turn = [&](const auto& what) {
        const Turn turn(parts_.turns);
        what();
    };
    in_a_turn([&] { ids.hold(); });
    ids.wait();
    in_a_turn([&] {
        ids.collect();
        ids.settle();
    });
    ids.wait();
    in_a_turn([&] {
        ids.collect();
        ids.release();
    });
    return {};
}

Result<void> Erasures::erase_rows(const Noted& noted, const Patience& patience) {
    if (noted.rows.before_ms) {
        while (true) {
            if (patience.ended()) return given_up();
            const auto rows = oldest_rows(noted.rows);
            if (!rows) return rows.error();
            if (rows->empty()) return {};
            if (auto erased = erase_batch(noted, json_of(*rows, 0, rows->size())); !erased) return erased;
        }
    }
    const auto rows = rows_of(noted.rows, patience);
    if (!rows) return rows.error();
    for (std::size_t i = 0; i < rows->size(); i += kRowsATurn) {
        if (patience.ended()) return given_up();
        if (auto erased = erase_batch(noted, json_of(*rows, i, kRowsATurn)); !erased) return erased;
    }
    return {};
}

Result<Erasures::Numbers> Erasures::oldest_rows(const ErasedRows& rows) {
    auto reader = parts_.readers.borrow();
    if (!reader) return std::move(reader).error();
    auto ids = (*reader)->prepare("SELECT id FROM events WHERE project = ? AND ts_ms < ? AND id <= ? LIMIT ?");
    if (!ids) return std::move(ids).error();
    ids->bind(1, rows.project);
    ids->bind(2, *rows.before_ms);
    ids->bind(3, rows.last_row);
    ids->bind(4, static_cast<std::int64_t>(kRowsATurn));
    Numbers found;
    if (auto read = for_each_row(*ids, [&] { found.push_back(ids->integer(0)); }); !read)
        return std::move(read).error();
    return found;
}

/// All of them are read, those of crawlers too, which no segment has; and by their ids, not by the index by time.
Result<Erasures::Numbers> Erasures::rows_of(const ErasedRows& rows, const Patience& patience) {
    auto reader = parts_.readers.borrow();
    if (!reader) return std::move(reader).error();
    const std::string column = rows.user ? "user" : "visitor";
    auto ids =
        (*reader)->prepare("SELECT id FROM events WHERE id > ? AND id <= ? AND " + column + " = ? AND +project = ?");
    if (!ids) return std::move(ids).error();
    Numbers found;
    for (std::int64_t row = 0; row < rows.last_row; row += kRowsARead) {
        if (patience.ended()) return given_up();
        ids->bind(1, row);
        ids->bind(2, std::min(row + kRowsARead, rows.last_row));
        ids->bind(3, rows.user ? *rows.user : *rows.visitor);
        ids->bind(4, rows.project);
        if (auto read = for_each_row(*ids, [&] { found.push_back(ids->integer(0)); }); !read)
            return std::move(read).error();
    }
    return found;
}

Result<void> Erasures::erase_batch(const Noted& noted, const std::string& rows) {
    return write([&]() -> Result<void> {
        for (const auto& coded : kCodedColumns) {
            const std::string column(coded.column);
            auto noted_texts =
                run_with("INSERT OR IGNORE INTO orphaned_texts SELECT " + column + " FROM " + std::string(coded.table) +
                             " WHERE " + std::string(coded.key) + " IN " + kListed + " AND " + column + " IS NOT NULL",
                         rows);
            if (!noted_texts) return noted_texts;
        }
        const std::string listed = std::string(" IN ") + kListed;
        for (const auto& sql :
             {"INSERT OR IGNORE INTO orphaned_contexts SELECT context FROM events WHERE id" + listed,
              "DELETE FROM event_vitals WHERE event" + listed, "DELETE FROM event_details WHERE event" + listed}) {
            if (auto done = run_with(sql, rows); !done) return done;
        }
        if (auto kept = keep_last_id(parts_.database, "events"); !kept) return kept;
        if (auto done = run_with("DELETE FROM events WHERE id" + listed, rows); !done) return done;
        return parts_.database.execute("UPDATE erasures SET erased = erased + changes() WHERE id = " +
                                       std::to_string(noted.id));
    });
}

Result<void> Erasures::erase_orphans(const Patience& patience) {
    auto orphans = [&]() -> Result<Orphans> {
        auto reader = parts_.readers.borrow();
        if (!reader) return std::move(reader).error();
        return Orphans::read(**reader);
    }();
    if (!orphans) return std::move(orphans).error();
    Read read;
    if (auto done = keep_what_is_used(*orphans, read, patience); !done) return done;
    if (auto done = erase_spans(*orphans, patience); !done) return done;
    if (auto done = forget(*orphans, read); !done) return done;
    // Contexts first: none that is left may lack a text.
    auto erased = erase_contexts(orphans->contexts.all());
    if (erased) erased = erase_texts(orphans->texts.all());
    if (auto rewritten = rewrite_indexes(std::move(erased)); !rewritten) return rewritten;
    return write([&] { return parts_.database.execute("DELETE FROM orphaned_texts; DELETE FROM orphaned_contexts"); });
}

/// As far as the rows go by now. They never change: what comes meanwhile is read after them.
Result<void> Erasures::keep_what_is_used(Orphans& orphans, Read& read, const Patience& patience) {
    auto reader = parts_.readers.borrow();
    if (!reader) return std::move(reader).error();
    const auto last = last_id(**reader, "events");
    if (!last) return last.error();
    while (read.row < *last && orphans.count() > 0) {
        if (patience.ended()) return given_up();
        const auto next = std::min(read.row + kRowsARead, *last);
        if (auto kept = orphans.keep_of_rows(**reader, read.row, next); !kept) return kept;
        read.row = next;
    }
    return orphans.keep_of_contexts(**reader, read.context);
}

/// Before the sessions go that they would lead to.
Result<void> Erasures::erase_spans(const Orphans& orphans, const Patience& patience) {
    struct Span {
        std::int64_t project, visitor, first_ms, session;
    };
    std::vector<Span> spans;
    {
        auto reader = parts_.readers.borrow();
        if (!reader) return std::move(reader).error();
        auto rows = (*reader)->prepare("SELECT project, visitor, first_ms, session FROM session_spans");
        if (!rows) return std::move(rows).error();
        auto read = for_each_row(*rows, [&] {
            if (orphans.texts.has(rows->integer(1)) || orphans.texts.has(rows->integer(3)))
                spans.push_back({rows->integer(0), rows->integer(1), rows->integer(2), rows->integer(3)});
        });
        if (!read) return read;
    }
    for (std::size_t i = 0; i < spans.size(); i += kRowsATurn) {
        if (patience.ended()) return given_up();
        auto written = write([&]() -> Result<void> {
            auto erase = parts_.database.prepare(
                "DELETE FROM session_spans WHERE project = ? AND visitor = ? AND first_ms = ? AND session = ?");
            if (!erase) return std::move(erase).error();
            for (auto at = i; at < std::min(i + kRowsATurn, spans.size()); ++at) {
                erase->bind(1, spans[at].project);
                erase->bind(2, spans[at].visitor);
                erase->bind(3, spans[at].first_ms);
                erase->bind(4, spans[at].session);
                if (auto done = erase->run(); !done) return done;
            }
            return {};
        });
        if (!written) return written;
    }
    return {};
}

/// Rows that came meanwhile may use some again. From now on none can: their texts get other numbers.
Result<void> Erasures::forget(Orphans& orphans, Read read) {
    const Turn turn(parts_.turns);
    const auto last = last_id(parts_.database, "events");
    if (!last) return last.error();
    if (auto kept = orphans.keep_of_rows(parts_.database, read.row, *last); !kept) return kept;
    if (auto kept = orphans.keep_of_contexts(parts_.database, read.context); !kept) return kept;
    parts_.rows.dictionary().forget(orphans.texts.all());
    parts_.rows.contexts().forget(orphans.contexts.all());
    parts_.rows.dictionary().index().hold();
    parts_.rows.contexts().index().hold();
    return {};
}

Result<void> Erasures::erase_contexts(const Numbers& contexts) {
    for (std::size_t i = 0; i < contexts.size(); i += kNumbersATurn) {
        const auto batch = json_of(contexts, i, kNumbersATurn);
        auto written = write([&]() -> Result<void> {
            for (const auto& text : kContextTexts) {
                const std::string column(text.column);
                auto noted =
                    run_with("INSERT OR IGNORE INTO orphaned_texts SELECT " + column +
                                 " FROM event_contexts WHERE id IN " + kListed + " AND " + column + " IS NOT NULL",
                             batch);
                if (!noted) return noted;
            }
            if (auto kept = keep_last_id(parts_.database, "event_contexts"); !kept) return kept;
            return run_with(std::string("DELETE FROM event_contexts WHERE id IN ") + kListed, batch);
        });
        if (!written) return written;
    }
    return {};
}

Result<void> Erasures::erase_texts(const Numbers& texts) {
    for (std::size_t i = 0; i < texts.size(); i += kNumbersATurn) {
        auto written = write([&]() -> Result<void> {
            if (auto kept = keep_last_id(parts_.database, "event_texts"); !kept) return kept;
            return run_with(std::string("DELETE FROM event_texts WHERE id IN ") + kListed,
                            json_of(texts, i, kNumbersATurn));
        });
        if (!written) return written;
    }
    return {};
}

/// They go on whatever happens.
Result<void> Erasures::rewrite_indexes(Result<void> done) {
    for (auto* index : {&parts_.rows.dictionary().index(), &parts_.rows.contexts().index()}) {
        index->wait();
        {
            const Turn turn(parts_.turns);
            index->collect();
        }
        if (done) done = index->rewrite();
        const Turn turn(parts_.turns);
        index->release();
    }
    return done;
}

/// What was erased is still in SQLite's log, and in the database file until the log is copied.
Result<void> Erasures::empty_log(const Patience& patience) {
    for (int tries = 0; tries < kTriesToEmptyTheLog && !patience.ended(); ++tries) {
        parts_.checkpoints.copy();
        const Turn turn(parts_.turns);
        const auto emptied = parts_.checkpoints.empty_log();
        if (!emptied && emptied.error().code != ErrorCode::conflict) return emptied.error();
        if (emptied && *emptied) return {};
    }
    return given_up();
}

Result<std::int64_t> Erasures::finish(const Noted& noted) {
    const auto id = std::to_string(noted.id);
    std::int64_t erased = 0;
    auto written = write([&]() -> Result<void> {
        const auto rows = parts_.database.query_integer("SELECT erased FROM erasures WHERE id = " + id);
        if (!rows) return rows.error();
        erased = *rows;
        return parts_.database.execute("DELETE FROM erasures WHERE done = 1; UPDATE erasures SET done = 1 WHERE id = " +
                                       id);
    });
    if (!written) return std::move(written).error();
    return erased;
}

Result<void> Erasures::write(const std::function<Result<void>()>& what) {
    const Turn turn(parts_.turns);
    parts_.checkpoints.before_transaction();
    auto transaction = Transaction::begin(parts_.database);
    auto done = transaction ? what() : Result<void>(std::move(transaction).error());
    if (done) done = transaction->commit();
    // The metadata room held the lock for too long: as in Rows::append().
    if (!done && done.error().code == ErrorCode::conflict) return Error{ErrorCode::unavailable, done.error().message};
    return done;
}

/// Whatever the store was configured to do.
Result<void> Erasures::write_durably(const std::function<Result<void>()>& what) {
    auto configured = [&]() -> Result<std::int64_t> {
        const Turn turn(parts_.turns);
        auto was = parts_.database.query_integer("PRAGMA synchronous");
        auto set = parts_.database.execute("PRAGMA synchronous = FULL");
        if (!set) return std::move(set).error();
        return was;
    }();
    if (!configured) return std::move(configured).error();
    auto written = write(what);
    const Turn turn(parts_.turns);
    auto set = parts_.database.execute("PRAGMA synchronous = " + std::to_string(*configured));
    return written ? set : written;
}

/// The list is its first parameter.
Result<void> Erasures::run_with(const std::string& sql, const std::string& numbers) {
    auto statement = parts_.database.prepare(sql);
    if (!statement) return std::move(statement).error();
    statement->bind(1, numbers);
    return statement->run();
}

}  // namespace collector::store::local
