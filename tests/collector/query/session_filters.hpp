// Filters in their plainest form: what a session must have, by its rows in range.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/collector/query/random_events.hpp"

namespace collector::query::test {

struct SessionFilter {
    std::string text;
    std::function<bool(const Rows& session, std::int64_t to)> keeps;
};

inline SessionFilter any_row(std::string text, std::function<bool(const Event&)> is_it) {
    return {std::move(text), [is_it = std::move(is_it)](const Rows& rows, std::int64_t) {
                return std::any_of(rows.begin(), rows.end(), is_it);
            }};
}

/// The value of the first of the session's rows that is one of `those`.
inline SessionFilter first_row(std::string text, std::function<bool(const Event&)> those,
                               std::function<bool(const Event&)> is_it) {
    return {std::move(text), [those = std::move(those), is_it = std::move(is_it)](const Rows& rows, std::int64_t) {
                const auto first = std::find_if(rows.begin(), rows.end(), those);
                return first != rows.end() && is_it(*first);
            }};
}

inline SessionFilter equals(const std::string& dimension, std::string Event::*field, const std::string& value) {
    return any_row(dimension + ":" + value, [=](const Event& row) { return row.*field == value; });
}

inline SessionFilter campaign_is(const std::string& dimension, std::string Event::*field, const std::string& value) {
    return first_row(
        dimension + ":" + value, [](const Event& row) { return row.kind == Kind::pageview && is_tagged(row); },
        [=](const Event& row) { return row.*field == value; });
}

/// The visitor of a row has it by the last `identify` up to the range's end that has such a trait at all.
inline SessionFilter trait_is(const Rows& all, const std::string& name, const std::string& value) {
    return {"trait." + name + ":" + value, [=](const Rows& session, std::int64_t to) {
                std::map<std::string, std::string> by_visitor;
                for (const auto& row : all) {
                    if (row.kind != Kind::identify || row.ts_ms > to) continue;
                    const auto traits = http::parse_json(row.props);
                    if (!traits->contains(name)) continue;
                    const auto& trait = traits->at(name);
                    by_visitor[row.visitor_id] = trait.is_string() ? trait.get<std::string>() : trait.dump();
                }
                return std::any_of(session.begin(), session.end(), [&](const Event& row) {
                    const auto found = by_visitor.find(row.visitor_id);
                    return found != by_visitor.end() && found->second == value;
                });
            }};
}

inline std::string not_empty(SeededRandom& random, const std::vector<std::string>& values) {
    std::string value;
    while (value.empty()) value = one_of(random, values);
    return value;
}

inline SessionFilter random_filter(SeededRandom& random, const Rows& all) {
    switch (random.below(16)) {
        case 0: return equals("path", &Event::path, not_empty(random, kPaths));
        case 1: return any_row("path:/a*", [](const Event& row) { return row.path.starts_with("/a"); });
        case 2: return equals("name", &Event::name, not_empty(random, kNames));
        case 3: return any_row("name:*", [](const Event&) { return true; });
        case 4: return equals("country", &Event::country, not_empty(random, kCountries));
        case 5: return equals("browser", &Event::browser, not_empty(random, kBrowsers));
        case 6: return equals("os", &Event::os, not_empty(random, kSystems));
        case 7: return any_row("device_type:Mobile", [](const Event& row) { return row.device_type == "mobile"; });
        case 8: return equals("app_version", &Event::app_version, not_empty(random, kVersions));
        case 9: return equals("user_id", &Event::user_id, "u" + std::to_string(random.below(4)));
        case 10: return campaign_is("utm_source", &Event::utm_source, not_empty(random, kCampaigns));
        case 11: return campaign_is("utm_medium", &Event::utm_medium, not_empty(random, kCampaigns));
        case 12: return campaign_is("utm_campaign", &Event::utm_campaign, not_empty(random, kCampaigns));
        case 13: {
            const bool direct = random.below(2) == 0;
            return first_row(
                std::string("source:") + (direct ? "(direct)" : "google.com"),
                [](const Event& row) { return row.kind == Kind::pageview; },
                [=](const Event& row) { return source_of(row) == (direct ? "" : "google.com"); });
        }
        case 14: return trait_is(all, "plan", random.below(2) ? "pro" : "free");
        default:
            return random.below(2) ? trait_is(all, "seats", std::to_string(random.below(3)))
                                   : trait_is(all, "beta", random.below(2) ? "true" : "false");
    }
}

}  // namespace collector::query::test
