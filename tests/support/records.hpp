// Records as the journal holds them, for tests that stand behind it.
#pragma once

#include <string>

#include "src/record.hpp"

namespace pulsekit::test {

inline std::string record(const std::string& name, std::uint8_t id = 1, const Properties& properties = {}) {
    Context context;
    context.device_id = "device";
    const std::string encoded_context = context.encoded();
    RecordHead head{RecordType::track, {},   1'700'000'000'000,
                    encoded_context,   name, PropertiesAccess::count(properties)};
    head.id.bytes[0] = id;
    std::string out(head.encoded_size() + PropertiesAccess::encoded(properties).size(), '\0');
    ByteWriter writer(&out[0]);
    head.encode(writer);
    writer.bytes(PropertiesAccess::encoded(properties));
    return out;
}

inline std::string sized(const std::string& bytes) {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    return std::string(reinterpret_cast<const char*>(&size), sizeof size) + bytes;
}

}  // namespace pulsekit::test
