#include "tests/bench/query_events.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>

namespace bench {
namespace {

using collector::model::Event;
using collector::model::Kind;

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::size_t kAtATime = 2'000;  // visits

constexpr const char* kBrowsers[] = {"Chrome", "Safari", "Firefox", "Edge", "Samsung Internet"};
constexpr const char* kSystems[] = {"Windows", "macOS", "iOS", "Android", "Linux"};
constexpr const char* kDevices[] = {"desktop", "mobile", "tablet"};
constexpr const char* kCountries[] = {"US", "DE", "FR", "GB", "IN", "BR", "JP", "CA", "AU", "PL", "NL", "SE"};
constexpr const char* kSources[] = {"",
                                    "https://www.google.com/",
                                    "https://duckduckgo.com/",
                                    "https://news.ycombinator.com/",
                                    "https://x.com/a",
                                    "https://github.com/b",
                                    "https://www.reddit.com/r/c"};
constexpr const char* kCampaigns[] = {"", "spring", "summer", "launch", "retarget"};
constexpr const char* kNames[] = {"signup", "purchase", "click", "download", "search", "share", "video", "comment"};
constexpr const char* kErrors[] = {"TypeError: x is undefined", "ReferenceError: y", "NetworkError", "RangeError",
                                   "Timeout"};
constexpr const char* kVitals[] = {"LCP", "FCP", "CLS", "INP", "TTFB"};
constexpr const char* kSelectors[] = {"#buy", ".nav a", "button.cta", "#menu", "footer a"};

template <std::size_t N>
const char* pick(const char* const (&values)[N], std::uint64_t at) {
    return values[at % N];
}

}  // namespace

Visits::Visits(std::string project, std::uint64_t events, std::int64_t end_ms)
    : project_(std::move(project)), events_(events), start_ms_(end_ms - kDays * kDayMs), visits_(kAtATime) {
    for (std::size_t i = 0; i < kPaths; ++i) paths_.push_back(i == 0 ? "/" : "/section/page-" + std::to_string(i));
}

/// About Zipf: the inverse of its cumulative distribution, by the continuous one.
std::size_t Visits::zipf(std::size_t count, double skew) {
    const double u = static_cast<double>(dice_.roll() >> 11) * 0x1p-53;
    const double n = static_cast<double>(count);
    const double rank = std::pow((std::pow(n + 1, 1 - skew) - 1) * u + 1, 1 / (1 - skew));
    return std::min(count, static_cast<std::size_t>(rank)) - 1;
}

std::string Visits::id() {
    char text[64];
    const auto a = dice_.roll();
    const auto b = dice_.roll();
    const auto ms = static_cast<unsigned long long>(now_ms_);
    std::snprintf(text, sizeof text, "%08llx-%04llx-7%03llx-8%03llx-%012llx", ms >> 16, ms & 0xffff,
                  static_cast<unsigned long long>(a & 0xfff), static_cast<unsigned long long>(a >> 12 & 0xfff),
                  static_cast<unsigned long long>(b & 0xffffffffffff));
    return text;
}

void Visits::begin(Visit& visit) {
    visit.visitor = static_cast<std::uint32_t>(zipf(kVisitors, 0.6));
    visit.session = id();
    visit.referrer = pick(kSources, zipf(std::size(kSources), 0.5));
    visit.campaign = dice_.below(4) == 0 ? dice_.below(std::size(kCampaigns)) : 0;
    visit.left = 1 + static_cast<std::uint32_t>(dice_.below(11));
    visit.is_new = true;
}

Event Visits::event(Visit& visit, std::int64_t ts_ms) {
    Event made;
    made.project_id = project_;
    made.event_id = id();
    made.dialect = collector::model::DialectId::analytics;
    made.ts_ms = ts_ms;
    made.received_ms = ts_ms + static_cast<std::int64_t>(dice_.below(2'000));
    const std::uint64_t person = visit.visitor * std::uint64_t{0x9e3779b97f4a7c15} >> 32;
    char visitor[40];
    std::snprintf(visitor, sizeof visitor, "%08llx-visitor-%08x", static_cast<unsigned long long>(person),
                  visit.visitor);
    made.visitor_id = visitor;
    made.session_id = visit.session;
    made.path = paths_[zipf(kPaths, 0.9)];
    made.browser = pick(kBrowsers, person % 7);
    made.browser_version = std::to_string(120 + person % 3);
    made.os = pick(kSystems, person % 11);
    made.device_type = pick(kDevices, person % 5);
    made.country = pick(kCountries, person % 29);
    made.utm_campaign = kCampaigns[visit.campaign];
    if (visit.campaign > 0) made.utm_source = "newsletter";
    if (visit.campaign > 0) made.utm_medium = "email";
    const auto roll = visit.is_new ? 0 : dice_.below(100);
    if (roll < 60) {
        made.kind = Kind::pageview;
        made.name = "pageview";
        made.interaction = true;
        if (visit.is_new) made.referrer = visit.referrer;
    } else if (roll < 85) {
        made.kind = Kind::event;
        made.name = pick(kNames, zipf(std::size(kNames), 0.5));
        made.interaction = true;
        made.props = R"({"position":"top"})";
        if (made.name == "purchase") made.revenue_amount = static_cast<double>(dice_.below(10'000)) / 100;
    } else if (roll < 92) {
        made.kind = Kind::web_vital;
        made.name = "web_vital";
        const std::string vital = pick(kVitals, dice_.roll());
        made.vitals.emplace_back(vital, static_cast<double>(dice_.below(4'000)) * (vital == "CLS" ? 0.0001 : 1));
    } else if (roll < 96) {
        made.kind = Kind::click_event;
        made.name = "click_event";
        made.click_x = static_cast<double>(dice_.below(128) * 10);
        made.click_y = static_cast<double>(dice_.below(90) * 10);
        made.selector = pick(kSelectors, dice_.roll());
        made.viewport_w = 1280;
    } else if (roll < 98) {
        made.kind = Kind::js_error;
        made.name = "js_error";
        made.error_message = pick(kErrors, zipf(std::size(kErrors), 0.5));
    } else {
        made.kind = Kind::identify;
        made.name = "identify";
        made.props = person % 3 == 0 ? R"({"plan":"pro"})" : R"({"plan":"free"})";
    }
    made.source_type = made.name;
    visit.is_new = false;
    return made;
}

std::vector<Event> Visits::next(std::size_t count) {
    std::vector<Event> made;
    for (; made.size() < count && made_ < events_; ++made_) {
        now_ms_ = start_ms_ + static_cast<std::int64_t>(static_cast<double>(kDays * kDayMs) *
                                                        static_cast<double>(made_) / static_cast<double>(events_));
        auto& visit = visits_[dice_.below(kAtATime)];
        if (visit.left == 0) begin(visit);
        --visit.left;
        made.push_back(event(visit, now_ms_));
    }
    return made;
}

}  // namespace bench
