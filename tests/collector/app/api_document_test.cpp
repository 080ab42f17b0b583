// The API document of a running collector, and what the collector really answers to its examples.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "http/json.hpp"
#include "model/module.hpp"
#include "support/system_environment.hpp"
#include "tests/collector/app/dev_app.hpp"
#include "tests/collector/support/schema.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::app {
namespace {

using http::Json;
using pulsekit::test::HttpReply;

/// Of the document: where it stands, and what it says.
struct Operation {
    std::string method;
    std::string pattern;
    Json document;
};

/// What must have been done before an example can be answered as it says.
struct Needed {
    std::string_view method, pattern;                 ///< of the example
    std::string_view by_method, by_pattern, by_body;  ///< of what is done, with the query key
};
constexpr Needed kNeeded[] = {
    {"POST", "/api/v1/experiments/{id}/assign", "PUT", "/api/v1/experiments/{id}/status", R"({"status":"running"})"}};

std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(c));
    return text;
}

/// Replaces `{name}` in the text.
std::string filled(std::string text, const std::string& name, const std::string& value) {
    const auto place = text.find("{" + name + "}");
    return place == std::string::npos ? text : text.replace(place, name.size() + 2, value);
}

std::string encoded(const std::string& text) {
    std::string out;
    for (const char c : text) {
        constexpr const char* kDigits = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte)) {
            out += c;
        } else {
            out += {'%', kDigits[byte / 16], kDigits[byte % 16]};
        }
    }
    return out;
}

class ApiDocument : public testing::Test {
protected:
    void SetUp() override {
        dev_ = test::start_dev_app(folder_.file("data"), clock_);
        document_ = json_of(pulsekit::test::http("GET", dev_.url + "/api/openapi.json").body);
        for (const auto& [pattern, methods] : document_.at("paths").items()) {
            for (const auto& [method, operation] : methods.items()) {
                operations_.push_back({upper(method), pattern, operation});
            }
        }
        switch_modules_on();
        share_everything();
        keep_a_message();
    }

    static Json json_of(const std::string& text) { return http::parse_json(text).value_or(Json()); }

    void switch_modules_on() const {
        const auto url = dev_.url + "/api/admin/projects/" + dev_.keys.at("PULSE_PROJECT") + "/modules";
        const std::vector<std::string> token{"Authorization: Bearer " + dev_.keys.at("PULSE_ADMIN_TOKEN")};
        auto modules = json_of(pulsekit::test::http("GET", url, token).body);
        for (auto& module : modules.at("modules")) module["enabled"] = true;
        for (auto& module : modules.at("modules")) module["access"] = "all";
        ASSERT_EQ(pulsekit::test::http("PUT", url, token, modules.dump()).status, 200);
    }

    /// What the examples of shared reports are asked of; the example of sharing has a password.
    void share_everything() {
        auto modules = Json::array();
        for (const auto& module : model::modules()) modules.push_back(module.name);
        const auto shared = json_of(pulsekit::test::http("POST", dev_.url + "/api/v1/sharing",
                                                         {"X-Pulse-Key: " + dev_.keys.at("PULSE_QUERY_KEY")},
                                                         http::to_text({{"modules", std::move(modules)}}))
                                        .body);
        made_[kShared] = shared.at("token").get<std::string>();
    }

    /// Where what the placeholder after it stands for is made.
    static std::string place_of(std::string before) {
        const std::string shared = std::string(kShared) + "/{token}";
        return before.starts_with(shared) ? "/api/v1" + before.substr(shared.size()) : before;
    }

    /// In the outbox: that of a test.
    void keep_a_message() {
        const auto all = dev_.url + "/api/admin/projects/" + dev_.keys.at("PULSE_PROJECT") + "/webhooks";
        const std::vector<std::string> token{"Authorization: Bearer " + dev_.keys.at("PULSE_ADMIN_TOKEN")};
        const auto webhook = json_of(
            pulsekit::test::http("POST", all, token, R"({"url":"http://127.0.0.1:1","events":["zero_traffic"]})").body);
        const auto one = all + "/" + webhook.at("id").get<std::string>();
        ASSERT_EQ(pulsekit::test::http("POST", one + "/test", token).status, 200);
        const auto kept = json_of(pulsekit::test::http("GET", one + "/deliveries", token).body);
        made_["/api/admin/outbox"] = kept.at("data").at(0).at("id").get<std::string>();
    }

    /// The header of the first alternative that is documented.
    std::vector<std::string> headers_of(const Operation& operation) const {
        std::vector<std::string> headers;
        if (operation.document.contains("requestBody")) headers.emplace_back("Content-Type: application/json");
        if (!operation.document.contains("security")) return headers;
        const auto first = operation.document.at("security").front().items().begin();
        const auto scope = first.value().front().get<std::string>();
        const auto& key = dev_.keys.at(scope == "admin"    ? "PULSE_ADMIN_TOKEN"
                                       : scope == "ingest" ? "PULSE_INGEST_KEY"
                                                           : "PULSE_QUERY_KEY");
        headers.push_back(first.key() + (first.key() == "Authorization" ? ": Bearer " : ": ") + key);
        return headers;
    }

    /// With what was made where the placeholder stands, or with its example; and with what is required, and the range.
    std::string target_of(const Operation& operation) const {
        std::string path = operation.pattern;
        std::string query;
        for (const auto& parameter : operation.document.value("parameters", Json::array())) {
            const auto name = parameter.at("name").get<std::string>();
            const auto example = parameter.contains("example") ? parameter.at("example") : Json("unknown");
            const auto value = example.is_string() ? example.get<std::string>() : example.dump();
            if (parameter.at("in") == "path") {
                const auto before = operation.pattern.substr(0, operation.pattern.find("/{" + name + "}"));
                const auto found = made_.find(place_of(before));
                path = filled(path, name, found == made_.end() ? value : found->second);
            } else if (parameter.at("required") == true || name == "start_at" || name == "end_at") {
                query += (query.empty() ? "?" : "&") + name + "=" + encoded(value);
            }
        }
        return path + query;
    }

    void prepare(const Operation& operation) const {
        for (const auto& needed : kNeeded) {
            if (needed.method != operation.method || needed.pattern != operation.pattern) continue;
            const std::string pattern(needed.by_pattern);
            const auto id = made_.at(pattern.substr(0, pattern.find("/{id}")));
            const auto reply =
                pulsekit::test::http(std::string(needed.by_method), dev_.url + filled(pattern, "id", id),
                                     {"X-Pulse-Key: " + dev_.keys.at("PULSE_QUERY_KEY")}, std::string(needed.by_body));
            EXPECT_EQ(reply.status, 200) << reply.body;
        }
    }

    HttpReply send(const Operation& operation) {
        prepare(operation);
        std::string body;
        if (operation.document.contains("requestBody")) {
            body = operation.document.at("requestBody").at("content").at("application/json").at("example").dump();
        }
        auto reply =
            pulsekit::test::http(operation.method, dev_.url + target_of(operation), headers_of(operation), body);
        const auto answered = json_of(reply.body);
        const bool is_made = operation.method == "POST" && answered.is_object() && answered.contains("id");
        if (is_made) made_[operation.pattern] = answered.at("id").get<std::string>();
        return reply;
    }

    /// Things are made first, the inner ones after those that they belong to, and deleted last, the inner ones first.
    void sort_by_dependence() {
        const auto place = [](const Operation& operation) {
            const std::string methods[] = {"POST", "PUT", "PATCH", "GET", "DELETE"};
            return std::find(std::begin(methods), std::end(methods), operation.method) - std::begin(methods);
        };
        std::stable_sort(operations_.begin(), operations_.end(), [&](const Operation& a, const Operation& b) {
            const auto depth = [](const Operation& one) {
                const auto slashes = std::count(one.pattern.begin(), one.pattern.end(), '/');
                return one.method == "DELETE" ? -slashes : slashes;
            };
            return std::pair(place(a), depth(a)) < std::pair(place(b), depth(b));
        });
    }

    static constexpr const char* kShared = "/api/v1/shared";
    const pulsekit::test::TemporaryFolder folder_;
    pulsekit::SystemClock clock_;
    test::DevApp dev_;
    std::map<std::string, std::string> made_;  ///< the id of what was made last, by the pattern of where
    Json document_;
    std::vector<Operation> operations_;
};

void expect_example_is_valid(const Json& content) {
    for (const auto& [type, described] : content.items()) {
        ASSERT_TRUE(described.contains("schema")) << type;
        if (!described.contains("example")) continue;
        EXPECT_EQ(test::mismatch(described.at("schema"), described.at("example")), "");
    }
}

void expect_parameters_are_valid(const Operation& operation) {
    std::set<std::pair<std::string, std::string>> seen;
    std::set<std::string> in_path;
    for (const auto& parameter : operation.document.value("parameters", Json::array())) {
        const auto name = parameter.at("name").get<std::string>();
        const auto place = parameter.at("in").get<std::string>();
        EXPECT_TRUE(place == "path" || place == "query") << name;
        EXPECT_TRUE(seen.emplace(place, name).second) << name << " twice";
        EXPECT_TRUE(place == "query" || parameter.at("required") == true) << name;
        if (place == "path") in_path.insert(name);
        ASSERT_TRUE(parameter.at("schema").contains("type")) << name;
        if (parameter.contains("example")) {
            EXPECT_EQ(test::mismatch(parameter.at("schema"), parameter.at("example")), "") << name;
        }
    }
    std::set<std::string> placeholders;
    for (auto open = operation.pattern.find('{'); open != std::string::npos;
         open = operation.pattern.find('{', open + 1)) {
        placeholders.insert(operation.pattern.substr(open + 1, operation.pattern.find('}', open) - open - 1));
    }
    EXPECT_EQ(in_path, placeholders);
}

TEST_F(ApiDocument, IsAnOpenApiDocument) {
    EXPECT_EQ(document_.at("openapi").get<std::string>().substr(0, 4), "3.1.");
    for (const char* member : {"title", "version"}) EXPECT_TRUE(document_.at("info").at(member).is_string());
    const auto& schemes = document_.at("components").at("securitySchemes");
    std::set<std::string> ids;
    ASSERT_FALSE(operations_.empty());
    for (const auto& operation : operations_) {
        SCOPED_TRACE(operation.method + " " + operation.pattern);
        const auto& document = operation.document;
        EXPECT_EQ(operation.pattern.front(), '/');
        EXPECT_TRUE(ids.insert(document.at("operationId").get<std::string>()).second) << document.at("operationId");
        EXPECT_FALSE(document.at("summary").get<std::string>().empty());
        expect_parameters_are_valid(operation);
        for (const auto& alternative : document.value("security", Json::array())) {
            for (const auto& [scheme, scopes] : alternative.items()) EXPECT_TRUE(schemes.contains(scheme)) << scheme;
        }
        if (document.contains("requestBody")) expect_example_is_valid(document.at("requestBody").at("content"));
        ASSERT_FALSE(document.at("responses").empty());
        for (const auto& [status, response] : document.at("responses").items()) {
            EXPECT_TRUE(response.at("description").is_string()) << status;
            if (response.contains("content")) expect_example_is_valid(response.at("content"));
        }
    }
}

TEST_F(ApiDocument, EveryExampleIsAnsweredAsItSays) {
    sort_by_dependence();
    for (const auto& operation : operations_) {
        SCOPED_TRACE(operation.method + " " + operation.pattern);
        const auto documented = operation.document.at("responses").items().begin();
        const auto reply = send(operation);
        EXPECT_EQ(std::to_string(reply.status), documented.key()) << target_of(operation) << "\n" << reply.body;
        if (!documented.value().contains("content")) continue;
        const auto content = documented.value().at("content").items().begin();
        EXPECT_NE(reply.head.find("Content-Type: " + content.key()), std::string::npos) << reply.head;
        if (content.key() == "application/json") {
            EXPECT_EQ(test::mismatch(content.value().at("schema"), json_of(reply.body)), "") << reply.body;
        }
        const bool is_for_anyone = !operation.document.contains("security");
        EXPECT_TRUE(is_for_anyone || content.value().contains("example")) << "without an example";
    }
}

TEST_F(ApiDocument, ThePageHasEveryRoute) {
    const auto page = pulsekit::test::http("GET", dev_.url + "/api/docs").body;
    for (const auto& operation : operations_) {
        EXPECT_NE(page.find(operation.method + " " + operation.pattern), std::string::npos) << operation.pattern;
    }
    for (const char* needed : {"<title>", "X-PG-API-Key", "start_at", "&quot;visitors&quot;: 3241"}) {
        EXPECT_NE(page.find(needed), std::string::npos) << needed;
    }
}

}  // namespace
}  // namespace collector::app
