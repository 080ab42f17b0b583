// Asks reports of a store as a client would, without a server and without keys.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "http/json.hpp"
#include "http/router.hpp"
#include "query/answer.hpp"
#include "query/export.hpp"
#include "tests/support/fixed_clock.hpp"
#include "tests/support/seeded_random.hpp"

namespace collector::query::test {

inline std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

/// From `/path?name=value&...`.
inline http::Request request(std::string_view target) {
    http::Request made;
    made.method = "GET";
    const auto question = target.find('?');
    made.path = target.substr(0, question);
    while (question != std::string_view::npos && !target.empty()) {
        target.remove_prefix(made.query.empty() ? question + 1 : 0);
        const auto pair = target.substr(0, target.find('&'));
        const auto equals = pair.find('=');
        made.query.emplace_back(decoded(pair.substr(0, equals)),
                                equals == std::string_view::npos ? "" : decoded(pair.substr(equals + 1)));
        target.remove_prefix(std::min(pair.size() + 1, target.size()));
    }
    return made;
}

struct Reply {
    int status = 0;
    http::Json body;
    http::Response response;
};

/// A project as the catalog would have it.
inline meta::Project project(std::string id, std::string domain = "example.org") {
    return {.id = std::move(id), .name = "a project", .domain = std::move(domain)};
}

/// Whether the request is for the pattern; its path_values are then filled.
inline bool is_for(http::Request& request, std::string_view pattern) {
    return http::Router({{.method = "GET", .pattern = std::string(pattern)}}).find(request).route != nullptr;
}

inline bool is_for(http::Request& request, const Module& module) {
    return is_for(request, module.path) || (!module.alias.empty() && is_for(request, module.alias));
}

/// Of projects that have defined nothing.
class Nothing {
public:
    meta::Definitions& definitions() { return *definitions_; }
    meta::Experiments& experiments() { return *experiments_; }
    meta::Surveys& surveys() { return *surveys_; }
    meta::Shares& shares() { return *shares_; }

private:
    pulsekit::test::FixedClock clock_{0};
    pulsekit::test::SeededRandom random_{1};
    std::unique_ptr<meta::Definitions> definitions_ = meta::Definitions::open(":memory:", clock_, random_).value();
    std::unique_ptr<meta::Experiments> experiments_ = meta::Experiments::open(":memory:", clock_, random_).value();
    std::unique_ptr<meta::Surveys> surveys_ = meta::Surveys::open(":memory:", clock_, random_).value();
    std::unique_ptr<meta::Shares> shares_ = meta::Shares::open(":memory:", clock_, random_).value();
};

/// Nothing when no module has the path. `defined` has what projects defined, as Nothing does or Defined.
template <typename DefinedThings>
std::optional<Reply> ask(store::EventStore& store, DefinedThings& defined, std::int64_t now_ms,
                         const meta::Project& project, std::string_view target) {
    pulsekit::test::FixedClock clock(now_ms);
    const Sources sources{.store = store,
                          .definitions = defined.definitions(),
                          .experiments = defined.experiments(),
                          .surveys = defined.surveys(),
                          .shares = defined.shares(),
                          .clock = clock,
                          .log = {},
                          .stop = {},
                          .open_project = {}};
    auto asked = request(target);
    std::optional<http::Response> response;
    if (is_for(asked, kExportPath)) response = export_file(asked, sources, project);
    for (const Module* module : modules()) {
        if (!response && is_for(asked, *module)) response = answer(*module, asked, sources, project);
    }
    if (!response) return std::nullopt;
    auto body = http::parse_json(response->body);
    return Reply{response->status, body ? *std::move(body) : http::Json(), *std::move(response)};
}

inline std::optional<Reply> ask(store::EventStore& store, std::int64_t now_ms, const meta::Project& project,
                                std::string_view target) {
    Nothing nothing;
    return ask(store, nothing, now_ms, project, target);
}

}  // namespace collector::query::test
