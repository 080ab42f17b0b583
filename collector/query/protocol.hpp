// How a report is asked for and told: which key it takes, and what an answer and an error look like.
#pragma once

#include <string_view>

#include "http/json.hpp"
#include "http/message.hpp"
#include "meta/access.hpp"

namespace collector::query {

struct Protocol {
    meta::KeyPlace credential = meta::KeyPlace::none;
    bool open = false;  ///< without a key it serves the project of the open gateway, when there is one
    http::Json (*answer)(http::Json report) = nullptr;
    http::Response (*failure)(int status, std::string_view text) = nullptr;
    http::Response (*denied)(const meta::Denial& denial) = nullptr;
    http::Response (*envelope)(int status) = nullptr;  ///< of errors that arise before or beside the report
};

extern const Protocol kAnalytics;
extern const Protocol kGateway;

}  // namespace collector::query
