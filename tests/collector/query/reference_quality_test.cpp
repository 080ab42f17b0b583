// How well it works: web vitals, errors and heatmaps, compared with their plainest form.
#include "tests/collector/query/reference.hpp"

namespace collector::query::test {
namespace {

using Samples = std::map<std::string, std::vector<double>>;  // by the vital's name

const std::vector<std::string> kVitalNames = {"LCP", "FCP", "CLS", "INP", "TTFB"};

void add_samples(Samples& samples, const Event& row) {
    for (const auto& [name, value] : row.vitals) samples[name].push_back(value);
}

double percentile(std::vector<double> values, double q) {
    std::sort(values.begin(), values.end());
    const double position = q * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const auto above = std::min(below + 1, values.size() - 1);
    return values[below] + (position - static_cast<double>(below)) * (values[above] - values[below]);
}

double shown(const std::string& name, double value) { return round_half_up(value, name == "CLS" ? 3 : 1); }

std::string rating(const std::string& name, double value) {
    static const std::map<std::string, std::pair<double, double>> kLimits = {
        {"LCP", {2500, 4000}}, {"FCP", {1800, 3000}}, {"CLS", {0.1, 0.25}}, {"INP", {200, 500}}, {"TTFB", {800, 1800}}};
    const auto& [good, fair] = kLimits.at(name);
    if (value <= good) return "good";
    return value <= fair ? "needs-improvement" : "poor";
}

Json vitals(const Asked& asked) {
    Samples samples;
    for (const auto& row : asked.rows()) add_samples(samples, row);
    auto list = Json::object();
    for (const auto& name : kVitalNames) {
        if (!samples.contains(name)) continue;
        list[name] = {{"p50", shown(name, percentile(samples[name], 0.5))},
                      {"p75", shown(name, percentile(samples[name], 0.75))},
                      {"p99", shown(name, percentile(samples[name], 0.99))},
                      {"rating", rating(name, percentile(samples[name], 0.75))}};
    }
    return {{"vitals", list}};
}

std::size_t count_of(const Samples& samples) {
    std::size_t count = 0;
    for (const auto& [name, values] : samples) count += values.size();
    return count;
}

Json vitals_pages(const Asked& asked) {
    std::map<std::string, Samples> pages;
    for (const auto& row : asked.rows()) {
        if (!row.path.empty() && !row.vitals.empty()) add_samples(pages[row.path], row);
    }
    auto data = Json::array();
    for (auto& [path, samples] : asked.ranked(pages, count_of)) {
        Json page{{"path", path}};
        for (const auto& name : kVitalNames) {
            const auto found = samples.find(name);
            page[name + "_p75"] = found == samples.end() ? Json() : Json(shown(name, percentile(found->second, 0.75)));
        }
        page["samples"] = count_of(samples);
        data.push_back(page);
    }
    return {{"data", data}};
}

Json vitals_timeseries(const Asked& asked, const std::string& metric) {
    std::map<std::string, Samples> days;
    for (const auto& row : asked.rows()) add_samples(days[pulsekit::date_text(row.ts_ms)], row);
    auto data = Json::array();
    for (auto& [date, samples] : days) {
        if (!samples.contains(metric)) continue;
        data.push_back({{"date", date}, {"p75", shown(metric, percentile(samples[metric], 0.75))}});
    }
    return {{"metric", metric}, {"data", data}};
}

void all_vitals(const Asked& asked, const Expect& expect) {
    expect("/api/v1/webvitals?" + asked.range(), vitals(asked));
    expect("/api/v1/webvitals/pages?" + asked.range() + asked.page(), vitals_pages(asked));
    for (const auto& metric : kVitalNames) {
        expect("/api/v1/webvitals/timeseries?" + asked.range() + "&metric=" + metric, vitals_timeseries(asked, metric));
    }
}

Rows errors_of(const Asked& asked) {
    auto rows = asked.rows();
    std::erase_if(rows, [](const Event& row) { return row.error_message.empty(); });
    return rows;
}

std::set<std::string> sessions_of(const Rows& rows) {
    std::set<std::string> sessions;
    for (const auto& row : rows) sessions.insert(row.session_id);
    return sessions;
}

Json errors(const Asked& asked) {
    std::map<std::string, Rows> messages;
    for (const auto& row : errors_of(asked)) messages[row.error_message].push_back(row);
    auto data = Json::array();
    for (const auto& [message, rows] : asked.ranked(messages, [](const Rows& rows) { return rows.size(); })) {
        data.push_back({{"message", message},
                        {"count", rows.size()},
                        {"unique_sessions", sessions_of(rows).size()},
                        {"last_seen", pulsekit::date_time_text(rows.back().ts_ms)},
                        {"first_seen", pulsekit::date_time_text(rows.front().ts_ms)}});
    }
    return {{"data", data}};
}

Json errors_detail(const Asked& asked, const std::string& message) {
    auto rows = errors_of(asked);
    std::erase_if(rows, [&](const Event& row) { return row.error_message != message; });
    std::reverse(rows.begin(), rows.end());
    Asked first = asked;
    first.offset = 0;
    const auto text = [](const std::string& value) { return value.empty() ? Json() : Json(value); };
    auto instances = Json::array();
    for (const auto& row : first.page_of(std::move(rows))) {
        instances.push_back({{"timestamp", pulsekit::date_time_text(row.ts_ms)},
                             {"path", text(row.path)},
                             {"filename", nullptr},
                             {"lineno", nullptr},
                             {"colno", nullptr},
                             {"stack", nullptr},
                             {"browser", text(row.browser)},
                             {"os", text(row.os)}});
    }
    return {{"message", message}, {"instances", instances}};
}

Json errors_timeseries(const Asked& asked) {
    std::map<std::string, int> days;
    for (std::int64_t day = asked.from - asked.from % kDay; day <= asked.to; day += kDay) {
        days[pulsekit::date_text(day)] = 0;
    }
    for (const auto& row : errors_of(asked)) ++days[pulsekit::date_text(row.ts_ms)];
    auto data = Json::array();
    for (const auto& [date, count] : days) data.push_back({{"date", date}, {"count", count}});
    return {{"data", data}};
}

Json errors_stats(const Asked& asked) {
    const auto rows = errors_of(asked);
    std::set<std::string> messages;
    for (const auto& row : rows) messages.insert(row.error_message);
    auto active = asked.rows();
    std::erase_if(active, [](const Event& row) { return !is_active(row.kind); });
    const auto affected = sessions_of(rows).size();
    return {{"total_errors", rows.size()},
            {"unique_errors", messages.size()},
            {"affected_sessions", affected},
            {"error_rate", share(affected, sessions_of(active).size())}};
}

void all_errors(const Asked& asked, const Expect& expect) {
    expect("/api/v1/errors?" + asked.range() + asked.page(), errors(asked));
    for (const auto& message : kNames) {
        expect("/api/v1/errors/detail?" + asked.range() + asked.page() + "&message=" + message,
               errors_detail(asked, message));
    }
    expect("/api/v1/errors/timeseries?" + asked.range(), errors_timeseries(asked));
    expect("/api/v1/errors/stats?" + asked.range(), errors_stats(asked));
}

Rows clicks_of(const Asked& asked) {
    auto rows = asked.rows();
    std::erase_if(rows, [](const Event& row) { return !row.click_x || !row.click_y || row.path.empty(); });
    return rows;
}

Json heatmap(const Asked& asked, const std::string& path) {
    std::map<std::tuple<double, double, std::string>, int> places;  // an absent selector sorts as the empty one
    std::map<std::int64_t, int> widths;
    int total = 0;
    for (const auto& row : clicks_of(asked)) {
        if (row.path != path) continue;
        ++total;
        ++places[{*row.click_x, *row.click_y, row.selector}];
        if (row.viewport_w) ++widths[*row.viewport_w];
    }
    Json width;
    int most = 0;
    for (const auto& [pixels, count] : widths) {
        if (count > most) width = pixels;
        most = std::max(most, count);
    }
    std::vector<std::pair<std::tuple<double, double, std::string>, int>> list(places.begin(), places.end());
    std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    Asked first = asked;
    first.offset = 0;
    auto clicks = Json::array();
    for (const auto& [place, count] : first.page_of(std::move(list))) {
        const auto& [x, y, selector] = place;
        clicks.push_back(
            {{"x", x}, {"y", y}, {"selector", selector.empty() ? Json() : Json(selector)}, {"count", count}});
    }
    return {{"path", path}, {"clicks", clicks}, {"total_clicks", total}, {"viewport_width", width}};
}

Json heatmap_pages(const Asked& asked) {
    std::map<std::string, int> pages;
    for (const auto& row : clicks_of(asked)) ++pages[row.path];
    auto data = Json::array();
    for (const auto& [path, count] : asked.ranked(pages, [](int clicks) { return clicks; })) {
        data.push_back({{"path", path}, {"total_clicks", count}});
    }
    return {{"data", data}};
}

void heatmaps(const Asked& asked, const Expect& expect) {
    for (const std::string path : {"/", "/a", "/\xc3\xa9"}) {
        expect("/api/v1/heatmaps?" + asked.range() + asked.page() + "&path=" + path, heatmap(asked, path));
    }
    expect("/api/v1/heatmaps/stats?" + asked.range() + asked.page(), heatmap_pages(asked));
}

TEST(Reference, VitalsAgreeWithTheStore) { compare(all_vitals); }
TEST(Reference, ErrorsAgreeWithTheStore) { compare(all_errors); }
TEST(Reference, HeatmapsAgreeWithTheStore) { compare(heatmaps); }

}  // namespace
}  // namespace collector::query::test
