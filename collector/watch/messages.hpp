// What is sent from the clock, and how it is handed over.
#pragma once

#include <functional>
#include <vector>

#include <pulsekit/result.hpp>

#include "outbound/outbox.hpp"
#include "support/sqlite/database.hpp"

namespace collector::watch {

/// What must be known if and only if the messages are kept.
using Also = std::function<pulsekit::Result<void>(pulsekit::sqlite::Database&)>;

/// outbound::Outbox::add: keeps the messages, or none, and does `also` in the same transaction; without messages, too.
using Send = std::function<pulsekit::Result<void>(const std::vector<outbound::Message>&, const Also&)>;

}  // namespace collector::watch
