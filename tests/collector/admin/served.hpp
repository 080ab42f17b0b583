// The administration API of a collector with a real store, on a port of its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "admin/routes.hpp"
#include "http/json.hpp"
#include "http/server.hpp"
#include "store/open.hpp"
#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::admin::test {

class Served {
public:
    static constexpr const char* kToken = "the-admin-token";

    /// In the data directory `data`, which outlives it; of the settings' projects see Admin.
    explicit Served(const std::string& data, std::vector<std::string> configured = {}) : path(data + "/pulse.sqlite") {
        admin = std::make_unique<Admin>(Admin{.catalog = *catalog,
                                              .access = access,
                                              .experiments = *experiments,
                                              .surveys = *surveys,
                                              .deletions = *deletions,
                                              .audit = *audit,
                                              .store = *store,
                                              .webhooks = *webhooks,
                                              .outbox = *outbox,
                                              .clock = clock,
                                              .random = random,
                                              .reach = outbound::Reach::public_only,
                                              .token = kToken,
                                              .configured = std::move(configured),
                                              .forwarding = [] { return std::vector<outbound::ForwardingState>(); },
                                              .log = [](std::string_view) {},
                                              .warn = [this](std::string_view text) { warnings.emplace_back(text); },
                                              .stop = {}});
        http::Server::Options options;
        options.port = 0;
        server = std::make_unique<http::Server>(admin::routes(*admin), options);
        base = "http://127.0.0.1:" + std::to_string(server->start().value());
    }

    pulsekit::test::HttpReply send(const std::string& method, const std::string& target, const std::string& body = {},
                                   const std::vector<std::string>& headers = {"Authorization: Bearer " +
                                                                              std::string(kToken)}) const {
        auto all = headers;
        all.emplace_back("Expect:");
        return pulsekit::test::http(method, base + target, all, body);
    }
    http::Json json(const pulsekit::test::HttpReply& reply) const {
        return http::parse_json(reply.body).value_or(http::Json());
    }
    std::string project(const std::string& name = "Shop") {
        return catalog->create_project(name, "shop.example").value().id;
    }
    meta::CreatedKey key(const std::string& project_id, meta::Scope scope) {
        return catalog->create_key({.project_id = project_id, .name = "K", .scopes = {scope}}).value();
    }

    const std::string path;
    pulsekit::test::ManualClock clock{1'774'195'200'000};  // 2026-03-22T16:00:00Z
    pulsekit::test::CountingRandom random;
    std::unique_ptr<store::EventStore> store =
        store::open_store({.data_directory = path.substr(0, path.rfind('/')), .sync = store::Sync::normal}, random)
            .value();
    std::unique_ptr<meta::Catalog> catalog = meta::Catalog::open(path, clock, random).value();
    std::unique_ptr<meta::Experiments> experiments = meta::Experiments::open(path, clock, random).value();
    std::unique_ptr<meta::Surveys> surveys = meta::Surveys::open(path, clock, random).value();
    std::unique_ptr<meta::Webhooks> webhooks = meta::Webhooks::open(path, clock, random).value();
    std::unique_ptr<outbound::Outbox> outbox = outbound::Outbox::open(path, clock, random).value();
    std::unique_ptr<meta::Deletions> deletions = meta::Deletions::open(path).value();
    std::unique_ptr<meta::Audit> audit = meta::Audit::open(path, clock).value();
    meta::Access access{*catalog, clock, meta::RateLimits{.admin = 0}};
    std::vector<std::string> warnings;  ///< by a thread of the server, before it answers
    std::unique_ptr<Admin> admin;
    std::unique_ptr<http::Server> server;
    std::string base;
};

}  // namespace collector::admin::test
