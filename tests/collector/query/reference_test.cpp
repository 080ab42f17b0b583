// The reports again, in plain C++ over a list of events, against the store: random events, ranges and pages.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "store/open.hpp"
#include "support/time_text.hpp"
#include "tests/collector/query/asking.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::query {
namespace {

using http::Json;
using model::Event;
using model::Kind;
using pulsekit::test::SeededRandom;

constexpr std::int64_t kStart = 1'772'668'800'000;  // 2026-03-05T00:00:00Z
constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kDay = 24 * kHour;

std::vector<Event> random_events(SeededRandom& random) {
    static const std::vector<std::string> kNames = {"a", "B", "b", "\xc3\xa9", "zz", "page.leave"};
    std::vector<Event> events;
    const int count = random.below(200);
    for (int i = 0; i < count; ++i) {
        Event event;
        event.project_id = random.below(8) ? "p" : "q";
        event.event_id = "id-" + std::to_string(random.below(2 * count));  // some are sent twice
        event.kind = random.below(2) ? static_cast<Kind>(random.below(2)) : static_cast<Kind>(random.below(11));
        event.interaction = event.kind == Kind::pageview || (event.kind == Kind::event && random.below(4) > 0);
        event.name = kNames[static_cast<std::size_t>(random.below(6))];
        event.source_type = event.name;
        if (random.below(6)) event.path = "/" + kNames[static_cast<std::size_t>(random.below(6))];
        event.visitor_id = "v" + std::to_string(random.below(12));
        event.session_id = "s" + std::to_string(random.below(30));
        // Coarse times, so that rows meet in one instant and ranges end on rows.
        event.ts_ms = kStart + random.below(5 * 24 * 4) * (kHour / 4) + random.below(3) - 1;
        event.received_ms = kStart;
        event.bot = random.below(10) == 0;
        events.push_back(std::move(event));
    }
    return events;
}

/// What reports may see of them for the project: the first with each id, unless it is a crawler's.
std::vector<Event> kept(const std::vector<Event>& events, const std::string& project) {
    std::set<std::string> seen;
    std::vector<Event> rows;
    for (const auto& event : events) {
        if (event.project_id == project && seen.insert(event.event_id).second && !event.bot) rows.push_back(event);
    }
    return rows;
}

double rounded(double value) { return std::floor(value * 10 + 0.5 + 1e-9) / 10; }

/// Rows in range, ordered, without the ledgers.
std::vector<Event> in_range(const std::vector<Event>& rows, std::int64_t from, std::int64_t to) {
    std::vector<Event> found;
    for (const auto& row : rows) {
        if (row.ts_ms >= from && row.ts_ms <= to && row.kind != Kind::delivery) found.push_back(row);
    }
    std::sort(found.begin(), found.end(), [](const Event& a, const Event& b) {
        return std::tie(a.ts_ms, a.event_id) < std::tie(b.ts_ms, b.event_id);
    });
    return found;
}

Json period(const std::vector<Event>& all, std::int64_t from, std::int64_t to) {
    std::map<std::string, std::vector<Event>> sessions;
    std::set<std::string> visitors;
    int pageviews = 0;
    int events = 0;
    for (const auto& row : in_range(all, from, to)) {
        sessions[row.session_id].push_back(row);
        if (is_active(row.kind)) visitors.insert(row.visitor_id);
        pageviews += row.kind == Kind::pageview;
        events += row.kind == Kind::event;
    }
    double count = 0;
    double bounces = 0;
    double seconds = 0;
    for (const auto& [id, rows] : sessions) {
        int active = 0;
        int interactions = 0;
        for (const auto& row : rows) {
            active += is_active(row.kind);
            interactions += row.interaction;
        }
        if (active == 0) continue;
        ++count;
        bounces += interactions == 1;
        seconds += static_cast<double>(rows.back().ts_ms - rows.front().ts_ms) / 1000;
    }
    return {{"pageviews", pageviews},
            {"visitors", visitors.size()},
            {"sessions", static_cast<int>(count)},
            {"bounce_rate", count > 0 ? rounded(100 * bounces / count) : 0},
            {"avg_duration", count > 0 ? rounded(seconds / count) : 0},
            {"events", events}};
}

Json stats(const std::vector<Event>& rows, std::int64_t from, std::int64_t to) {
    const std::int64_t before = from - 1;
    return {{"current", period(rows, from, to)}, {"previous", period(rows, before - (to - from), before)}};
}

Json timeseries(const std::vector<Event>& rows, std::int64_t from, std::int64_t to) {
    auto data = Json::array();
    for (std::int64_t day = from - from % kDay; day <= to; day += kDay) {
        const auto whole = period(rows, std::max(from, day), std::min(to, day + kDay - 1));
        data.push_back({{"date", pulsekit::date_text(day)},
                        {"pageviews", whole["pageviews"]},
                        {"visitors", whole["visitors"]},
                        {"sessions", whole["sessions"]}});
    }
    return {{"data", data}};
}

/// Highest count first, then by the bytes of the name; then the page is cut.
template <typename Entry>
std::vector<std::pair<std::string, Entry>> ranked(const std::map<std::string, Entry>& entries, int limit, int offset) {
    std::vector<std::pair<std::string, Entry>> list(entries.begin(), entries.end());
    std::stable_sort(list.begin(), list.end(),
                     [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
    list.erase(list.begin(), list.begin() + std::min<std::ptrdiff_t>(offset, std::ssize(list)));
    if (std::ssize(list) > limit) list.resize(static_cast<std::size_t>(limit));
    return list;
}

struct Entry {
    int count = 0;
    std::set<std::string> visitors;
    int known = 0;
    double seconds = 0;
};

Json pages(const std::vector<Event>& all, std::int64_t from, std::int64_t to, int limit, int offset) {
    std::map<std::string, Entry> entries;
    const auto rows = in_range(all, from, to);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].kind != Kind::pageview || rows[i].path.empty()) continue;
        auto& entry = entries[rows[i].path];
        ++entry.count;
        entry.visitors.insert(rows[i].visitor_id);
        for (std::size_t j = i + 1; j < rows.size(); ++j) {
            if (rows[j].session_id != rows[i].session_id) continue;
            ++entry.known;
            entry.seconds += static_cast<double>(rows[j].ts_ms - rows[i].ts_ms) / 1000;
            break;
        }
    }
    auto data = Json::array();
    for (const auto& [path, entry] : ranked(entries, limit, offset)) {
        data.push_back({{"path", path},
                        {"views", entry.count},
                        {"unique_views", entry.visitors.size()},
                        {"avg_duration", entry.known ? rounded(entry.seconds / entry.known) : 0}});
    }
    return {{"data", data}, {"total", entries.size()}};
}

Json events(const std::vector<Event>& all, std::int64_t from, std::int64_t to, int limit, int offset) {
    std::map<std::string, Entry> entries;
    for (const auto& row : in_range(all, from, to)) {
        if (row.kind != Kind::event) continue;
        ++entries[row.name].count;
        entries[row.name].visitors.insert(row.visitor_id);
    }
    auto data = Json::array();
    for (const auto& [name, entry] : ranked(entries, limit, offset)) {
        data.push_back({{"name", name}, {"count", entry.count}, {"unique", entry.visitors.size()}});
    }
    return {{"data", data}};
}

Json realtime(const std::vector<Event>& rows, std::int64_t now) {
    std::set<std::string> visitors;
    for (const auto& row : in_range(rows, now - 300'000, now)) visitors.insert(row.visitor_id);
    return {{"active_visitors", visitors.size()}};
}

void compare_reports(SeededRandom& random) {
    const pulsekit::test::TemporaryFolder folder;
    const auto store =
        store::open_store({.data_directory = folder.path().string(), .sync = store::Sync::normal}, random);
    ASSERT_TRUE(store.ok());
    const auto sent = random_events(random);
    for (std::size_t i = 0; i < sent.size();) {  // in appends of any size
        const auto end = std::min(sent.size(), i + 1 + static_cast<std::size_t>(random.below(60)));
        ASSERT_TRUE((*store)->append({sent.begin() + std::ptrdiff_t(i), sent.begin() + std::ptrdiff_t(end)}).ok());
        i = end;
    }
    for (int i = 0; i < 8; ++i) {
        const std::string project = random.below(4) ? "p" : "q";
        const auto rows = kept(sent, project);
        const std::int64_t from = kStart + random.below(4 * 24 * 4) * (kHour / 4);
        const std::int64_t to = from + random.below(3 * 24 * 4) * (kHour / 4) - (random.below(2) ? 0 : 1);
        if (to < from) continue;
        const int limit = 1 + random.below(8);
        const int offset = random.below(4);
        const std::string range =
            "start_at=" + pulsekit::date_time_ms_text(from) + "&end_at=" + pulsekit::date_time_ms_text(to);
        const std::string page = "&limit=" + std::to_string(limit) + "&offset=" + std::to_string(offset);
        const auto expect = [&](const std::string& target, const Json& expected) {
            const auto reply = test::ask(**store, to, test::project(project), target);
            ASSERT_TRUE(reply);
            EXPECT_EQ(reply->status, 200);
            EXPECT_EQ(reply->body, expected) << target << "\n" << Json::diff(expected, reply->body);
        };
        expect("/api/v1/stats?" + range, stats(rows, from, to));
        expect("/api/v1/stats/timeseries?" + range, timeseries(rows, from, to));
        expect("/api/v1/pages?" + range + page, pages(rows, from, to, limit, offset));
        expect("/api/v1/events?" + range + page, events(rows, from, to, limit, offset));
        expect("/api/v1/realtime", realtime(rows, to));
    }
}

TEST(Reference, AgreesWithTheStore) {
    const char* chosen = std::getenv("PULSEKIT_TEST_SEED");
    const std::uint64_t first = chosen ? std::strtoull(chosen, nullptr, 10) : std::random_device{}();
    for (std::uint64_t seed = first; seed < first + (chosen ? 1u : 40u) && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("PULSEKIT_TEST_SEED=" + std::to_string(seed));
        SeededRandom random(seed);
        compare_reports(random);
    }
}

}  // namespace
}  // namespace collector::query
