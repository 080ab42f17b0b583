// A canonical event as JSON, for comparison with data files: as it is exported, and whether its id is ours.
#pragma once

#include "admin/event_json.hpp"

namespace collector::test {

inline http::Json event_json(const model::Event& event) {
    auto json = admin::to_json(event);
    json["event_id_is_ours"] = event.event_id_is_ours;
    if (!event.bot) json.erase("bot");  // most files do not say so
    if (!http::parse_json(event.props)) json["props"] = "not JSON: " + event.props;
    return json;
}

}  // namespace collector::test
