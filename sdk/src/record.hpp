// One tracked event as bytes: what lies in the journal and in the queue. Little-endian, like every machine we run on.
//
//   u8 type, u8 reserved, u16 context size, 16 bytes event id, i64 time (ms since 1970),
//   context: 16 bytes session id, then user id, device id, app version: u16 size and bytes each
//   name: u8 size and bytes
//   properties: u32 count, then each: u8 name size, u8 Value::Type, name, value
//               (boolean: u8; integer, real: 8 bytes; text: u32 size and bytes; null: nothing)
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <pulsekit/properties.hpp>

#include "support/ids.hpp"

namespace pulsekit {

enum class RecordType : std::uint8_t { track = 1, screen = 2, identify = 3 };

constexpr std::size_t kMaxNameBytes = 255;
constexpr std::size_t kMaxRecordBytes = 100 * 1024;

/// Whose and when an event is: the same for all events between two changes, so it is encoded once and copied.
struct Context {
    Uuid session;
    std::string user_id;
    std::string device_id;
    std::string app_version;

    std::string encoded() const;
};

/// Looks into properties: the journal copies them whole.
class PropertiesAccess {
public:
    static std::string_view encoded(const Properties& properties) { return properties.encoded_; }
    static std::uint32_t count(const Properties& properties) { return properties.count_; }
    static bool valid(const Properties& properties) { return properties.valid_; }
};

/// Appends plain values to memory that is known to be large enough.
class ByteWriter {
public:
    explicit ByteWriter(char* at) : at_(at) {}
    template <typename T>
    void number(T value) {
        std::memcpy(at_, &value, sizeof value);
        at_ += sizeof value;
    }
    void bytes(const void* data, std::size_t size) {
        if (size != 0) std::memcpy(at_, data, size);
        at_ += size;
    }
    void bytes(std::string_view data) { bytes(data.data(), data.size()); }
    char* position() const { return at_; }

private:
    char* at_;
};

/// Bytes that one property takes in a record; 0 when its name is empty or overlong.
inline std::size_t encoded_size(const Property& property) {
    if (property.name.empty() || property.name.size() > kMaxNameBytes) return 0;
    const std::size_t head = 2 + property.name.size();
    switch (property.value.type()) {
        case Value::Type::null: return head;
        case Value::Type::boolean: return head + 1;
        case Value::Type::integer:
        case Value::Type::real: return head + 8;
        case Value::Type::text: return head + 4 + property.value.text().size();
    }
    return 0;
}

inline void encode(ByteWriter& out, const Property& property) {
    out.number(static_cast<std::uint8_t>(property.name.size()));
    out.number(static_cast<std::uint8_t>(property.value.type()));
    out.bytes(property.name);
    switch (property.value.type()) {
        case Value::Type::null: break;
        case Value::Type::boolean: out.number(static_cast<std::uint8_t>(property.value.boolean() ? 1 : 0)); break;
        case Value::Type::integer: out.number(property.value.integer()); break;
        case Value::Type::real: out.number(property.value.real()); break;
        case Value::Type::text:
            out.number(static_cast<std::uint32_t>(property.value.text().size()));
            out.bytes(property.value.text());
            break;
    }
}

/// Everything before the properties.
struct RecordHead {
    RecordType type;
    Uuid id;
    std::int64_t time_ms;
    std::string_view context;  ///< Context::encoded()
    std::string_view name;
    std::uint32_t property_count;

    std::size_t encoded_size() const { return 1 + 1 + 2 + 16 + 8 + context.size() + 1 + name.size() + 4; }
    void encode(ByteWriter& out) const {
        out.number(static_cast<std::uint8_t>(type));
        out.number(std::uint8_t{0});
        out.number(static_cast<std::uint16_t>(context.size()));
        out.bytes(id.bytes.data(), id.bytes.size());
        out.number(time_ms);
        out.bytes(context);
        out.number(static_cast<std::uint8_t>(name.size()));
        out.bytes(name);
        out.number(property_count);
    }
};

/// Walks the properties of a record that was parsed.
class PropertyReader {
public:
    explicit PropertyReader(std::string_view encoded, std::uint32_t count) : rest_(encoded), left_(count) {}
    /// Nothing at the end, or where the bytes are not what they should be.
    std::optional<Property> next();
    /// Whether everything was read and nothing is left over.
    bool at_end() const { return left_ == 0 && rest_.empty(); }

private:
    std::string_view rest_;
    std::uint32_t left_;
};

/// A record read back. Borrows the bytes.
struct RecordView {
    RecordType type = RecordType::track;
    Uuid id;
    std::int64_t time_ms = 0;
    Uuid session;
    std::string_view user_id;
    std::string_view device_id;
    std::string_view app_version;
    std::string_view name;
    std::uint32_t property_count = 0;
    std::string_view properties;

    /// Nothing when the bytes are not one whole record.
    static std::optional<RecordView> parse(std::string_view bytes);
};

}  // namespace pulsekit
