// Campaigns, compared with their plainest form.
#include "tests/collector/query/reference.hpp"

namespace collector::query::test {
namespace {

struct Campaign {
    std::set<std::string> visitors;
    int pageviews = 0;
    double sessions = 0;
    double bounces = 0;
    double seconds = 0;
};

/// The first pageview with any utm value; null when there is none.
const Event* tagged(const Rows& session) {
    for (const auto& row : session) {
        if (row.kind == Kind::pageview && is_tagged(row)) return &row;
    }
    return nullptr;
}

std::map<std::string, Campaign> by(const Asked& asked, std::string Event::*value) {
    std::map<std::string, Campaign> found;
    for (const auto& [id, rows] : asked.sessions()) {
        const Event* first = tagged(rows);
        if (!first || (first->*value).empty()) continue;
        auto& campaign = found[first->*value];
        int interactions = 0;
        for (const auto& row : rows) {
            campaign.pageviews += row.kind == Kind::pageview;
            interactions += row.interaction;
            if (is_active(row.kind)) campaign.visitors.insert(row.visitor_id);
        }
        ++campaign.sessions;
        campaign.bounces += interactions == 1;
        campaign.seconds += static_cast<double>(rows.back().ts_ms - rows.front().ts_ms) / 1000;
    }
    return found;
}

std::size_t visitors_of(const Campaign& campaign) { return campaign.visitors.size(); }

Json campaigns(const Asked& asked) {
    auto data = Json::array();
    for (const auto& [name, campaign] : asked.ranked(by(asked, &Event::utm_campaign), visitors_of)) {
        data.push_back({{"campaign", name},
                        {"visitors", campaign.visitors.size()},
                        {"pageviews", campaign.pageviews},
                        {"bounce_rate", round_half_up(100 * campaign.bounces / campaign.sessions, 1)},
                        {"avg_duration", round_half_up(campaign.seconds / campaign.sessions, 1)}});
    }
    return {{"data", data}};
}

Json ranking(const Asked& asked, std::string Event::*value, const char* member) {
    auto data = Json::array();
    for (const auto& [name, campaign] : asked.ranked(by(asked, value), visitors_of)) {
        data.push_back({{member, name}, {"visitors", campaign.visitors.size()}, {"pageviews", campaign.pageviews}});
    }
    return {{"data", data}};
}

Json timeseries(const Asked& asked, const std::string& source) {
    auto data = Json::array();
    for (std::int64_t day = asked.from - asked.from % kDay; day <= asked.to; day += kDay) {
        int pageviews = 0;
        std::set<std::string> visitors;
        for (const auto& [id, rows] : asked.sessions()) {
            const Event* first = tagged(rows);
            if (!first || first->utm_source != source) continue;
            for (const auto& row : rows) {
                if (row.ts_ms < day || row.ts_ms >= day + kDay || !is_active(row.kind)) continue;
                pageviews += row.kind == Kind::pageview;
                visitors.insert(row.visitor_id);
            }
        }
        data.push_back({{"date", pulsekit::date_text(day)}, {"visitors", visitors.size()}, {"pageviews", pageviews}});
    }
    return {{"data", data}};
}

void all_campaigns(const Asked& asked, const Expect& expect) {
    const auto query = "?" + asked.range() + asked.page();
    expect("/api/v1/campaigns" + query, campaigns(asked));
    expect("/api/v1/campaigns/sources" + query, ranking(asked, &Event::utm_source, "source"));
    expect("/api/v1/campaigns/mediums" + query, ranking(asked, &Event::utm_medium, "medium"));
    expect("/api/v1/campaigns/timeseries" + query + "&utm_source=Spring", timeseries(asked, "Spring"));
}

TEST(Reference, CampaignsAgreeWithTheStore) { compare(all_campaigns); }

}  // namespace
}  // namespace collector::query::test
