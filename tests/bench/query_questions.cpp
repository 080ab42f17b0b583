#include "tests/bench/query_questions.hpp"

#include "support/time_text.hpp"

namespace bench {
namespace {

struct Range {
    std::int64_t from_ms;
    std::int64_t to_ms;
    std::string parameters;
};

Range last_days(std::int64_t end_ms, std::int64_t days) {
    const auto from_ms = end_ms - days * kDayMs;
    return {from_ms, end_ms,
            "start_at=" + pulsekit::date_time_ms_text(from_ms) + "&end_at=" + pulsekit::date_time_ms_text(end_ms)};
}

Range whole_day(std::int64_t day) {
    const auto date = pulsekit::date_text(day * kDayMs);
    return {day * kDayMs, (day + 1) * kDayMs - 1, "start_at=" + date + "&end_at=" + date};
}

Asked asked(const std::string& name, const std::string& path, const Range& range) {
    const char* separator = path.find('?') == path.npos ? "?" : "&";
    return {name, "/api/v1/" + path + separator + range.parameters, range.from_ms, range.to_ms};
}

std::vector<Asked> reports(const Range& shorter, const Range& whole, const std::string& funnel) {
    return {asked("stats", "stats", shorter),
            asked("timeseries", "stats/timeseries", whole),
            asked("pages", "pages", whole),
            asked("referrers", "referrers", whole),
            asked("devices", "devices", whole),
            asked("geo", "geo", whole),
            asked("campaigns", "campaigns", whole),
            asked("funnel4", "funnels/" + funnel + "/analyze", whole),
            asked("retention", "retention", whole),
            asked("cohorts", "cohorts", whole),
            asked("paths", "paths?path=/", whole),
            asked("webvitals", "webvitals", whole),
            asked("errors", "errors", whole),
            asked("heatmap", "heatmaps?path=/", whole),
            asked("events", "events", whole),
            asked("filtered", "stats?filter=country:DE&filter=path:/section/*", whole)};
}

}  // namespace

Questions::Questions(Collector& collector, std::int64_t end_ms) : end_ms_(end_ms) {
    const std::string project = "/api/admin/projects/" + collector.value("PULSE_PROJECT");
    for (const char* module : {"utm", "funnels", "goals", "retention", "cohorts", "paths", "webvitals",
                               "error_tracking", "heatmaps", "search", "scroll_depth"}) {
        collector.send("POST", project + "/modules/" + module + "/enable");
    }
    const auto made = collector.send("POST", "/api/v1/funnels", R"({"name":"bench","steps":[
        {"type":"pageview","value":"/"},{"type":"pageview","value":"/section/page-1"},
        {"type":"event","value":"signup"},{"type":"event","value":"purchase"}]})");
    const auto id = made.find("\"id\":\"") + 6;
    funnel_ = made.substr(id, made.find('"', id) - id);
}

std::vector<Asked> Questions::of_whole_range() const {
    auto all = reports(last_days(end_ms_, 30), last_days(end_ms_, 60), funnel_);
    all.push_back({"realtime", "/api/v1/realtime"});
    return all;
}

std::vector<Asked> Questions::of_one_day() const {
    const auto day = whole_day(end_ms_ / kDayMs - 30);
    return reports(day, day, funnel_);
}

Asked Questions::first(std::int64_t end_ms) { return asked("stats", "stats", last_days(end_ms, 30)); }

}  // namespace bench
