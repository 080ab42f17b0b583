// The canonical event as the raw export writes it (docs/protocol.md).
#pragma once

#include "http/json.hpp"
#include "model/event.hpp"

namespace collector::admin {

/// What is absent is left out.
http::Json to_json(const model::Event& event);

}  // namespace collector::admin
