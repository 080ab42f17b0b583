// What is sent from the clock, and how it is handed over.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "http/json.hpp"
#include "outbound/outbox.hpp"
#include "support/sqlite/database.hpp"

namespace collector::watch {

/// What must be known if and only if the messages are kept.
using Also = std::function<pulsekit::Result<void>(pulsekit::sqlite::Database&)>;

/// outbound::Outbox::add: keeps the messages, or none, and does `also` in the same transaction; without messages, too.
using Send = std::function<pulsekit::Result<void>(const std::vector<outbound::Message>&, const Also&)>;

/// What webhooks get: `{"event","project_id","timestamp","data"}`.
std::string envelope(std::string_view event, std::string_view project_id, std::int64_t now_ms, http::Json data);

}  // namespace collector::watch
