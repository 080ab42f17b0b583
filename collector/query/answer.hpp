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

/// What reports are made of. Both must outlive whoever holds this.
struct Sources {
    store::EventStore& store;
    pulsekit::Clock& clock;
    std::function<void(std::string_view)> log;  ///< may be empty; told of failures that are not the client's
};

/// 200 with the report; 400 for a parameter; 503 with Retry-After while the store cannot serve; else 500.
http::Response answer(const Module& module, const http::Request& request, const Sources& sources,
                      const std::string& project_id);

}  // namespace collector::query
