#include "tests/bench/query_rows.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace bench {
namespace {

// SQLite makes no index for what a WITH gives, and reads all of it for each row of the other side of a join. So what is
// joined becomes a temporary table with a key; a CROSS JOIN keeps the order in which its tables are read.

/// The rows that reports see. Kinds: 0 is a pageview, 1 an event, 10 a client's delivery ledger.
constexpr const char* kSeen = R"(
    seen AS (SELECT * FROM events
             WHERE project = {project} AND ts_ms BETWEEN {from} AND {to} AND bot = 0 AND kind < 10))";

constexpr const char* kStats = R"(
    WITH {seen},
    sessions AS (SELECT max(kind < 2) AS is_active, sum(kind < 2 AND interaction) AS interactions,
                        max(ts_ms) - min(ts_ms) AS duration
                 FROM seen GROUP BY session)
    SELECT (SELECT count(*) FROM seen WHERE kind = 0),
           (SELECT count(DISTINCT visitor) FROM seen WHERE kind < 2),
           (SELECT count(*) FROM sessions WHERE is_active),
           (SELECT coalesce(round(100.0 * sum(interactions = 1) / count(*), 1), 0) FROM sessions WHERE is_active),
           (SELECT coalesce(round(sum(duration) / 1000.0 / count(*), 1), 0) FROM sessions WHERE is_active),
           (SELECT count(*) FROM seen WHERE kind = 1))";

constexpr const char* kTimeseries = R"(
    WITH {seen}
    SELECT date(ts_ms / 1000, 'unixepoch') AS day, sum(kind = 0), count(DISTINCT visitor), count(DISTINCT session)
    FROM seen WHERE kind < 2 GROUP BY day ORDER BY day)";

constexpr const char* kPages = R"(
    WITH {seen},
    left_after AS (SELECT kind, path, visitor,
                          lead(ts_ms) OVER (PARTITION BY session ORDER BY ts_ms, event_id) - ts_ms AS gap
                   FROM seen)
    SELECT text, count(*) AS views, count(DISTINCT visitor),
           coalesce(round(sum(gap) / 1000.0 / count(gap), 1), 0)
    FROM left_after JOIN event_texts ON event_texts.id = path
    WHERE kind = 0 GROUP BY path ORDER BY views DESC, text LIMIT 10)";

constexpr const char* kPagesTotal = R"(
    WITH {seen} SELECT count(DISTINCT path) FROM seen WHERE kind = 0)";

constexpr const char* kSources = R"(
    CREATE TEMP TABLE sources (session INTEGER PRIMARY KEY, source TEXT);
    WITH {seen},
    views AS (SELECT session, referrer, row_number() OVER (PARTITION BY session ORDER BY ts_ms, event_id) AS number
              FROM seen WHERE kind = 0),
    hosts AS (SELECT session, substr(referrer, instr(referrer, '://') + 3) || '/' AS host
              FROM views WHERE number = 1)
    INSERT INTO sources
    SELECT session, CASE WHEN host LIKE 'www.%' THEN substr(host, 5, instr(host, '/') - 5)
                         ELSE substr(host, 1, instr(host, '/') - 1) END
    FROM hosts)";
constexpr const char* kReferrers = R"(
    WITH {seen}
    SELECT coalesce(source, '(direct)') AS source, count(DISTINCT visitor) AS visitors, sum(kind = 0)
    FROM seen CROSS JOIN sources USING (session)
    WHERE kind < 2 GROUP BY 1 ORDER BY visitors DESC, source LIMIT 10)";

/// No visitor of the benchmark has two rows in one millisecond: later is later by time alone.
constexpr const char* kSteps = R"(
    CREATE TEMP TABLE first (visitor INTEGER PRIMARY KEY, at INTEGER);
    CREATE TEMP TABLE second (visitor INTEGER PRIMARY KEY, at INTEGER);
    CREATE TEMP TABLE third (visitor INTEGER PRIMARY KEY, at INTEGER);
    WITH {seen} INSERT INTO first
    SELECT visitor, min(ts_ms) FROM seen WHERE kind = 0 AND path = {word:/} GROUP BY visitor;
    WITH {seen} INSERT INTO second
    SELECT visitor, min(ts_ms) FROM seen CROSS JOIN first USING (visitor)
    WHERE kind = 0 AND path = {word:/section/page-1} AND ts_ms > at GROUP BY visitor;
    WITH {seen} INSERT INTO third
    SELECT visitor, min(ts_ms) FROM seen CROSS JOIN second USING (visitor)
    WHERE kind = 1 AND name = {word:signup} AND ts_ms > at GROUP BY visitor)";
constexpr const char* kFunnel = R"(
    WITH {seen}
    SELECT (SELECT count(*) FROM first), (SELECT count(*) FROM second), (SELECT count(*) FROM third),
           (SELECT count(DISTINCT visitor) FROM seen CROSS JOIN third USING (visitor)
            WHERE kind = 1 AND name = {word:purchase} AND ts_ms > at))";

/// Who was first active in the range is asked of all rows, and so is on which days they came back.
constexpr const char* kFirstDays = R"(
    CREATE TEMP TABLE active (visitor INTEGER, day INTEGER, at INTEGER);
    CREATE TEMP TABLE first (visitor INTEGER PRIMARY KEY, day INTEGER, cohort INTEGER);
    INSERT INTO active
    SELECT visitor, ts_ms / 86400000 AS day, min(ts_ms) FROM events
    WHERE project = {project} AND bot = 0 AND kind < 2 GROUP BY visitor, day;
    INSERT INTO first
    SELECT visitor, min(day), min(day) - (min(day) + 3) % 7 FROM active
    GROUP BY visitor HAVING min(at) BETWEEN {from} AND {to})";
constexpr const char* kRetention = R"(
    SELECT date(cohort * 86400, 'unixepoch'), count(DISTINCT visitor){returns}
    FROM active CROSS JOIN first USING (visitor) GROUP BY cohort ORDER BY cohort)";
constexpr int kReturns[] = {1, 7, 14, 30, 60, 90};
constexpr const char* kReturn = R"(,
           CASE WHEN cohort + {days} <= unixepoch() / 86400
                THEN round(100.0 * sum(active.day - first.day = {days}) / count(DISTINCT visitor), 1) END)";

/// The other columns of a row with min() are those of the row that has it.
constexpr const char* kNexts = R"(
    CREATE TEMP TABLE starts (visitor INTEGER, session INTEGER, at INTEGER);
    CREATE TEMP TABLE nexts (visitor INTEGER PRIMARY KEY, path INTEGER, at INTEGER);
    WITH {seen} INSERT INTO starts
    SELECT visitor, session, min(ts_ms) FROM seen WHERE kind = 0 AND path = {word:/} GROUP BY visitor;
    CREATE INDEX temp.starts_by_session ON starts (session);
    WITH {seen} INSERT INTO nexts
    SELECT starts.visitor, path, min(ts_ms) FROM seen CROSS JOIN starts ON starts.session = seen.session
    WHERE kind = 0 AND path <> {word:/} AND ts_ms > at GROUP BY starts.visitor)";
constexpr const char* kPaths = R"(
    WITH flows AS (SELECT text, count(*) AS visitors FROM nexts JOIN event_texts ON event_texts.id = path GROUP BY path)
    SELECT text, visitors, round(100.0 * visitors / (SELECT count(*) FROM starts), 1)
    FROM (SELECT * FROM flows ORDER BY visitors DESC, text LIMIT 9)
    UNION ALL
    SELECT '(exit)', count(*), round(100.0 * count(*) / (SELECT count(*) FROM starts), 1)
    FROM starts WHERE visitor NOT IN (SELECT visitor FROM nexts))";

/// Linear between the closest ranks.
constexpr const char* kVitals = R"(
    WITH {seen},
    ranked AS (SELECT text AS vital, value, row_number() OVER (PARTITION BY name ORDER BY value) - 1 AS rank,
                      count(*) OVER (PARTITION BY name) - 1 AS last
               FROM (SELECT event_vitals.name AS name, value FROM seen
                     CROSS JOIN event_vitals ON event = seen.id WHERE kind = 3)
               JOIN event_texts ON event_texts.id = name),
    wanted AS (SELECT 0.5 AS q UNION ALL SELECT 0.75 UNION ALL SELECT 0.99),
    found AS (SELECT vital, q, sum(value * max(0, 1 - abs(rank - last * q))) AS value
              FROM ranked, wanted WHERE rank BETWEEN cast(last * q AS INTEGER) AND cast(last * q AS INTEGER) + 1
              GROUP BY vital, q)
    SELECT round(value, CASE vital WHEN 'CLS' THEN 3 ELSE 1 END) FROM found
    ORDER BY CASE vital WHEN 'LCP' THEN 0 WHEN 'FCP' THEN 1 WHEN 'CLS' THEN 2 WHEN 'INP' THEN 3 ELSE 4 END, q)";

constexpr const char* kRealtime = R"(
    SELECT count(DISTINCT visitor) FROM events
    WHERE project = {project} AND ts_ms >= (unixepoch() - 300) * 1000 AND bot = 0 AND kind < 10)";

struct Question {
    std::string_view report;
    const char* prepare;           ///< what makes temporary tables
    std::vector<const char*> sql;  ///< what they answer, one after the other
};

const Question& question(std::string_view report) {
    static const std::vector<Question> kQuestions = {
        {"stats", nullptr, {kStats}},
        {"timeseries", nullptr, {kTimeseries}},
        {"pages", nullptr, {kPages, kPagesTotal}},
        {"referrers", kSources, {kReferrers}},
        {"funnel4", kSteps, {kFunnel}},
        {"retention", kFirstDays, {kRetention}},
        {"paths", kNexts, {kPaths}},
        {"webvitals", nullptr, {kVitals}},
        {"realtime", nullptr, {kRealtime}},
    };
    const auto found =
        std::find_if(kQuestions.begin(), kQuestions.end(), [&](const Question& each) { return each.report == report; });
    if (found == kQuestions.end()) throw std::runtime_error("no SQL for " + std::string(report));
    return *found;
}

}  // namespace

RowQuestions::RowQuestions(const std::string& data_directory, const std::string& project)
    : database_([&] {
          auto opened =
              pulsekit::sqlite::Database::open(data_directory + "/pulse.sqlite", pulsekit::sqlite::Access::read_only);
          if (!opened) throw std::runtime_error(opened.error().message);
          return std::move(*opened);
      }()) {
    run("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -262144");
    const auto found =
        rows_of("SELECT id FROM event_texts WHERE project = 0 AND space = 0 AND text = '" + project + "'");
    if (found.empty()) throw std::runtime_error("there are no rows of project " + project);
    project_ = static_cast<std::int64_t>(std::get<double>(found[0]));
}

std::vector<Leaf> RowQuestions::ask(std::string_view report, std::int64_t from_ms, std::int64_t to_ms) {
    const auto& asked = question(report);
    if (asked.prepare)
        run("DROP TABLE IF EXISTS temp.sources; DROP TABLE IF EXISTS temp.first; "
            "DROP TABLE IF EXISTS temp.second; DROP TABLE IF EXISTS temp.third; "
            "DROP TABLE IF EXISTS temp.active; DROP TABLE IF EXISTS temp.starts; "
            "DROP TABLE IF EXISTS temp.nexts;" +
            complete(asked.prepare, from_ms, to_ms));
    std::vector<Leaf> leaves;
    for (const auto* sql : asked.sql) {
        for (auto& leaf : rows_of(complete(sql, from_ms, to_ms))) leaves.push_back(std::move(leaf));
    }
    return leaves;
}

std::string RowQuestions::complete(std::string sql, std::int64_t from_ms, std::int64_t to_ms) const {
    std::string returns;
    for (const int days : kReturns) returns += filled(kReturn, "{days}", std::to_string(days));
    sql = filled(std::move(sql), "{returns}", returns);
    sql = filled(std::move(sql), "{seen}", kSeen);
    for (const std::string word : {"/", "/section/page-1", "signup", "purchase"}) {
        sql = filled(std::move(sql), "{word:" + word + "}",
                     "(SELECT id FROM event_texts WHERE project = {project} AND space = 1 AND text = '" + word + "')");
    }
    sql = filled(std::move(sql), "{project}", std::to_string(project_));
    sql = filled(std::move(sql), "{from}", std::to_string(from_ms));
    return filled(std::move(sql), "{to}", std::to_string(to_ms));
}

void RowQuestions::run(const std::string& sql) {
    if (auto done = database_.execute(sql); !done) throw std::runtime_error(done.error().message + "\n" + sql);
}

std::vector<Leaf> RowQuestions::rows_of(const std::string& sql) {
    auto statement = database_.prepare(sql);
    if (!statement) throw std::runtime_error(statement.error().message + "\n" + sql);
    std::vector<Leaf> leaves;
    while (true) {
        const auto more = statement->step();
        if (!more) throw std::runtime_error(more.error().message + "\n" + sql);
        if (!*more) return leaves;
        for (int column = 0; column < statement->columns(); ++column) {
            if (statement->is_null(column)) {
                leaves.emplace_back();
            } else if (statement->is_integer(column) || statement->is_real(column)) {
                leaves.emplace_back(statement->real(column));
            } else {
                leaves.emplace_back(std::string(statement->text(column)));
            }
        }
    }
}

}  // namespace bench
