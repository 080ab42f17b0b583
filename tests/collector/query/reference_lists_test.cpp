// Searches, scrolling, outlinks, ledgers and the gateway's reads, compared with their plainest form.
#include "tests/collector/query/reference.hpp"

namespace collector::query::test {
namespace {

struct Entry {
    int count = 0;
    int known = 0;
    double sum = 0;
    double greatest = 0;
    int zeros = 0;
    std::set<std::string> visitors;
};
int count_of(const Entry& entry) { return entry.count; }
double mean_of(const Entry& entry) { return entry.known ? round_half_up(entry.sum / entry.known, 1) : 0; }

Json searches(const Asked& asked) {
    std::map<std::string, Entry> entries;
    for (const auto& row : asked.rows()) {
        if (row.kind != Kind::search_query || row.query.empty()) continue;
        auto& entry = entries[row.query];
        ++entry.count;
        if (!row.results_count) continue;
        ++entry.known;
        entry.sum += static_cast<double>(*row.results_count);
        entry.zeros += *row.results_count == 0;
    }
    auto data = Json::array();
    for (const auto& [query, entry] : asked.ranked(entries, count_of)) {
        data.push_back(
            {{"query", query}, {"count", entry.count}, {"avg_results", mean_of(entry)}, {"zero_results", entry.zeros}});
    }
    return {{"data", data}};
}

Json scroll_depth(const Asked& asked) {
    std::map<std::string, Entry> entries;
    for (const auto& row : asked.rows()) {
        if (row.kind != Kind::scroll_depth || row.path.empty() || !row.depth) continue;
        auto& entry = entries[row.path];
        ++entry.count;
        ++entry.known;
        entry.sum += *row.depth;
        entry.greatest = std::max(entry.greatest, *row.depth);
    }
    auto data = Json::array();
    for (const auto& [path, entry] : asked.ranked(entries, count_of)) {
        data.push_back(
            {{"path", path}, {"avg_depth", mean_of(entry)}, {"max_depth", entry.greatest}, {"samples", entry.count}});
    }
    return {{"data", data}};
}

Json outlinks(const Asked& asked) {
    std::map<std::string, Entry> entries;
    for (const auto& row : asked.rows()) {
        if (row.kind != Kind::outlink || row.url.empty()) continue;
        ++entries[row.url].count;
        entries[row.url].visitors.insert(row.visitor_id);
    }
    auto data = Json::array();
    for (const auto& [url, entry] : asked.ranked(entries, count_of)) {
        data.push_back({{"url", url}, {"clicks", entry.count}, {"visitors", entry.visitors.size()}});
    }
    return {{"data", data}};
}

Json top_events(const Asked& asked) {
    std::map<std::string, Entry> entries;
    for (const auto& row : asked.rows()) ++entries[row.name].count;
    auto data = Json::array();
    for (const auto& [name, entry] : asked.ranked(entries, count_of)) {
        data.push_back({{"name", name}, {"count", entry.count}});
    }
    return {{"success", true}, {"data", data}};
}

Json event_list(const Asked& asked, const std::string& name) {
    auto rows = asked.rows();
    std::erase_if(rows, [&](const Event& row) { return !name.empty() && row.name != name; });
    std::reverse(rows.begin(), rows.end());
    auto data = Json::array();
    for (const auto& row : asked.page_of(std::move(rows))) {
        auto properties = *http::parse_json(row.props);
        if (row.dialect != model::DialectId::gateway) {
            if (!row.path.empty()) properties["path"] = row.path;
            if (!row.url.empty()) properties["url"] = row.url;
            if (!row.referrer.empty()) properties["referrer"] = row.referrer;
        }
        Json shown{{"id", row.event_id}, {"name", row.name}, {"properties", properties}};
        if (!row.user_id.empty()) shown["userId"] = row.user_id;
        shown["sessionId"] = row.session_id;
        shown["timestamp"] = pulsekit::date_time_ms_text(row.ts_ms);
        data.push_back(shown);
    }
    return {{"success", true}, {"data", data}};
}

Json delivery(const Asked& asked) {
    struct Ledger {
        std::set<std::string> clients;
        int accepted = 0;
        int delivered = 0;
        int queued = 0;
        std::map<std::string, int> dropped;
    };
    std::map<std::pair<std::string, std::string>, Ledger> ledgers;
    std::map<std::string, std::pair<Ledger*, int>> newest;
    for (const auto& row : asked.all) {
        if (row.kind != Kind::delivery || row.ts_ms < asked.from || row.ts_ms > asked.to) continue;
        const auto told = *http::parse_json(row.props);
        auto version = told.value("app_version", "");
        if (version.empty()) version = row.app_version;
        auto& ledger = ledgers[{version, told.value("sdk_version", "")}];
        ledger.clients.insert(row.visitor_id);
        ledger.accepted += told.value("accepted", 0);
        ledger.delivered += told.value("delivered", 0);
        newest[row.visitor_id] = {&ledger, told.value("queued", 0)};
        const auto dropped = told.value("dropped", Json::object());
        for (const auto& [reason, count] : dropped.items()) {
            if (count > 0) ledger.dropped[reason] += count.get<int>();
        }
    }
    for (const auto& [client, last] : newest) last.first->queued += last.second;
    std::vector<std::pair<std::pair<std::string, std::string>, Ledger>> list(ledgers.begin(), ledgers.end());
    std::stable_sort(list.begin(), list.end(),
                     [](const auto& a, const auto& b) { return a.second.accepted > b.second.accepted; });
    auto data = Json::array();
    const auto text = [](const std::string& value) { return value.empty() ? Json() : Json(value); };
    for (const auto& [versions, ledger] : list) {
        data.push_back({{"app_version", text(versions.first)},
                        {"sdk_version", text(versions.second)},
                        {"clients", ledger.clients.size()},
                        {"accepted", ledger.accepted},
                        {"delivered", ledger.delivered},
                        {"queued", ledger.queued},
                        {"dropped", Json(ledger.dropped)}});
    }
    return {{"data", data}};
}

void lists(const Asked& asked, const Expect& expect) {
    const auto query = "?" + asked.range() + asked.page();
    expect("/api/v1/search" + query, searches(asked));
    expect("/api/v1/scroll-depth" + query, scroll_depth(asked));
    expect("/api/v1/outlinks" + query, outlinks(asked));
    Asked unfiltered = asked;
    unfiltered.filters.clear();
    expect("/api/v1/delivery" + query, delivery(unfiltered));
    expect("/api/v1/pulse/events" + query, event_list(unfiltered, ""));
    expect("/api/v1/pulse/events" + query + "&name=b", event_list(unfiltered, "b"));
    unfiltered.offset = 0;
    expect("/api/v1/pulse/reports/top-events" + query, top_events(unfiltered));
}

TEST(Reference, ListsAgreeWithTheStore) { compare(lists); }

}  // namespace
}  // namespace collector::query::test
