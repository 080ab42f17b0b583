// One report for a request whose sender is known: parameters, answer, errors.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include <pulsekit/environment.hpp>

#include "http/message.hpp"
#include "meta/shares.hpp"
#include "query/module.hpp"
#include "store/store.hpp"

namespace collector::query {

/// What reports are made of. What it refers to must outlive whoever holds this.
struct Sources {
    store::EventStore& store;
    meta::Definitions& definitions;
    meta::Experiments& experiments;
    meta::Surveys& surveys;
    meta::Shares& shares;
    pulsekit::Clock& clock;
    std::function<void(std::string_view)> log;  ///< may be empty; told of failures that are not the client's
    std::stop_token stop;                       ///< asked when the collector is to stop
    std::chrono::seconds longest{30};           ///< that a report may take
    std::string open_project;                   ///< of the open gateway; empty: it is closed
    /// The address of who sent a request; empty: that of the connection.
    std::function<std::string(const http::Request&)> client_of = {};
};

/// What a report that begins now may take.
store::Patience patience_of(const Sources& sources, const http::Request& request);

/// 200 with the report; 400 for a parameter; 404; 503 with Retry-After while the store cannot serve; else 500.
http::Response answer(const Module& module, const http::Request& request, const Sources& sources,
                      const meta::Project& project);

/// The answer for an error of a report at `path`, which had this patience, told in the protocol's manner.
http::Response refusal(const Protocol& protocol, std::string_view path, const pulsekit::Error& error,
                       const Sources& sources, const store::Patience& patience);

}  // namespace collector::query
