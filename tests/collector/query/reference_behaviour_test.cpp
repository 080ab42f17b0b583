// What visitors do: funnels, goals and paths, compared with their plainest form.
#include "tests/collector/query/reference.hpp"

namespace collector::query::test {
namespace {

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
    const auto defined = asked.defined->definitions().create_funnel(asked.project, "F", some_steps(asked)).value();
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
        return asked.defined->definitions().create_goal(asked.project, "G", std::move(aim)).value();
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
TEST(Reference, PathsAgreeWithTheStore) { compare(all_paths); }

}  // namespace
}  // namespace collector::query::test
