#include "store/local/segments/row_source.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "model/event.hpp"
#include "model/source.hpp"
#include "store/local/event_id.hpp"
#include "store/local/segments/row_class.hpp"

namespace collector::store::local {
namespace {

using model::Kind;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

constexpr std::size_t kMaxRemembered = 100'000;  // texts, and event ids

enum EventColumn : int {
    kId,
    kProject,
    kTime,
    kKind,
    kInteraction,
    kBot,
    kVisitor,
    kSession,
    kName,
    kPath,
    kContext,
    kUser,
    kSite,
    kReferrer,
    kUrl,
    kProps
};
constexpr const char* kEventsSql =
    "SELECT id, project, ts_ms, kind, interaction, bot, visitor, session, name, path, context, user, site, referrer, "
    "CASE kind WHEN 6 THEN url END, CASE kind WHEN 2 THEN props END FROM events WHERE id > ? ORDER BY id LIMIT ?";
static_assert(static_cast<int>(Kind::outlink) == 6 && static_cast<int>(Kind::identify) == 2);

/// In the order of kDetails.
constexpr const char* kDetailsSql =
    "SELECT event, revenue_amount, error_message, click_x, click_y, selector, viewport_w, depth, query, results_count "
    "FROM event_details WHERE event > ? ORDER BY event";
constexpr SegmentColumn kDetails[] = {
    SegmentColumn::revenue, SegmentColumn::error_message, SegmentColumn::click_x,
    SegmentColumn::click_y, SegmentColumn::selector,      SegmentColumn::viewport_width,
    SegmentColumn::depth,   SegmentColumn::query,         SegmentColumn::results_count};

struct VitalColumn {
    std::string_view name;
    SegmentColumn column;
};
constexpr VitalColumn kVitalColumns[] = {{"LCP", SegmentColumn::lcp},
                                         {"FCP", SegmentColumn::fcp},
                                         {"INP", SegmentColumn::inp},
                                         {"TTFB", SegmentColumn::ttfb},
                                         {"CLS", SegmentColumn::cls}};

void add_value(SegmentBuilder& builder, SegmentColumn column, const Statement& row, int index) {
    if (row.is_null(index)) return;
    switch (entries_of(column)) {
        case Entries::texts: return builder.text(column, row.text(index));
        case Entries::reals: return builder.real(column, row.real(index));
        case Entries::integers:
        case Entries::numbers:
        case Entries::contexts: return builder.integer(column, row.integer(index));
    }
}

}  // namespace

class RowSource::Beside {
public:
    Beside(Statement& statement, std::int64_t after) : statement_(statement) { statement_.bind(1, after); }
    ~Beside() { statement_.reset(); }
    Beside(const Beside&) = delete;
    Beside& operator=(const Beside&) = delete;

    /// Whether its next row is the event's; rows of events that came before are passed over.
    Result<bool> is_at(std::int64_t event) {
        while (!ready_ || (!done_ && statement_.integer(0) < event)) {
            auto more = statement_.step();
            if (!more) return more;
            ready_ = true;
            done_ = !*more;
        }
        return !done_ && statement_.integer(0) == event;
    }
    void pass() {
        if (!done_) ready_ = false;
    }
    const Statement& row() const { return statement_; }

private:
    Statement& statement_;
    bool ready_ = false;  // the row that the statement is at has not been taken
    bool done_ = false;
};

Result<RowSource> RowSource::open(Database& database) {
    auto events = database.prepare(kEventsSql);
    if (!events) return std::move(events).error();
    auto details = database.prepare(kDetailsSql);
    if (!details) return std::move(details).error();
    auto vitals =
        database.prepare("SELECT event, name, value FROM event_vitals WHERE event > ? ORDER BY event, ordinal");
    if (!vitals) return std::move(vitals).error();
    auto text = database.prepare("SELECT text FROM event_texts WHERE id = ?");
    if (!text) return std::move(text).error();
    auto event_id = database.prepare("SELECT event_id FROM events WHERE id = ?");
    if (!event_id) return std::move(event_id).error();
    return RowSource(
        {std::move(*events), std::move(*details), std::move(*vitals), std::move(*text), std::move(*event_id)});
}

Result<std::int64_t> RowSource::read(std::int64_t after, std::int64_t limit, const BuilderFor& builder_for) {
    if (texts_.size() > kMaxRemembered) texts_.clear();
    if (event_ids_.size() > kMaxRemembered) event_ids_.clear();
    auto& events = statements_.events;
    Beside details(statements_.details, after);
    Beside vitals(statements_.vitals, after);
    events.bind(1, after);
    events.bind(2, limit);
    std::int64_t last = after;
    const auto read_all = [&]() -> Result<void> {
        while (true) {
            const auto more = events.step();
            if (!more) return more.error();
            if (!*more) return {};
            last = events.integer(kId);
            if (events.integer(kBot) != 0) continue;
            const auto found = builder_for({.id = last,
                                            .project = events.integer(kProject),
                                            .visitor = events.integer(kVisitor),
                                            .session = events.integer(kSession),
                                            .ts_ms = events.integer(kTime)});
            if (!found) return found.error();
            SegmentBuilder& builder = **found;
            if (auto added = add_event(builder); !added) return added;
            if (auto added = add_details(builder, last, details); !added) return added;
            if (auto added = add_vitals(builder, last, vitals); !added) return added;
        }
    };
    auto done = read_all();
    events.reset();
    if (!done) return std::move(done).error();
    return last;
}

Result<void> RowSource::add_event(SegmentBuilder& builder) {
    const auto& row = statements_.events;
    builder.add_row(row.integer(kId), row.integer(kSession), row.integer(kTime));
    builder.integer(SegmentColumn::row_class, row_class(row.integer(kKind), row.integer(kInteraction) != 0));
    builder.integer(SegmentColumn::visitor, row.integer(kVisitor));
    builder.integer(SegmentColumn::name, row.integer(kName));
    builder.integer(SegmentColumn::context, row.integer(kContext));
    if (!row.is_null(kPath)) builder.integer(SegmentColumn::path, row.integer(kPath));
    if (!row.is_null(kUser)) builder.integer(SegmentColumn::user, row.integer(kUser));
    if (!row.is_null(kReferrer)) {
        const auto source = model::source_of(row.text(kReferrer));
        if (!source.empty()) builder.text(SegmentColumn::source, source);
    }
    if (!row.is_null(kProps)) builder.text(SegmentColumn::traits, row.text(kProps));
    if (row.integer(kKind) == static_cast<std::int64_t>(Kind::outlink)) return add_link(builder);
    return {};
}

/// A url is kept as site, path and the rest (RowInsert).
Result<void> RowSource::add_link(SegmentBuilder& builder) {
    const auto& row = statements_.events;
    const std::string rest(row.text(kUrl));
    if (row.is_null(kSite)) {
        if (!rest.empty()) builder.text(SegmentColumn::link, rest);
        return {};
    }
    const auto site = text_of(row.integer(kSite));
    if (!site) return site.error();
    const auto path = text_of(row.integer(kPath));
    if (!path) return path.error();
    builder.text(SegmentColumn::link, *site + *path + rest);
    return {};
}

Result<void> RowSource::add_details(SegmentBuilder& builder, std::int64_t id, Beside& details) {
    const auto found = details.is_at(id);
    if (!found) return found.error();
    if (!*found) return {};
    for (int i = 0; i < static_cast<int>(std::size(kDetails)); ++i)
        add_value(builder, kDetails[i], details.row(), i + 1);
    details.pass();
    return {};
}

Result<void> RowSource::add_vitals(SegmentBuilder& builder, std::int64_t id, Beside& vitals) {
    while (true) {
        const auto found = vitals.is_at(id);
        if (!found) return found.error();
        if (!*found) return {};
        const auto name = text_of(vitals.row().integer(1));
        if (!name) return name.error();
        for (const auto& vital : kVitalColumns) {
            if (*name == vital.name) builder.real(vital.column, vitals.row().real(2));
        }
        vitals.pass();
    }
}

Result<std::string> RowSource::text_of(std::int64_t number) {
    const auto known = texts_.find(number);
    if (known != texts_.end()) return known->second;
    auto& statement = statements_.text;
    statement.bind(1, number);
    const auto found = statement.step();
    std::string text = found && *found ? std::string(statement.text(0)) : std::string();
    statement.reset();
    if (!found) return found.error();
    texts_.emplace(number, text);
    return text;
}

Result<std::string> RowSource::event_id_of_row(std::int64_t row) {
    const auto known = event_ids_.find(row);
    if (known != event_ids_.end()) return known->second;
    auto& statement = statements_.event_id;
    statement.bind(1, row);
    const auto found = statement.step();
    std::string id = found && *found ? event_id_of(statement, 0) : std::string();
    statement.reset();
    if (!found) return found.error();
    event_ids_.emplace(row, id);
    return id;
}

Result<bool> RowSource::precedes(std::int64_t row, std::int64_t other_row) {
    const auto id = event_id_of_row(row);
    if (!id) return id.error();
    const auto other = event_id_of_row(other_row);
    if (!other) return other.error();
    return *id != *other ? *id < *other : row < other_row;
}

}  // namespace collector::store::local
