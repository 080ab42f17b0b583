#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "src/files.hpp"
#include "src/queue.hpp"
#include "src/record.hpp"
#include "support/sqlite/database.hpp"
#include "support/sqlite/migrate.hpp"

namespace pulsekit {
namespace {

using sqlite::Access;
using sqlite::Database;
using sqlite::Statement;

// The small columns lie before the blob: reading them does not read the blob's pages.
const std::vector<sqlite::Migration> kSchema = {
    {1, R"sql(
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  priority INTEGER NOT NULL,
  count INTEGER NOT NULL,             -- events
  settled INTEGER NOT NULL DEFAULT 0, -- how many of the first are done with
  records BLOB NOT NULL               -- u32 size and bytes each, a context first
);
CREATE INDEX chunks_in_order ON chunks (priority DESC, id);
CREATE TABLE rings (
  id INTEGER PRIMARY KEY, position INTEGER NOT NULL, overflowed INTEGER NOT NULL, sampled INTEGER NOT NULL,
  context BLOB NOT NULL
);
CREATE TABLE ledger (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE report (id INTEGER PRIMARY KEY CHECK (id = 1), event BLOB NOT NULL);
CREATE TABLE identity (id BLOB NOT NULL); -- tells this queue from every other that was ever in a file of this name
INSERT INTO identity VALUES (randomblob(16));
CREATE TABLE adopted (number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE); -- identities taken over
)sql"},
    // A report that is under way when its queue is taken over goes on beside the other's own.
    {2, R"sql(
CREATE TABLE reports (number INTEGER PRIMARY KEY AUTOINCREMENT, event BLOB NOT NULL);
INSERT INTO reports (event) SELECT event FROM report;
INSERT INTO ledger (name, value)
  SELECT 'reported.' || substr(name, length('pending.') + 1), value FROM ledger
  WHERE name LIKE 'pending.%' AND EXISTS (SELECT 1 FROM report)
  ON CONFLICT (name) DO UPDATE SET value = excluded.value;
DELETE FROM ledger WHERE name LIKE 'pending.%';
DROP TABLE report;
)sql"},
};

constexpr std::string_view kDropped = "dropped.";
// Prefixes of a ledger's rows: what is true, and what the reports say.
constexpr const char* kActual = "";
constexpr const char* kReported = "reported.";

// Kept free for what is written beside chunks: positions of rings, the ledger, a report.
constexpr std::uint64_t kReservedBytes = 64 * 1024;
// Taken over queues whose files may still lie about are the last few: there is one a folder.
constexpr std::int64_t kAdoptedKept = 256;

void read_ledger_row(std::string_view name, std::uint64_t value, std::string_view prefix, Ledger& ledger) {
    if (name.substr(0, prefix.size()) != prefix) return;
    name.remove_prefix(prefix.size());
    if (name == "accepted") ledger.accepted = value;
    if (name == "delivered") ledger.delivered = value;
    if (name.substr(0, kDropped.size()) == kDropped) ledger.dropped[std::string(name.substr(kDropped.size()))] = value;
}

Result<void> read_ledgers(Database& database, QueueState& state) {
    auto rows = database.prepare("SELECT name, value FROM ledger");
    if (!rows) return std::move(rows).error();
    for (;;) {
        auto row = rows->step();
        if (!row) return std::move(row).error();
        if (!*row) return {};
        const auto value = static_cast<std::uint64_t>(rows->integer(1));
        read_ledger_row(rows->text(0), value, kActual, state.ledger);
        read_ledger_row(rows->text(0), value, kReported, state.reported);
    }
}

Result<void> read_reports(Database& database, QueueState& state) {
    auto reports = database.prepare("SELECT event FROM reports ORDER BY number");
    if (!reports) return std::move(reports).error();
    for (;;) {
        auto row = reports->step();
        if (!row) return std::move(row).error();
        if (!*row) return {};
        state.reports.emplace_back(reports->blob(0));
    }
}

class SqliteQueue final : public Queue {
public:
    SqliteQueue(Database database, const QueueLimits& limits) : database_(std::move(database)), limits_(limits) {}

    Result<void> load() {
        if (auto prepared = prepare(); !prepared) return prepared;
        if (auto read = read_ledgers(database_, state_); !read) return read;
        if (auto read = read_reports(database_, state_); !read) return read;
        auto page = database_.query_integer("PRAGMA page_size");
        if (!page) return std::move(page).error();
        page_bytes_ = static_cast<std::uint64_t>(*page);
        auto rings = database_.prepare("SELECT id, position, overflowed, sampled, context FROM rings");
        if (!rings) return std::move(rings).error();
        for (;;) {
            auto row = rings->step();
            if (!row) return std::move(row).error();
            if (!*row) return {};
            state_.rings[static_cast<std::uint64_t>(rings->integer(0))] = {
                static_cast<std::uint64_t>(rings->integer(1)), static_cast<std::uint64_t>(rings->integer(2)),
                static_cast<std::uint64_t>(rings->integer(3)), std::string(rings->blob(4))};
        }
    }

    Result<void> append(const std::vector<Intake>& intakes) override {
        const bool power = std::any_of(intakes.begin(), intakes.end(), [](const Intake& i) { return i.power; });
        if (auto set = set_sync(power); !set) return set;
        return commit([&](QueueState& next) -> Result<void> {
            for (const auto& intake : intakes) {
                count_intake(next, intake);
                if (auto done = mark_ring(intake.ring, intake.mark); !done) return done;
                auto chunks = cut_into_chunks(intake.records);
                if (!chunks) return std::move(chunks).error();
                for (const auto& chunk : *chunks) {
                    if (auto done = insert_chunk(chunk, next); !done) return done;
                }
            }
            return {};
        });
    }

    Result<Batch> peek(std::size_t max_events, std::size_t max_bytes, const Batch* after) override {
        Batch batch;
        std::size_t bytes = 0;
        const Reset reset(*front_);
        pinned_.clear();
        if (after) pin(*after);
        for (;;) {
            auto row = front_->step();
            if (!row) return std::move(row).error();
            if (!*row) break;
            Batch::Chunk chunk{front_->integer(0),
                               static_cast<std::uint32_t>(front_->integer(2)),
                               0,
                               static_cast<std::uint32_t>(front_->integer(1)),
                               {}};
            if (const auto* before = after ? after->find(chunk.id) : nullptr) {
                chunk.skip = before->skip + before->count;
                if (chunk.skip == chunk.in_all) continue;
            }
            chunk.records = front_->blob(3);
            if (chunk.skip >= chunk.in_all) return Error{ErrorCode::corrupt, "queue: a chunk is damaged"};
            if (!batch.take(std::move(chunk), max_events, max_bytes, bytes)) break;
        }
        pin(batch);
        return batch;
    }

    Result<void> settle(const Batch& batch, std::size_t count, const Settlement& settlement) override {
        auto done = commit([&](QueueState& next) -> Result<void> {
            next.ledger.delivered += settlement.delivered;
            for (const auto& [reason, dropped] : settlement.dropped) next.ledger.dropped[reason] += dropped;
            std::size_t left = count;
            for (const auto& chunk : batch.chunks) {
                if (left == 0) break;
                const auto taken = std::min<std::size_t>(left, chunk.count);
                left -= taken;
                if (auto removed = remove(chunk, static_cast<std::uint32_t>(taken)); !removed) return removed;
            }
            for (std::size_t n = std::min(settlement.reports, next.reports.size()); n > 0; --n) {
                if (auto removed = remove_report_->run(); !removed) return removed;
            }
            next.finish_reports(settlement.reports);
            return {};
        });
        for (const auto& chunk : batch.chunks) {
            const auto pinned = std::find(pinned_.begin(), pinned_.end(), chunk.id);
            if (pinned != pinned_.end()) pinned_.erase(pinned);
        }
        return done;
    }

    Result<void> begin_report(const std::string& event) override {
        return commit([&](QueueState& next) -> Result<void> {
            next.reported = next.ledger;
            return add_report(event, next);
        });
    }

    Result<void> erase_all(const std::string& reason) override {
        auto done = commit([&](QueueState& next) -> Result<void> {
            if (const std::uint64_t queued = next.ledger.queued(); queued != 0) next.ledger.dropped[reason] += queued;
            return database_.execute("DELETE FROM chunks");
        });
        pinned_.clear();
        if (!done) return done;
        // Pages that are free still hold what was queued, now or once: the file is written anew without them.
        return database_.execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    }

    Result<void> forget_ring(std::uint64_t ring) override {
        return commit([&](QueueState& next) -> Result<void> {
            next.rings.erase(ring);
            forget_->bind(1, static_cast<std::int64_t>(ring));
            return forget_->run();
        });
    }

    const QueueState& state() const override { return state_; }

    Result<void> adopt_from(const std::string& path, const std::function<void(Diagnostic)>& diagnose) override;

    /// What is known and what was saved from a damaged file.
    Result<void> restore(const QueueState& known, const std::vector<CutChunk>& saved,
                         const std::vector<std::string>& adopted) {
        return commit([&](QueueState& next) -> Result<void> {
            for (const auto& id : adopted) {
                if (auto noted = note_adopted(id); !noted) return noted;
            }
            next.ledger = known.ledger;
            next.reported = known.reported;
            if (auto kept = add_reports(known.reports, next); !kept) return kept;
            next.rings = known.rings;
            for (const auto& [ring, mark] : known.rings) {
                if (auto done = mark_ring(ring, mark); !done) return done;
            }
            for (const auto& chunk : saved) {
                if (auto done = insert_chunk(chunk, next); !done) return done;
            }
            return {};
        });
    }

private:
    struct Source;
    Result<void> take_over(Source& source);

    Result<bool> has_adopted(const std::string& id) {
        const Reset reset(*find_adopted_);
        find_adopted_->bind_blob_borrowed(1, id);
        return find_adopted_->step();
    }

    Result<void> add_report(const std::string& event, QueueState& next) {
        next.reports.push_back(event);
        add_report_->bind_blob_borrowed(1, event);
        return add_report_->run();
    }

    /// Those of another file, as far as they are whole.
    Result<void> add_reports(const std::vector<std::string>& events, QueueState& next) {
        for (const auto& event : events) {
            if (!EventList().add(event, 0, 1)) continue;
            if (auto added = add_report(event, next); !added) return added;
        }
        return {};
    }

    Result<void> note_adopted(const std::string& id) {
        note_adopted_->bind_blob_borrowed(1, id);
        return note_adopted_->run();
    }

    /// Resets a statement at the end of its use, so that its locks and its borrowed values go.
    class Reset {
    public:
        explicit Reset(Statement& statement) : statement_(statement) {}
        ~Reset() { statement_.reset(); }
        Reset(const Reset&) = delete;
        Reset& operator=(const Reset&) = delete;

    private:
        Statement& statement_;
    };

    /// At the end of a transaction that did not commit; some errors (a full disk) have rolled it back already.
    class RollBack {
    public:
        explicit RollBack(Database& database) : database_(database) {}
        ~RollBack() {
            if (database_.in_transaction()) (void)database_.execute("ROLLBACK");
        }
        RollBack(const RollBack&) = delete;
        RollBack& operator=(const RollBack&) = delete;

    private:
        Database& database_;
    };

    /// A row of `chunks`. Borrows the bytes.
    struct Row {
        std::string_view records;
        std::uint32_t count;
        std::uint32_t settled;
        std::uint8_t priority;
    };

    Result<void> prepare() {
        const std::pair<std::optional<Statement>*, const char*> statements[] = {
            {&begin_, "BEGIN IMMEDIATE"},
            {&commit_, "COMMIT"},
            {&front_, "SELECT id, count, settled, records FROM chunks ORDER BY priority DESC, id"},
            {&insert_, "INSERT INTO chunks (priority, count, settled, records) VALUES (?, ?, ?, ?)"},
            {&settle_, "UPDATE chunks SET settled = ? WHERE id = ?"},
            {&delete_, "DELETE FROM chunks WHERE id = ?"},
            {&oldest_, "SELECT id, count - settled FROM chunks ORDER BY id"},
            {&oldest_of_lowest_, "SELECT id, count - settled FROM chunks WHERE priority <= ? ORDER BY priority, id"},
            {&pages_, "PRAGMA page_count"},
            {&free_pages_, "PRAGMA freelist_count"},
            {&mark_,
             "INSERT INTO rings (id, position, overflowed, sampled, context) VALUES (?, ?, ?, ?, ?) "
             "ON CONFLICT (id) DO UPDATE SET position = excluded.position, overflowed = excluded.overflowed, "
             "sampled = excluded.sampled, context = excluded.context"},
            {&forget_, "DELETE FROM rings WHERE id = ?"},
            {&add_report_, "INSERT INTO reports (event) VALUES (?)"},
            {&remove_report_, "DELETE FROM reports WHERE number = (SELECT min(number) FROM reports)"},
            {&find_adopted_, "SELECT 1 FROM adopted WHERE id = ?"},
            {&note_adopted_, "INSERT OR IGNORE INTO adopted (id) VALUES (?)"},
            {&entry_,
             "INSERT INTO ledger (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"},
        };
        for (const auto& [statement, sql] : statements) {
            auto prepared = database_.prepare(sql);
            if (!prepared) return std::move(prepared).error();
            statement->emplace(std::move(*prepared));
        }
        return {};
    }

    /// FULL: a commit survives a loss of power, for a sync each. NORMAL: the death of the process.
    Result<void> set_sync(bool full) {
        if (full == full_sync_) return {};
        if (auto set = database_.execute(full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"); !set)
            return set;
        full_sync_ = full;
        return {};
    }

    /// Runs `change` on a copy of the state inside a transaction; the copy becomes the state only when it committed.
    template <typename Change>
    Result<void> commit(const Change& change) {
        if (auto begun = begin_->run(); !begun) return begun;
        const RollBack roll_back(database_);
        QueueState next = state_;
        if (auto changed = change(next); !changed) return changed;
        if (auto written = write_ledger(kActual, next.ledger, state_.ledger); !written) return written;
        if (auto written = write_ledger(kReported, next.reported, state_.reported); !written) return written;
        if (auto committed = commit_->run(); !committed) return committed;
        state_ = std::move(next);
        return {};
    }

    /// What differs from `before`.
    Result<void> write_ledger(const std::string& prefix, const Ledger& ledger, const Ledger& before) {
        const auto write = [&](const std::string& name, std::uint64_t value, std::uint64_t known) -> Result<void> {
            if (value == known) return {};
            entry_->bind(1, prefix + name);
            entry_->bind(2, static_cast<std::int64_t>(value));
            return entry_->run();
        };
        if (auto done = write("accepted", ledger.accepted, before.accepted); !done) return done;
        if (auto done = write("delivered", ledger.delivered, before.delivered); !done) return done;
        for (const auto& [reason, value] : ledger.dropped) {
            const auto known = before.dropped.find(reason);
            const std::uint64_t was = known == before.dropped.end() ? 0 : known->second;
            if (auto done = write(std::string(kDropped) + reason, value, was); !done) return done;
        }
        return {};
    }

    Result<void> mark_ring(std::uint64_t ring, const RingMark& mark) {
        mark_->bind(1, static_cast<std::int64_t>(ring));
        mark_->bind(2, static_cast<std::int64_t>(mark.position));
        mark_->bind(3, static_cast<std::int64_t>(mark.overflowed));
        mark_->bind(4, static_cast<std::int64_t>(mark.sampled));
        mark_->bind_blob_borrowed(5, mark.context);
        return mark_->run();
    }

    Result<void> insert_chunk(const CutChunk& chunk, QueueState& next) {
        return insert_row({chunk.records, chunk.count, 0, chunk.priority}, next);
    }

    Result<void> insert_row(const Row& row, QueueState& next) {
        // Before the insert, so that the file takes up the freed pages instead of growing.
        auto fits = make_room(row.records.size(), row.priority, next);
        if (!fits) return std::move(fits).error();
        if (!*fits) {
            next.ledger.dropped["queue_full"] += row.count - row.settled;
            return {};
        }
        insert_->bind(1, std::int64_t{row.priority});
        insert_->bind(2, std::int64_t{row.count});
        insert_->bind(3, std::int64_t{row.settled});
        insert_->bind_blob_borrowed(4, row.records);
        return insert_->run();
    }

    Result<std::uint64_t> first_integer(Statement& statement) {
        const Reset reset(statement);
        auto row = statement.step();
        if (!row) return std::move(row).error();
        return static_cast<std::uint64_t>(statement.integer(0));
    }

    /// Whether a row with so many bytes finds room below the cap. Pages that are free inside the file are taken first.
    Result<bool> fits(std::uint64_t bytes) {
        auto pages = first_integer(*pages_);
        if (!pages) return std::move(pages).error();
        auto free = first_integer(*free_pages_);
        if (!free) return std::move(free).error();
        const std::uint64_t needed = bytes / (page_bytes_ - 4) + 2;
        return (*pages - *free + needed) * page_bytes_ + kReservedBytes <= limits_.max_bytes;
    }

    /// Drops what the Overflow says until the row fits; false: it is the new events that do not.
    Result<bool> make_room(std::uint64_t bytes, std::uint8_t priority, QueueState& next) {
        for (;;) {
            auto fit = fits(bytes);
            if (!fit || *fit) return fit;
            if (limits_.overflow == Overflow::drop_newest) return false;
            auto dropped = drop_one(priority, next);
            if (!dropped) return std::move(dropped).error();
            if (!*dropped) return false;
        }
    }

    void pin(const Batch& batch) {
        for (const auto& chunk : batch.chunks) pinned_.push_back(chunk.id);
    }

    Result<bool> drop_one(std::uint8_t priority, QueueState& next) {
        Statement& oldest = limits_.overflow == Overflow::by_priority ? *oldest_of_lowest_ : *oldest_;
        const Reset reset(oldest);
        if (limits_.overflow == Overflow::by_priority) oldest.bind(1, std::int64_t{priority});
        for (;;) {
            auto row = oldest.step();
            if (!row) return std::move(row).error();
            if (!*row) return false;
            const std::int64_t id = oldest.integer(0);
            if (std::find(pinned_.begin(), pinned_.end(), id) != pinned_.end()) continue;
            next.ledger.dropped["queue_full"] += static_cast<std::uint64_t>(oldest.integer(1));
            oldest.reset();
            delete_->bind(1, id);
            if (auto done = delete_->run(); !done) return std::move(done).error();
            return true;
        }
    }

    Result<void> remove(const Batch::Chunk& chunk, std::uint32_t taken) {
        if (chunk.skip + taken == chunk.in_all) {
            delete_->bind(1, chunk.id);
            return delete_->run();
        }
        settle_->bind(1, std::int64_t{chunk.skip} + taken);
        settle_->bind(2, chunk.id);
        return settle_->run();
    }

    Database database_;
    const QueueLimits limits_;
    std::optional<Statement> begin_;
    std::optional<Statement> commit_;
    std::optional<Statement> front_;
    std::optional<Statement> insert_;
    std::optional<Statement> settle_;
    std::optional<Statement> delete_;
    std::optional<Statement> oldest_;
    std::optional<Statement> oldest_of_lowest_;
    std::optional<Statement> pages_;
    std::optional<Statement> free_pages_;
    std::optional<Statement> mark_;
    std::optional<Statement> forget_;
    std::optional<Statement> add_report_;
    std::optional<Statement> remove_report_;
    std::optional<Statement> entry_;
    std::optional<Statement> find_adopted_;
    std::optional<Statement> note_adopted_;
    std::uint64_t page_bytes_ = 4096;
    QueueState state_;
    bool full_sync_ = false;
    std::vector<std::int64_t> pinned_;  // the chunks of the batches peeked, one id for each batch
};

Result<std::unique_ptr<SqliteQueue>> open_whole(const std::string& path, const QueueLimits& limits) {
    auto database = Database::open(path, Access::create);
    if (!database) return std::move(database).error();
    if (auto set =
            // What is delivered need not be wiped: to write each page once more costs more than the rest (some systems'
            // SQLite does unless told).
        database->execute("PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; "
                          "PRAGMA wal_autocheckpoint = 256; PRAGMA journal_size_limit = 8388608; "
                          "PRAGMA secure_delete = OFF");
        !set) {
        return std::move(set).error();
    }
    if (auto migrated = sqlite::migrate(*database, "queue", kSchema); !migrated) return std::move(migrated).error();
    auto queue = std::make_unique<SqliteQueue>(std::move(*database), limits);
    if (auto loaded = queue->load(); !loaded) return std::move(loaded).error();
    return queue;
}

struct Salvage {
    std::vector<CutChunk> chunks;
    std::uint64_t events = 0;
    std::vector<std::string> adopted;  // identities of queues taken over
};

/// What is still to be had of a chunk that was read from a damaged file: nothing when it does not add up.
std::vector<CutChunk> unsettled(std::string_view bytes, std::int64_t count, std::int64_t settled) {
    std::string kept;
    std::int64_t seen = 0;
    FrameReader frames(bytes);
    std::optional<ContextView> context;
    while (const auto frame = frames.next()) {
        if (is_context(*frame)) {
            context = ContextView::parse(*frame);
            append_frame(kept, *frame);
        } else if (seen++ >= settled && context && RecordView::parse(*frame, &*context)) {
            append_frame(kept, *frame);  // one that cannot be read would stand in the way of all others for ever
        }
    }
    if (!frames.at_end() || seen != count || settled < 0 || bytes.size() < 5 || bytes[4] != 0) return {};
    auto chunks = cut_into_chunks(kept);
    return chunks ? std::move(*chunks) : std::vector<CutChunk>();
}

/// As many chunks from the front as a damaged file still gives, and its state when that can be read at all.
Salvage salvage(const std::string& path, std::optional<QueueState>& known) {
    Salvage saved;
    auto database = Database::open(path, Access::read_write);
    if (!database) return saved;
    if (QueueState state; !known && read_ledgers(*database, state)) {
        (void)read_reports(*database, state);
        known = std::move(state);
    }
    if (auto ids = database->prepare("SELECT id FROM adopted ORDER BY number")) {
        for (auto row = ids->step(); row && *row; row = ids->step()) saved.adopted.emplace_back(ids->blob(0));
    }
    auto rows = database->prepare("SELECT records, count, settled FROM chunks ORDER BY id");
    if (!rows) return saved;
    for (;;) {
        const auto row = rows->step();
        if (!row || !*row) return saved;
        for (auto& chunk : unsettled(rows->blob(0), rows->integer(1), rows->integer(2))) {
            saved.events += chunk.count;
            saved.chunks.push_back(std::move(chunk));
        }
    }
}

/// The ledger that fits what was saved: what was queued and is no more was dropped, as `corrupt`.
void balance(Ledger& ledger, std::uint64_t saved) {
    if (ledger.queued() > saved) {
        ledger.dropped["corrupt"] += ledger.queued() - saved;
    } else {
        ledger.accepted += saved - ledger.queued();
    }
}

/// The first free name `<path>.corrupt-N`. The write-ahead log goes along: it belongs to the file.
std::string set_file_aside(const std::string& path) {
    std::string aside;
    for (int n = 1;; ++n) {
        aside = path + ".corrupt-" + std::to_string(n);
        std::error_code error;
        if (!std::filesystem::exists(native_path(aside), error)) break;
    }
    for (const char* suffix : {"", "-wal", "-shm"}) {
        std::error_code ignored;  // not every queue has a log
        std::filesystem::rename(native_path(path + suffix), native_path(aside + suffix), ignored);
    }
    return aside;
}

Result<std::unique_ptr<Queue>> start_over(const std::string& path, const QueueLimits& limits,
                                          std::optional<QueueState> known,
                                          const std::function<void(Diagnostic)>& diagnose) {
    const std::string aside = set_file_aside(path);
    const Salvage saved = salvage(aside, known);
    auto queue = open_whole(path, limits);
    if (!queue) return std::move(queue).error();
    QueueState state = known.value_or(QueueState{});
    balance(state.ledger, saved.events);
    if (auto restored = (*queue)->restore(state, saved.chunks, saved.adopted); !restored)
        return std::move(restored).error();
    diagnose({Diagnostic::Level::error, ErrorCode::corrupt,
              "the event queue was damaged: it is set aside as " + aside + ", " + std::to_string(saved.events) +
                  " events were saved from it"});
    return std::unique_ptr<Queue>(std::move(*queue));
}

/// Another queue, while it is taken over.
struct SqliteQueue::Source {
    std::unique_ptr<SqliteQueue> queue;
    std::string id;
    Result<void> failure;  // its own, not that of the queue that takes over

    Result<void> failed(const Error& error) {
        failure = error;
        return error;
    }
};

Result<void> SqliteQueue::take_over(Source& source) {
    return commit([&](QueueState& next) -> Result<void> {
        const QueueState& other = source.queue->state();
        next.ledger.add(other.ledger);
        next.reported.add(other.reported);
        // The collector may have it already: only as the same event does it count once.
        if (auto kept = add_reports(other.reports, next); !kept) return kept;
        auto rows = source.queue->database_.prepare("SELECT records, count, settled, priority FROM chunks ORDER BY id");
        if (!rows) return source.failed(rows.error());
        for (;;) {
            auto row = rows->step();
            if (!row) return source.failed(row.error());
            if (!*row) break;
            const Row chunk{rows->blob(0), static_cast<std::uint32_t>(rows->integer(1)),
                            static_cast<std::uint32_t>(rows->integer(2)), static_cast<std::uint8_t>(rows->integer(3))};
            if (chunk.settled >= chunk.count || chunk.priority >= kPriorities)
                return source.failed({ErrorCode::corrupt, "queue: a chunk is damaged"});
            if (auto done = insert_row(chunk, next); !done) return done;
        }
        if (auto noted = note_adopted(source.id); !noted) return noted;
        return database_.execute("DELETE FROM adopted WHERE number <= (SELECT max(number) FROM adopted) - " +
                                 std::to_string(kAdoptedKept));
    });
}

Result<void> SqliteQueue::adopt_from(const std::string& path, const std::function<void(Diagnostic)>& diagnose) {
    const auto trouble = [&](const Error& error) {
        return Error{ErrorCode::unavailable, "cannot take over " + path + ": " + error.message};
    };
    // The second attempt is with what could be saved of a damaged file.
    for (int attempt = 1;; ++attempt) {
        Source source;
        auto opened = open_whole(path, limits_);
        if (!opened && opened.error().code == ErrorCode::corrupt && attempt == 1) {
            if (auto saved = start_over(path, limits_, std::nullopt, diagnose); !saved) return trouble(saved.error());
            continue;
        }
        if (!opened) return trouble(opened.error());
        source.queue = std::move(*opened);
        {
            // Gone before the queue is: its file may have to be set aside, and Windows moves none that is open.
            auto id = source.queue->database_.prepare("SELECT id FROM identity");
            if (!id) return trouble(id.error());
            auto row = id->step();
            if (!row) return trouble(row.error());
            source.id = id->blob(0);
        }
        auto known = has_adopted(source.id);
        if (!known) return std::move(known).error();
        if (*known) break;
        // The other file is deleted at once: this one must not lose to a power cut what that one had.
        if (auto set = set_sync(true); !set) return set;
        auto taken = take_over(source);
        if (taken) break;
        if (source.failure) return taken;
        if (source.failure.error().code != ErrorCode::corrupt || attempt > 1) return trouble(source.failure.error());
        const QueueState state = source.queue->state();
        source.queue.reset();
        if (auto saved = start_over(path, limits_, state, diagnose); !saved) return trouble(saved.error());
    }
    // The file first: SQLite throws a log without its file away, and not the other way round.
    for (const char* suffix : {"", "-wal", "-shm"}) {
        std::error_code error;
        std::filesystem::remove(native_path(path + suffix), error);
        if (error) return Error{ErrorCode::unavailable, "cannot delete " + path + suffix + ": " + error.message()};
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<Queue>> open_sqlite_queue(const std::string& path, const QueueLimits& limits,
                                                 const std::function<void(Diagnostic)>& diagnose) {
    auto queue = open_whole(path, limits);
    if (queue) return std::unique_ptr<Queue>(std::move(*queue));
    if (queue.error().code != ErrorCode::corrupt) return std::move(queue).error();
    return start_over(path, limits, std::nullopt, diagnose);
}

Result<std::unique_ptr<Queue>> replace_sqlite_queue(const std::string& path, const QueueLimits& limits,
                                                    const QueueState& known,
                                                    const std::function<void(Diagnostic)>& diagnose) {
    return start_over(path, limits, known, diagnose);
}

}  // namespace pulsekit
