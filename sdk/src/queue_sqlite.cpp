#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "src/queue.hpp"
#include "support/sqlite/database.hpp"
#include "support/sqlite/migrate.hpp"

namespace pulsekit {
namespace {

using sqlite::Access;
using sqlite::Database;
using sqlite::Transaction;

// One row holds the records of one drain: a row an event would cost more than the event.
const std::vector<sqlite::Migration> kSchema = {
    {1, R"sql(
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  records BLOB NOT NULL,            -- u32 size and bytes each
  count INTEGER NOT NULL,
  settled INTEGER NOT NULL DEFAULT 0  -- how many of the first are done with
);
CREATE TABLE rings (id INTEGER PRIMARY KEY, position INTEGER NOT NULL, overflowed INTEGER NOT NULL);
CREATE TABLE ledger (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
)sql"},
};

constexpr const char* kDroppedPrefix = "dropped.";
constexpr std::uint32_t kMaxChunkRecords = 1'000;
constexpr std::size_t kMaxChunkBytes = 512 * 1024;

struct State : QueueState {
    std::uint64_t bytes = 0;  // of the chunks
};

Result<void> read_ledger(Database& database, Ledger& ledger) {
    auto rows = database.prepare("SELECT name, value FROM ledger");
    if (!rows) return std::move(rows).error();
    for (;;) {
        auto row = rows->step();
        if (!row) return std::move(row).error();
        if (!*row) return {};
        const std::string_view name = rows->text(0);
        const auto value = static_cast<std::uint64_t>(rows->integer(1));
        if (name == "accepted") ledger.accepted = value;
        if (name == "delivered") ledger.delivered = value;
        if (name.substr(0, 8) == kDroppedPrefix) ledger.dropped[std::string(name.substr(8))] = value;
    }
}

class SqliteQueue final : public Queue {
public:
    SqliteQueue(Database database, std::uint64_t max_bytes) : database_(std::move(database)), max_bytes_(max_bytes) {}

    Result<void> load() {
        if (auto read = read_ledger(database_, state_.ledger); !read) return read;
        auto bytes = database_.query_integer("SELECT coalesce(sum(length(records)), 0) FROM chunks");
        if (!bytes) return std::move(bytes).error();
        state_.bytes = static_cast<std::uint64_t>(*bytes);
        auto rings = database_.prepare("SELECT id, position, overflowed FROM rings");
        if (!rings) return std::move(rings).error();
        for (;;) {
            auto row = rings->step();
            if (!row) return std::move(row).error();
            if (!*row) return {};
            state_.rings[static_cast<std::uint64_t>(rings->integer(0))] = {
                static_cast<std::uint64_t>(rings->integer(1)), static_cast<std::uint64_t>(rings->integer(2))};
        }
    }

    Result<void> append(const std::vector<Intake>& intakes) override {
        return commit([&](State& next) -> Result<void> {
            for (const auto& intake : intakes) {
                if (auto done = insert(intake, next); !done) return done;
            }
            return drop_oldest(next);
        });
    }

    Result<Batch> peek(std::size_t max_events, std::size_t max_bytes) override {
        auto rows = database_.prepare("SELECT id, records, count, settled FROM chunks ORDER BY id");
        if (!rows) return std::move(rows).error();
        Batch batch;
        std::size_t bytes = 0;
        std::size_t events = 0;
        while (events < max_events && (bytes < max_bytes || events == 0)) {
            auto row = rows->step();
            if (!row) return std::move(row).error();
            if (!*row) break;
            Batch::Chunk chunk{rows->integer(0), static_cast<std::uint32_t>(rows->integer(3)), 0,
                               static_cast<std::uint32_t>(rows->integer(2)), std::string(rows->blob(1))};
            if (auto cut =
                    cut_chunk(chunk, max_events - events, max_bytes > bytes ? max_bytes - bytes : 0, events == 0);
                !cut) {
                return std::move(cut).error();
            }
            if (chunk.count == 0) break;
            events += chunk.count;
            bytes += chunk.records.size();
            batch.chunks.push_back(std::move(chunk));
        }
        for (const auto& chunk : batch.chunks) split_records(chunk.records, batch.records);
        peeked_through_ = batch.chunks.empty() ? 0 : batch.chunks.back().id;
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
            return {};
        });
        peeked_through_ = 0;
        return done;
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
    Result<void> adopt(const QueueState& known, const std::vector<Intake>& saved) {
        return commit([&](State& next) -> Result<void> {
            next.ledger = known.ledger;
            for (const auto& [ring, mark] : known.rings) {
                if (auto done = mark_ring(ring, mark, next); !done) return done;
            }
            for (const auto& intake : saved) {
                if (auto done = insert_chunk(intake.records, intake.count, next); !done) return done;
            }
            return {};
        });
    }

private:
    /// Runs `change` on a copy of the state inside a transaction; the copy becomes the state only when it committed.
    template <typename Change>
    Result<void> commit(const Change& change) {
        auto transaction = Transaction::begin(database_);
        if (!transaction) return std::move(transaction).error();
        State next = state_;
        if (auto changed = change(next); !changed) return changed;
        if (auto written = write_ledger(next.ledger); !written) return written;
        if (auto committed = transaction->commit(); !committed) return committed;
        state_ = std::move(next);
        return {};
    }

    Result<void> write_ledger(const Ledger& ledger) {
        auto statement = database_.prepare(
            "INSERT INTO ledger (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value");
        if (!statement) return std::move(statement).error();
        const auto write = [&](const std::string& name, std::uint64_t value) {
            statement->bind(1, name);
            statement->bind(2, static_cast<std::int64_t>(value));
            return statement->run();
        };
        if (auto done = write("accepted", ledger.accepted); !done) return done;
        if (auto done = write("delivered", ledger.delivered); !done) return done;
        for (const auto& [reason, value] : ledger.dropped) {
            if (auto done = write(kDroppedPrefix + reason, value); !done) return done;
        }
        return {};
    }

    Result<void> insert(const Intake& intake, State& next) {
        const std::uint64_t overflow = intake.overflowed - next.mark_of(intake.ring).overflowed;
        next.ledger.accepted += intake.count + overflow;
        if (overflow != 0) next.ledger.dropped["journal_full"] += overflow;
        if (auto done = mark_ring(intake.ring, {intake.position, intake.overflowed}, next); !done) return done;
        return insert_chunks(intake, next);
    }

    Result<void> mark_ring(std::uint64_t ring, const RingMark& mark, State& next) {
        next.rings[ring] = mark;
        auto statement = database_.prepare(
            "INSERT INTO rings (id, position, overflowed) VALUES (?, ?, ?) ON CONFLICT (id) "
            "DO UPDATE SET position = excluded.position, overflowed = excluded.overflowed");
        if (!statement) return std::move(statement).error();
        statement->bind(1, static_cast<std::int64_t>(ring));
        statement->bind(2, static_cast<std::int64_t>(mark.position));
        statement->bind(3, static_cast<std::int64_t>(mark.overflowed));
        return statement->run();
    }

    /// A long drain becomes several rows, none longer than a request.
    Result<void> insert_chunks(const Intake& intake, State& next) {
        std::vector<std::string_view> records;
        if (!split_records(intake.records, records))
            return Error{ErrorCode::internal, "journal: records do not add up"};
        std::size_t start = 0;
        std::size_t at = 0;
        std::uint32_t count = 0;
        for (const auto record : records) {
            at += sizeof(std::uint32_t) + record.size();
            if (++count == kMaxChunkRecords || at - start >= kMaxChunkBytes) {
                const auto part = std::string_view(intake.records).substr(start, at - start);
                if (auto done = insert_chunk(part, count, next); !done) return done;
                start = at;
                count = 0;
            }
        }
        return count == 0 ? Result<void>() : insert_chunk(std::string_view(intake.records).substr(start), count, next);
    }

    Result<void> insert_chunk(std::string_view records, std::uint32_t count, State& next) {
        auto statement = database_.prepare("INSERT INTO chunks (records, count) VALUES (?, ?)");
        if (!statement) return std::move(statement).error();
        statement->bind_blob_borrowed(1, records);
        statement->bind(2, std::int64_t{count});
        next.bytes += records.size();
        return statement->run();
    }

    Result<void> drop_oldest(State& next) {
        while (next.bytes > max_bytes_) {
            auto oldest = database_.prepare(
                "SELECT id, length(records), count - settled FROM chunks WHERE id > ? ORDER BY id LIMIT 1");
            if (!oldest) return std::move(oldest).error();
            oldest->bind(1, peeked_through_);
            auto row = oldest->step();
            if (!row) return std::move(row).error();
            if (!*row) return {};  // what is left is on its way to the collector
            next.bytes -= static_cast<std::uint64_t>(oldest->integer(1));
            next.ledger.dropped["queue_full"] += static_cast<std::uint64_t>(oldest->integer(2));
            auto statement = database_.prepare("DELETE FROM chunks WHERE id = ?");
            if (!statement) return std::move(statement).error();
            statement->bind(1, oldest->integer(0));
            oldest->reset();
            if (auto done = statement->run(); !done) return done;
        }
        return {};
    }

    /// Leaves in `chunk` the records after its settled ones that fit.
    static Result<void> cut_chunk(Batch::Chunk& chunk, std::size_t max_events, std::size_t max_bytes, bool first) {
        std::vector<std::string_view> records;
        if (!split_records(chunk.records, records) || records.size() != chunk.in_all || chunk.skip > records.size()) {
            return Error{ErrorCode::corrupt, "queue: chunk " + std::to_string(chunk.id) + " is damaged"};
        }
        std::string kept;
        for (std::size_t i = chunk.skip; i < records.size() && chunk.count < max_events; ++i) {
            const auto size = static_cast<std::uint32_t>(records[i].size());
            const bool fits = kept.size() + sizeof size + size <= max_bytes;
            if (!fits && !(first && chunk.count == 0)) break;
            kept.append(reinterpret_cast<const char*>(&size), sizeof size);
            kept.append(records[i]);
            ++chunk.count;
        }
        chunk.records = std::move(kept);
        return {};
    }

    Result<void> remove(const Batch::Chunk& chunk, std::uint32_t taken, State& next) {
        if (chunk.skip + taken == chunk.in_all) {
            auto size = database_.prepare("SELECT length(records) FROM chunks WHERE id = ?");
            if (!size) return std::move(size).error();
            size->bind(1, chunk.id);
            auto row = size->step();
            if (!row) return std::move(row).error();
            if (*row) next.bytes -= static_cast<std::uint64_t>(size->integer(0));
            size->reset();
            auto statement = database_.prepare("DELETE FROM chunks WHERE id = ?");
            if (!statement) return std::move(statement).error();
            statement->bind(1, chunk.id);
            return statement->run();
        }
        auto statement = database_.prepare("UPDATE chunks SET settled = ? WHERE id = ?");
        if (!statement) return std::move(statement).error();
        statement->bind(1, std::int64_t{chunk.skip} + taken);
        statement->bind(2, chunk.id);
        return statement->run();
    }

    Database database_;
    const std::uint64_t max_bytes_;
    State state_;
    std::int64_t peeked_through_ = 0;  // the newest chunk of the batch last peeked
};

Result<std::unique_ptr<SqliteQueue>> open_whole(const std::string& path, std::uint64_t max_bytes) {
    auto database = Database::open(path, Access::create);
    if (!database) return std::move(database).error();
    // NORMAL: a commit survives the death of the process; the power's needs a sync for each.
    if (auto set = database->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"); !set) {
        return std::move(set).error();
    }
    if (auto migrated = sqlite::migrate(*database, "queue", kSchema); !migrated) return std::move(migrated).error();
    auto queue = std::make_unique<SqliteQueue>(std::move(*database), max_bytes);
    if (auto loaded = queue->load(); !loaded) return std::move(loaded).error();
    return queue;
}

struct Salvage {
    std::vector<Intake> chunks;
    std::uint64_t records = 0;
};

/// What is still to be had of a chunk that was read from a damaged file; count 0 when it does not add up.
Intake unsettled(std::string_view bytes, std::int64_t count, std::int64_t settled) {
    Intake intake;
    std::vector<std::string_view> records;
    if (!split_records(bytes, records) || static_cast<std::int64_t>(records.size()) != count || settled < 0)
        return intake;
    for (auto i = static_cast<std::size_t>(settled); i < records.size(); ++i) {
        const auto size = static_cast<std::uint32_t>(records[i].size());
        intake.records.append(reinterpret_cast<const char*>(&size), sizeof size);
        intake.records.append(records[i]);
        ++intake.count;
    }
    return intake;
}

/// As many chunks from the front as a damaged file still gives, and its state when that can be read at all.
Salvage salvage(const std::string& path, std::optional<QueueState>& known) {
    Salvage saved;
    auto database = Database::open(path, Access::read_write);
    if (!database) return saved;
    if (QueueState state; !known && read_ledger(*database, state.ledger)) known = std::move(state);
    auto rows = database->prepare("SELECT records, count, settled FROM chunks ORDER BY id");
    if (!rows) return saved;
    for (;;) {
        const auto row = rows->step();
        if (!row || !*row) return saved;
        Intake intake = unsettled(rows->blob(0), rows->integer(1), rows->integer(2));
        saved.records += intake.count;
        if (intake.count != 0) saved.chunks.push_back(std::move(intake));
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

Result<std::unique_ptr<Queue>> start_over(const std::string& path, std::uint64_t max_bytes,
                                          std::optional<QueueState> known,
                                          const std::function<void(Diagnostic)>& diagnose) {
    const std::string aside = set_file_aside(path);
    const Salvage saved = salvage(aside, known);
    auto queue = open_whole(path, max_bytes);
    if (!queue) return std::move(queue).error();
    QueueState state = known.value_or(QueueState{});
    balance(state.ledger, saved.records);
    if (auto adopted = (*queue)->adopt(state, saved.chunks); !adopted) return std::move(adopted).error();
    diagnose({Diagnostic::Level::error, ErrorCode::corrupt,
              "the event queue was damaged: it is set aside as " + aside + ", " + std::to_string(saved.records) +
                  " events were saved from it"});
    return std::unique_ptr<Queue>(std::move(*queue));
}

}  // namespace

Result<std::unique_ptr<Queue>> open_sqlite_queue(const std::string& path, std::uint64_t max_bytes,
                                                 const std::function<void(Diagnostic)>& diagnose) {
    auto queue = open_whole(path, max_bytes);
    if (queue) return std::unique_ptr<Queue>(std::move(*queue));
    if (queue.error().code != ErrorCode::corrupt) return std::move(queue).error();
    return start_over(path, max_bytes, std::nullopt, diagnose);
}

Result<std::unique_ptr<Queue>> replace_sqlite_queue(const std::string& path, std::uint64_t max_bytes,
                                                    const QueueState& known,
                                                    const std::function<void(Diagnostic)>& diagnose) {
    return start_over(path, max_bytes, known, diagnose);
}

}  // namespace pulsekit
