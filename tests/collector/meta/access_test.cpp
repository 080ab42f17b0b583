#include "meta/access.hpp"

#include <gtest/gtest.h>

#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::meta {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct KeyCase {
    KeyPlace documented;
    Headers headers;
    Headers query;
    std::optional<std::string> key;
};

TEST(KeyOf, ReadsTheDocumentedPlaceThenTheOtherHeadersThenTheParameter) {
    using enum KeyPlace;
    const KeyCase cases[] = {
        {bearer, {{"Authorization", "Bearer k"}}, {}, "k"},
        {bearer, {{"authorization", "bEaReR   k"}}, {}, "k"},
        {bearer, {{"Authorization", "Bearer"}}, {}, std::nullopt},
        {bearer, {{"Authorization", "Bearer "}}, {}, std::nullopt},
        {bearer, {{"Authorization", "Basic k"}}, {}, std::nullopt},
        {bearer, {}, {{"api_key", "q"}}, "q"},
        {bearer, {}, {{"key", "q"}}, std::nullopt},
        {bearer, {{"Authorization", "Bearer k"}}, {{"api_key", "q"}}, "k"},
        {bearer, {{"X-Pulse-Key", "k"}}, {{"api_key", "q"}}, "k"},
        {x_pulse_key, {{"X-Pulse-Key", "k"}}, {}, "k"},
        {x_pulse_key, {}, {{"key", "q"}}, "q"},
        {x_pulse_key, {}, {{"api_key", "q"}}, std::nullopt},
        {x_pulse_key, {{"X-Pulse-Key", "k"}, {"Authorization", "Bearer b"}}, {{"key", "q"}}, "k"},
        {x_pulse_key, {{"X-Pulse-Key", ""}, {"Authorization", "Bearer b"}}, {}, "b"},
        {x_pg_api_key, {{"X-PG-API-Key", "k"}, {"X-API-Key", "a"}}, {}, "k"},
        {x_pg_api_key, {{"X-API-Key", "a"}}, {}, "a"},
        {x_pg_api_key, {}, {{"key", "q"}, {"api_key", "q"}}, std::nullopt},
        {x_api_key, {{"X-API-Key", "k"}, {"X-PG-API-Key", "p"}}, {}, "k"},
        {x_api_key, {{"X-PG-API-Key", "p"}}, {}, "p"},
        {x_api_key, {{"Authorization", "Bearer b"}}, {}, "b"},
        {x_api_key, {}, {}, std::nullopt},
    };
    for (std::size_t i = 0; i < std::size(cases); ++i) {
        http::Request request;
        for (const auto& [name, value] : cases[i].headers) request.headers.emplace(name, value);
        request.query = cases[i].query;
        EXPECT_EQ(key_of(request, cases[i].documented), cases[i].key) << "case " << i;
    }
}

class AccessTest : public testing::Test {
protected:
    AccessTest() {
        project_ = catalog_->create_project("P", "p.example").value().id;
        other_ = catalog_->create_project("O", "o.example").value().id;
    }
    std::string make(NewKey key) {
        if (key.project_id.empty()) key.project_id = project_;
        return catalog_->create_key(key).value().secret;
    }
    std::optional<Denial> denial(std::variant<Grant, Denial> result) {
        const auto* found = std::get_if<Denial>(&result);
        return found ? std::optional(*found) : std::nullopt;
    }

    pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{1000};
    pulsekit::test::CountingRandom random_;
    std::unique_ptr<Catalog> catalog_ = Catalog::open(folder_.file("a.sqlite"), clock_, random_).value();
    Access access_{*catalog_, clock_, {.ingest = 2, .events = 0, .query = 1, .admin = 1}};
    std::string project_, other_;
};

TEST_F(AccessTest, AValidKeyGrantsItsProject) {
    const auto key = make({.scopes = {Scope::ingest}, .allowed_modules = {"events"}, .expires_ms = 1001});
    const auto admitted = access_.admit(key, Scope::ingest, Traffic::analytics_ingest);
    const auto* grant = std::get_if<Grant>(&admitted);
    ASSERT_TRUE(grant);
    EXPECT_EQ(grant->project_id(), project_);
    EXPECT_EQ(grant->project->domain, "p.example");
    EXPECT_EQ(grant->key->allowed_modules, std::vector<std::string>{"events"});
    EXPECT_FALSE(Access::key_allows(*grant, "events"));
    EXPECT_FALSE(Access::key_allows(*grant, ""));
    const auto module = Access::key_allows(*grant, "funnels");
    ASSERT_TRUE(module);
    EXPECT_EQ(status_of(*module), 403);
    EXPECT_EQ(text_of(*module), "API key is not allowed to access module 'funnels'.");
}

TEST_F(AccessTest, DenialsHaveTheirStatusAndText) {
    const auto missing = denial(access_.admit(std::nullopt, Scope::query, Traffic::query));
    ASSERT_TRUE(missing);
    EXPECT_EQ(status_of(*missing), 401);
    EXPECT_EQ(text_of(*missing), "Missing API key. Provide it via X-Pulse-Key header or ?key= query parameter.");
    const auto unknown = denial(access_.admit("nope", Scope::query, Traffic::query));
    ASSERT_TRUE(unknown);
    EXPECT_EQ(status_of(*unknown), 401);
    EXPECT_EQ(text_of(*unknown), "Invalid API key.");
    const auto expired =
        denial(access_.admit(make({.scopes = {Scope::query}, .expires_ms = 1000}), Scope::query, Traffic::query));
    ASSERT_TRUE(expired);
    EXPECT_EQ(expired->why, Denial::Why::invalid_key);
    const auto scope = denial(access_.admit(make({.scopes = {Scope::ingest}}), Scope::query, Traffic::query));
    ASSERT_TRUE(scope);
    EXPECT_EQ(status_of(*scope), 403);
    EXPECT_EQ(text_of(*scope), "API key does not have the required 'query' scope for this endpoint.");
    EXPECT_EQ(text_of({.why = Denial::Why::module_off, .subject = "funnels"}),
              "Module 'funnels' is not enabled for this project.");
    EXPECT_EQ(text_of({.why = Denial::Why::module_access, .subject = "funnels", .access = "write"}),
              "Module 'funnels' does not allow write access for this project.");
    EXPECT_EQ(text_of({.why = Denial::Why::rate_limited, .retry_after_s = 1}),
              "Rate limit exceeded. Retry after 1 second.");
    EXPECT_EQ(text_of({.why = Denial::Why::rate_limited, .retry_after_s = 2}),
              "Rate limit exceeded. Retry after 2 seconds.");
}

TEST_F(AccessTest, AdminPassesEveryScope) {
    const auto key = make({.scopes = {Scope::admin}});
    for (const Scope scope : {Scope::ingest, Scope::query, Scope::admin}) {
        EXPECT_TRUE(std::holds_alternative<Grant>(access_.identify(key, scope))) << name_of(scope);
    }
}

TEST_F(AccessTest, BucketsAreApartByTrafficAndProject) {
    const auto key = make({.scopes = {Scope::ingest, Scope::query}});
    const auto second = make({.scopes = {Scope::ingest}});
    const auto foreign = make({.project_id = other_, .scopes = {Scope::ingest}});
    const auto limited = [&](const std::string& with, Scope scope, Traffic traffic) {
        const auto denied = denial(access_.admit(with, scope, traffic));
        return denied && denied->why == Denial::Why::rate_limited;
    };
    EXPECT_FALSE(limited(key, Scope::ingest, Traffic::analytics_ingest));
    EXPECT_FALSE(limited(second, Scope::ingest, Traffic::analytics_ingest));
    EXPECT_TRUE(limited(key, Scope::ingest, Traffic::analytics_ingest)) << "two a second for the project";
    EXPECT_FALSE(limited(foreign, Scope::ingest, Traffic::analytics_ingest));
    EXPECT_FALSE(limited(key, Scope::query, Traffic::query)) << "reads have their own bucket";
    EXPECT_TRUE(limited(key, Scope::query, Traffic::query));
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(limited(key, Scope::ingest, Traffic::pulse_ingest));
    EXPECT_TRUE(limited(key, Scope::ingest, Traffic::pulse_ingest));
    EXPECT_FALSE(limited(second, Scope::ingest, Traffic::pulse_ingest)) << "there each key has its own";
    for (int i = 0; i < 500; ++i) EXPECT_FALSE(limited(key, Scope::ingest, Traffic::event_ingest)) << "off";
    const auto wrong_scope = denial(access_.admit(second, Scope::query, Traffic::query));
    ASSERT_TRUE(wrong_scope);
    EXPECT_EQ(wrong_scope->why, Denial::Why::scope) << "the scope is checked before the rate";
}

TEST_F(AccessTest, AModuleIsOpenToTheKeyThenByTheProject) {
    const auto id = catalog_->create_project("Gated", "gated.example.com").value().id;
    const auto key = catalog_->create_key({.project_id = id, .name = "k", .scopes = {Scope::query}}).value().secret;
    const auto only =
        catalog_
            ->create_key({.project_id = id, .name = "only", .scopes = {Scope::query}, .allowed_modules = {"funnels"}})
            .value()
            .secret;
    const auto denied = [&](const std::string& secret, std::string_view module, model::ModuleAccess needed) {
        const auto granted = access_.identify(secret, Scope::query);
        const auto denial = Access::module_allows(std::get<Grant>(granted), module, needed);
        return denial ? text_of(*denial) : "";
    };
    using model::ModuleAccess;
    EXPECT_EQ(denied(key, "funnels", ModuleAccess::read), "Module 'funnels' is not enabled for this project.");
    EXPECT_EQ(denied(only, "goals", ModuleAccess::read), "API key is not allowed to access module 'goals'.");
    EXPECT_EQ(denied(key, "", ModuleAccess::write), "");
    const auto funnels = model::index_of_module("funnels");
    for (const auto access : {ModuleAccess::read, ModuleAccess::write, ModuleAccess::all}) {
        ASSERT_TRUE(catalog_->change_modules(id, {{.module = funnels, .enabled = true, .access = access}}).ok());
        EXPECT_EQ(denied(only, "funnels", ModuleAccess::read),
                  access == ModuleAccess::write ? "Module 'funnels' does not allow read access for this project." : "");
        EXPECT_EQ(denied(only, "funnels", ModuleAccess::write),
                  access == ModuleAccess::read ? "Module 'funnels' does not allow write access for this project." : "");
    }
}

}  // namespace
}  // namespace collector::meta
