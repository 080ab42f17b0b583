#include "src/wire/wire.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <sstream>

#include "src/json_reader.hpp"
#include "src/json_writer.hpp"
#include "support/time_text.hpp"
#include "tests/support/json_value.hpp"
#include "tests/support/records.hpp"
#include "tests/support/seeded_random.hpp"

namespace pulsekit::wire {
namespace {

using test::JsonValue;
using Type = JsonValue::Type;

constexpr std::int64_t kNow = 784111777000;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr Dialect kDialects[] = {Dialect::productgraph, Dialect::pulse, Dialect::gateway, Dialect::analytics,
                                 Dialect::ingest};
const Labels kLabels = {"space game"};

/// Events with their bytes.
class Events {
public:
    explicit Events(const Context& context) { now_in(context); }
    Events() : Events(user_context()) {}

    Events& now_in(const Context& context) {
        append_frame(frames_, context.encoded());
        return *this;
    }
    Events& add(RecordType type, std::string_view name, const Properties& fields = {},
                const Properties& properties = {}) {
        RecordHead head;
        head.type = type;
        head.name = name;
        head.sequence = static_cast<std::uint32_t>(++count_);
        head.time_ms = time_ms + static_cast<std::int64_t>(count_);
        head.id.bytes.fill(static_cast<std::uint8_t>(count_));
        append_frame(frames_, test::encoded_event(head, fields, properties));
        return *this;
    }
    const std::vector<RecordView>& views() {
        list_ = std::make_unique<EventList>();
        EXPECT_TRUE(list_->add(frames_, 0, count_));
        return list_->events();
    }

    static Context bare_context() {
        Context context;
        context.session.bytes.fill(0x11);
        context.device_id = "device-1";
        return context;
    }
    static Context user_context() {
        Context context = bare_context();
        context.user_id = "u-1";
        context.app_version = "1.4.2";
        context.app_build = "421";
        context.os = "Linux";
        context.os_version = "6.1.0";
        context.arch = "x86_64";
        context.locale = "de-CH";
        context.time_zone = "Europe/Zurich";
        context.screen = "1920x1080";
        context.device_class = "desktop";
        context.network_type = "wifi";
        context.page = "shop";
        context.globals.set("channel", "beta").set("shard", 3);
        return context;
    }

    std::int64_t time_ms = 1'705'314'600'123;

private:
    std::string frames_;
    std::size_t count_ = 0;
    std::unique_ptr<EventList> list_;
};

/// One of each kind, and what is awkward.
Events one_of_each() {
    Context console = Events::bare_context();
    console.app_version = "1.4.2";
    console.device_class = "console";
    console.network_type = "ethernet";
    console.os = "Android";
    Properties nested;
    nested.set("damage", 12).set("kind", "plasma");
    Events events;
    events.add(RecordType::identify, "identify", {}, {{"plan", "pro"}})
        .add(RecordType::screen, "main menu", {}, {{"referrer", "https://example.com/ad"}})
        .add(RecordType::screen, "/shop/items")
        .add(RecordType::error, "IOError",
             {{field_name::kErrorType, "IOError"},
              {field_name::kErrorMessage, "disk \"full\""},
              {field_name::kErrorStack, "save.cpp:12\nmain.cpp:3"}},
             {{"slot", 2}})
        .add(RecordType::journey_step, "journey.step",
             {{field_name::kJourney, "onboarding"},
              {field_name::kStep, "avatar"},
              {field_name::kStepName, "Choose an avatar"}})
        .add(RecordType::state_change, "state.change",
             {{field_name::kStateKey, "music"},
              {field_name::kStateBefore, "{\"on\":true}"},
              {field_name::kStateAfter, "{\"on\":false}"}})
        .add(RecordType::api_call, "api.response",
             {{field_name::kApiMethod, "GET"},
              {field_name::kApiPath, "/v2/scores"},
              {field_name::kApiStatus, 503},
              {field_name::kDuration, 812}})
        .add(RecordType::performance, "LCP", {{field_name::kMetric, "LCP"}, {field_name::kMetricValue, 1834.5}})
        .add(RecordType::performance, "CLS", {{field_name::kMetric, "CLS"}, {field_name::kMetricValue, 0.08}})
        .add(RecordType::performance, "frame_ms", {{field_name::kMetric, "frame_ms"}, {field_name::kMetricValue, 16.6}})
        .add(RecordType::track, "purchase", {{field_name::kRevenueAmount, 4.99}, {field_name::kRevenueCurrency, "CHF"}},
             {{"item", "sword"}})
        .add(RecordType::track, "gift", {}, {{"revenue_amount", 2}, {"revenue_currency", "eur"}})
        .add(RecordType::track, "load", {{field_name::kDuration, 1250}})
        .add(RecordType::track, "clash", {},
             {{"channel", "stable"},
              {"sequence", "mine"},
              {"timestamp", "mine"},
              {"url", "/mine"},
              {"country", "USA"},
              {"screen", "inventory"}})
        .now_in(console)
        .add(RecordType::track, "level_complete", {},
             {{"level", 3},
              {"score", 1234.5},
              {"win", true},
              {"map", "ca\xC3\xB1on \"x\""},
              {"none", nullptr},
              {"hits", Array({nested, 7, "x"})},
              {"boss", nested}})
        .add(RecordType::screen, "settings");
    return events;
}

std::string read_file(const std::string& name) {
    std::ifstream file(std::string(PULSEKIT_TEST_DATA) + "/" + name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The bodies that go out for these events: one, or as many as the dialect takes one by one.
std::vector<std::string> bodies_of(const Wire& wire, const std::vector<RecordView>& events) {
    if (wire.max_events > 1) return {wire.encode(events, kLabels)};
    std::vector<std::string> bodies;
    for (const auto& event : events) bodies.push_back(wire.encode({event}, kLabels));
    return bodies;
}

/// The collector's tests read the same files: what this side says is what that side hears. Dialects of one event a
/// request have an array of bodies.
TEST(Wires, SayWhatTheCollectorsTestsHear) {
    Events events = one_of_each();
    for (const auto dialect : kDialects) {
        const Wire& wire = wire_of(dialect);
        const auto bodies = bodies_of(wire, events.views());
        std::string text = bodies[0];
        if (wire.max_events == 1) {
            text = "[";
            for (const auto& body : bodies) text += (&body == bodies.data() ? "\n" : ",\n") + body;
            text += "\n]";
        }
        text += "\n";
        EXPECT_TRUE(JsonValue::parse(text)) << wire.name;
        const std::string name = "contract/" + std::string(wire.name) + ".json";
        if (std::getenv("PULSEKIT_UPDATE_GOLDEN")) std::ofstream(std::string(PULSEKIT_TEST_DATA) + "/" + name) << text;
        EXPECT_EQ(text, read_file(name)) << wire.name;
    }
}

/// A rule that a collector has for a member.
struct Rule {
    const char* name;
    Type type;
    bool required;
    std::size_t max = 0;  // 0: none
    std::vector<std::string> values = {};
};
using Rules = std::vector<Rule>;

const Rules kPulseRules = {
    {"site_id", Type::text, true, 64},     {"event_type", Type::text, true, 64}, {"timestamp", Type::number, true},
    {"session_id", Type::text, true, 64},  {"user_id", Type::text, false, 64},   {"url", Type::text, false, 2048},
    {"referrer", Type::text, false, 2048}, {"country", Type::text, false, 2},    {"device_type", Type::text, false, 32},
    {"event_id", Type::text, true},        {"device_id", Type::text, true}};
const Rules kGatewayRules = {{"name", Type::text, true, 255},    {"properties", Type::object, true},
                             {"userId", Type::text, false, 255}, {"sessionId", Type::text, true, 255},
                             {"timestamp", Type::text, true},    {"id", Type::text, true, 64},
                             {"deviceId", Type::text, true}};
const Rules kIngestRules = {{"event_id", Type::text, true, 255},
                            {"event_type", Type::text, true, 255},
                            {"event_name", Type::text, true, 255},
                            {"user_id", Type::text, true, 255},
                            {"session_id", Type::text, true, 255},
                            {"page_name", Type::text, true, 255},
                            {"event_time", Type::text, true},
                            {"referrer", Type::text, false, 2048},
                            {"app_version", Type::text, false, 255},
                            {"device_type", Type::text, false, 0, {"mobile", "desktop", "tablet"}},
                            {"platform", Type::text, false, 0, {"ios", "android", "web"}},
                            {"network_type", Type::text, false, 0, {"wifi", "cellular", "unknown"}},
                            {"performance", Type::object, false},
                            {"commerce", Type::object, false},
                            {"extras", Type::object, true}};
const Rules kAnalyticsRules = {
    {"type", Type::text, true},          {"visitor_id", Type::text, true, 128}, {"session_id", Type::text, true, 128},
    {"event_id", Type::text, true, 128}, {"user_id", Type::text, false, 255},   {"url", Type::text, false, 2048},
    {"timestamp", Type::number, true}};
const std::map<std::string, Rules> kAnalyticsTypes = {
    {"pageview",
     {{"path", Type::text, true, 2048},
      {"title", Type::text, false, 512},
      {"referrer", Type::text, false, 2048},
      {"screen", Type::text, false, 32},
      {"language", Type::text, false, 35},
      {"utm_source", Type::text, false, 255}}},
    {"event",
     {{"name", Type::text, true, 255},
      {"data", Type::object, false},
      {"revenue_amount", Type::number, false},
      {"revenue_currency", Type::text, false, 3}}},
    {"identify", {{"traits", Type::object, true}}},
    {"js_error",
     {{"message", Type::text, true, 4096},
      {"stack", Type::text, false, 32768},
      {"filename", Type::text, false, 2048},
      {"lineno", Type::number, false},
      {"colno", Type::number, false},
      {"path", Type::text, false, 2048}}},
    {"web_vital",
     {{"name", Type::text, true, 0, {"LCP", "FCP", "CLS", "INP", "TTFB"}},
      {"value", Type::number, true},
      {"path", Type::text, false, 2048}}}};

/// The first rule that the event breaks; empty when there is none.
std::string broken(const JsonValue& event, const Rules& rules) {
    if (!event.is(Type::object)) return "not an object";
    for (const auto& rule : rules) {
        const JsonValue& value = event[rule.name];
        const std::string name = rule.name;
        if (value.is(Type::null) || (value.is(Type::text) && value.text.empty())) {
            if (rule.required) return name + " is missing";
            continue;
        }
        if (!value.is(rule.type)) return name + " has another type";
        if (rule.max && json::code_points(value.text) > rule.max) return name + " is too long: " + value.text;
        if (!rule.values.empty() &&
            std::find(rule.values.begin(), rule.values.end(), value.text) == rule.values.end()) {
            return name + " is none of its values: " + value.text;
        }
    }
    return {};
}

std::string broken_rule(Dialect dialect, const JsonValue& event) {
    const JsonValue& timestamp = event["timestamp"];
    switch (dialect) {
        case Dialect::pulse:
            if (!timestamp.is_integer() || timestamp.number < 0 || timestamp.number > 253402300799999.0) {
                return "timestamp";
            }
            if (event.has("country") && event["country"].text.size() != 2) return "country";
            return broken(event, kPulseRules);
        case Dialect::gateway:
            if (!parse_date_time(timestamp.text)) return "timestamp";
            return broken(event, kGatewayRules);
        case Dialect::ingest:
            if (!parse_date_time(event["event_time"].text)) return "event_time";
            return broken(event, kIngestRules);
        case Dialect::analytics: {
            const auto known = kAnalyticsTypes.find(event["type"].text);
            if (known == kAnalyticsTypes.end()) return "unknown type " + event["type"].text;
            if (!timestamp.is_integer() || timestamp.number < 0 || event.has("payload")) return "timestamp or payload";
            const std::string common = broken(event, kAnalyticsRules);
            return common.empty() ? broken(event, known->second) : common;
        }
        case Dialect::productgraph: break;
    }
    if (!parse_date_time(event["event.timestamp"].text)) return "event.timestamp";
    for (const auto& [name, value] : event.members) {
        const bool is_number =
            name == "event.sequence" || name == "api.status_code" || name == "api.duration_ms" || name == "duration_ms";
        const bool is_vital = name.compare(0, 12, "performance.") == 0;
        const Type type = is_number || is_vital ? Type::number : name == "metadata" ? Type::object : Type::text;
        if (!value.is(type) || (is_number && !value.is_integer())) return name + " has another type";
    }
    return broken(event, {{"event_id", Type::text, true},
                          {"project_id", Type::text, true},
                          {"session.id", Type::text, true},
                          {"event.type", Type::text, true},
                          {"device.id", Type::text, true}});
}

std::vector<JsonValue> events_in(const std::string& body) {
    auto parsed = JsonValue::parse(body);
    EXPECT_TRUE(parsed) << body;
    if (!parsed) return {};
    if (parsed->has("events") && parsed->members.size() == 1) return (*parsed)["events"].elements;
    return {*parsed};
}

std::vector<JsonValue> sent(Dialect dialect, const std::vector<RecordView>& events) {
    std::vector<JsonValue> all;
    for (const auto& body : bodies_of(wire_of(dialect), events)) {
        for (auto& event : events_in(body)) all.push_back(std::move(event));
    }
    return all;
}

TEST(Wires, KeepTheRulesOfTheirDialects) {
    Events events = one_of_each();
    const auto& views = events.views();
    for (const auto dialect : kDialects) {
        const auto all = sent(dialect, views);
        ASSERT_EQ(all.size(), views.size());
        for (std::size_t i = 0; i < all.size(); ++i) {
            EXPECT_EQ(broken_rule(dialect, all[i]), "") << wire_of(dialect).name << " " << views[i].name;
            EXPECT_EQ(wire_of(dialect).check(views[i], kLabels), nullptr) << wire_of(dialect).name;
        }
    }
}

TEST(Wires, OneEventTakesTheFormOfItsPath) {
    Events events;
    const auto& views = events.add(RecordType::track, "a").views();
    for (const auto dialect : kDialects) {
        const Wire& wire = wire_of(dialect);
        const auto body = JsonValue::parse(wire.encode(views, kLabels));
        ASSERT_TRUE(body);
        EXPECT_EQ(body->has("events"), dialect == Dialect::productgraph) << wire.name;
        EXPECT_EQ(wire.single_path.empty(), wire.max_events == 1 || dialect == Dialect::productgraph) << wire.name;
        EXPECT_EQ(broken_rule(dialect, events_in(wire.encode(views, kLabels))[0]), "") << wire.name;
    }
}

/// Where a dialect keeps the properties: an object of theirs, or the event itself.
const JsonValue& props_of(Dialect dialect, const JsonValue& event) {
    for (const char* name : {"metadata", "properties", "data", "extras"}) {
        if (event[name].is(Type::object) && dialect != Dialect::pulse) return event[name];
    }
    return event;
}

TEST(Wires, TheEventsOwnPropertiesHideTheContexts) {
    Context context = Events::user_context();
    context.globals.set("os_version", "mine");
    Events events(context);
    events.add(RecordType::track, "a", {}, {{"shard", 9}, {"os", "BeOS"}}).add(RecordType::track, "b");
    for (const auto dialect : kDialects) {
        const auto all = sent(dialect, events.views());
        const JsonValue& first = props_of(dialect, all[0]);
        const JsonValue& second = props_of(dialect, all[1]);
        EXPECT_EQ(first["shard"].number, 9) << wire_of(dialect).name;
        EXPECT_EQ(first["os"].text, "BeOS") << wire_of(dialect).name;
        EXPECT_EQ(first["channel"].text, "beta") << wire_of(dialect).name;
        EXPECT_EQ(second["shard"].number, 3) << wire_of(dialect).name;
        EXPECT_EQ(second["os"].text, "Linux") << wire_of(dialect).name;
        EXPECT_EQ(second["os_version"].text, "mine") << wire_of(dialect).name;
        const std::string body = wire_of(dialect).encode({events.views()[0]}, kLabels);
        for (const std::string name : {"\"shard\":", "\"os\":"}) {
            EXPECT_EQ(body.find(name), body.rfind(name)) << body;
        }
    }
}

TEST(Wires, NoPropertyTakesTheNameOfAMember) {
    Context context = Events::bare_context();
    context.globals.set("sequence", "global").set("event_type", "global");
    Events events(context);
    Properties all;
    for (const char* name :
         {"site_id",  "event_type", "timestamp", "session_id", "user_id", "event_id", "device_id",  "device_type",
          "sequence", "url",        "country",   "referrer",   "type",    "payload",  "visitor_id", "path",
          "title",    "screen",     "language",  "utm_source", "message", "stack",    "filename",   "lineno",
          "name",     "value",      "rating",    "traits",     "data",    "events"}) {
        all.set(name, -7);
    }
    events.add(RecordType::track, "a", {}, all)
        .add(RecordType::screen, "b", {}, all)
        .add(RecordType::identify, "c", {}, all)
        .add(RecordType::error, "d", {{field_name::kErrorMessage, "m"}}, all)
        .add(RecordType::performance, "LCP", {{field_name::kMetricValue, 1}}, all);
    for (const auto dialect : kDialects) {
        for (const auto& event : sent(dialect, events.views())) {
            EXPECT_EQ(broken_rule(dialect, event), "") << wire_of(dialect).name;
        }
    }
    const auto pulse_events = sent(Dialect::pulse, events.views());
    EXPECT_EQ(pulse_events[0]["property.timestamp"].number, -7);
    EXPECT_EQ(pulse_events[0]["property.sequence"].number, -7);
    EXPECT_EQ(pulse_events[0]["sequence"].number, 1);
    EXPECT_EQ(pulse_events[3]["message"].text, "m");
    EXPECT_EQ(pulse_events[3]["property.message"].number, -7);
}

TEST(Wires, TimesOutsideTheDialectsYearsAreTheNearest) {
    for (const std::int64_t time : {std::numeric_limits<std::int64_t>::min() + 1, std::int64_t{-2},
                                    std::numeric_limits<std::int64_t>::max() - 1}) {
        Events events;
        events.time_ms = time;
        const auto& views = events.add(RecordType::track, "a").views();
        for (const auto dialect : kDialects) {
            EXPECT_EQ(broken_rule(dialect, sent(dialect, views)[0]), "") << wire_of(dialect).name << " " << time;
        }
    }
}

TEST(Wires, AVitalThatIsNoneIsAnOrdinaryMetric) {
    for (const double value : {-1.0, std::numeric_limits<double>::quiet_NaN()}) {
        Events events;
        const auto& views = events.add(RecordType::performance, "LCP", {{"metric", "LCP"}, {"value", value}}).views();
        for (const auto dialect : kDialects) {
            EXPECT_EQ(broken_rule(dialect, sent(dialect, views)[0]), "") << wire_of(dialect).name;
        }
        EXPECT_EQ(sent(Dialect::analytics, views)[0]["type"].text, "event");
        EXPECT_EQ(sent(Dialect::productgraph, views)[0]["event.type"].text, "custom");
    }
}

// Limits

struct Limit {
    const char* what;
    Dialect dialect;
    RecordType type;
    std::string name;
    Properties fields;
    Properties properties;
    std::string user;
    std::string app;
    const char* reason;  // null: it passes
};

std::string text(std::size_t size) { return std::string(size, 'x'); }
std::string wide(std::size_t size) {
    std::string out;
    for (std::size_t i = 0; i < size; ++i) out += "\xC3\xA9";
    return out;
}

TEST(Limits, EventsThatTheCollectorWouldRefuseAreToldApart) {
    using R = RecordType;
    using D = Dialect;
    const char* const pulse_name = "the pulse dialect takes names of at most 64 characters";
    const char* const pulse_user = "the pulse dialect takes user ids of at most 64 characters";
    const char* const pulse_app = "the pulse dialect takes application names of at most 64 characters";
    const char* const blank = "the gateway dialect takes no blank names";
    const char* const message = "the analytics dialect takes error messages of at most 4,096 characters";
    const char* const stack = "the analytics dialect takes stacks of at most 32,768 characters";
    const char* const currency = "the analytics dialect takes currencies of 3 letters";
    const char* const ingest_user = "the ingest dialect takes user ids of at most 255 characters";
    const char* const ingest_app = "the ingest dialect takes application names of at most 255 characters";
    const auto error = [](const std::string& m, const std::string& s) {
        return Properties{{field_name::kErrorMessage, m}, {field_name::kErrorStack, s}};
    };
    const auto paid = [](const char* code) {
        return Properties{{field_name::kRevenueAmount, 1.5}, {field_name::kRevenueCurrency, code}};
    };
    const Limit limits[] = {
        {"longest name", D::pulse, R::track, text(64), {}, {}, "", "app", nullptr},
        {"longest name of wide characters", D::pulse, R::track, wide(64), {}, {}, "", "app", nullptr},
        {"name", D::pulse, R::track, text(65), {}, {}, "", "app", pulse_name},
        {"wide name", D::pulse, R::track, wide(65), {}, {}, "", "app", pulse_name},
        {"a screen's name is no event type", D::pulse, R::screen, text(255), {}, {}, "", "app", nullptr},
        {"nor is an error's", D::pulse, R::error, text(255), {}, {}, "", "app", nullptr},
        {"longest user", D::pulse, R::track, "a", {}, {}, wide(64), "app", nullptr},
        {"user", D::pulse, R::track, "a", {}, {}, text(65), "app", pulse_user},
        {"application", D::pulse, R::track, "a", {}, {}, "", text(65), pulse_app},
        {"blank", D::gateway, R::track, " \t", {}, {}, "", "app", blank},
        {"a blank screen has a name", D::gateway, R::screen, " ", {}, {}, "", "app", nullptr},
        {"longest name", D::gateway, R::track, text(255), {}, {}, text(255), "app", nullptr},
        {"longest message and stack", D::analytics, R::error, "e", error(text(4096), text(32768)), {}, "", "", nullptr},
        {"message", D::analytics, R::error, "e", error(wide(4097), "s"), {}, "", "", message},
        {"stack", D::analytics, R::error, "e", error("m", text(32769)), {}, "", "", stack},
        {"no message", D::analytics, R::error, "e", {}, {}, "", "", nullptr},
        {"currency", D::analytics, R::track, "a", paid("eur"), {}, "", "", nullptr},
        {"no currency", D::analytics, R::track, "a", paid(""), {}, "", "", nullptr},
        {"long currency", D::analytics, R::track, "a", paid("EURO"), {}, "", "", currency},
        {"digits", D::analytics, R::track, "a", paid("E1R"), {}, "", "", currency},
        {"the same elsewhere", D::productgraph, R::track, "a", paid("EURO"), {}, "", "app", nullptr},
        {"longest", D::ingest, R::track, text(255), {}, {}, text(255), text(255), nullptr},
        {"user", D::ingest, R::track, "a", {}, {}, wide(256), "app", ingest_user},
        {"application", D::ingest, R::track, "a", {}, {}, "", text(256), ingest_app},
        {"a screen is a page itself", D::ingest, R::screen, "a", {}, {}, "", text(256), nullptr},
        {"no limit of size",
         D::pulse,
         R::track,
         "a",
         {},
         Properties{{"p", std::string(90'000, '\x01')}},
         "",
         "app",
         nullptr},
    };
    for (const auto& limit : limits) {
        Context context = Events::bare_context();
        context.user_id = limit.user;
        Events events(context);
        const auto& views = events.add(limit.type, limit.name, limit.fields, limit.properties).views();
        const char* reason = wire_of(limit.dialect).check(views[0], {limit.app});
        EXPECT_STREQ(reason, limit.reason) << wire_of(limit.dialect).name << ": " << limit.what;
        if (!reason && !limit.app.empty() && limit.app.size() < 65) {
            const auto all = events_in(wire_of(limit.dialect).encode(views, {limit.app}));
            EXPECT_EQ(broken_rule(limit.dialect, all.at(0)), "") << limit.what;
        }
    }
}

TEST(Limits, SizesAreThoseOfTheJson) {
    const auto filled = [](std::size_t size, char with) {
        Events events(Events::bare_context());
        events.add(RecordType::track, "a", {}, Properties{{"p", std::string(size, with)}});
        return events;
    };
    for (const char with : {'x', '\x01', '\xFF'}) {
        for (const auto dialect : {Dialect::productgraph, Dialect::gateway}) {
            const Wire& wire = wire_of(dialect);
            // Bisects for the largest that passes.
            std::size_t low = 0;
            std::size_t high = 102'393;  // what a record can hold
            const auto measured = [&](std::size_t size) {
                Events events = filled(size, with);
                const std::string body = wire.encode(events.views(), kLabels);
                if (dialect == Dialect::productgraph) return body.size() - std::string("{\"events\":[]}").size();
                const std::size_t begin = body.find("\"properties\":{") + 13;
                return body.find("},\"sessionId\"") + 1 - begin;
            };
            while (high - low > 1) {
                const std::size_t middle = (low + high) / 2;
                Events events = filled(middle, with);
                (wire.check(events.views()[0], kLabels) ? high : low) = middle;
            }
            EXPECT_LE(measured(low), 102'400u) << wire.name;
            EXPECT_GT(measured(high), 102'400u) << wire.name;
        }
    }
}

// Answers

Verdict::Kind kind_named(const std::string& name) {
    using Kind = Verdict::Kind;
    static const std::map<std::string, Kind> kKinds = {{"settled", Kind::settled},
                                                       {"retry", Kind::retry},
                                                       {"pause", Kind::pause},
                                                       {"split", Kind::split},
                                                       {"rejected", Kind::rejected}};
    return kKinds.at(name);
}

TEST(Replies, EachGetsItsVerdict) {
    for (const auto dialect : kDialects) {
        const Wire& wire = wire_of(dialect);
        const auto cases = JsonValue::parse(read_file("replies/" + std::string(wire.name) + ".json"));
        ASSERT_TRUE(cases) << wire.name;
        EXPECT_GT(cases->elements.size(), 5u);
        for (const auto& c : cases->elements) {
            const std::string what = std::string(wire.name) + ": " + c["name"].text;
            HttpResponse response;
            response.status = static_cast<int>(c["status"].number);
            response.body = c["body"].text;
            if (c.has("retry_after")) response.headers.emplace_back("retry-after", c["retry_after"].text);
            const Verdict verdict = judge(wire, response, static_cast<std::size_t>(c["events"].number), kNow);
            EXPECT_EQ(verdict.kind, kind_named(c["kind"].text)) << what;
            EXPECT_EQ(static_cast<double>(verdict.at), c["at"].number) << what;
            const auto waits = verdict.retry_after ? verdict.retry_after->count() : -1;
            EXPECT_EQ(static_cast<double>(waits), c.has("waits_ms") ? c["waits_ms"].number : -1) << what;
            const auto& refused = c["rejections"].elements;
            ASSERT_EQ(verdict.rejections.size(), refused.size()) << what;
            for (std::size_t i = 0; i < refused.size(); ++i) {
                EXPECT_EQ(static_cast<double>(verdict.rejections[i].index), refused[i].elements[0].number) << what;
                EXPECT_EQ(verdict.rejections[i].message, refused[i].elements[1].text) << what;
            }
        }
    }
}

/// Whatever is cut off or changed in an answer, nobody crashes, and an answer that is no JSON settles nothing.
TEST(Replies, DamagedOnesSettleNothing) {
    for (const auto dialect : kDialects) {
        const Wire& wire = wire_of(dialect);
        const auto cases = JsonValue::parse(read_file("replies/" + std::string(wire.name) + ".json"));
        ASSERT_TRUE(cases);
        for (const auto& c : cases->elements) {
            const std::string& whole = c["body"].text;
            for (std::size_t size = 0; size < whole.size(); ++size) {
                if (JsonValue::parse(whole.substr(0, size))) continue;
                HttpResponse response;
                response.status = static_cast<int>(c["status"].number);
                response.body = whole.substr(0, size);
                const auto events = static_cast<std::size_t>(c["events"].number);
                EXPECT_NE(judge(wire, response, events, kNow).kind, Verdict::Kind::settled) << response.body;
            }
        }
    }
}

// Chance

class Chance {
public:
    explicit Chance(std::uint64_t seed) : random_(seed) {}
    std::string bytes(int most) {
        std::string out(static_cast<std::size_t>(random_.below(most + 1)), '\0');
        const int kind = random_.below(3);
        for (auto& c : out) {
            c = static_cast<char>(kind == 0   ? random_.below(256)
                                  : kind == 1 ? 32 + random_.below(95)
                                              : 0xC0 + random_.below(64));
        }
        return out;
    }
    std::string name() {
        static const char* const kNames[] = {"sequence", "url",  "revenue_amount", "revenue_currency",
                                             "channel",  "os",   "message",        "value",
                                             "title",    "path", "country",        "property.url"};
        if (random_.below(3) == 0) return kNames[random_.below(12)];
        const std::string any = bytes(20);
        return any.empty() ? "n" : any;
    }
    Properties properties(int depth) {
        Properties out;
        for (int n = random_.below(8); n > 0; --n) {
            with_value(depth, [&, key = name()](const Value& value) { out.set(key, value); });
        }
        return out;
    }
    void with_value(int depth, const std::function<void(const Value&)>& use) {
        switch (random_.below(depth > 4 ? 6 : 8)) {
            case 0: return use(nullptr);
            case 1: return use(random_.below(2) == 1);
            case 2: return use(static_cast<std::int64_t>(random_.next()));
            case 3: {
                const std::uint64_t bits = random_.next();
                double real = 0;
                std::memcpy(&real, &bits, sizeof real);
                return use(real);
            }
            case 4: return use(bytes(40));
            case 5: return use(ValueAccess::time(static_cast<std::int64_t>(random_.next())));
            case 6: return use(properties(depth + 1));
            default: {
                Array array;
                for (int n = random_.below(5); n > 0; --n) {
                    with_value(depth + 1, [&](const Value& value) { array.add(value); });
                }
                return use(array);
            }
        }
    }
    int below(int limit) { return random_.below(limit); }

private:
    test::SeededRandom random_;
};

TEST(Wires, WhateverTheApplicationSaysIsValidJson) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        Chance chance(seed);
        Context context = chance.below(2) == 0 ? Events::bare_context() : Events::user_context();
        if (chance.below(2) == 0) context.globals = chance.properties(2);
        context.os = chance.bytes(10);
        Events events(context);
        for (int n = 1 + chance.below(4); n > 0; --n) {
            const auto type = static_cast<RecordType>(1 + chance.below(kLastRecordType));
            Properties fields;
            for (int f = chance.below(3); f > 0; --f) {
                static constexpr std::string_view kFields[] = {
                    field_name::kErrorMessage, field_name::kRevenueAmount, field_name::kRevenueCurrency,
                    field_name::kDuration,     field_name::kApiStatus,     field_name::kMetricValue,
                    field_name::kMetric,       field_name::kStateBefore,   "something.new"};
                const auto field = kFields[chance.below(9)];
                chance.with_value(3, [&](const Value& value) { fields.set(field, value); });
            }
            events.add(type, "e" + chance.bytes(30), fields, chance.properties(0));
        }
        const auto& views = events.views();
        for (const auto dialect : kDialects) {
            for (const auto& body : bodies_of(wire_of(dialect), views)) {
                json::Reader reader(body);
                const bool whole = reader.skip_value() && reader.at_end();
                ASSERT_TRUE(whole) << wire_of(dialect).name << " seed " << seed << ": " << body;
                for (const auto& event : events_in(body)) {
                    EXPECT_EQ(broken_rule(dialect, event), "") << wire_of(dialect).name << " seed " << seed;
                }
            }
        }
    }
}

}  // namespace
}  // namespace pulsekit::wire
