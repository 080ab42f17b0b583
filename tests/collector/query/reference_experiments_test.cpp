// What became of the visitors in an experiment's variants, compared with its plainest form.
#include "tests/collector/query/reference.hpp"

namespace collector::query::test {
namespace {

using meta::Aim;
using meta::Assignment;

bool reaches(const Event& row, const Aim& aim) {
    if (aim.type == Aim::Type::event) return row.kind == Kind::event && row.name == aim.target;
    if (row.kind != Kind::pageview) return false;
    if (!aim.target.ends_with('*')) return row.path == aim.target;
    return !row.path.empty() && row.path.starts_with(aim.target.substr(0, aim.target.size() - 1));
}

/// Of one visitor's rows of one session.
bool visit_reaches(const Rows& rows, const Aim& aim) {
    if (active_of(rows).empty()) return false;
    const auto views =
        std::count_if(rows.begin(), rows.end(), [](const Event& row) { return row.kind == Kind::pageview; });
    const auto seconds = static_cast<double>(rows.back().ts_ms - rows.front().ts_ms) / 1000;
    return (aim.type == Aim::Type::duration ? seconds : static_cast<double>(views)) >= aim.threshold;
}

struct Count {
    std::size_t visitors = 0;
    std::size_t conversions = 0;
    double revenue = 0;
};

Count count(const Asked& asked, const std::map<std::string, Rows>& visitors, const std::vector<Assignment>& assignments,
            std::size_t variant, const Aim& aim) {
    Count counted;
    for (const auto& assignment : assignments) {
        const bool is_meant =
            assignment.variant == variant && assignment.assigned_ms >= asked.from && assignment.assigned_ms <= asked.to;
        if (!is_meant) continue;
        const auto found = visitors.find(assignment.visitor_id);
        const Rows all = found == visitors.end() ? Rows() : found->second;
        if (!asked.filters.empty() && all.empty()) continue;
        ++counted.visitors;
        std::map<std::string, Rows> visits;
        bool reached = false;
        for (const auto& row : all) {
            if (row.ts_ms < assignment.assigned_ms) continue;
            visits[row.session_id].push_back(row);
            const bool of_rows = aim.type == Aim::Type::pageview || aim.type == Aim::Type::event;
            if (!of_rows || !reaches(row, aim)) continue;
            reached = true;
            if (aim.type == Aim::Type::event) counted.revenue += row.revenue_amount.value_or(0);
        }
        for (const auto& [id, rows] : visits) {
            const bool of_visits = aim.type == Aim::Type::duration || aim.type == Aim::Type::pages_per_session;
            reached = reached || (of_visits && visit_reaches(rows, aim));
        }
        counted.conversions += reached;
    }
    return counted;
}

/// Where a proportion p, by the normal distribution, may have come to be x of n: the roots of (x/n - p)^2 = z^2
/// p(1-p)/n.
std::pair<double, double> score_bounds(double x, double n) {
    const double z2 = 1.959963984540054 * 1.959963984540054;
    const double a = 1 + z2 / n;
    const double b = -2 * x / n - z2 / n;
    const double c = x / n * (x / n);
    const double root = std::sqrt(std::max(0.0, b * b - 4 * a * c));
    return {(-b - root) / (2 * a), (-b + root) / (2 * a)};
}

void compare_with_control(const Count& one, const Count& control, Json& json) {
    for (const char* member : {"difference", "confidence_interval", "p_value"}) json[member] = nullptr;
    if (one.visitors == 0 || control.visitors == 0) return;
    const auto [x1, n1] = std::pair(static_cast<double>(one.conversions), static_cast<double>(one.visitors));
    const auto [x2, n2] = std::pair(static_cast<double>(control.conversions), static_cast<double>(control.visitors));
    const double apart = x1 / n1 - x2 / n2;
    const auto [low1, high1] = score_bounds(x1, n1);
    const auto [low2, high2] = score_bounds(x2, n2);
    const double down = std::sqrt(std::pow(x1 / n1 - low1, 2) + std::pow(high2 - x2 / n2, 2));
    const double up = std::sqrt(std::pow(high1 - x1 / n1, 2) + std::pow(x2 / n2 - low2, 2));
    json["difference"] = round_half_up(100 * apart, 2);
    json["confidence_interval"] = {round_half_up(100 * (apart - down), 2), round_half_up(100 * (apart + up), 2)};
    const double all = n1 + n2;
    const double both = x1 + x2;
    if (both == 0 || both == all) return;
    const double chi_square = all * std::pow(x1 * (n2 - x2) - x2 * (n1 - x1), 2) / (n1 * n2 * both * (all - both));
    json["p_value"] = round_half_up(std::erfc(std::sqrt(chi_square / 2)), 4);
}

Json results(const Asked& asked, const meta::Experiment& experiment, const std::vector<Assignment>& assignments,
             const Aim& aim) {
    auto all = Json::array();
    const auto visitors = asked.visitors();
    const auto control = count(asked, visitors, assignments, 0, aim);
    for (std::size_t i = 0; i < experiment.variants.size(); ++i) {
        const auto counted = count(asked, visitors, assignments, i, aim);
        all.push_back({{"variant", experiment.variants[i].name},
                       {"visitors", counted.visitors},
                       {"conversions", counted.conversions},
                       {"conversion_rate", rate(counted.conversions, counted.visitors, 2)},
                       {"revenue", round_half_up(counted.revenue, 2)}});
        if (i > 0) compare_with_control(counted, control, all.back());
    }
    return {{"experiment_id", experiment.id},
            {"name", experiment.name},
            {"status", meta::name_of(experiment.status)},
            {"results", all}};
}

/// Some of the visitors that events are of, and some of whom there are none: when a row of theirs came, just after or
/// at any time. Random, and the same for the same question.
std::vector<Assignment> some_assignments(const Asked& asked, std::size_t variants) {
    SeededRandom random(asked.all.size() * 31 + static_cast<std::size_t>(asked.limit * 7 + asked.offset));
    std::vector<Assignment> assignments;
    for (int i = 0; i < 16; ++i) {
        if (random.below(3) == 0) continue;
        Assignment made{
            .visitor_id = "v" + std::to_string(i),
            .variant = static_cast<std::size_t>(random.below(static_cast<int>(variants))),
            .assigned_ms =
                asked.from + std::int64_t{1000} * random.below(static_cast<int>((asked.to - asked.from) / 1000 + 1))};
        Rows own = asked.all;
        std::erase_if(own, [&](const Event& row) { return row.visitor_id != made.visitor_id; });
        if (!own.empty() && random.below(2)) {
            made.assigned_ms =
                own[static_cast<std::size_t>(random.below(static_cast<int>(own.size())))].ts_ms + random.below(2);
        }
        if (random.below(8) == 0) made.assigned_ms = random.below(2) ? asked.from - 1 : asked.to + 1;
        assignments.push_back(std::move(made));
    }
    return assignments;
}

void experiments(const Asked& asked, const Expect& expect) {
    using Type = Aim::Type;
    const double seconds = asked.limit % 2 ? 0.001 * asked.limit : 900.0 * asked.limit;  // of times: see random_event()
    const std::vector<std::string> paths = {"/", "/a", "/a*", "*", "/nowhere"};
    const std::vector<Aim> aims = {{.type = Type::pageview, .target = paths[asked.all.size() % paths.size()]},
                                   {.type = Type::event, .target = kNames[asked.all.size() % kNames.size()]},
                                   {.type = Type::duration, .threshold = seconds},
                                   {.type = Type::pages_per_session, .threshold = 1.0 + asked.offset}};
    const auto variants = static_cast<std::size_t>(2 + asked.offset % 3);
    const auto assignments = some_assignments(asked, variants);
    for (const auto& aim : aims) {
        const auto goal = asked.defined->definitions().create_goal(asked.project, "G", aim).value();
        meta::Experiment wanted;
        wanted.project_id = asked.project;
        wanted.name = "E";
        wanted.goal_id = goal.id;
        for (std::size_t i = 0; i < variants; ++i) wanted.variants.push_back({.name = std::to_string(i), .weight = 1});
        const auto made = asked.defined->experiments().create(wanted).value();
        asked.defined->assign(made, assignments);
        expect("/api/v1/experiments/" + made.id + "/results?" + asked.range(), results(asked, made, assignments, aim));
    }
}

TEST(Reference, ExperimentsAgreeWithTheStore) { compare(experiments); }
TEST(Reference, ExperimentsOfManyDaysAgreeWithTheStore) { compare(experiments, 20); }

}  // namespace
}  // namespace collector::query::test
