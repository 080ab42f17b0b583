// The collector's ingest side without server and store: what the benchmarks of its parts feed with requests.
#pragma once

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ingest/pipeline.hpp"
#include "meta/access.hpp"
#include "meta/catalog.hpp"
#include "support/system_environment.hpp"

#include "tests/bench/figures.hpp"
#include "tests/bench/ingest_events.hpp"

namespace bench {

class IngestSide {
public:
    using Take = std::function<void(std::vector<collector::model::Event>)>;

    /// `take` gets the events of each request, which count as stored when it returns.
    explicit IngestSide(Take take) : take_(std::move(take)) {
        using namespace collector;
        catalog_ = meta::Catalog::open(folder_.path() + "/pulse.sqlite", clock_, random_).value();
        const auto project = catalog_->create_project("bench", "").value().id;
        key_ =
            catalog_->create_key({.project_id = project, .name = "k", .scopes = {meta::Scope::ingest}}).value().secret;
        surveys_ = meta::Surveys::open(folder_.path() + "/pulse.sqlite", clock_, random_).value();
        access_ = std::make_unique<meta::Access>(*catalog_, clock_, meta::RateLimits{});
        pipeline_ = std::make_unique<ingest::Pipeline>(
            ingest::Dependencies{.access = *access_,
                                 .surveys = *surveys_,
                                 .clock = clock_,
                                 .random = random_,
                                 .server_secret = catalog_->server_secret(),
                                 .submit =
                                     [this](auto events, auto done) {
                                         const std::size_t count = events.size();
                                         take_(std::move(events));
                                         done(std::vector<store::Stored>(count, store::Stored::fresh));
                                     },
                                 .settings = {},
                                 .agents = agents_});
    }

    const std::string& key() const { return key_; }
    std::int64_t now_ms() { return clock_.unix_ms(); }

    static std::string body_of(const Prepared& prepared) {
        return prepared.bytes.substr(prepared.bytes.find("\r\n\r\n") + 4);
    }

    void handle(const std::string& body) {
        using namespace collector;
        http::Request request{.method = "POST", .path = "/v1/events", .body = body, .remote_address = "127.0.0.1"};
        request.headers.emplace("Host", "collector");
        request.headers.emplace("User-Agent", "PulseKit/0.1 (Linux; x86_64)");
        request.headers.emplace("Content-Type", "application/json");
        request.headers.emplace("X-PG-API-Key", key_);
        request.headers.emplace("Content-Length", "1");
        pipeline_->handle(ingest::kProductgraph, true, std::move(request),
                          http::Responder([](const http::Response& response) {
                              if (response.status != 202) std::abort();
                          }));
    }

private:
    Take take_;
    Folder folder_{"ingest-side"};
    pulsekit::SystemClock clock_;
    pulsekit::SystemRandom random_;
    const collector::ingest::UserAgents agents_;
    std::unique_ptr<collector::meta::Catalog> catalog_;
    std::string key_;
    std::unique_ptr<collector::meta::Access> access_;
    std::unique_ptr<collector::meta::Surveys> surveys_;
    std::unique_ptr<collector::ingest::Pipeline> pipeline_;
};

}  // namespace bench
