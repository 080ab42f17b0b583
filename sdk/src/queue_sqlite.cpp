#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "src/queue.hpp"
#include "src/record.hpp"
#include "support/sqlite/database.hpp"
#include "support/sqlite/migrate.hpp"

namespace pulsekit {
namespace {

using sqlite::Access;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

// The small columns lie before the blob, and the index covers what open() sums up: neither reads the blobs' pages.
const std::vector<sqlite::Migration> kSchema = {
    {1, R"sql(
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  priority INTEGER NOT NULL,
  count INTEGER NOT NULL,             -- events
  settled INTEGER NOT NULL DEFAULT 0, -- how many of the first are done with
  charge INTEGER NOT NULL,            -- bytes on the disk
  records BLOB NOT NULL               -- u32 size and bytes each, a context first
);
CREATE INDEX chunks_in_order ON chunks (priority DESC, id, charge);
CREATE TABLE rings (
  id INTEGER PRIMARY KEY, position INTEGER NOT NULL, overflowed INTEGER NOT NULL, sampled INTEGER NOT NULL,
  context BLOB NOT NULL
);
CREATE TABLE ledger (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE report (id INTEGER PRIMARY KEY CHECK (id = 1), event BLOB NOT NULL);
)sql"},
};

constexpr std::string_view kDropped = "dropped.";
// Prefixes of a ledger's rows: what is true, what the collector has been told, what it is being told.
constexpr const char* kActual = "";
constexpr const char* kReported = "reported.";
constexpr const char* kPending = "pending.";

constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t kOverflowBytes = kPageBytes - 4;
// The file with an empty queue.
constexpr std::uint64_t kEmptyFileBytes = 16 * kPageBytes;

/// Most bytes that a row with a blob of this size takes in the file.
std::uint64_t charge_of(std::string_view records) {
    return (records.size() / kOverflowBytes + 2) * kPageBytes;
}

struct State : QueueState {
    std::uint64_t charge = 0;  // of the chunks
};

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
    PendingReport pending;
    for (;;) {
        auto row = rows->step();
        if (!row) return std::move(row).error();
        if (!*row) break;
        const auto value = static_cast<std::uint64_t>(rows->integer(1));
        read_ledger_row(rows->text(0), value, kActual, state.ledger);
        read_ledger_row(rows->text(0), value, kReported, state.reported);
        read_ledger_row(rows->text(0), value, kPending, pending.ledger);
    }
    auto report = database.prepare("SELECT event FROM report");
    if (!report) return std::move(report).error();
    auto row = report->step();
    if (!row) return std::move(row).error();
    if (*row) {
        pending.event = report->blob(0);
        state.report = std::move(pending);
    }
    return {};
}

class SqliteQueue final : public Queue {
public:
    SqliteQueue(Database database, const QueueLimits& limits) : database_(std::move(database)), limits_(limits) {}

    Result<void> load() {
        if (auto prepared = prepare(); !prepared) return prepared;
        if (auto read = read_ledgers(database_, state_); !read) return read;
        auto charge = database_.query_integer("SELECT coalesce(sum(charge), 0) FROM chunks");
        if (!charge) return std::move(charge).error();
        state_.charge = static_cast<std::uint64_t>(*charge);
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
        return commit([&](State& next) -> Result<void> {
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

    Result<Batch> peek(std::size_t max_events, std::size_t max_bytes) override {
        Batch batch;
        std::size_t bytes = 0;
        const Reset reset(*front_);
        pinned_ = {};
        for (;;) {
            auto row = front_->step();
            if (!row) return std::move(row).error();
            if (!*row) break;
            Batch::Chunk chunk{front_->integer(0), static_cast<std::uint32_t>(front_->integer(2)), 0,
                               static_cast<std::uint32_t>(front_->integer(1)), std::string(front_->blob(3))};
            if (chunk.skip >= chunk.in_all) return Error{ErrorCode::corrupt, "queue: a chunk is damaged"};
            if (!batch.take(std::move(chunk), max_events, max_bytes, bytes)) break;
        }
        for (const auto& chunk : batch.chunks) pinned_.push_back(chunk.id);
        return batch;
    }

    Result<void> settle(const Batch& batch, std::size_t count, const Settlement& settlement) override {
        auto done = commit([&](State& next) -> Result<void> {
            next.ledger.delivered += settlement.delivered;
            for (const auto& [reason, dropped] : settlement.dropped) next.ledger.dropped[reason] += dropped;
            std::size_t left = count;
            for (const auto& chunk : batch.chunks) {
                if (left == 0) break;
                const auto taken = std::min<std::size_t>(left, chunk.count);
                left -= taken;
                if (auto removed = remove(chunk, static_cast<std::uint32_t>(taken), next); !removed) return removed;
            }
            if (!settlement.reported) return {};
            next.finish_report();
            if (auto written = write_ledger(kReported, next.reported, state_.reported); !written) return written;
            return database_.execute("DELETE FROM report");
        });
        pinned_.clear();
        return done;
    }

    Result<void> begin_report(const std::string& event) override {
        return commit([&](State& next) -> Result<void> {
            next.report = {event, next.ledger};
            auto statement = database_.prepare("INSERT OR REPLACE INTO report (id, event) VALUES (1, ?)");
            if (!statement) return std::move(statement).error();
            statement->bind_blob_borrowed(1, event);
            if (auto done = statement->run(); !done) return done;
            return write_ledger(kPending, next.ledger, {});
        });
    }

    Result<void> erase_all(const std::string& reason) override {
        auto done = commit([&](State& next) -> Result<void> {
            if (const std::uint64_t queued = next.ledger.queued(); queued != 0) next.ledger.dropped[reason] += queued;
            next.charge = 0;
            if (auto set = database_.execute("PRAGMA secure_delete = ON"); !set) return set;
            return database_.execute("DELETE FROM chunks");
        });
        pinned_.clear();
        if (!done) return done;
        return database_.execute("PRAGMA secure_delete = OFF; PRAGMA wal_checkpoint(TRUNCATE)");
    }

    Result<void> forget_ring(std::uint64_t ring) override {
        return commit([&](State& next) -> Result<void> {
            next.rings.erase(ring);
            auto statement = database_.prepare("DELETE FROM rings WHERE id = ?");
            if (!statement) return std::move(statement).error();
            statement->bind(1, static_cast<std::int64_t>(ring));
            return statement->run();
        });
    }

    const QueueState& state() const override { return state_; }

    /// Takes over what is known and what was saved from a damaged file.
    Result<void> adopt(const QueueState& known, const std::vector<CutChunk>& saved) {
        return commit([&](State& next) -> Result<void> {
            next.ledger = known.ledger;
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

    Result<void> prepare() {
        const auto make = [&](std::optional<Statement>& statement, const char* sql) -> Result<void> {
            auto prepared = database_.prepare(sql);
            if (!prepared) return std::move(prepared).error();
            statement.emplace(std::move(*prepared));
            return {};
        };
        if (auto done = make(front_, "SELECT id, count, settled, records FROM chunks ORDER BY priority DESC, id"); !done)
            return done;
        if (auto done = make(insert_, "INSERT INTO chunks (priority, count, charge, records) VALUES (?, ?, ?, ?)");
            !done)
            return done;
        if (auto done = make(delete_, "DELETE FROM chunks WHERE id = ?"); !done) return done;
        if (auto done = make(mark_,
                             "INSERT INTO rings (id, position, overflowed, sampled, context) VALUES (?, ?, ?, ?, ?) "
                             "ON CONFLICT (id) DO UPDATE SET position = excluded.position, overflowed = "
                             "excluded.overflowed, sampled = excluded.sampled, context = excluded.context");
            !done)
            return done;
        return make(entry_,
                    "INSERT INTO ledger (name, value) VALUES (?, ?) "
                    "ON CONFLICT (name) DO UPDATE SET value = excluded.value");
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
        auto transaction = Transaction::begin(database_);
        if (!transaction) return std::move(transaction).error();
        State next = state_;
        if (auto changed = change(next); !changed) return changed;
        if (auto written = write_ledger(kActual, next.ledger, state_.ledger); !written) return written;
        if (auto committed = transaction->commit(); !committed) return committed;
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

    Result<void> insert_chunk(const CutChunk& chunk, State& next) {
        const std::uint64_t charge = charge_of(chunk.records);
        // Before the insert, so that the file takes up the freed pages instead of growing.
        auto fits = make_room(charge, chunk.priority, next);
        if (!fits) return std::move(fits).error();
        if (!*fits) {
            next.ledger.dropped["queue_full"] += chunk.count;
            return {};
        }
        insert_->bind(1, std::int64_t{chunk.priority});
        insert_->bind(2, std::int64_t{chunk.count});
        insert_->bind(3, static_cast<std::int64_t>(charge));
        insert_->bind_blob_borrowed(4, chunk.records);
        next.charge += charge;
        return insert_->run();
    }

    /// Drops what the Overflow says until `charge` more bytes fit; false: it is the new events that do not.
    Result<bool> make_room(std::uint64_t charge, std::uint8_t priority, State& next) {
        while (next.charge + charge + kEmptyFileBytes > limits_.max_bytes) {
            if (limits_.overflow == Overflow::drop_newest) return false;
            auto dropped = drop_one(priority, next);
            if (!dropped) return std::move(dropped).error();
            if (!*dropped) return false;
        }
        return true;
    }

    Result<bool> drop_one(std::uint8_t priority, State& next) {
        const bool by_priority = limits_.overflow == Overflow::by_priority;
        auto oldest = database_.prepare(by_priority
                                            ? "SELECT id, count - settled, charge FROM chunks WHERE priority <= ? "
                                              "ORDER BY priority, id"
                                            : "SELECT id, count - settled, charge FROM chunks WHERE ? >= 0 ORDER BY id");
        if (!oldest) return std::move(oldest).error();
        oldest->bind(1, std::int64_t{priority});
        for (;;) {
            auto row = oldest->step();
            if (!row) return std::move(row).error();
            if (!*row) return false;
            const std::int64_t id = oldest->integer(0);
            if (std::find(pinned_.begin(), pinned_.end(), id) != pinned_.end()) continue;
            next.ledger.dropped["queue_full"] += static_cast<std::uint64_t>(oldest->integer(1));
            next.charge -= static_cast<std::uint64_t>(oldest->integer(2));
            oldest->reset();
            delete_->bind(1, id);
            if (auto done = delete_->run(); !done) return std::move(done).error();
            return true;
        }
    }

    Result<void> remove(const Batch::Chunk& chunk, std::uint32_t taken, State& next) {
        if (chunk.skip + taken == chunk.in_all) {
            next.charge -= charge_of(chunk.records);
            delete_->bind(1, chunk.id);
            return delete_->run();
        }
        auto statement = database_.prepare("UPDATE chunks SET settled = ? WHERE id = ?");
        if (!statement) return std::move(statement).error();
        statement->bind(1, std::int64_t{chunk.skip} + taken);
        statement->bind(2, chunk.id);
        return statement->run();
    }

    Database database_;
    const QueueLimits limits_;
    std::optional<Statement> front_;
    std::optional<Statement> insert_;
    std::optional<Statement> delete_;
    std::optional<Statement> mark_;
    std::optional<Statement> entry_;
    State state_;
    bool full_sync_ = false;
    std::vector<std::int64_t> pinned_;  // the chunks of the batch last peeked
};

Result<std::unique_ptr<SqliteQueue>> open_whole(const std::string& path, const QueueLimits& limits) {
    auto database = Database::open(path, Access::create);
    if (!database) return std::move(database).error();
    if (auto set = database->execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 8388608");
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
};

/// What is still to be had of a chunk that was read from a damaged file: nothing when it does not add up.
std::vector<CutChunk> unsettled(std::string_view bytes, std::int64_t count, std::int64_t settled) {
    std::string kept;
    std::int64_t seen = 0;
    FrameReader frames(bytes);
    while (const auto frame = frames.next()) {
        if (is_context(*frame) || seen++ >= settled) append_frame(kept, *frame);
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
    if (QueueState state; !known && read_ledgers(*database, state)) known = std::move(state);
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
        if (!std::filesystem::exists(aside, error)) break;
    }
    for (const char* suffix : {"", "-wal", "-shm"}) std::rename((path + suffix).c_str(), (aside + suffix).c_str());
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
    if (auto adopted = (*queue)->adopt(state, saved.chunks); !adopted) return std::move(adopted).error();
    diagnose({Diagnostic::Level::error, ErrorCode::corrupt,
              "the event queue was damaged: it is set aside as " + aside + ", " + std::to_string(saved.events) +
                  " events were saved from it"});
    return std::unique_ptr<Queue>(std::move(*queue));
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
