// A collector's ingest side as it is wired in earnest, but for a store in memory, a manual clock and fixed randomness.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "http/server.hpp"
#include "ingest/active_surveys.hpp"
#include "ingest/assign.hpp"
#include "ingest/pipeline.hpp"
#include "meta/access.hpp"
#include "meta/catalog.hpp"
#include "meta/experiments.hpp"
#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::test {

inline constexpr std::int64_t kNow = 1'774'195'200'000;  // 2026-03-22T16:00:00Z

class Harness {
public:
    static constexpr const char* kDemo = "Demo";  ///< as Settings::open_project: the harness's own project

    explicit Harness(ingest::Settings settings = {}, meta::RateLimits limits = {.ingest = 0})
        : catalog_(open()), access_(*catalog_, clock_, limits) {
        make_keys();
        if (settings.open_project == kDemo) settings.open_project = project_;
        pipeline_ = std::make_unique<ingest::Pipeline>(ingest::Dependencies{
            .access = access_,
            .surveys = *surveys_,
            .clock = clock_,
            .random = random_,
            .server_secret = catalog_->server_secret(),
            .submit = [this](auto events, auto done) { submit_(std::move(events), std::move(done)); },
            .settings = std::move(settings),
            .agents = agents()});
        http::Server::Options options;
        options.port = 0;
        options.not_found_envelopes = ingest::not_found_envelopes(*pipeline_);
        server_ = std::make_unique<http::Server>(routes(), options);
        base_ = "http://127.0.0.1:" + std::to_string(server_->start().value());
    }

    const std::string& base() const { return base_; }
    const std::string& project() const { return project_; }
    const std::string& key(const std::string& name) const { return secrets_.at(name); }
    const std::map<std::string, std::string>& keys() const { return secrets_; }
    meta::Catalog& catalog() { return *catalog_; }
    meta::Experiments& experiments() { return *experiments_; }
    pulsekit::test::ManualClock& clock() { return clock_; }
    MemoryStore& store() { return store_; }
    meta::Surveys& surveys() { return *surveys_; }
    const ingest::Counters& counters() const { return pipeline_->counters(); }

private:
    std::vector<http::Route> routes() {
        auto all = ingest::routes(*pipeline_);
        all.push_back(ingest::assign_route(access_, *experiments_, *pipeline_));
        all.push_back(ingest::active_surveys_route(access_, *surveys_));
        return all;
    }

    /// One for all: it takes a moment to make.
    static const ingest::UserAgents& agents() {
        static const ingest::UserAgents all;
        return all;
    }

    std::unique_ptr<meta::Catalog> catalog_or_throw(pulsekit::Result<std::unique_ptr<meta::Catalog>> opened) {
        if (!opened) throw std::runtime_error(opened.error().message);
        return *std::move(opened);
    }
    std::unique_ptr<meta::Catalog> open() {
        return catalog_or_throw(meta::Catalog::open(folder_.file("pulse.sqlite"), clock_, random_));
    }

    void make_keys() {
        project_ = catalog_->create_project(kDemo, "demo.example.com").value().id;
        const std::string other = catalog_->create_project("Other", "other.example.com").value().id;
        const auto make = [&](const std::string& name, meta::NewKey key) {
            if (key.project_id.empty()) key.project_id = project_;
            key.name = name;
            auto created = catalog_->create_key(key).value();
            secrets_[name] = created.secret;
            return created.key.id;
        };
        using meta::Scope;
        make("ingest", {.scopes = {Scope::ingest}});
        make("query", {.scopes = {Scope::query}});
        make("admin", {.scopes = {Scope::admin}});
        make("other", {.project_id = other, .scopes = {Scope::ingest}});
        make("expired", {.scopes = {Scope::ingest}, .expires_ms = kNow});
        make("expiring", {.scopes = {Scope::ingest}, .expires_ms = kNow + 1});
        make("pageviews_only", {.scopes = {Scope::ingest}, .allowed_modules = {"pageviews"}});
        make("events_only", {.scopes = {Scope::ingest}, .allowed_modules = {"events"}});
        make("imported", {.scopes = {Scope::ingest}, .secret = "pulse_prod_0123456789abcdef0123456789abcdef"});
        const auto revoked = make("revoked", {.scopes = {Scope::ingest}});
        if (!catalog_->revoke_key(project_, revoked)) throw std::runtime_error("cannot revoke");
    }

    pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{kNow};
    pulsekit::test::CountingRandom random_;
    std::unique_ptr<meta::Catalog> catalog_;
    std::unique_ptr<meta::Surveys> surveys_ =
        meta::Surveys::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    meta::Access access_;
    std::unique_ptr<meta::Experiments> experiments_ =
        meta::Experiments::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    MemoryStore store_;
    std::unique_ptr<ingest::Pipeline> pipeline_;
    DeferredSubmit submit_{store_};  // after the pipeline: joined before it goes
    std::unique_ptr<http::Server> server_;
    std::string base_;
    std::string project_;
    std::map<std::string, std::string> secrets_;
};

}  // namespace collector::test
