#include "admin/routes.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "http/json.hpp"
#include "http/server.hpp"
#include "support/gzip.hpp"
#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::admin {
namespace {

using http::Json;
using pulsekit::test::HttpReply;

constexpr const char* kToken = "the-admin-token";
constexpr const char* kKey = R"({"name":"K","scopes":["ingest"]})";

std::vector<std::string> bearer(const std::string& token, const std::string& encoding = {}) {
    std::vector<std::string> headers;
    headers.push_back("Authorization: Bearer " + token);
    if (!encoding.empty()) headers.push_back("Content-Encoding: " + encoding);
    return headers;
}

class AdminTest : public testing::Test {
protected:
    AdminTest() { serve(kToken, 0); }

    void serve(const std::string& token, double rate) {
        server_.reset();
        access_ = std::make_unique<meta::Access>(*catalog_, clock_, meta::RateLimits{.admin = rate});
        admin_ = std::make_unique<Admin>(Admin{.catalog = *catalog_,
                                               .access = *access_,
                                               .experiments = *experiments_,
                                               .surveys = *surveys_,
                                               .deletions = *deletions_,
                                               .audit = *audit_,
                                               .store = store_,
                                               .webhooks = *webhooks_,
                                               .outbox = *outbox_,
                                               .clock = clock_,
                                               .random = random_,
                                               .reach = outbound::Reach::public_only,
                                               .token = token,
                                               .configured = {},
                                               .forwarding = [] { return std::vector<outbound::ForwardingState>(); },
                                               .log = [](std::string_view) {},
                                               .warn = [](std::string_view) {},
                                               .stop = {}});
        auto routes = admin::routes(*admin_);
        for (auto& route : health_routes(store_)) routes.push_back(std::move(route));
        http::Server::Options options;
        options.port = 0;
        server_ = std::make_unique<http::Server>(std::move(routes), options);
        base_ = "http://127.0.0.1:" + std::to_string(server_->start().value());
    }

    HttpReply send(const std::string& method, const std::string& path, const std::string& body = {},
                   std::vector<std::string> headers = bearer(kToken)) {
        headers.emplace_back("Expect:");
        return pulsekit::test::http(method, base_ + path, headers, body);
    }
    HttpReply with_key(const std::string& key, const std::string& method, const std::string& path,
                       const std::string& body = {}) {
        return send(method, path, body, {"X-Pulse-Key: " + key});
    }
    static Json json(const HttpReply& reply) { return http::parse_json(reply.body).value_or(Json()); }
    void expect_error(const HttpReply& reply, int status, const std::string& text) {
        EXPECT_EQ(reply.status, status);
        EXPECT_EQ(reply.body, http::to_text(Json{{"error", text}}));
    }

    std::string project(const std::string& name = "My SaaS App") {
        const auto body = http::to_text(Json{{"name", name}, {"domain", "app.example.com"}});
        return json(send("POST", "/api/admin/projects", body)).value("id", "");
    }
    std::string keys_of(const std::string& project_id) { return "/api/admin/projects/" + project_id + "/keys"; }
    Json key(const std::string& project_id, const std::string& body = kKey) {
        return json(send("POST", keys_of(project_id), body));
    }

    pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{1'774'195'200'000};  // 2026-03-22T16:00:00Z
    pulsekit::test::CountingRandom random_;
    std::unique_ptr<meta::Catalog> catalog_ =
        meta::Catalog::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::unique_ptr<meta::Webhooks> webhooks_ =
        meta::Webhooks::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::unique_ptr<outbound::Outbox> outbox_ =
        outbound::Outbox::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::unique_ptr<meta::Experiments> experiments_ =
        meta::Experiments::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::unique_ptr<meta::Surveys> surveys_ =
        meta::Surveys::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::unique_ptr<meta::Deletions> deletions_ = meta::Deletions::open(folder_.file("pulse.sqlite")).value();
    std::unique_ptr<meta::Audit> audit_ = meta::Audit::open(folder_.file("pulse.sqlite"), clock_).value();
    collector::test::MemoryStore store_;
    std::unique_ptr<meta::Access> access_;
    std::unique_ptr<Admin> admin_;
    std::unique_ptr<http::Server> server_;
    std::string base_;
};

TEST_F(AdminTest, AProjectIsCreatedListedAndRead) {
    EXPECT_EQ(send("GET", "/api/admin/projects").body, R"({"data":[]})");
    const auto created = send("POST", "/api/admin/projects", R"({"name":"My SaaS App","domain":"app.example.com"})");
    EXPECT_EQ(created.status, 201);
    const auto id = json(created).value("id", "");
    EXPECT_EQ(id.size(), 36u);
    EXPECT_EQ(created.body,
              R"({"id":")" + id +
                  R"(","name":"My SaaS App","domain":"app.example.com","created_at":"2026-03-22T16:00:00Z"})");
    const auto second = project("Second");
    const auto list = send("GET", "/api/admin/projects");
    EXPECT_EQ(list.status, 200);
    EXPECT_EQ(json(list)["data"].size(), 2u);
    EXPECT_EQ(json(list)["data"][0], json(created));
    EXPECT_EQ(json(list)["data"][1]["id"], second);
    const auto read = send("GET", "/api/admin/projects/" + id);
    EXPECT_EQ(read.status, 200);
    EXPECT_EQ(read.body, created.body);
    expect_error(send("GET", "/api/admin/projects/nobody"), 404, "Project 'nobody' not found.");
}

TEST_F(AdminTest, AKeyIsShownOnceThenMasked) {
    const auto id = project();
    const auto created = send("POST", keys_of(id),
                              R"({"name":"Production Ingest","scopes":["ingest"],)"
                              R"("expires_at":"2027-01-01T00:00:00Z","allowed_modules":null})");
    EXPECT_EQ(created.status, 201);
    const auto made = json(created);
    const std::string secret = made.value("key", "");
    EXPECT_EQ(secret.size(), 32u);
    EXPECT_EQ(created.body, R"({"id":")" + made.value("id", "") + R"(","key":")" + secret +
                                R"(","name":"Production Ingest","scopes":["ingest"],"allowed_modules":null,)"
                                R"("expires_at":"2027-01-01T00:00:00Z","created_at":"2026-03-22T16:00:00Z"})");
    const auto expected = [&](const std::string& last_used) {
        return R"({"data":[{"id":")" + made.value("id", "") + R"(","name":"Production Ingest","key_prefix":")" +
               secret.substr(0, 12) + R"(...","scopes":["ingest"],"allowed_modules":null,)" +
               R"("expires_at":"2027-01-01T00:00:00Z","created_at":"2026-03-22T16:00:00Z","last_used_at":)" +
               last_used + "}]}";
    };
    EXPECT_EQ(send("GET", keys_of(id)).body, expected("null"));
    clock_.advance(std::chrono::minutes(42));
    EXPECT_TRUE(catalog_->find_key(secret));
    EXPECT_EQ(send("GET", keys_of(id)).body, expected(R"("2026-03-22T16:42:00Z")"));
}

TEST_F(AdminTest, AKeysMembersAreKept) {
    const auto id = project();
    const auto full =
        key(id, R"({"name":"K","scopes":["admin","query","admin"],"allowed_modules":["funnels","goals","funnels"],)"
                R"("expires_at":"2020-01-01T02:00:00+02:00"})");
    EXPECT_EQ(full["scopes"], Json::parse(R"(["admin","query"])"));
    EXPECT_EQ(full["allowed_modules"], Json::parse(R"(["funnels","goals"])"));
    EXPECT_EQ(full["expires_at"], "2020-01-01T00:00:00Z") << "an expired key may be made";
    const auto bare = key(id, R"({"name":"K","scopes":["ingest"],"allowed_modules":[],"expires_at":null})");
    EXPECT_TRUE(bare["allowed_modules"].is_null());
    EXPECT_TRUE(bare["expires_at"].is_null());
    const auto compressed = pulsekit::gzip::compress(kKey).value();
    const auto zipped = send("POST", keys_of(id), compressed, bearer(kToken, "gzip"));
    EXPECT_EQ(zipped.status, 201) << zipped.body;
}

TEST_F(AdminTest, ARevokedKeyIsGoneAtOnce) {
    const auto id = project();
    const auto other = project("Other");
    const auto made = key(id, R"({"name":"A","scopes":["admin"]})");
    const std::string secret = made["key"];
    const std::string key_id = made["id"];
    EXPECT_EQ(with_key(secret, "GET", keys_of(id)).status, 200);
    expect_error(send("DELETE", keys_of(other) + "/" + key_id), 404, "API key '" + key_id + "' not found.");
    const auto revoked = send("DELETE", keys_of(id) + "/" + key_id);
    EXPECT_EQ(revoked.status, 204);
    EXPECT_EQ(revoked.body, "");
    expect_error(with_key(secret, "GET", keys_of(id)), 401, "Invalid admin token.");
    EXPECT_EQ(send("GET", keys_of(id)).body, R"({"data":[]})");
    expect_error(send("DELETE", keys_of(id) + "/" + key_id), 404, "API key '" + key_id + "' not found.");
    expect_error(send("DELETE", keys_of("nobody") + "/" + key_id), 404, "Project 'nobody' not found.");
    expect_error(send("GET", keys_of("nobody")), 404, "Project 'nobody' not found.");
    expect_error(send("POST", keys_of("nobody"), kKey), 404, "Project 'nobody' not found.");
}

TEST_F(AdminTest, BadProjectsAreRefusedWithTheirRule) {
    const std::string long_name(256, 'x');
    for (const auto& [body, text] : std::vector<std::pair<std::string, std::string>>{
             {"{", "malformed JSON."},
             {"", "malformed JSON."},
             {"{} x", "malformed JSON."},
             {"[]", "expected a JSON object."},
             {"{}", "missing required field 'name'."},
             {R"({"domain":"d"})", "missing required field 'name'."},
             {R"({"name":null,"domain":"d"})", "missing required field 'name'."},
             {R"({"name":"","domain":"d"})", "missing required field 'name'."},
             {R"({"name":7,"domain":"d"})", "field 'name' must be a string."},
             {R"({"name":"n"})", "missing required field 'domain'."},
             {R"({"name":"n","domain":[]})", "field 'domain' must be a string."},
             {R"({"name":")" + long_name + R"(","domain":"d"})", "field 'name' must be at most 255 characters."}}) {
        expect_error(send("POST", "/api/admin/projects", body), 400, "Invalid request body: " + text);
    }
    EXPECT_TRUE(catalog_->projects().empty());
}

TEST_F(AdminTest, BadKeysAreRefusedWithTheirRule) {
    const auto id = project();
    const std::string scopes = "field 'scopes' must be a non-empty array of 'ingest', 'query' or 'admin'.";
    const std::string expiry = "field 'expires_at' must be a valid ISO 8601 date-time or null.";
    const std::string modules = "field 'allowed_modules' must be an array of module names or null.";
    for (const auto& [body, text] : std::vector<std::pair<std::string, std::string>>{
             {R"({"scopes":["ingest"]})", "missing required field 'name'."},
             {R"({"name":"n"})", "missing required field 'scopes'."},
             {R"({"name":"n","scopes":null})", "missing required field 'scopes'."},
             {R"({"name":"n","scopes":[]})", scopes},
             {R"({"name":"n","scopes":"ingest"})", scopes},
             {R"({"name":"n","scopes":["ingest","root"]})", scopes},
             {R"({"name":"n","scopes":[1]})", scopes},
             {R"({"name":"n","scopes":["ingest"],"expires_at":"soon"})", expiry},
             {R"({"name":"n","scopes":["ingest"],"expires_at":"2027-01-01"})", expiry},
             {R"({"name":"n","scopes":["ingest"],"expires_at":1})", expiry},
             {R"({"name":"n","scopes":["ingest"],"allowed_modules":"funnels"})", modules},
             {R"({"name":"n","scopes":["ingest"],"allowed_modules":["tunnels"]})", modules},
             {R"({"name":"n","scopes":["ingest"],"allowed_modules":[null]})", modules}}) {
        expect_error(send("POST", keys_of(id), body), 400, "Invalid request body: " + text);
    }
    EXPECT_EQ(send("POST", keys_of("nobody"), "{}").status, 400)
        << "fields are checked before the project is looked for";
    EXPECT_TRUE(catalog_->keys(id).empty());
}

TEST_F(AdminTest, ModulesAreListedSwitchedAndKept) {
    const auto id = project();
    const std::string modules = "/api/admin/projects/" + id + "/modules";
    const auto all = json(send("GET", modules))["modules"];
    ASSERT_EQ(all.size(), 23u);
    EXPECT_EQ(http::to_text(all[0]), R"({"name":"pageviews","enabled":true,"access":"all"})");
    EXPECT_EQ(http::to_text(all[8]), R"({"name":"funnels","enabled":false,"access":"read"})");

    const auto enabled = send("POST", modules + "/funnels/enable");
    EXPECT_EQ(enabled.status, 200);
    EXPECT_EQ(enabled.body, R"({"name":"funnels","enabled":true,"access":"all"})") << "first enabled: full access";
    EXPECT_EQ(send("PUT", modules + "/funnels/access", R"({"access":"read"})").body,
              R"({"name":"funnels","enabled":true,"access":"read"})");
    EXPECT_EQ(send("POST", modules + "/funnels/disable").body, R"({"name":"funnels","enabled":false,"access":"read"})");
    EXPECT_EQ(send("POST", modules + "/funnels/enable").body, R"({"name":"funnels","enabled":true,"access":"read"})")
        << "enabled again: as it was";

    const auto changed =
        send("PUT", modules,
             R"({"modules":[{"name":"goals","enabled":true,"access":"write"},{"name":"events","enabled":false},)"
             R"({"name":"utm"}]})");
    EXPECT_EQ(changed.status, 200);
    EXPECT_EQ(changed.body, send("GET", modules).body);
    const auto after = json(changed)["modules"];
    EXPECT_EQ(http::to_text(after[9]), R"({"name":"goals","enabled":true,"access":"write"})");
    EXPECT_EQ(http::to_text(after[1]), R"({"name":"events","enabled":false,"access":"all"})");
    EXPECT_EQ(http::to_text(after[7]), R"({"name":"utm","enabled":false,"access":"read"})");

    auto reopened = meta::Catalog::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    const auto kept = reopened->project(id);
    ASSERT_TRUE(kept);
    EXPECT_FALSE(kept->modules[1].enabled);
    EXPECT_TRUE(kept->modules[9].enabled);
    EXPECT_EQ(kept->modules[9].access, model::ModuleAccess::write);
}

TEST_F(AdminTest, AModuleThatWasSwitchedOffBeforeItWasEverOnStillOpensInFull) {
    const std::string modules = "/api/admin/projects/" + project() + "/modules";
    EXPECT_EQ(send("PUT", modules, R"({"modules":[{"name":"heatmaps","enabled":false}]})").status, 200);
    EXPECT_EQ(send("POST", modules + "/heatmaps/disable").body,
              R"({"name":"heatmaps","enabled":false,"access":"read"})");
    EXPECT_EQ(send("POST", modules + "/heatmaps/enable").body, R"({"name":"heatmaps","enabled":true,"access":"all"})");
    EXPECT_EQ(send("PUT", modules + "/surveys/access", R"({"access":"read"})").body,
              R"({"name":"surveys","enabled":false,"access":"read"})");
    EXPECT_EQ(send("POST", modules + "/surveys/enable").body, R"({"name":"surveys","enabled":true,"access":"read"})")
        << "somebody chose that";
    EXPECT_EQ(send("POST", modules + "/geo/disable").body, R"({"name":"geo","enabled":false,"access":"all"})");
    EXPECT_EQ(send("POST", modules + "/geo/enable").body, R"({"name":"geo","enabled":true,"access":"all"})");
}

TEST_F(AdminTest, BadModulesAreRefusedAndNothingChanges) {
    const auto id = project();
    const std::string modules = "/api/admin/projects/" + id + "/modules";
    const auto before = send("GET", modules).body;
    const std::string invalid = "Invalid request body: ";
    const std::map<std::string, std::string> bodies = {
        {"{", "malformed JSON."},
        {"[]", "expected a JSON object."},
        {"{}", "missing required field 'modules'."},
        {R"({"modules":{}})", "field 'modules' must be an array of objects."},
        {R"({"modules":[5]})", "field 'modules' must be an array of objects."},
        {R"({"modules":[{"name":"utm","enabled":true},{"enabled":true}]})", "missing required field 'name'."},
        {R"({"modules":[{"name":"utm","enabled":true},{"name":"Utm"}]})", "field 'name' must be the name of a module."},
        {R"({"modules":[{"name":"utm","enabled":1}]})", "field 'enabled' must be a boolean."},
        {R"({"modules":[{"name":"utm","access":"full"}]})", "field 'access' must be one of 'read', 'write' or 'all'."},
    };
    for (const auto& [body, text] : bodies) expect_error(send("PUT", modules, body), 400, invalid + text);
    expect_error(send("PUT", modules + "/utm/access", "{}"), 400, invalid + "missing required field 'access'.");
    expect_error(send("PUT", modules + "/utm/access", R"({"access":5})"), 400,
                 invalid + "field 'access' must be one of 'read', 'write' or 'all'.");
    expect_error(send("POST", modules + "/nothing/enable"), 404, "Module 'nothing' not found.");
    expect_error(send("PUT", modules + "/nothing/access", R"({"access":"all"})"), 404, "Module 'nothing' not found.");
    for (const char* path : {"/modules", "/modules/utm/enable", "/modules/utm/disable"}) {
        const std::string method = path == std::string("/modules") ? "GET" : "POST";
        expect_error(send(method, "/api/admin/projects/nobody" + std::string(path)), 404,
                     "Project 'nobody' not found.");
    }
    EXPECT_EQ(send("GET", modules).body, before);
}

TEST_F(AdminTest, BodiesAreBounded) {
    const auto gzip = bearer(kToken, "gzip");
    const auto zstd = bearer(kToken, "zstd");
    const auto bomb = pulsekit::gzip::compress(std::string(20'000'000, ' ')).value();
    expect_error(send("POST", "/api/admin/projects", bomb, gzip), 413, "Request body too large.");
    expect_error(send("POST", "/api/admin/projects", "{}", gzip), 400, "Invalid request body: malformed gzip.");
    expect_error(send("POST", "/api/admin/projects", "{}", zstd), 415, "Unsupported content encoding.");
    expect_error(send("POST", "/api/admin/projects", std::string(10'485'761, ' ')), 413, "Request body too large.");
}

TEST_F(AdminTest, OnlyTheTokenOrAProjectsAdminKeyIsLetIn) {
    const auto id = project();
    const auto other = project("Other");
    const std::string admin_key = key(id, R"({"name":"A","scopes":["admin"]})")["key"];
    const std::string query_key = key(id, R"({"name":"Q","scopes":["query"]})")["key"];
    const std::string expired =
        key(id, R"({"name":"E","scopes":["admin"],"expires_at":"2020-01-01T00:00:00Z"})")["key"];
    const std::string one = "/api/admin/projects/" + id;

    expect_error(send("GET", one, "", {}), 401, "Missing admin token.");
    expect_error(send("GET", one, "", {"Authorization: Basic abc"}), 401, "Missing admin token.");
    expect_error(send("GET", one + "?key=" + admin_key, "", {}), 401, "Missing admin token.");
    expect_error(send("GET", one, "", {"X-API-Key: " + admin_key}), 401, "Missing admin token.");
    expect_error(send("GET", one, "", bearer("wrong")), 401, "Invalid admin token.");
    expect_error(send("GET", one, "", bearer(std::string(kToken) + "x")), 401, "Invalid admin token.");
    expect_error(with_key(expired, "GET", one), 401, "Invalid admin token.");
    expect_error(with_key(query_key, "GET", one), 403,
                 "API key does not have the required 'admin' scope for this endpoint.");

    EXPECT_EQ(with_key(admin_key, "GET", one).status, 200);
    EXPECT_EQ(send("GET", one, "", {"Authorization: bearer " + admin_key}).status, 200);
    EXPECT_EQ(with_key(admin_key, "POST", keys_of(id), kKey).status, 201);
    EXPECT_EQ(with_key(admin_key, "GET", "/api/admin/projects").status, 403);
    EXPECT_EQ(with_key(admin_key, "POST", "/api/admin/projects", "{").status, 403);
    for (const auto& foreign : {other, std::string("nobody")}) {
        expect_error(with_key(admin_key, "GET", "/api/admin/projects/" + foreign), 403,
                     "API key belongs to another project.");
        EXPECT_EQ(with_key(admin_key, "GET", keys_of(foreign)).status, 403);
        EXPECT_EQ(with_key(admin_key, "POST", keys_of(foreign), kKey).status, 403);
        EXPECT_EQ(with_key(admin_key, "DELETE", keys_of(foreign) + "/x").status, 403);
    }
}

TEST_F(AdminTest, WithoutAConfiguredTokenNobodyIsLetIn) {
    const auto id = project();
    const std::string admin_key = key(id, R"({"name":"A","scopes":["admin"]})")["key"];
    serve("", 0);
    expect_error(send("GET", "/api/admin/projects", "", {}), 401, "Missing admin token.");
    expect_error(send("GET", "/api/admin/projects", "", bearer("")), 401, "Missing admin token.");
    expect_error(send("GET", "/api/admin/projects"), 401, "Invalid admin token.");
    expect_error(with_key(admin_key, "GET", keys_of(id)), 401, "Invalid admin token.");
}

TEST_F(AdminTest, RequestsAreLimitedByToken) {
    const auto id = project();
    const std::string admin_key = key(id, R"({"name":"A","scopes":["admin"]})")["key"];
    serve(kToken, 20);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(send("GET", "/api/admin/projects").status, 200);
    const auto limited = send("GET", "/api/admin/projects");
    expect_error(limited, 429, "Rate limit exceeded. Retry after 1 second.");
    EXPECT_NE(limited.head.find("Retry-After: 1\r\n"), std::string::npos);
    EXPECT_EQ(with_key(admin_key, "GET", keys_of(id)).status, 200) << "another token, another bucket";
    expect_error(send("GET", "/api/admin/projects", "", bearer("wrong")), 401, "Invalid admin token.");
    clock_.advance(std::chrono::milliseconds(50));
    EXPECT_EQ(send("GET", "/api/admin/projects").status, 200);
}

TEST_F(AdminTest, UnknownPathsAndMethods) {
    const auto wrong = send("PUT", "/api/admin/projects", "{}");
    expect_error(wrong, 405, "Method not allowed.");
    EXPECT_NE(wrong.head.find("Allow: GET, HEAD, POST\r\n"), std::string::npos) << wrong.head;
    EXPECT_EQ(send("GET", keys_of("x") + "/y").status, 405);
    expect_error(send("GET", "/api/admin/nothing"), 404, "Not found.");
}

TEST_F(AdminTest, HealthNeedsNoCredentialsAndReadinessAsksTheStore) {
    EXPECT_EQ(send("GET", "/health", "", {}).body, R"({"status":"ok"})");
    EXPECT_EQ(send("GET", "/ready", "", {}).body, R"({"status":"ready"})");
    store_.fail(true);
    const auto not_ready = send("GET", "/ready", "", {});
    EXPECT_EQ(not_ready.status, 503);
    EXPECT_EQ(not_ready.body, R"({"status":"not_ready"})");
    EXPECT_EQ(send("GET", "/health", "", {}).status, 200);
    store_.fail(false);
    EXPECT_EQ(send("GET", "/ready", "", {}).status, 200);
}

TEST_F(AdminTest, ManyMayManageAtOnce) {
    const auto id = project();
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 8; ++i) {
                    const auto made = key(id);
                    EXPECT_EQ(send("GET", keys_of(id)).status, 200);
                    EXPECT_EQ(send("DELETE", keys_of(id) + "/" + made.value("id", "")).status, 204);
                }
            });
        }
    }
    EXPECT_TRUE(catalog_->keys(id).empty());
}

}  // namespace
}  // namespace collector::admin
