#include "store/local/rows.hpp"

#include <array>
#include <filesystem>
#include <utility>

#include "store/local/last_rows.hpp"

namespace collector::store::local {
namespace {

using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Transaction;

// The events were made on other processors, and what is known of their texts lies anywhere in tables of megabytes:
// asked for some events ahead, it arrives while other rows are written. First the event, then its texts, then what is
// known.
constexpr std::size_t kEventsAhead = 12;
constexpr std::size_t kTextsAhead = 8;
constexpr std::size_t kPreparedAhead = 4;
constexpr std::size_t kCacheLine = 64;

void prefetch_event(const model::Event& event) {
    const char* at = reinterpret_cast<const char*>(&event);
    for (std::size_t offset = 0; offset < sizeof event; offset += kCacheLine) __builtin_prefetch(at + offset);
}

void prefetch_texts(const model::Event& event) {
    for (const auto* text : {&event.event_id, &event.visitor_id, &event.session_id, &event.props, &event.path}) {
        __builtin_prefetch(text->data());
    }
}

/// Those of the orphans whose rows are gone, while the indexes may still have them.
Result<std::vector<std::int64_t>> erased_of(Database& database, const std::string& what) {
    std::vector<std::int64_t> erased;
    auto statement =
        database.prepare("SELECT id FROM orphaned_" + what + " AS o WHERE NOT EXISTS (SELECT 1 FROM event_" + what +
                         " WHERE id = o.id) ORDER BY id");
    if (!statement) return std::move(statement).error();
    while (true) {
        const auto more = statement->step();
        if (!more) return more.error();
        if (!*more) return erased;
        erased.push_back(statement->integer(0));
    }
}

std::string folder_of(const std::string& data_directory, const char* name) {
    return (std::filesystem::path(data_directory) / name).string();
}

}  // namespace

std::vector<std::string> index_folders(const std::string& data_directory) {
    return {folder_of(data_directory, "texts"), folder_of(data_directory, "contexts"),
            folder_of(data_directory, "ids")};
}

Result<Rows> Rows::open(Database& database, const RowOptions& options, pulsekit::Random& random) {
    const auto folders = index_folders(options.data_directory);
    auto dictionary = Dictionary::open(database, {.index = {.folder = folders[0], .table_limit = options.table_limit}});
    if (!dictionary) return std::move(dictionary).error();
    auto contexts = Contexts::open(database, {.folder = folders[1], .table_limit = options.table_limit});
    if (!contexts) return std::move(contexts).error();
    auto ids = Ids::open(database, folders[2], options.dedupe_days, options.table_limit);
    if (!ids) return std::move(ids).error();
    auto sessions = Sessions::open(database, random);
    if (!sessions) return std::move(sessions).error();
    auto insert = RowInsert::open(database);
    if (!insert) return std::move(insert).error();
    // Of an erasure that was cut off.
    auto texts = erased_of(database, "texts");
    if (!texts) return std::move(texts).error();
    dictionary->forget(std::move(*texts));
    auto erased_contexts = erased_of(database, "contexts");
    if (!erased_contexts) return std::move(erased_contexts).error();
    contexts->forget(std::move(*erased_contexts));
    return Rows(database, {std::move(*dictionary), std::move(*contexts), std::move(*ids), std::move(*sessions),
                           std::move(*insert)});
}

Result<std::vector<Stored>> Rows::append(const std::vector<Batch>& batches) {
    std::vector<const model::Event*> events;
    for (const auto& batch : batches) {
        for (const auto& event : batch) events.push_back(&event);
    }
    if (events.empty()) return std::vector<Stored>();
    auto stored = append_in_transaction(events);
    if (stored) {
        parts_.dictionary.committed();
        parts_.contexts.committed();
        parts_.ids.committed(next_id_ - 1);
        return stored;
    }
    parts_.dictionary.rolled_back();
    parts_.contexts.rolled_back();
    parts_.ids.rolled_back();
    parts_.insert.rolled_back();
    auto error = std::move(stored).error();
    // The metadata room held the lock for too long: for the client it is as good as a disk that does not answer.
    if (error.code == ErrorCode::conflict) error.code = ErrorCode::unavailable;
    return error;
}

Result<std::vector<Stored>> Rows::append_in_transaction(const std::vector<const model::Event*>& events) {
    auto transaction = Transaction::begin(*database_);
    if (!transaction) return std::move(transaction).error();
    const auto newest_id = last_id(*database_, "events");
    if (!newest_id) return newest_id.error();
    next_id_ = *newest_id + 1;
    std::vector<Stored> stored;
    stored.reserve(events.size());
    std::array<Prepared, kPreparedAhead> prepared;  // of the next events, each in its turn
    for (std::size_t i = 0; i < events.size() + kPreparedAhead; ++i) {
        const std::size_t place = i % kPreparedAhead;
        if (i >= kPreparedAhead) {
            auto one = append_one(*events[i - kPreparedAhead], prepared[place], next_id_);
            if (!one) return std::move(one).error();
            if (*one == Stored::fresh) ++next_id_;
            stored.push_back(*one);
        }
        if (i + kEventsAhead < events.size()) prefetch_event(*events[i + kEventsAhead]);
        if (i + kTextsAhead < events.size()) prefetch_texts(*events[i + kTextsAhead]);
        if (i >= events.size()) continue;
        auto next = prepare(*events[i]);
        if (!next) return std::move(next).error();
        prepared[place] = *next;
    }
    if (auto inserted = parts_.insert.finish(parts_.dictionary); !inserted) return std::move(inserted).error();
    if (auto committed = transaction->commit(); !committed) return std::move(committed).error();
    return stored;
}

Result<Rows::Prepared> Rows::prepare(const model::Event& event) {
    auto& dictionary = parts_.dictionary;
    const auto project = dictionary.id(kNoProject, Space::project, event.project_id);
    if (!project) return project.error();
    Prepared prepared{.project = *project, .id = {}};
    if (!event.event_id_is_ours) {
        prepared.id = Ids::entry(*project, event.event_id, event.received_ms);
        parts_.ids.prefetch(prepared.id);
    }
    dictionary.prefetch(*project, Space::visitor, event.visitor_id);
    dictionary.prefetch(*project, Space::session, event.session_id);
    dictionary.prefetch(*project, Space::user, event.user_id);
    return prepared;
}

Result<Stored> Rows::append_one(const model::Event& event, const Prepared& prepared, std::int64_t id) {
    const std::int64_t project = prepared.project;
    if (!event.event_id_is_ours) {
        const auto claimed = parts_.ids.claim(prepared.id, event.received_ms);
        if (!claimed || *claimed == Stored::duplicate) return claimed;
    }
    const auto visitor = parts_.dictionary.id(project, Space::visitor, event.visitor_id);
    if (!visitor) return visitor.error();
    const auto session = parts_.sessions.assign(project, *visitor, event, parts_.dictionary);
    if (!session) return session.error();
    const auto context = parts_.contexts.id(project, event, parts_.dictionary);
    if (!context) return context.error();
    const RowKeys keys{.event = id, .project = project, .visitor = *visitor, .session = *session, .context = *context};
    if (auto inserted = parts_.insert.run(event, keys, parts_.dictionary); !inserted)
        return std::move(inserted).error();
    return Stored::fresh;
}

}  // namespace collector::store::local
