// What visitors do: funnels, goals, retention, cohorts and paths, compared with their plainest form.
#include "tests/collector/query/reference.hpp"

namespace collector::query::test {
namespace {

double rate(std::size_t part, std::size_t whole, int decimals) {
    return whole == 0 ? 0 : round_half_up(100.0 * static_cast<double>(part) / static_cast<double>(whole), decimals);
}

std::set<std::string> visitors_of(const Rows& rows) {
    std::set<std::string> visitors;
    for (const auto& row : rows) visitors.insert(row.visitor_id);
    return visitors;
}

Rows active_of(Rows rows) {
    std::erase_if(rows, [](const Event& row) { return !is_active(row.kind); });
    return rows;
}

bool is_viewed(const Event& row, std::string path) {
    if (row.kind != Kind::pageview) return false;
    if (!path.ends_with('*')) return row.path == path;
    path.pop_back();
    return !row.path.empty() && row.path.starts_with(path);
}

bool matches(const Event& row, const meta::FunnelStep& step) {
    if (step.type == meta::FunnelStep::Type::pageview) return is_viewed(row, step.value);
    return row.kind == Kind::event && row.name == step.value;
}

/// What a random step or goal may be about, for this question's rows.
std::string some_path(const Asked& asked, std::size_t salt) {
    static const std::vector<std::string> kTargets = {"/", "/a", "/B", "/a*", "/*", "*", "/\xc3\xa9", "/nowhere"};
    return kTargets[(static_cast<std::size_t>(asked.limit * 7 + asked.offset) + salt * 5 + asked.all.size()) % 8];
}
std::string some_name(const Asked& asked, std::size_t salt) {
    return kNames[(static_cast<std::size_t>(asked.limit + asked.offset * 3) + salt) % kNames.size()];
}

std::vector<meta::FunnelStep> some_steps(const Asked& asked) {
    std::vector<meta::FunnelStep> steps;
    for (std::size_t i = 0; i < static_cast<std::size_t>(1 + asked.limit % 4); ++i) {
        const bool is_page = (asked.all.size() + i) % 3 > 0;
        steps.push_back({.type = is_page ? meta::FunnelStep::Type::pageview : meta::FunnelStep::Type::event,
                         .value = is_page ? some_path(asked, i) : some_name(asked, i),
                         .label = "step " + std::to_string(i)});
    }
    return steps;
}

Json funnel(const Asked& asked, const meta::Funnel& defined) {
    std::vector<std::size_t> reached(defined.steps.size());
    for (const auto& [id, rows] : asked.visitors()) {
        std::size_t step = 0;
        for (const auto& row : rows) {
            if (step < reached.size() && matches(row, defined.steps[step])) ++reached[step++];
        }
    }
    auto steps = Json::array();
    for (std::size_t i = 0; i < reached.size(); ++i) {
        const auto before = reached[i == 0 ? 0 : i - 1];
        steps.push_back({{"label", defined.steps[i].label},
                         {"visitors", reached[i]},
                         {"drop_off", before - reached[i]},
                         {"conversion_rate", rate(reached[i], before, 1)}});
    }
    return {{"funnel_id", defined.id},
            {"name", defined.name},
            {"steps", steps},
            {"overall_conversion", rate(reached.back(), reached.front(), 1)}};
}

void funnels(const Asked& asked, const Expect& expect) {
    const auto defined = asked.definitions->create_funnel(asked.project, "F", some_steps(asked)).value();
    expect("/api/v1/funnels/" + defined.id + "/analyze?" + asked.range(), funnel(asked, defined));
}

Json goal_json(const meta::Goal& goal, std::size_t conversions, std::size_t visitors, double revenue, std::size_t all) {
    return {{"goal_id", goal.id},
            {"name", goal.name},
            {"conversions", conversions},
            {"unique_visitors", visitors},
            {"total_revenue", round_half_up(revenue, 2)},
            {"conversion_rate", rate(visitors, all, 2)}};
}

Json goal_of_rows(const Asked& asked, const meta::Goal& goal) {
    const bool is_event = goal.aim.type == meta::Aim::Type::event;
    Rows reached;
    double revenue = 0;
    for (const auto& row : asked.rows()) {
        if (is_event ? row.kind != Kind::event || row.name != goal.aim.target : !is_viewed(row, goal.aim.target)) {
            continue;
        }
        reached.push_back(row);
        if (is_event) revenue += row.revenue_amount.value_or(0);
    }
    return goal_json(goal, reached.size(), visitors_of(reached).size(), revenue,
                     visitors_of(active_of(asked.rows())).size());
}

Json goal_of_sessions(const Asked& asked, const meta::Goal& goal) {
    const bool by_duration = goal.aim.type == meta::Aim::Type::duration;
    std::size_t conversions = 0;
    std::set<std::string> visitors;
    for (const auto& [id, rows] : asked.sessions()) {
        const auto active = active_of(rows);
        const auto views =
            std::count_if(rows.begin(), rows.end(), [](const Event& row) { return row.kind == Kind::pageview; });
        const auto seconds = static_cast<double>(rows.back().ts_ms - rows.front().ts_ms) / 1000;
        const double size = by_duration ? seconds : static_cast<double>(views);
        if (active.empty() || size < goal.aim.threshold) continue;
        ++conversions;
        visitors.merge(visitors_of(active));
    }
    return goal_json(goal, conversions, visitors.size(), 0, visitors_of(active_of(asked.rows())).size());
}

void goals(const Asked& asked, const Expect& expect) {
    const auto create = [&](meta::Aim aim) {
        return asked.definitions->create_goal(asked.project, "G", std::move(aim)).value();
    };
    using Type = meta::Aim::Type;
    for (const auto& goal : {create({.type = Type::pageview, .target = some_path(asked, 1)}),
                             create({.type = Type::event, .target = some_name(asked, 1)})}) {
        expect("/api/v1/goals/" + goal.id + "/stats?" + asked.range(), goal_of_rows(asked, goal));
    }
    const double seconds = asked.limit % 2 ? 0.001 * asked.limit : 900.0 * asked.limit;  // of times: see random_event()
    for (const auto& goal : {create({.type = Type::duration, .threshold = seconds}),
                             create({.type = Type::pages_per_session, .threshold = 1.0 + asked.offset})}) {
        expect("/api/v1/goals/" + goal.id + "/stats?" + asked.range(), goal_of_sessions(asked, goal));
    }
}

std::int64_t day_of(const Event& row) { return row.ts_ms / kDay; }

/// The first day of the period, all in days since 1970.
std::int64_t start_of(std::int64_t day, const std::string& period) {
    if (period == "weekly") return day - (day + 3) % 7;  // 1970 began on a Thursday
    const auto date = pulsekit::civil_from_days(day);
    return period == "daily" ? day : pulsekit::days_from_civil(date.year, date.month, 1);
}

/// Active rows of any time, of the sessions that the filters keep.
std::map<std::string, Rows> ever_active(const Asked& asked) {
    std::set<std::string> sessions;
    for (const auto& row : asked.rows()) sessions.insert(row.session_id);
    std::map<std::string, Rows> visitors;
    for (const auto& row : active_of(asked.all)) {
        if (asked.filters.empty() || sessions.contains(row.session_id)) visitors[row.visitor_id].push_back(row);
    }
    return visitors;
}

Json retention(const Asked& asked, const std::string& period) {
    std::map<std::int64_t, std::vector<Rows>> cohorts;
    for (const auto& [id, rows] : ever_active(asked)) {
        const auto& first = rows.front();
        if (first.ts_ms >= asked.from && first.ts_ms <= asked.to) {
            cohorts[start_of(day_of(first), period)].push_back(rows);
        }
    }
    auto list = Json::array();
    for (const auto& [start, visitors] : cohorts) {
        Json cohort{{"cohort", pulsekit::date_text(start * kDay)}, {"initial_visitors", visitors.size()}};
        for (const int after : {1, 7, 14, 30, 60, 90}) {
            const auto returned = std::count_if(visitors.begin(), visitors.end(), [&](const Rows& rows) {
                return std::any_of(rows.begin(), rows.end(),
                                   [&](const Event& row) { return day_of(row) == day_of(rows.front()) + after; });
            });
            const bool known = start + after <= asked.now / kDay;
            cohort["D" + std::to_string(after)] =
                known ? Json(rate(static_cast<std::size_t>(returned), visitors.size(), 1)) : Json();
        }
        list.push_back(cohort);
    }
    return {{"period", period}, {"cohorts", list}};
}

void retentions(const Asked& asked, const Expect& expect) {
    for (const auto* period : {"daily", "weekly", "monthly"}) {
        expect("/api/v1/retention?" + asked.range() + "&period=" + period, retention(asked, period));
    }
}

std::string period_text(std::int64_t start, bool weekly) {
    if (!weekly) return pulsekit::date_text(start * kDay).substr(0, 7);
    // The week of the year is how many Thursdays the year has had.
    const auto year = pulsekit::civil_from_days(start + 3).year;
    int week = 0;
    for (auto day = start + 3; pulsekit::civil_from_days(day).year == year; day -= 7) ++week;
    return std::to_string(year) + "-W" + (week < 10 ? "0" : "") + std::to_string(week);
}

Json cohorts(const Asked& asked, bool weekly, const std::string& metric) {
    std::map<std::int64_t, Rows> periods;
    for (const auto& row : active_of(asked.rows())) {
        periods[start_of(day_of(row), weekly ? "weekly" : "monthly")].push_back(row);
    }
    auto list = Json::array();
    for (const auto& [start, rows] : periods) {
        double total = 0;
        std::set<std::string> sessions;
        for (const auto& row : rows) {
            sessions.insert(row.session_id);
            if (metric == "pageviews") total += row.kind == Kind::pageview;
            if (metric == "events") total += row.kind == Kind::event;
            if (metric == "revenue" && row.kind == Kind::event) total += row.revenue_amount.value_or(0);
        }
        if (metric == "sessions") total = static_cast<double>(sessions.size());
        const auto visitors = visitors_of(rows).size();
        list.push_back({{"period", period_text(start, weekly)},
                        {"visitors", visitors},
                        {"total", round_half_up(total, 2)},
                        {"avg_per_visitor", round_half_up(total / static_cast<double>(visitors), 2)}});
    }
    return {{"group_by", weekly ? "week" : "month"}, {"metric", metric}, {"cohorts", list}};
}

void all_cohorts(const Asked& asked, const Expect& expect) {
    for (const std::string metric : {"pageviews", "sessions", "events", "revenue"}) {
        const auto target = "/api/v1/cohorts?" + asked.range() + "&metric=" + metric;
        expect(target, cohorts(asked, true, metric));
        expect(target + "&group_by=month", cohorts(asked, false, metric));
    }
}

/// Where a visitor went from the row, or came from: empty is nowhere.
std::string other_path(Rows rows, const Event& pivot, bool backward) {
    if (backward) std::reverse(rows.begin(), rows.end());
    const auto at =
        std::find_if(rows.begin(), rows.end(), [&](const Event& row) { return row.event_id == pivot.event_id; });
    const auto next = std::find_if(at, rows.end(), [&](const Event& row) {
        return row.kind == Kind::pageview && !row.path.empty() && row.path != pivot.path;
    });
    return next == rows.end() ? "" : next->path;
}

Json paths(const Asked& asked, const std::string& path, bool backward) {
    const auto sessions = asked.sessions();
    std::map<std::string, std::size_t> flows;
    std::size_t all = 0;
    for (const auto& [id, rows] : asked.visitors()) {
        const auto pivot =
            std::find_if(rows.begin(), rows.end(), [&](const Event& row) { return is_viewed(row, path); });
        if (pivot == rows.end()) continue;
        ++all;
        ++flows[other_path(sessions.at(pivot->session_id), *pivot, backward)];
    }
    const auto gone = flows[""];
    flows.erase("");
    Asked first = asked;
    first.offset = 0;
    first.limit -= gone > 0;
    auto list = Json::array();
    const auto add = [&](const std::string& other, std::size_t visitors) {
        list.push_back({{backward ? "prev_path" : "next_path", other},
                        {"visitors", visitors},
                        {"percentage", rate(visitors, all, 1)}});
    };
    for (const auto& [other, visitors] : first.ranked(flows, [](std::size_t count) { return count; })) {
        add(other, visitors);
    }
    if (gone > 0) add(backward ? "(entry)" : "(exit)", gone);
    return {{"path", path}, {"direction", backward ? "backward" : "forward"}, {"flows", list}};
}

void all_paths(const Asked& asked, const Expect& expect) {
    for (const std::string path : {"/", "/a", "/\xc3\xa9", "/nowhere"}) {
        const auto target = "/api/v1/paths?" + asked.range() + asked.page() + "&path=" + path;
        expect(target, paths(asked, path, false));
        expect(target + "&direction=backward", paths(asked, path, true));
    }
}

TEST(Reference, FunnelsAgreeWithTheStore) { compare(funnels); }
TEST(Reference, GoalsAgreeWithTheStore) { compare(goals); }
TEST(Reference, RetentionAgreesWithTheStore) { compare(retentions, 17); }
TEST(Reference, RetentionOfDaysAgreesWithTheStore) { compare(retentions, 2); }
TEST(Reference, CohortsAgreeWithTheStore) { compare(all_cohorts, 73); }
TEST(Reference, PathsAgreeWithTheStore) { compare(all_paths); }

}  // namespace
}  // namespace collector::query::test
