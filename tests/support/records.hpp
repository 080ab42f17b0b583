// Records as the journal holds them, for tests that stand behind it.
#pragma once

#include <string>
#include <vector>

#include "src/queue.hpp"
#include "src/record.hpp"

namespace pulsekit::test {

inline std::string record(const std::string& name, std::uint8_t id = 1, const Properties& properties = {},
                          std::uint8_t flags = kNormalPriority) {
    RecordHead head;
    head.flags = flags;
    head.id.bytes[0] = id;
    head.time_ms = 1'700'000'000'000;
    head.name = name;
    head.properties = PropertiesAccess::count(properties);
    std::string out(head.encoded_size(), '\0');
    ByteWriter writer(&out[0]);
    head.encode(writer);
    return out + std::string(PropertiesAccess::encoded(properties));
}

inline std::string sized(const std::string& bytes) {
    std::string out;
    append_frame(out, bytes);
    return out;
}

inline Context context(const std::string& user = "") {
    Context made;
    made.session.bytes.fill(0x11);
    made.device_id = "device";
    made.user_id = user;
    return made;
}

inline std::string context_frame(const std::string& user = "") { return sized(context(user).encoded()); }

/// The names of a batch's events.
inline std::vector<std::string> names(const Batch& batch) {
    EventList list;
    for (const auto& chunk : batch.chunks) {
        if (!list.add(chunk.records, chunk.skip, chunk.count)) return {"damaged"};
    }
    std::vector<std::string> names;
    for (const auto& event : list.events()) names.emplace_back(event.name);
    return names;
}

}  // namespace pulsekit::test
