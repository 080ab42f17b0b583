// Random events with whatever makes reports hard: the same instants and ids, days' ends, sessions of several visitors
// and visitors with several sessions at a time, crawlers, two projects, fields of every kind of event or of none.
#pragma once

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "http/json.hpp"
#include "model/event.hpp"
#include "tests/support/seeded_random.hpp"

namespace collector::query::test {

using http::Json;
using model::Event;
using model::Kind;
using pulsekit::test::SeededRandom;
using Rows = std::vector<Event>;

inline constexpr std::int64_t kStart = 1'772'668'800'000;  // 2026-03-05T00:00:00Z
inline constexpr std::int64_t kHour = 3'600'000;
inline constexpr std::int64_t kDay = 24 * kHour;

inline const std::string& one_of(SeededRandom& random, const std::vector<std::string>& values) {
    return values[static_cast<std::size_t>(random.below(static_cast<int>(values.size())))];
}

inline const std::vector<std::string> kNames = {"a", "B", "b", "\xc3\xa9", "zz", "page.leave"};
inline const std::vector<std::string> kPaths = {"/", "/a", "/B", "/a/b", "/\xc3\xa9", ""};
inline const std::vector<std::string> kReferrers = {"",
                                                    "",
                                                    "https://www.Google.com/x?y",
                                                    "http://google.com:80/",
                                                    "https://example.org/p",
                                                    "https://WWW.EXAMPLE.ORG",
                                                    "/relative",
                                                    "https://user@bing.com#x",
                                                    "https://a.example.org/"};
inline const std::vector<std::string> kCampaigns = {"", "", "", "spring", "Spring", "\xc3\xa9t\xc3\xa9"};
inline const std::vector<std::string> kBrowsers = {"", "Chrome", "Safari", "Vivaldi"};
inline const std::vector<std::string> kSystems = {"", "Windows", "iOS", "Zorin"};
inline const std::vector<std::string> kDevices = {"", "desktop", "mobile", "tablet", "TV"};
inline const std::vector<std::string> kCountries = {"", "", "DE", "US", "ZA"};
inline const std::vector<std::string> kVersions = {"", "1.0", "1.10", "2.0"};

/// Any kind; a pageview or a custom event as often as all others together.
inline Kind random_kind(SeededRandom& random) {
    return random.below(2) ? static_cast<Kind>(random.below(2)) : static_cast<Kind>(random.below(11));
}

inline std::string random_properties(SeededRandom& random, Kind kind) {
    Json properties = Json::object();
    if (kind == Kind::identify) {
        if (random.below(3)) properties["plan"] = random.below(2) ? "pro" : "free";
        if (random.below(2)) properties["seats"] = random.below(3);
        if (random.below(2)) properties["beta"] = random.below(2) == 0;
    }
    if (kind == Kind::delivery) {
        properties["accepted"] = random.below(5);
        if (random.below(5)) properties["delivered"] = random.below(5);
        if (random.below(5)) properties["queued"] = random.below(50);
        if (random.below(3)) properties["dropped"] = {{"expired", random.below(3)}, {"rejected", random.below(2)}};
        if (random.below(4)) properties["app_version"] = one_of(random, kVersions);
        if (random.below(4)) properties["sdk_version"] = one_of(random, kVersions);
    }
    return http::to_text(properties);
}

/// What only some kinds have on the wire, any kind may have here.
inline void add_facets(SeededRandom& random, Event& event) {
    if (random.below(3) == 0) event.revenue_amount = (random.below(2001) - 200) / 100.0;
    if (event.kind == Kind::js_error || random.below(12) == 0) event.error_message = one_of(random, kNames);
    if (event.kind == Kind::click_event || random.below(12) == 0) {
        event.click_x = random.below(3) * 10.5;
        event.click_y = random.below(3);
        if (random.below(2)) event.selector = random.below(2) ? "#buy" : "a.b";
        if (random.below(3)) event.viewport_w = 300 + 100 * random.below(3);
    }
    if (event.kind == Kind::scroll_depth && random.below(6)) event.depth = random.below(1001) / 10.0;
    if (event.kind == Kind::search_query && random.below(6)) event.query = one_of(random, kNames);
    if (event.kind == Kind::search_query && random.below(3)) event.results_count = random.below(4);
    for (const auto* name : {"LCP", "FCP", "CLS", "INP", "TTFB"}) {
        if (event.kind == Kind::web_vital ? random.below(2) == 0 : random.below(30) == 0) {
            event.vitals.emplace_back(name, random.below(50'000) / 10.0);
        }
    }
}

inline Event random_event(SeededRandom& random, int count) {
    Event event;
    event.project_id = random.below(8) ? "p" : "q";
    event.event_id = "id-" + std::to_string(random.below(2 * count));  // some are sent twice
    event.kind = random_kind(random);
    event.dialect = static_cast<model::DialectId>(random.below(5));
    event.interaction = event.kind == Kind::pageview || (event.kind == Kind::event && random.below(4) > 0);
    event.name = one_of(random, kNames);
    event.source_type = event.name;
    event.path = one_of(random, kPaths);
    if (random.below(3)) event.url = "https://example.org" + event.path;
    event.visitor_id = "v" + std::to_string(random.below(12));
    // A session has several visitors now and then, and a visitor several sessions at a time.
    event.session_id = random.below(8) ? event.visitor_id + "-" + std::to_string(random.below(4))
                                       : "s" + std::to_string(random.below(4));
    if (random.below(3)) event.user_id = "u" + std::to_string(random.below(4));
    event.app_version = one_of(random, kVersions);
    event.referrer = one_of(random, kReferrers);
    event.utm_source = one_of(random, kCampaigns);
    event.utm_medium = one_of(random, kCampaigns);
    event.utm_campaign = one_of(random, kCampaigns);
    if (random.below(8) == 0) event.utm_term = "shoes";
    event.browser = one_of(random, kBrowsers);
    event.os = one_of(random, kSystems);
    event.device_type = one_of(random, kDevices);
    event.country = one_of(random, kCountries);
    // Coarse times, so that rows meet in one instant and ranges end on rows; a third of them about midnight.
    const std::int64_t quarter = random.below(3) ? random.below(5 * 24 * 4) : random.below(6) * 24 * 4;
    event.ts_ms = kStart + quarter * (kHour / 4) + random.below(3) - 1;
    event.received_ms = kStart;
    event.bot = random.below(10) == 0;
    add_facets(random, event);
    event.props = random_properties(random, event.kind);
    return event;
}

inline Rows random_events(SeededRandom& random) {
    Rows events;
    const int count = random.below(250);
    for (int i = 0; i < count; ++i) events.push_back(random_event(random, count));
    if (random.below(8) > 0) return events;
    // A session with more rows of a kind than a byte counts.
    for (int i = 0; i < 400; ++i) {
        auto event = random_event(random, 400);
        event.project_id = "p";
        event.event_id = "long-" + std::to_string(i);
        event.session_id = "v0-0";
        event.visitor_id = "v0";
        if (random.below(8)) event.kind = Kind::pageview;
        event.interaction = event.kind == Kind::pageview;
        events.push_back(std::move(event));
    }
    return events;
}

/// What reports may see of them for the project: the first with each id, unless it is a crawler's; by time, then by id.
inline Rows kept(const Rows& events, const std::string& project) {
    std::set<std::string> seen;
    Rows rows;
    for (const auto& event : events) {
        if (event.project_id == project && seen.insert(event.event_id).second && !event.bot) rows.push_back(event);
    }
    std::sort(rows.begin(), rows.end(), [](const Event& a, const Event& b) {
        return std::tie(a.ts_ms, a.event_id) < std::tie(b.ts_ms, b.event_id);
    });
    return rows;
}

inline std::string source_of(const Event& event) {
    std::string host = event.referrer;
    for (const auto* scheme : {"https://", "http://"}) {
        if (host.starts_with(scheme)) host = host.substr(std::string(scheme).size());
    }
    host = host.substr(0, host.find_first_of("/?#"));
    if (host.find('@') != std::string::npos) host = host.substr(host.find('@') + 1);
    host = host.substr(0, host.find(':'));
    for (char& c : host) c = static_cast<char>(std::tolower(c));
    if (host.starts_with("www.")) host = host.substr(4);
    return host == "example.org" ? "" : host;
}

inline bool is_tagged(const Event& event) {
    return !(event.utm_source + event.utm_medium + event.utm_campaign + event.utm_content + event.utm_term).empty();
}

/// Half away from zero; what a double cannot hold of a tie is forgiven.
inline double round_half_up(double value, int decimals) {
    const double scale = std::pow(10, decimals);
    const double size = std::floor(std::abs(value) * scale + 0.5 + 1e-7) / scale;
    return value < 0 ? -size : size;
}

inline double rate(std::size_t part, std::size_t whole, int decimals) {
    return whole == 0 ? 0 : round_half_up(100.0 * static_cast<double>(part) / static_cast<double>(whole), decimals);
}

inline double share(std::size_t part, std::size_t whole) { return rate(part, whole, 1); }

inline std::set<std::string> visitors_of(const Rows& rows) {
    std::set<std::string> visitors;
    for (const auto& row : rows) visitors.insert(row.visitor_id);
    return visitors;
}

inline Rows active_of(Rows rows) {
    std::erase_if(rows, [](const Event& row) { return !is_active(row.kind); });
    return rows;
}

}  // namespace collector::query::test
