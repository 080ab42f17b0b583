// The core reports, compared with their plainest form.
#include "tests/collector/query/reference.hpp"

namespace collector::query::test {
namespace {

Json period(const Asked& asked, std::int64_t from, std::int64_t to) {
    std::map<std::string, Rows> sessions;
    std::set<std::string> visitors;
    int pageviews = 0;
    int events = 0;
    for (const auto& row : asked.rows(from, to)) {
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
            {"bounce_rate", count > 0 ? round_half_up(100 * bounces / count, 1) : 0},
            {"avg_duration", count > 0 ? round_half_up(seconds / count, 1) : 0},
            {"events", events}};
}

Json stats(const Asked& asked) {
    const std::int64_t before = asked.from - 1;
    return {{"current", period(asked, asked.from, asked.to)},
            {"previous", period(asked, before - (asked.to - asked.from), before)}};
}

/// A filter keeps a session by its rows of the whole range.
Json timeseries(const Asked& asked) {
    auto data = Json::array();
    for (std::int64_t day = asked.from - asked.from % kDay; day <= asked.to; day += kDay) {
        int pageviews = 0;
        std::set<std::string> visitors;
        std::set<std::string> sessions;
        for (const auto& row : asked.rows()) {
            if (row.ts_ms < day || row.ts_ms >= day + kDay || !is_active(row.kind)) continue;
            pageviews += row.kind == Kind::pageview;
            visitors.insert(row.visitor_id);
            sessions.insert(row.session_id);
        }
        data.push_back({{"date", pulsekit::date_text(day)},
                        {"pageviews", pageviews},
                        {"visitors", visitors.size()},
                        {"sessions", sessions.size()}});
    }
    return {{"data", data}};
}

struct Entry {
    int count = 0;
    std::set<std::string> visitors;
    int known = 0;
    double seconds = 0;
};
int count_of(const Entry& entry) { return entry.count; }

Json pages(const Asked& asked) {
    std::map<std::string, Entry> entries;
    const auto rows = asked.rows();
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
    for (const auto& [path, entry] : asked.ranked(entries, count_of)) {
        data.push_back({{"path", path},
                        {"views", entry.count},
                        {"unique_views", entry.visitors.size()},
                        {"avg_duration", entry.known ? round_half_up(entry.seconds / entry.known, 1) : 0}});
    }
    return {{"data", data}, {"total", entries.size()}};
}

Json events(const Asked& asked) {
    std::map<std::string, Entry> entries;
    for (const auto& row : asked.rows()) {
        if (row.kind != Kind::event) continue;
        ++entries[row.name].count;
        entries[row.name].visitors.insert(row.visitor_id);
    }
    auto data = Json::array();
    for (const auto& [name, entry] : asked.ranked(entries, count_of)) {
        data.push_back({{"name", name}, {"count", entry.count}, {"unique", entry.visitors.size()}});
    }
    return {{"data", data}};
}

Json referrers(const Asked& asked) {
    std::map<std::string, Entry> entries;
    for (const auto& [id, rows] : asked.sessions()) {
        const auto first =
            std::find_if(rows.begin(), rows.end(), [](const Event& row) { return row.kind == Kind::pageview; });
        if (first == rows.end()) continue;
        auto& entry = entries[source_of(*first).empty() ? "(direct)" : source_of(*first)];
        for (const auto& row : rows) {
            entry.count += row.kind == Kind::pageview;
            if (is_active(row.kind)) entry.visitors.insert(row.visitor_id);
        }
    }
    auto data = Json::array();
    for (const auto& [source, entry] :
         asked.ranked(entries, [](const Entry& entry) { return entry.visitors.size(); })) {
        data.push_back({{"source", source}, {"visitors", entry.visitors.size()}, {"pageviews", entry.count}});
    }
    return {{"data", data}};
}

bool any_active(const Rows& rows) {
    return std::any_of(rows.begin(), rows.end(), [](const Event& row) { return is_active(row.kind); });
}

/// Active visitors by the name that `named` makes of their rows.
Json shares(const Asked& asked, const char* member, const std::function<std::string(const Rows&)>& named) {
    std::map<std::string, std::size_t> entries;
    std::size_t all = 0;
    for (const auto& [id, rows] : asked.visitors()) {
        if (!any_active(rows)) continue;
        ++all;
        const auto name = named(rows);
        ++entries[name.empty() ? "Unknown" : name];
    }
    auto list = Json::array();
    for (const auto& [name, count] : asked.ranked(entries, [](std::size_t count) { return count; })) {
        list.push_back({{member, name}, {"visitors", count}, {"percentage", share(count, all)}});
    }
    return list;
}

Json devices(const Asked& asked) {
    const auto device = [](const Rows& rows) {
        auto name = rows.back().device_type;
        if (name == "desktop" || name == "mobile" || name == "tablet") name[0] = static_cast<char>(name[0] - 32);
        return name;
    };
    return {{"browsers", shares(asked, "name", [](const Rows& rows) { return rows.back().browser; })},
            {"operating_systems", shares(asked, "name", [](const Rows& rows) { return rows.back().os; })},
            {"device_types", shares(asked, "name", device)}};
}

Json geo(const Asked& asked) {
    return {{"data", shares(asked, "country", [](const Rows& rows) {
                 std::string latest;
                 for (const auto& row : rows) latest = row.country.empty() ? latest : row.country;
                 return latest;
             })}};
}

Json realtime(const Asked& asked) {
    std::set<std::string> visitors;
    for (const auto& row : asked.rows(asked.to - 300'000, asked.to)) visitors.insert(row.visitor_id);
    return {{"active_visitors", visitors.size()}};
}

void core(const Asked& asked, const Expect& expect) {
    expect("/api/v1/stats?" + asked.range(), stats(asked));
    expect("/api/v1/stats/timeseries?" + asked.range(), timeseries(asked));
    expect("/api/v1/pages?" + asked.range() + asked.page(), pages(asked));
    expect("/api/v1/events?" + asked.range() + asked.page(), events(asked));
    expect("/api/v1/referrers?" + asked.range() + asked.page(), referrers(asked));
    expect("/api/v1/devices?" + asked.range() + asked.page(), devices(asked));
    expect("/api/v1/geo?" + asked.range() + asked.page(), geo(asked));
    expect("/api/v1/realtime?" + asked.range(), realtime(asked));
}

TEST(Reference, CoreReportsAgreeWithTheStore) { compare(core); }

}  // namespace
}  // namespace collector::query::test
