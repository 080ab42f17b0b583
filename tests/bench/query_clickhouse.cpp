#include "tests/bench/query_clickhouse.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace bench {
namespace {

using collector::http::Json;

// Only what the questions read: columns that nobody reads cost a column store nothing. Ids are kept as texts, and
// counted and grouped by their hashes, which are much faster; two of some million that have the same are as good as
// impossible. Most questions group by session or visitor and want most rows of their days: a visitor's lie side by
// side.
constexpr const char* kTable = R"(
    CREATE TABLE events (
        ts_ms Int64,
        day Date MATERIALIZED toDate(toDateTime(intDiv(ts_ms, 1000))),
        kind UInt8,
        interaction UInt8,
        bot UInt8,
        name LowCardinality(String),
        visitor_id String,
        visitor UInt64 MATERIALIZED cityHash64(visitor_id),
        session_id String,
        session UInt64 MATERIALIZED cityHash64(session_id),
        path LowCardinality(String),
        path_hash UInt64 MATERIALIZED cityHash64(path),
        referrer LowCardinality(String),
        vital LowCardinality(String),
        vital_value Float64
    ) ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (day, visitor, ts_ms))";
constexpr const char* kInsert =
    "INSERT INTO events (ts_ms, kind, interaction, bot, name, visitor_id, session_id, path, referrer, vital, "
    "vital_value) FORMAT TabSeparated";
constexpr std::size_t kRowsAtATime = 200'000;

/// The rows that reports see. Kinds: 0 is a pageview, 1 an event, 10 a client's delivery ledger.
constexpr const char* kSeen = R"(
    day BETWEEN toDate(toDateTime(intDiv({from}, 1000))) AND toDate(toDateTime(intDiv({to}, 1000)))
    AND ts_ms BETWEEN {from} AND {to} AND bot = 0 AND kind < 10)";

// ClickHouse's round() makes 6.2 of 6.25, a report 6.3: hence floor(... + 0.5). A session is of one visitor, and no two
// rows of the benchmark are of one millisecond: later is later by time alone.

constexpr const char* kStats = R"(
    SELECT sum(views), uniqExactIf(visitor, is_active), countIf(is_active),
           floor(1000 * countIf(is_active AND interactions = 1) / countIf(is_active) + 0.5) / 10,
           floor(sumIf(duration, is_active) / (100 * countIf(is_active)) + 0.5) / 10, sum(events)
    FROM (SELECT any(visitor) AS visitor, countIf(kind = 0) AS views, countIf(kind = 1) AS events,
                 max(kind < 2) AS is_active, countIf(kind < 2 AND interaction = 1) AS interactions,
                 max(ts_ms) - min(ts_ms) AS duration
          FROM events WHERE {seen} GROUP BY session))";

constexpr const char* kTimeseries = R"(
    SELECT day, countIf(kind = 0), uniqExact(visitor), uniqExact(session)
    FROM events WHERE {seen} AND kind < 2 GROUP BY day ORDER BY day)";

constexpr const char* kPages = R"(
    SELECT path, views, visitors, if(ends = 0, 0, floor(gaps / (100 * ends) + 0.5) / 10)
    FROM (SELECT path_hash, count() AS views, uniqExact(visitor) AS visitors, sum(gap) AS gaps,
                 countIf(gap > 0) AS ends
          FROM (SELECT any(visitor) AS visitor,
                       arraySort(groupArray((ts_ms, if(kind = 0, path_hash, 0)))) AS rows,
                       arrayMap(row -> row.1, rows) AS times,
                       arrayMap(row -> row.2, rows) AS path_hashes,
                       arrayPushBack(arrayMap((one, next) -> next - one, arrayPopBack(times), arrayPopFront(times)),
                                     0) AS gap_after
                FROM events WHERE {seen} GROUP BY session)
          ARRAY JOIN path_hashes AS path_hash, gap_after AS gap
          WHERE path_hash <> 0 GROUP BY path_hash)
    ANY INNER JOIN (SELECT path_hash, any(path) AS path FROM events WHERE {seen} GROUP BY path_hash) USING path_hash
    ORDER BY views DESC, path LIMIT 10)";
constexpr const char* kPagesTotal = R"(
    SELECT uniqExact(path) FROM events WHERE {seen} AND kind = 0)";

constexpr const char* kReferrers = R"(
    SELECT if(source = '', '(direct)', source) AS shown, uniqExact(visitor) AS visitors, sum(views)
    FROM (SELECT any(visitor) AS visitor, countIf(kind = 0) AS views,
                 domainWithoutWWW(argMinIf(referrer, ts_ms, kind = 0)) AS source
          FROM events WHERE {seen} AND kind < 2 GROUP BY session HAVING views > 0)
    GROUP BY shown ORDER BY visitors DESC, shown LIMIT 10)";

/// Its times, and the window past them, are of 32 bits: three milliseconds each.
constexpr const char* kFunnel = R"(
    SELECT countIf(level > 0), countIf(level > 1), countIf(level > 2), countIf(level > 3)
    FROM (SELECT windowFunnel(2000000000)(toUInt32(intDiv(ts_ms - {from}, 3)), kind = 0 AND path = '/',
                                          kind = 0 AND path = '/section/page-1', kind = 1 AND name = 'signup',
                                          kind = 1 AND name = 'purchase') AS level
          FROM events
          WHERE {seen} AND (kind = 0 AND path IN ('/', '/section/page-1') OR
                            kind = 1 AND name IN ('signup', 'purchase'))
          GROUP BY visitor))";

/// Who was first active in the range is asked of all rows, and so is on which days they came back.
constexpr const char* kRetention = R"(
    SELECT cohort, visitors, returned
    FROM (SELECT toMonday(first) AS cohort, count() AS visitors,
                 arrayMap((days, back) -> if(cohort + days <= today(), floor(1000 * back / visitors + 0.5) / 10, NULL),
                          [1, 7, 14, 30, 60, 90], sumForEach(came_back)) AS returned
          FROM (SELECT min(day) AS first, groupUniqArray(day) AS active,
                       arrayMap(days -> has(active, first + days), [1, 7, 14, 30, 60, 90]) AS came_back
                FROM events WHERE bot = 0 AND kind < 2 GROUP BY visitor HAVING min(ts_ms) BETWEEN {from} AND {to})
          GROUP BY cohort)
    ORDER BY cohort)";

/// Where each visitor went next after the first look at the first page; nowhere is an empty path.
constexpr const char* kPaths = R"(
    SELECT if(next_hash = 0, '(exit)', path) AS next, visitors, floor(1000 * visitors / total + 0.5) / 10
    FROM (SELECT next_hash, visitors, total
          FROM (SELECT groupArray(next_hash) AS hashes, groupArray(visitors) AS counts, sum(visitors) AS total
                FROM (SELECT next_hash, count() AS visitors
                      FROM (SELECT argMin(next_hash, start) AS next_hash
                            FROM (SELECT any(visitor) AS visitor,
                                         arraySort(groupArray((ts_ms, path_hash))) AS views,
                                         arrayFirstIndex(view -> view.2 = cityHash64('/'), views) AS at,
                                         views[at].1 AS start,
                                         arrayFirst(hash -> hash <> cityHash64('/'),
                                                    arrayMap(view -> view.2, arraySlice(views, at))) AS next_hash
                                  FROM events WHERE {seen} AND kind = 0 GROUP BY session HAVING at > 0)
                            GROUP BY visitor)
                      GROUP BY next_hash))
          ARRAY JOIN hashes AS next_hash, counts AS visitors)
    ANY LEFT JOIN (SELECT path_hash AS next_hash, any(path) AS path FROM events WHERE {seen} AND kind = 0
                   GROUP BY path_hash) USING next_hash
    ORDER BY next_hash = 0, visitors DESC, next LIMIT 9 BY next_hash = 0)";

/// Linear between the closest ranks.
constexpr const char* kVitals = R"(
    WITH arraySort(groupArray(vital_value)) AS values,
         arrayMap(q -> (length(values) - 1) * q, [0.5, 0.75, 0.99]) AS ranks,
         arrayMap(rank -> values[toUInt32(rank) + 1] * (1 - (rank - floor(rank))) +
                          values[toUInt32(rank) + 2] * (rank - floor(rank)), ranks) AS found,
         if(vital = 'CLS', 1000, 10) AS scale
    SELECT arrayMap(value -> floor(floor(value * 1e6 + 0.5) / (1e6 / scale) + 0.5) / scale, found)
    FROM events WHERE {seen} AND kind = 3 GROUP BY vital
    ORDER BY indexOf(['LCP', 'FCP', 'CLS', 'INP', 'TTFB'], vital))";

constexpr const char* kRealtime = R"(
    SELECT uniqExact(visitor) FROM events
    WHERE day >= toDate(now() - 300) AND ts_ms >= (toInt64(now()) - 300) * 1000 AND bot = 0 AND kind < 10)";

struct Question {
    std::string_view report;
    std::vector<const char*> sql;  ///< what they answer, one after the other
};

const Question& question(std::string_view report) {
    static const std::vector<Question> kQuestions = {
        {"stats", {kStats}},         {"timeseries", {kTimeseries}}, {"pages", {kPages, kPagesTotal}},
        {"referrers", {kReferrers}}, {"funnel4", {kFunnel}},        {"retention", {kRetention}},
        {"paths", {kPaths}},         {"webvitals", {kVitals}},      {"realtime", {kRealtime}},
    };
    const auto found =
        std::find_if(kQuestions.begin(), kQuestions.end(), [&](const Question& each) { return each.report == report; });
    if (found == kQuestions.end()) throw std::runtime_error("no SQL for " + std::string(report));
    return *found;
}

/// None of the benchmark's texts has a character that must be escaped.
void append_row(std::string& rows, const collector::model::Event& event) {
    const auto text = [&](const std::string& value) {
        rows += value;
        rows += '\t';
    };
    text(std::to_string(event.ts_ms));
    text(std::to_string(static_cast<int>(event.kind)));
    text(event.interaction ? "1" : "0");
    text(event.bot ? "1" : "0");
    text(event.name);
    text(event.visitor_id);
    text(event.session_id);
    text(event.path);
    text(event.referrer);
    if (event.vitals.size() > 1) throw std::runtime_error("the table has one web vital for each event");
    text(event.vitals.empty() ? "" : event.vitals[0].first);
    char value[40];
    std::snprintf(value, sizeof value, "%.17g", event.vitals.empty() ? 0 : event.vitals[0].second);
    rows += value;
    rows += '\n';
}

void append_leaves(std::vector<Leaf>& leaves, const Json& json) {
    for (const auto& value : json) {
        if (value.is_array()) {
            append_leaves(leaves, value);
        } else {
            append_leaf(leaves, value);
        }
    }
}

}  // namespace

ClickHouseQuestions::ClickHouseQuestions(Visits visits) {
    server_.send(kTable);
    load(std::move(visits));
}

void ClickHouseQuestions::load(Visits visits) {
    for (auto events = visits.next(kRowsAtATime); !events.empty(); events = visits.next(kRowsAtATime)) {
        std::string rows;
        for (const auto& event : events) append_row(rows, event);
        server_.send(kInsert, rows);
    }
    server_.send("OPTIMIZE TABLE events FINAL");  // as they lie after a while
}

std::vector<Leaf> ClickHouseQuestions::ask(std::string_view report, std::int64_t from_ms, std::int64_t to_ms) {
    std::vector<Leaf> leaves;
    for (std::string sql : question(report).sql) {
        sql = filled(std::move(sql), "{seen}", kSeen);
        sql = filled(std::move(sql), "{from}", std::to_string(from_ms));
        sql = filled(std::move(sql), "{to}", std::to_string(to_ms));
        const auto answer = Json::parse(server_.send(sql + " FORMAT JSONCompact"), nullptr, false);
        if (!answer.is_object()) throw std::runtime_error("ClickHouse gave no JSON to " + sql);
        append_leaves(leaves, answer["data"]);
    }
    return leaves;
}

}  // namespace bench
