// Runs tests/data/dialects/<name>/*.json: requests over real HTTP, expected answers and expected canonical events.
//
// A file is {"request": defaults, "cases": [...]}; a case is {"name", "setup"?, "request", "repeat"?, "expect",
// "then"?:
// [{"request", "advance_ms"?, "expect"}]}. A body is one of body (JSON), body_text, body_hex, or parts {before, each,
// count, after} with {i} for the index; {pad} is filled up with x until the body has pad_to bytes; gzip is true or
// "truncated". `{ingest}` and the like stand for the harness's keys. Expected events must match in full, save for
// members that the collector alone decides; "*" is any value, also in a reply. setup has trusted_proxies, salt_hours,
// rate_ingest, rate_events, open_gateway, drop_bots, fail (the store does), modules {name: off, read, write or all},
// surveys [{name, status, response_limit}], for whose ids `<name>` stands. What has `surveys` in its expect has so many
// responses to each, by its name.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "http/json.hpp"
#include "ingest/dialect.hpp"
#include "support/gzip.hpp"
#include "tests/collector/ingest/harness.hpp"
#include "tests/collector/support/event_json.hpp"

namespace collector::test {
namespace {

using http::Json;
namespace fs = std::filesystem;

fs::path data_of(model::DialectId dialect) {
    return fs::path(PULSEKIT_TEST_DATA) / "dialects" / model::name_of(dialect);
}

std::vector<fs::path> files_of(model::DialectId dialect) {
    std::vector<fs::path> files;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(data_of(dialect), none)) {
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::vector<fs::path> all_files() {
    std::vector<fs::path> all;
    for (const auto* dialect : ingest::dialects()) {
        const auto files = files_of(dialect->id);
        all.insert(all.end(), files.begin(), files.end());
    }
    return all;
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

std::string from_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

std::string from_parts(const Json& parts) {
    std::string text = parts.value("before", "");
    const int count = parts.at("count");
    for (int i = 0; i < count; ++i) {
        std::string one = parts.at("each");
        replace_all(one, "{i}", std::to_string(i));
        text += (i == 0 ? "" : ",") + one;
    }
    return text + parts.value("after", "");
}

std::string body_of(const Json& request) {
    std::string body;
    if (request.contains("body")) body = http::to_text(request["body"]);
    if (request.contains("body_text")) body = request["body_text"];
    if (request.contains("body_hex")) body = from_hex(request["body_hex"]);
    if (request.contains("parts")) body = from_parts(request["parts"]);
    if (request.contains("pad_to")) {
        const std::string mark = "{pad}";
        const auto at = body.find(mark);
        const std::size_t size = request["pad_to"];
        body.replace(at, mark.size(), size - (body.size() - mark.size()), 'x');
    }
    if (request.contains("gzip")) {
        body = pulsekit::gzip::compress(body).value();
        if (request["gzip"] == "truncated") body.resize(body.size() - 9);
    }
    return body;
}

ingest::Settings settings_of(const Json& setup) {
    ingest::Settings settings;
    settings.trusted_proxies =
        ingest::TrustedProxies::parse(setup.value("trusted_proxies", std::vector<std::string>())).value();
    settings.salt_hours = setup.value("salt_hours", 0);
    settings.drops_crawlers = setup.value("drop_bots", false);
    if (setup.value("open_gateway", false)) settings.open_project = Harness::kDemo;
    return settings;
}

/// Puts what is there in the place of each "*".
void accept_any(Json& wanted, const Json& actual) {
    if (wanted == "*") {
        wanted = actual;
    } else if (wanted.is_object() && actual.is_object()) {
        for (auto& [name, value] : wanted.items()) {
            if (actual.contains(name)) accept_any(value, actual[name]);
        }
    }
}

class Case {
public:
    Case(const Json& defaults, const Json& definition)
        : defaults_(defaults),
          definition_(definition),
          setup_(definition.value("setup", Json::object())),
          harness_(settings_of(setup_),
                   {.ingest = setup_.value("rate_ingest", 0.0), .events = setup_.value("rate_events", 0.0)}) {
        harness_.store().fail(setup_.value("fail", false));
        change_modules(setup_.value("modules", Json::object()));
        for (const auto& one : setup_.value("surveys", Json::array())) add_survey(one);
    }

    void run() {
        step(definition_);
        for (const auto& next : definition_.value("then", Json::array())) {
            harness_.clock().advance(std::chrono::milliseconds(next.value("advance_ms", 0)));
            step(next);
        }
        check_counters();
    }

private:
    void change_modules(const Json& wanted) {
        std::vector<meta::ModuleChange> changes;
        for (const auto& [name, access] : wanted.items()) {
            auto& change = changes.emplace_back();
            change.module = model::index_of_module(name);
            change.enabled = access != "off";
            change.access = model::module_access_named(access.get<std::string>());
        }
        ASSERT_TRUE(harness_.catalog().change_modules(harness_.project(), changes).ok());
    }

    void add_survey(const Json& one) {
        const auto limit =
            one.contains("response_limit") ? std::optional(one["response_limit"].get<std::int64_t>()) : std::nullopt;
        auto& surveys = harness_.surveys();
        const auto made =
            surveys.create(harness_.project(), {.name = one.at("name"),
                                                .questions = R"([{"id":"q1","type":"rating","text":"?"}])",
                                                .response_limit = limit});
        ASSERT_TRUE(made.ok()) << made.error().message;
        const auto status = meta::survey_status_named(one.at("status").get<std::string>()).value();
        ASSERT_TRUE(surveys.set_status(harness_.project(), made->id, status).ok());
        surveys_[made->content.name] = made->id;
    }

    Json with_survey_ids(const Json& json) const {
        std::string text = json.dump();
        for (const auto& [name, id] : surveys_) replace_all(text, "<" + name + ">", id);
        return http::parse_json(text).value();
    }

    void step(const Json& written) {
        const Json definition = surveys_.empty() ? written : with_survey_ids(written);
        const Json request = with_defaults(definition.at("request"));
        harness_.store().fail(definition.value("fail", setup_.value("fail", false)));
        pulsekit::test::HttpReply reply;
        for (int i = definition.value("repeat", 1); i > 0; --i) reply = send(request);
        const Json& expect = definition.at("expect");
        EXPECT_EQ(reply.status, expect.at("status").get<int>()) << reply.body;
        if (expect.contains("reply")) {
            const auto body = http::parse_json(reply.body);
            ASSERT_TRUE(body) << reply.body;
            Json wanted = expect["reply"];
            accept_any(wanted, *body);
            EXPECT_TRUE(*body == wanted) << Json::diff(wanted, *body).dump(2) << "\n" << reply.body;
        }
        const Json headers = expect.value("headers", Json::object());
        for (const auto& [name, value] : headers.items()) {
            EXPECT_NE(reply.head.find(name + ": " + value.get<std::string>() + "\r\n"), std::string::npos)
                << reply.head;
        }
        const Json responses = expect.value("surveys", Json::object());
        for (const auto& [name, count] : responses.items()) {
            EXPECT_EQ(harness_.surveys().survey(harness_.project(), surveys_.at(name)).value().responses,
                      count.get<std::int64_t>())
                << name;
        }
        if (expect.contains("events")) check_events(expect["events"]);
        if (expect.contains("stored")) {
            EXPECT_EQ(harness_.store().events().size(), expect["stored"].get<std::size_t>());
        }
    }

    /// A header that is null in the case is not sent.
    Json with_defaults(const Json& own) const {
        Json request = defaults_;
        Json headers = defaults_.at("headers");
        headers.merge_patch(own.value("headers", Json::object()));
        request.update(own);
        request["headers"] = headers;
        return request;
    }

    pulsekit::test::HttpReply send(const Json& request) {
        std::vector<std::string> headers = {"Expect:"};
        bool typed = false;
        for (const auto& [name, value] : request.at("headers").items()) {
            headers.push_back(name + ": " + filled(value));
            typed = typed || name == "Content-Type";
        }
        if (!typed) headers.push_back("Content-Type:");  // or libcurl sends one of its own
        return pulsekit::test::http(request.value("method", "POST"), harness_.base() + filled(request.at("path")),
                                    headers, body_of(request));
    }

    std::string filled(std::string text) const {
        for (const auto& [name, secret] : harness_.keys()) replace_all(text, "{" + name + "}", secret);
        return text;
    }

    void check_events(const Json& expected) {
        const auto events = harness_.store().events();
        ASSERT_EQ(events.size(), expected.size());
        for (std::size_t i = 0; i < events.size(); ++i) {
            EXPECT_EQ(events[i].project_id, harness_.project());
            Json actual = event_json(events[i]);
            actual.erase("project_id");
            Json wanted = expected[i];
            for (const char* name : {"received_ms", "event_id_is_ours", "dialect"}) {
                if (!wanted.contains(name)) actual.erase(name);
            }
            if (!wanted.contains("props") && actual["props"].empty()) actual.erase("props");
            accept_any(wanted, actual);
            const auto difference = nlohmann::json::diff(nlohmann::json(wanted), nlohmann::json(actual));
            EXPECT_TRUE(difference.empty()) << "event " << i << ": " << difference.dump(2);
        }
    }

    void check_counters() const {
        for (const auto* dialect : ingest::dialects()) {
            const auto counts = harness_.counters().snapshot(dialect->id);
            EXPECT_EQ(counts.received, counts.stored + counts.duplicate + counts.filtered + counts.rejected_in_all());
        }
    }

    const Json& defaults_;
    const Json& definition_;
    Json setup_;
    Harness harness_;
    std::map<std::string, std::string> surveys_;  // ids by names
};

class Dialects : public testing::TestWithParam<fs::path> {};

TEST_P(Dialects, AnswerAndStoreAsTheFileSays) {
    std::ifstream in(GetParam());
    std::stringstream text;
    text << in.rdbuf();
    const auto file = http::parse_json(text.str());
    ASSERT_TRUE(file) << GetParam() << " is not JSON";
    ASSERT_FALSE(file->at("cases").empty());
    for (const auto& definition : file->at("cases")) {
        SCOPED_TRACE(GetParam().string() + ": " + definition.at("name").get<std::string>());
        Case(file->at("request"), definition).run();
    }
}

std::string test_name(const testing::TestParamInfo<fs::path>& info) {
    std::string name = info.param.parent_path().filename().string() + "_" + info.param.stem().string();
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Data, Dialects, testing::ValuesIn(all_files()), test_name);

TEST(DialectList, EveryDialectHasCases) {
    for (const auto* dialect : ingest::dialects()) {
        EXPECT_FALSE(files_of(dialect->id).empty()) << "no case in " << data_of(dialect->id);
    }
}

TEST(DialectList, EachDialectIsListedOnceAndWithRoutes) {
    std::set<model::DialectId> seen;
    for (const auto* dialect : ingest::dialects()) {
        EXPECT_TRUE(seen.insert(dialect->id).second) << model::name_of(dialect->id);
        EXPECT_FALSE(dialect->endpoints.empty()) << model::name_of(dialect->id);
    }
}

}  // namespace
}  // namespace collector::test
