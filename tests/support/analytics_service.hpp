// Amplitude and Mixpanel as their documentation says they are: servers that fail the test when a request breaks one of
// their rules, and otherwise answer as they do, or as the test says.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/gzip.hpp"
#include "tests/support/json_value.hpp"
#include "tests/support/scripted_server.hpp"

namespace pulsekit::test {

/// What is common to both. Texts of problems name the rule.
class ServiceRules {
public:
    using Type = JsonValue::Type;
    using Events = std::vector<JsonValue>;

    virtual ~ServiceRules() = default;
    virtual std::string target() const = 0;
    virtual std::string success(std::size_t events) const = 0;
    virtual std::size_t max_bytes() const = 0;
    virtual std::string insert_id(const JsonValue& event) const = 0;
    /// The request's events, after a look at what surrounds them.
    virtual Events events(const JsonValue& body) = 0;
    virtual void check(const JsonValue& event) = 0;

    void check_all(const Events& events) {
        expect(!events.empty() && events.size() <= 2000, "1 to 2000 events");
        std::set<std::string> ids;
        for (const auto& event : events) {
            check(event);
            expect(ids.insert(insert_id(event)).second, "an insert id twice in one request");
        }
    }
    void expect(bool kept, const std::string& rule) {
        if (!kept) problems_.push_back(rule);
    }
    const std::vector<std::string>& problems() const { return problems_; }

protected:
    static bool is_placeholder(std::string text) {
        static const std::set<std::string> kAll = {"",
                                                   "anon",
                                                   "anonymous",
                                                   "nil",
                                                   "none",
                                                   "null",
                                                   "n/a",
                                                   "na",
                                                   "undefined",
                                                   "unknown",
                                                   "<nil>",
                                                   "0",
                                                   "-1",
                                                   "true",
                                                   "false",
                                                   "[]",
                                                   "{}",
                                                   "lmy47d",
                                                   "00000000-0000-0000-0000-000000000000"};
        std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
        return kAll.count(text) != 0;
    }
    static std::size_t characters(const std::string& text) {
        return static_cast<std::size_t>(std::count_if(
            text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
    }
    void only(const JsonValue& object, const std::set<std::string>& known, const std::string& where) {
        expect(object.is(Type::object), where + " is an object");
        for (const auto& [name, value] : object.members) expect(known.count(name) != 0, where + " has no " + name);
    }
    /// Calls `each` with every text, and every object and array with its depth below `value`.
    static void walk(const JsonValue& value, int depth, const std::function<void(const JsonValue&, int)>& each) {
        each(value, depth);
        for (const auto& element : value.elements) walk(element, depth + 1, each);
        for (const auto& [name, member] : value.members) walk(member, depth + 1, each);
    }

private:
    std::vector<std::string> problems_;
};

class AmplitudeRules final : public ServiceRules {
public:
    explicit AmplitudeRules(std::string key) : key_(std::move(key)) {}

    std::string target() const override { return "/2/httpapi"; }
    std::string success(std::size_t events) const override {
        return R"({"code":200,"events_ingested":)" + std::to_string(events) +
               R"(,"payload_size_bytes":1,"server_upload_time":1396381378123})";
    }
    std::size_t max_bytes() const override { return 1'000'000; }
    std::string insert_id(const JsonValue& event) const override { return event["insert_id"].text; }

    Events events(const JsonValue& body) override {
        only(body, {"api_key", "events", "options"}, "the body");
        expect(body["api_key"].is(Type::text) && body["api_key"].text == key_, "api_key is the key");
        expect(body["events"].is(Type::array), "events is an array");
        const auto& length = body["options"]["min_id_length"];
        min_id_length_ = length.is(Type::null) ? 5 : static_cast<std::size_t>(length.number);
        expect(min_id_length_ >= 1, "min_id_length is at least 1");
        return body["events"].elements;
    }

    void check(const JsonValue& event) override {
        only(event,
             {"user_id", "device_id", "event_type", "time", "event_properties", "user_properties", "session_id",
              "insert_id", "event_id", "ip"},
             "an event");
        expect(event["event_type"].is(Type::text) && !event["event_type"].text.empty(), "event_type is a text");
        expect(event.has("user_id") || event.has("device_id"), "a user_id or a device_id");
        for (const auto* name : {"user_id", "device_id"}) {
            if (!event.has(name)) continue;
            const auto& id = event[name];
            expect(id.is(Type::text) && !is_placeholder(id.text), std::string(name) + " is an id");
            expect(characters(id.text) >= min_id_length_, std::string(name) + " is long enough");
        }
        expect(event["time"].is_integer() && event["time"].number > 1e11, "time is in milliseconds");
        expect(event["session_id"].is_integer() && event["session_id"].number >= 0 &&
                   event["session_id"].number < 9007199254740992.0,
               "session_id is a whole number");
        expect(event["insert_id"].is(Type::text) && !event["insert_id"].text.empty(), "insert_id is a text");
        expect(event["event_properties"].is(Type::object), "event_properties is an object");
        walk(event, 0, [this](const JsonValue& value, int depth) {
            if (value.is(Type::text)) expect(characters(value.text) <= 1024, "texts have at most 1024 characters");
            if (value.is(Type::array) || value.is(Type::object)) expect(depth <= 41, "at most 40 layers");
        });
    }

private:
    std::string key_;
    std::size_t min_id_length_ = 5;
};

class MixpanelRules final : public ServiceRules {
public:
    /// By the clock that says what is too old or yet to come; null: the machine's.
    explicit MixpanelRules(std::string token, std::function<std::int64_t()> now_ms)
        : token_(std::move(token)), now_ms_(std::move(now_ms)) {}

    std::string target() const override { return "/track?verbose=1&ip=0"; }
    std::string success(std::size_t) const override { return R"({"error":null,"status":1})"; }
    std::size_t max_bytes() const override { return 2'000'000; }
    std::string insert_id(const JsonValue& event) const override { return event["properties"]["$insert_id"].text; }

    Events events(const JsonValue& body) override {
        expect(body.is(Type::array), "the body is an array");
        return body.elements;
    }

    void check(const JsonValue& event) override {
        only(event, {"event", "properties"}, "an event");
        expect(event["event"].is(Type::text) && !event["event"].text.empty(), "event is a text");
        const auto& properties = event["properties"];
        expect(properties["token"].is(Type::text) && properties["token"].text == token_, "token is the token");
        const auto& id = properties["distinct_id"];
        expect(id.is(Type::text) && !is_placeholder(id.text), "distinct_id is an id");
        check_insert_id(properties["$insert_id"]);
        const auto& time = properties["time"];
        expect(time.is_integer() && time.number > 31'536'000 && time.number < 1e11, "time is in seconds");
        const double age = static_cast<double>(now_ms_()) / 1000 - time.number;
        expect(age <= 5 * 86'400 && age >= -3'601, "time is of the last five days");
        walk(properties, 0, [this](const JsonValue& value, int depth) {
            if (value.is(Type::text)) expect(value.text.size() <= 255, "texts have at most 255 bytes");
            if (value.is(Type::array)) expect(value.elements.size() < 255, "arrays have fewer than 255 elements");
            if (value.is(Type::object)) expect(value.members.size() < 255, "objects have fewer than 255 members");
            if (value.is(Type::array) || value.is(Type::object)) expect(depth <= 3, "objects nest at most 3 deep");
        });
    }

private:
    void check_insert_id(const JsonValue& id) {
        expect(id.is(Type::text) && id.text.size() <= 36 && !is_placeholder(id.text),
               "$insert_id has at most 36 bytes");
        for (const char c : id.text) {
            expect(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-', "$insert_id is alphanumeric or -");
        }
    }

    std::string token_;
    std::function<std::int64_t()> now_ms_;
};

/// A service on a real socket. Thread safe.
class AnalyticsService {
public:
    using Reply = ScriptedServer::Reply;
    /// What to answer to a request with these events; nothing: they are taken.
    using Script = std::function<std::optional<Reply>(std::size_t number, const std::vector<JsonValue>& events)>;

    explicit AnalyticsService(std::unique_ptr<ServiceRules> rules, Script script = {})
        : rules_(std::move(rules)),
          script_(std::move(script)),
          server_([this](std::size_t number, const ScriptedServer::Received& got) { return serve(number, got); }) {}
    ~AnalyticsService() {
        const std::lock_guard lock(mutex_);
        std::set<std::string> broken(rules_->problems().begin(), rules_->problems().end());
        for (const auto& rule : broken) ADD_FAILURE() << "a rule is broken: " << rule;
    }

    std::string url() const {
        const std::string target = rules_->target();
        return server_.url() + target.substr(0, target.find('?'));
    }
    std::size_t requests() const { return server_.count(); }
    void answer(Script script) {
        const std::lock_guard lock(mutex_);
        script_ = std::move(script);
    }
    /// The insert ids of the events that were taken, in their order, and how many came with each request.
    std::vector<std::string> taken() const {
        const std::lock_guard lock(mutex_);
        return taken_;
    }
    std::vector<std::size_t> sizes() const {
        const std::lock_guard lock(mutex_);
        return sizes_;
    }
    std::string insert_id(const JsonValue& event) const { return rules_->insert_id(event); }

private:
    static bool has_header(const std::string& head, const std::string& line) {
        return (head + "\r\n").find("\r\n" + line + "\r\n") != std::string::npos;
    }

    Reply serve(std::size_t number, const ScriptedServer::Received& got) {
        const std::lock_guard lock(mutex_);
        auto& rules = *rules_;
        rules.expect(got.head.rfind("POST " + rules.target() + " HTTP/1.1\r\n", 0) == 0, "POST " + rules.target());
        rules.expect(has_header(got.head, "Content-Type: application/json"), "Content-Type: application/json");
        rules.expect(has_header(got.head, "Content-Encoding: gzip"), "Content-Encoding: gzip");
        const auto bytes = gzip::inflate(got.body, 64 << 20);
        rules.expect(bytes.ok(), "the body is gzip");
        const auto body = bytes.ok() ? JsonValue::parse(*bytes) : std::nullopt;
        rules.expect(body.has_value(), "the body is JSON");
        if (!body) return ScriptedServer::answer(400, R"({"code":400,"error":"Invalid JSON request body"})");
        rules.expect(bytes->size() <= rules.max_bytes(), "the body is not too large");
        const auto events = rules.events(*body);
        rules.check_all(events);
        sizes_.push_back(events.size());
        if (auto reply = script_ ? script_(number, events) : std::nullopt) return *reply;
        for (const auto& event : events) taken_.push_back(rules.insert_id(event));
        return ScriptedServer::answer(200, rules.success(events.size()), "Content-Type: application/json\r\n");
    }

    std::unique_ptr<ServiceRules> rules_;
    mutable std::mutex mutex_;
    Script script_;
    std::vector<std::string> taken_;
    std::vector<std::size_t> sizes_;
    ScriptedServer server_;
};

}  // namespace pulsekit::test
