// Who comes back, and when: retention and cohorts, compared with their plainest form.
#include "tests/collector/query/reference.hpp"

namespace collector::query::test {
namespace {

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

TEST(Reference, RetentionAgreesWithTheStore) { compare(retentions, 17); }
TEST(Reference, RetentionOfDaysAgreesWithTheStore) { compare(retentions, 2); }
TEST(Reference, CohortsAgreeWithTheStore) { compare(all_cohorts, 73); }

}  // namespace
}  // namespace collector::query::test
