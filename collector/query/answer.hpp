// One report for a request whose sender is known: parameters, answer, errors.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <pulsekit/environment.hpp>

#include "http/message.hpp"
#include "query/module.hpp"
#include "store/store.hpp"

namespace collector::query {

/// What reports are made of. Store, definitions and clock must outlive whoever holds this.
struct Sources {
    store::EventStore& store;
    meta::Definitions& definitions;
    pulsekit::Clock& clock;
    std::function<void(std::string_view)> log;  ///< may be empty; told of failures that are not the client's
    store::Patience patience;                   ///< asked to stop when the collector is
    std::string open_project;                   ///< of the open gateway; empty: it is closed
};

/// 200 with the report; 400 for a parameter; 404; 503 with Retry-After while the store cannot serve; else 500.
http::Response answer(const Module& module, const http::Request& request, const Sources& sources,
                      const meta::Project& project);

/// The answer for an error of a report at `path`, told in the protocol's manner.
http::Response refusal(const Protocol& protocol, std::string_view path, const pulsekit::Error& error,
                       const Sources& sources);

}  // namespace collector::query
