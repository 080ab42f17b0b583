// Where events come in, one door a dialect and form, and an event that each takes.
#pragma once

#include <string>
#include <vector>

#include "tests/integration/collector_process.hpp"

namespace pulsekit::test {

struct Door {
    const char* path;
    const char* key_header;  ///< what stands before the key
    int success;
    const char* before;  ///< of an event with the id ID, "{ID}" stands for it
    int refused_json;    ///< the status of a body that is no JSON
};

inline const std::vector<Door>& doors() {
    static const std::vector<Door> all = {
        {"/collect", "Authorization: Bearer ", 202,
         R"({"site_id":"s","event_type":"custom","timestamp":1772712000000,"session_id":"x","event_id":"{ID}"})", 400},
        {"/collect/batch", "Authorization: Bearer ", 202,
         R"({"events":[{"site_id":"s","event_type":"custom","timestamp":1772712000000,"session_id":"x","event_id":"{ID}"}]})",
         400},
        {"/api/v1/pulse/events", "X-API-Key: ", 201, R"({"name":"tick","id":"{ID}"})", 400},
        {"/api/v1/pulse/events/batch", "X-API-Key: ", 201, R"({"events":[{"name":"tick","id":"{ID}"}]})", 400},
        {"/api/collect", "X-Pulse-Key: ", 200, R"({"type":"event","name":"tick","event_id":"{ID}"})", 400},
        {"/v1/events", "X-PG-API-Key: ", 202,
         R"({"events":[{"event_id":"{ID}","project_id":"p","session.id":"s","event.type":"custom",)"
         R"("event.timestamp":"2026-03-05T12:00:00Z"}]})",
         400},
        {"/ingest", "X-API-Key: ", 200,
         R"({"event_id":"{ID}","event_type":"click","event_name":"n","event_time":"2026-03-05T12:00:00Z",)"
         R"("user_id":"u","session_id":"s","page_name":"p"})",
         400},
    };
    return all;
}

inline std::string event_at(const Door& door, const std::string& id) {
    std::string body = door.before;
    return body.replace(body.find("{ID}"), 4, id);
}

inline HttpReply knock(const CollectorProcess& collector, const Door& door, const std::string& body,
                       const std::string& encoding = {}) {
    std::vector<std::string> headers = {door.key_header + collector.key("PULSE_INGEST_KEY"),
                                        "Content-Type: application/json", "Expect:"};
    if (!encoding.empty()) headers.push_back("Content-Encoding: " + encoding);
    return http("POST", collector.url() + door.path, headers, body);
}

}  // namespace pulsekit::test
