// Reports again, in plain C++ over a list of events, against the store: what is random, and what every family needs.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/open.hpp"
#include "support/time_text.hpp"
#include "tests/collector/query/asking.hpp"
#include "tests/collector/query/defining.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/temporary_folder.hpp"

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

/// What a session must have, by its rows in range.
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

inline std::int64_t stretched(std::int64_t ts_ms, int stretch) { return kStart + (ts_ms - kStart) * stretch; }

/// A question of one project, and all that may be answered with.
struct Asked {
    std::string project;
    meta::Definitions* definitions = nullptr;  ///< a family adds what it asks for
    Rows all;                                  ///< of the project: see kept()
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::int64_t now = 0;
    int limit = 0;
    int offset = 0;
    std::vector<SessionFilter> filters;

    std::string range() const {
        std::string text =
            "start_at=" + pulsekit::date_time_ms_text(from) + "&end_at=" + pulsekit::date_time_ms_text(to);
        for (const auto& filter : filters) text += "&filter=" + filter.text;
        return text;
    }
    std::string page() const { return "&limit=" + std::to_string(limit) + "&offset=" + std::to_string(offset); }

    /// Rows in range of the sessions that the filters keep, in order, without the ledgers.
    Rows rows(std::int64_t first, std::int64_t last) const {
        std::map<std::string, Rows> sessions;
        for (const auto& row : all) {
            const bool seen = row.ts_ms >= first && row.ts_ms <= last && row.kind != Kind::delivery;
            if (seen) sessions[row.session_id].push_back(row);
        }
        const auto is_kept = [&](const Event& row) {
            const auto found = sessions.find(row.session_id);
            return found != sessions.end() && std::all_of(filters.begin(), filters.end(), [&](const auto& filter) {
                       return filter.keeps(found->second, last);
                   });
        };
        Rows found;
        for (const auto& row : all) {
            const bool seen = row.ts_ms >= first && row.ts_ms <= last && row.kind != Kind::delivery;
            if (seen && is_kept(row)) found.push_back(row);
        }
        return found;
    }
    Rows rows() const { return rows(from, to); }

    std::map<std::string, Rows> sessions() const {
        std::map<std::string, Rows> found;
        for (const auto& row : rows()) found[row.session_id].push_back(row);
        return found;
    }
    std::map<std::string, Rows> visitors() const {
        std::map<std::string, Rows> found;
        for (const auto& row : rows()) found[row.visitor_id].push_back(row);
        return found;
    }

    template <typename T>
    std::vector<T> page_of(std::vector<T> list) const {
        list.erase(list.begin(), list.begin() + std::min<std::ptrdiff_t>(offset, std::ssize(list)));
        if (std::ssize(list) > limit) list.resize(static_cast<std::size_t>(limit));
        return list;
    }
    /// Greatest value first, then by the bytes of the name; then the page is cut.
    template <typename Entry, typename Value>
    std::vector<std::pair<std::string, Entry>> ranked(const std::map<std::string, Entry>& entries, Value value) const {
        std::vector<std::pair<std::string, Entry>> list(entries.begin(), entries.end());
        std::stable_sort(list.begin(), list.end(),
                         [&](const auto& a, const auto& b) { return value(a.second) > value(b.second); });
        return page_of(std::move(list));
    }
};

/// `stretch` as of compare().
inline Asked random_question(SeededRandom& random, const Rows& sent, const std::string& project, int stretch) {
    Asked asked;
    asked.project = project;
    asked.all = kept(sent, project);
    asked.from = kStart + random.below(4 * 24 * 4) * (kHour / 4);
    if (random.below(3) == 0) asked.from -= asked.from % kDay;  // whole days now and then
    asked.to = asked.from + random.below(3 * 24 * 4) * (kHour / 4) - (random.below(2) ? 0 : 1);
    asked.to = std::max(asked.from, asked.to);
    asked.from = stretched(asked.from, stretch);
    asked.to = stretched(asked.to, stretch);
    asked.now = asked.to + (stretch > 1 ? random.below(100) * kDay : 0);
    asked.limit = 1 + random.below(8);
    asked.offset = random.below(4);
    for (int i = random.below(2) ? 0 : random.below(3); i > 0; --i) {
        asked.filters.push_back(random_filter(random, asked.all));
    }
    return asked;
}

/// Puts `target` to the store, at the asked `now`.
using Expect = std::function<void(const std::string& target, const Json& expected)>;
using Family = void (*)(const Asked& asked, const Expect& expect);

/// A store in a folder, and what was sent to it.
class ComparedStore {
public:
    ComparedStore(SeededRandom& random, Family family, int stretch)
        : random_(random), family_(family), stretch_(stretch) {}

    /// Opens the store, or opens it again, as after a restart.
    void open() {
        store_.reset();
        auto opened =
            store::open_store({.data_directory = folder_.path().string(), .sync = store::Sync::normal}, random_);
        ASSERT_TRUE(opened.ok());
        store_ = *std::move(opened);
    }

    void append(const Rows& events) {
        ASSERT_TRUE(store_->append(events).ok());
        sent_.insert(sent_.end(), events.begin(), events.end());
    }

    void compare() {
        const std::string id = random_.below(4) ? "p" : "q";
        auto asked = random_question(random_, sent_, id, stretch_);
        asked.definitions = &defined_.definitions();
        family_(asked, [&](const std::string& target, const Json& expected) {
            const auto reply = ask(*store_, defined_.definitions(), asked.now, project(id), target);
            ASSERT_TRUE(reply) << target;
            EXPECT_EQ(reply->status, 200) << target << "\n" << reply->response.body;
            EXPECT_EQ(reply->body, expected) << target << "\n" << Json::diff(expected, reply->body);
        });
    }

private:
    SeededRandom& random_;
    const Family family_;
    const int stretch_;
    const pulsekit::test::TemporaryFolder folder_;
    Defined defined_{folder_.file("definitions.sqlite")};
    std::unique_ptr<store::EventStore> store_;
    Rows sent_;
};

/// Asks between appends of any size, and after a restart now and then: what comes late belongs to what was known.
inline void compare_once(SeededRandom& random, Family family, int stretch) {
    ComparedStore store(random, family, stretch);
    store.open();
    auto events = random_events(random);
    for (auto& event : events) event.ts_ms = stretched(event.ts_ms, stretch);
    for (auto next = events.begin(); next != events.end();) {
        const auto end = next + std::min<std::ptrdiff_t>(1 + random.below(60), events.end() - next);
        store.append({next, end});
        next = end;
        if (random.below(2) == 0) store.compare();
        if (random.below(6) == 0) store.open();
    }
    for (int i = 0; i < 5; ++i) store.compare();
}

/// Of many random stores, or of the one of PULSEKIT_TEST_SEED. Their events spread over six days, or over so many times
/// as many as `stretch` says, with ranges that are as much longer.
inline void compare(Family family, int stretch = 1) {
    const char* chosen = std::getenv("PULSEKIT_TEST_SEED");
    const std::uint64_t first = chosen ? std::strtoull(chosen, nullptr, 10) : std::random_device{}();
    for (std::uint64_t seed = first; seed < first + (chosen ? 1u : 25u) && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("PULSEKIT_TEST_SEED=" + std::to_string(seed));
        SeededRandom random(seed);
        compare_once(random, family, stretch);
    }
}

}  // namespace collector::query::test
