// Records as the journal holds them, for tests that stand behind it.
#pragma once

#include <string>
#include <vector>

#include "src/queue.hpp"
#include "src/record.hpp"

namespace pulsekit::test {

/// An event: `fields` are its own, `properties` the application's.
inline std::string encoded_event(RecordHead head, const Properties& fields, const Properties& properties) {
    head.fields = static_cast<std::uint8_t>(PropertiesAccess::count(fields));
    head.properties = PropertiesAccess::count(fields) + PropertiesAccess::count(properties);
    const std::string_view own = PropertiesAccess::encoded(fields);
    const std::string_view rest = PropertiesAccess::encoded(properties);
    std::string out(head.encoded_size() + own.size() + rest.size(), '\0');
    ByteWriter writer(&out[0]);
    head.encode(writer);
    writer.bytes(own);
    writer.bytes(rest);
    return out;
}

inline std::string record(const std::string& name, std::uint8_t id = 1, const Properties& properties = {},
                          std::uint8_t flags = kNormalPriority) {
    RecordHead head;
    head.flags = flags;
    head.time_ms = 1'700'000'000'000;
    head.id.bytes[0] = id;
    head.name = name;
    return encoded_event(head, {}, properties);
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

/// The frame that a chunk begins with.
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
