// What lies in the journal and in the queue, as bytes: events, and the contexts that they happened in. Little-endian,
// like every machine we run on.
//
//   event:    u8 type, u8 fields, u8 flags, u8 name size, u32 properties, u32 sequence, 16 bytes id, i64 time (ms since
//             1970), name, properties: the first `fields` of them are the event's own (an error's message), named as in
//             field_name below
//   property: u8 name size, u8 Value::Type, name, value
//   value:    boolean u8; integer, real, time 8 bytes; text u32 size and bytes; object u32 size, u32 count, properties;
//             array u32 size, u32 count and a u8 Value::Type and value each; null nothing
//   context:  u8 0, 16 bytes session id, u16 size and bytes of each text, u32 count and the global properties
//
// A context holds for the events that follow it, so it is written when it changes and not with every event. Each chunk
// of a queue begins with one.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/properties.hpp>

#include "support/ids.hpp"

namespace pulsekit {

enum class RecordType : std::uint8_t {
    context = 0,
    track = 1,
    screen = 2,
    identify = 3,
    error = 4,
    journey_step = 5,
    state_change = 6,
    api_call = 7,
    performance = 8,
};
constexpr std::uint8_t kLastRecordType = 8;

/// Names of the events' own fields.
namespace field_name {
constexpr std::string_view kErrorType = "error.type";
constexpr std::string_view kErrorMessage = "error.message";
constexpr std::string_view kErrorStack = "error.stack";
constexpr std::string_view kRevenueAmount = "revenue_amount";
constexpr std::string_view kRevenueCurrency = "revenue_currency";
constexpr std::string_view kDuration = "duration_ms";
constexpr std::string_view kJourney = "journey.id";
constexpr std::string_view kStep = "journey.step.id";
constexpr std::string_view kStepName = "journey.step.name";
constexpr std::string_view kStateKey = "state.key";
constexpr std::string_view kStateBefore = "state.before";
constexpr std::string_view kStateAfter = "state.after";
constexpr std::string_view kApiMethod = "api.method";
constexpr std::string_view kApiPath = "api.path";
constexpr std::string_view kApiStatus = "api.status_code";
constexpr std::string_view kMetric = "metric";
constexpr std::string_view kMetricValue = "value";
}  // namespace field_name

constexpr std::size_t kMaxNameBytes = 255;
constexpr std::size_t kMaxRecordBytes = 100 * 1024;
constexpr std::size_t kMaxContextBytes = 16 * 1024;
constexpr std::uint8_t kMaxDepth = 16;

/// The flags of an event.
namespace record_flag {
constexpr std::uint8_t kPriorityMask = 0x03;  // 0 low, 1 normal, 2 high
constexpr std::uint8_t kNow = 0x04;           // sent without waiting for company
constexpr std::uint8_t kDeferred = 0x08;      // does not by itself cause a request
constexpr std::uint8_t kPower = 0x10;         // must survive a loss of power
}  // namespace record_flag

constexpr std::uint8_t kNormalPriority = 1;
constexpr int kPriorities = 3;

/// Whose, where and when events are: the same for all events between two changes.
template <typename Text>
struct BasicContext {
    Uuid session;
    Text user_id;
    Text device_id;
    Text app_version;
    Text app_build;
    Text os;
    Text os_version;
    Text arch;
    Text locale;
    Text time_zone;
    Text screen;
    Text device_class;
    Text network_type;
    Text page;  ///< the name of the screen last seen

    /// The texts, in the order in which they are encoded.
    static constexpr Text BasicContext::*kTexts[] = {
        &BasicContext::user_id,   &BasicContext::device_id,  &BasicContext::app_version,  &BasicContext::app_build,
        &BasicContext::os,        &BasicContext::os_version, &BasicContext::arch,         &BasicContext::locale,
        &BasicContext::time_zone, &BasicContext::screen,     &BasicContext::device_class, &BasicContext::network_type,
        &BasicContext::page};
};

struct Context : BasicContext<std::string> {
    Properties globals;

    std::string encoded() const;
};

/// A context read back. Borrows the bytes.
struct ContextView : BasicContext<std::string_view> {
    std::uint32_t global_count = 0;
    std::string_view globals;

    /// Nothing when the bytes are not one whole context.
    static std::optional<ContextView> parse(std::string_view bytes);
};

class ValueAccess {
public:
    static bool valid(const Value& value) { return value.valid_ && value.depth_ <= kMaxDepth; }
    /// The eight bytes of an integer, real or time.
    static std::uint64_t bits(const Value& value) {
        std::uint64_t bits;
        std::memcpy(&bits, &value.integer_, sizeof bits);
        return bits;
    }
    static std::uint8_t depth(const Value& value) { return value.depth_; }
    static std::uint32_t count(const Value& value) { return value.count_; }
    /// An object or array over bytes that hold its members.
    static Value nested(Value::Type type, std::string_view encoded, std::uint32_t count) {
        Value value(encoded);
        value.type_ = type;
        value.count_ = count;
        return value;
    }
    static Value time(std::int64_t unix_ms) {
        Value value(unix_ms);
        value.type_ = Value::Type::time;
        return value;
    }
};

/// Looks into properties: the journal copies them whole.
class PropertiesAccess {
public:
    static std::string_view encoded(const Properties& properties) { return properties.encoded_; }
    static std::uint32_t count(const Properties& properties) { return properties.count_; }
    static bool valid(const Properties& properties) { return properties.valid_ && properties.depth_ <= kMaxDepth; }
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
    /// For names and short texts, which most are: a call of memcpy would cost more than the copy.
    void bytes(const char* from, std::size_t size) {
        if (size <= 16) {
            if (size >= 8) {
                copy<8>(from, size);
            } else if (size >= 4) {
                copy<4>(from, size);
            } else if (size != 0) {
                at_[0] = from[0];
                at_[size / 2] = from[size / 2];
                at_[size - 1] = from[size - 1];
            }
        } else if (size <= 32) {
            copy<16>(from, size);
        } else {
            std::memcpy(at_, from, size);
        }
        at_ += size;
    }
    void bytes(std::string_view data) { bytes(data.data(), data.size()); }
    char* position() const { return at_; }

private:
    /// N to 2 N bytes, as two copies that overlap.
    template <std::size_t N>
    void copy(const char* from, std::size_t size) {
        char head[N];
        char tail[N];
        std::memcpy(head, from, N);
        std::memcpy(tail, from + size - N, N);
        std::memcpy(at_, head, N);
        std::memcpy(at_ + size - N, tail, N);
    }
    char* at_;
};

/// Bytes that a value takes after its type.
inline std::size_t encoded_size(const Value& value) {
    switch (value.type()) {
        case Value::Type::null: return 0;
        case Value::Type::boolean: return 1;
        case Value::Type::integer:
        case Value::Type::real:
        case Value::Type::time: return 8;
        case Value::Type::text: return 4 + value.text().size();
        case Value::Type::object:
        case Value::Type::array: return 8 + value.text().size();
    }
    return 0;
}

/// Bytes that one property takes in a record; 0 when its name is empty or overlong, or its value nests too deep.
inline std::size_t encoded_size(const Property& property) {
    if (property.name.empty() || property.name.size() > kMaxNameBytes || !ValueAccess::valid(property.value)) return 0;
    return 2 + property.name.size() + encoded_size(property.value);
}

inline void encode(ByteWriter& out, const Value& value) {
    switch (value.type()) {
        case Value::Type::null: break;
        case Value::Type::boolean: out.number(static_cast<std::uint8_t>(value.boolean() ? 1 : 0)); break;
        case Value::Type::integer:
        case Value::Type::time: out.number(value.integer()); break;
        case Value::Type::real: out.number(value.real()); break;
        case Value::Type::object:
        case Value::Type::array:
            out.number(static_cast<std::uint32_t>(value.text().size()));
            out.number(ValueAccess::count(value));
            out.bytes(value.text());
            break;
        case Value::Type::text:
            out.number(static_cast<std::uint32_t>(value.text().size()));
            out.bytes(value.text());
            break;
    }
}

inline void encode(ByteWriter& out, const Property& property) {
    out.number(static_cast<std::uint8_t>(property.name.size()));
    out.number(static_cast<std::uint8_t>(property.value.type()));
    out.bytes(property.name);
    encode(out, property.value);
}

/// How encoding into room of unknown sufficiency went.
enum class Put : std::uint8_t { done, no_room, invalid };

/// encode() of properties, which looks at each only once: the journal's fast path. Wants some room to spare.
inline Put put(char*& at, const char* end, const Property* properties, std::size_t count) {
    constexpr std::size_t kPlain = 2 + kMaxNameBytes + 8;
    ByteWriter out(at);
    for (const Property *p = properties, *last = properties + count; p != last; ++p) {
        const std::size_t name = p->name.size();
        if (name - 1 >= kMaxNameBytes) return Put::invalid;
        const auto room = static_cast<std::size_t>(end - out.position());
        if (room < kPlain) return Put::no_room;
        const Value::Type type = p->value.type();
        out.number(static_cast<std::uint16_t>(name | static_cast<std::size_t>(type) << 8));
        out.bytes(p->name.data(), name);
        if (type == Value::Type::text) {
            const std::string_view text = p->value.text();
            if (room - kPlain < text.size()) return Put::no_room;
            out.number(static_cast<std::uint32_t>(text.size()));
            out.bytes(text.data(), text.size());
        } else if (type == Value::Type::integer || type == Value::Type::real || type == Value::Type::time) {
            out.number(ValueAccess::bits(p->value));
        } else if (type == Value::Type::boolean) {
            out.number(static_cast<std::uint8_t>(p->value.boolean() ? 1 : 0));
        } else if (type != Value::Type::null) {
            if (!ValueAccess::valid(p->value)) return Put::invalid;
            if (room - kPlain < encoded_size(p->value)) return Put::no_room;
            encode(out, p->value);
        }
    }
    at = out.position();
    return Put::done;
}

/// Everything of an event before the properties.
struct RecordHead {
    RecordType type = RecordType::track;
    std::uint8_t fields = 0;
    std::uint8_t flags = kNormalPriority;
    Uuid id;
    std::int64_t time_ms = 0;
    std::uint32_t sequence = 0;
    std::string_view name;
    std::uint32_t properties = 0;  ///< the fields among them

    static constexpr std::size_t kFixedBytes = 36;
    std::size_t encoded_size() const { return kFixedBytes + name.size(); }
    void encode(ByteWriter& out) const {
        out.number(static_cast<std::uint8_t>(type));
        out.number(fields);
        out.number(flags);
        out.number(static_cast<std::uint8_t>(name.size()));
        out.number(properties);
        out.number(sequence);
        out.number(id.bytes);
        out.number(time_ms);
        out.bytes(name);
    }
};

/// Walks encoded properties.
class PropertyReader {
public:
    explicit PropertyReader(std::string_view encoded, std::uint32_t count) : rest_(encoded), left_(count) {}
    /// Nothing at the end, or where the bytes are not what they should be.
    std::optional<Property> next();
    /// Whether everything was read and nothing is left over.
    bool at_end() const { return left_ == 0 && rest_.empty(); }
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
    std::uint32_t left_;
};

/// Walks the elements of an encoded array.
class ElementReader {
public:
    explicit ElementReader(const Value& array) : rest_(array.text()), left_(ValueAccess::count(array)) {}
    std::optional<Value> next();
    bool at_end() const { return left_ == 0 && rest_.empty(); }

private:
    std::string_view rest_;
    std::uint32_t left_;
};

/// An event read back. Borrows the bytes and the context.
struct RecordView {
    RecordType type = RecordType::track;
    std::uint8_t flags = 0;
    Uuid id;
    std::int64_t time_ms = 0;
    std::uint32_t sequence = 0;
    std::string_view name;
    std::uint32_t field_count = 0;
    std::string_view fields;  ///< the event's own, see field_name
    std::uint32_t property_count = 0;
    std::string_view properties;  ///< the application's
    const ContextView* context = nullptr;

    /// Nothing when the bytes are not one event. Properties are checked as far as they are read later.
    static std::optional<RecordView> parse(std::string_view bytes, const ContextView* context);
    /// The field of that name, if the event has it.
    std::optional<Value> field(std::string_view name) const;
};

/// Walks `u32 size and bytes` frames.
class FrameReader {
public:
    explicit FrameReader(std::string_view frames) : rest_(frames) {}
    std::optional<std::string_view> next();
    /// Whether the frames added up.
    bool at_end() const { return rest_.empty(); }
    /// How many bytes of `frames` are read.
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

inline bool is_context(std::string_view frame) { return !frame.empty() && frame[0] == 0; }
inline std::uint8_t flags_of(std::string_view event) {
    return event.size() > 2 ? static_cast<std::uint8_t>(event[2]) : kNormalPriority;
}
void append_frame(std::string& out, std::string_view frame);

/// Events of some chunks, with their contexts. Borrows the chunks' bytes.
class EventList {
public:
    /// Takes `count` events of the frames, after skipping `skip` of them. False when the bytes are damaged.
    bool add(std::string_view frames, std::size_t skip, std::size_t count);
    const std::vector<RecordView>& events() const { return events_; }

private:
    std::vector<RecordView> events_;
    std::deque<ContextView> contexts_;  // does not move them
};

}  // namespace pulsekit
