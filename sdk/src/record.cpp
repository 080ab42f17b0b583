#include "src/record.hpp"

#include <algorithm>

namespace pulsekit {
namespace {

/// Takes values from the front of a view; once something is missing, everything is.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

    template <typename T>
    T number() {
        T value{};
        if (rest_.size() < sizeof value) {
            fail();
            return value;
        }
        std::memcpy(&value, rest_.data(), sizeof value);
        rest_.remove_prefix(sizeof value);
        return value;
    }
    std::string_view bytes(std::size_t size) {
        if (size > rest_.size()) {
            fail();
            return {};
        }
        const auto taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    template <typename Size>
    std::string_view sized() {
        const auto size = number<Size>();
        return bytes(size);
    }
    Value value(Value::Type type) {
        switch (type) {
            case Value::Type::null: return Value(nullptr);
            case Value::Type::boolean: return Value(number<std::uint8_t>() != 0);
            case Value::Type::integer: return Value(number<std::int64_t>());
            case Value::Type::real: return Value(number<double>());
            case Value::Type::time: return ValueAccess::time(number<std::int64_t>());
            case Value::Type::text: return Value(sized<std::uint32_t>());
            case Value::Type::object:
            case Value::Type::array: {
                const auto size = number<std::uint32_t>();
                const auto count = number<std::uint32_t>();
                return ValueAccess::nested(type, bytes(size), count);
            }
        }
        fail();
        return Value(nullptr);
    }
    std::string_view rest() const { return rest_; }
    bool failed() const { return failed_; }

private:
    void fail() {
        failed_ = true;
        rest_ = {};
    }
    std::string_view rest_;
    bool failed_ = false;
};

void append_sized(std::string& out, std::string_view text) {
    const auto size = static_cast<std::uint16_t>(text.size());
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
    out.append(text);
}

/// Appends what `encode` writes in `size` bytes. Overlong values are remembered as such rather than copied: track()
/// would refuse the event anyway.
template <typename Encode>
void grow(std::string& encoded, std::size_t size, const Encode& encode) {
    if (size > kMaxRecordBytes || encoded.size() > kMaxRecordBytes) {
        encoded.resize(kMaxRecordBytes + 1);
        return;
    }
    const std::size_t start = encoded.size();
    encoded.resize(start + size);
    ByteWriter out(&encoded[start]);
    encode(out);
}

}  // namespace

Properties& Properties::set(std::string_view name, const Value& value) {
    const Property property{name, value};
    const std::size_t size = encoded_size(property);
    if (size == 0) {
        valid_ = false;
        return *this;
    }
    grow(encoded_, size, [&](ByteWriter& out) { encode(out, property); });
    depth_ = std::max(depth_, ValueAccess::depth(value));
    ++count_;
    return *this;
}

Array& Array::add(const Value& value) {
    if (!ValueAccess::valid(value)) {
        valid_ = false;
        return *this;
    }
    grow(encoded_, 1 + encoded_size(value), [&](ByteWriter& out) {
        out.number(static_cast<std::uint8_t>(value.type()));
        encode(out, value);
    });
    depth_ = std::max(depth_, ValueAccess::depth(value));
    ++count_;
    return *this;
}

std::string Context::encoded() const {
    std::string out(1, static_cast<char>(RecordType::context));
    out.append(reinterpret_cast<const char*>(session.bytes.data()), session.bytes.size());
    for (const auto text : kTexts) append_sized(out, this->*text);
    const std::uint32_t count = PropertiesAccess::count(globals);
    out.append(reinterpret_cast<const char*>(&count), sizeof count);
    out.append(PropertiesAccess::encoded(globals));
    return out;
}

std::optional<ContextView> ContextView::parse(std::string_view bytes) {
    ByteReader in(bytes);
    ContextView context;
    if (in.number<std::uint8_t>() != static_cast<std::uint8_t>(RecordType::context)) return std::nullopt;
    context.session.bytes = in.number<decltype(context.session.bytes)>();
    for (const auto text : kTexts) context.*text = in.sized<std::uint16_t>();
    context.global_count = in.number<std::uint32_t>();
    context.globals = in.rest();
    if (in.failed()) return std::nullopt;
    return context;
}

std::optional<Property> PropertyReader::next() {
    if (left_ == 0) return std::nullopt;
    ByteReader in(rest_);
    const auto name_size = in.number<std::uint8_t>();
    const auto type = static_cast<Value::Type>(in.number<std::uint8_t>());
    Property property;
    property.name = in.bytes(name_size);
    property.value = in.value(type);
    if (in.failed()) return std::nullopt;
    rest_ = in.rest();
    --left_;
    return property;
}

std::optional<Value> ElementReader::next() {
    if (left_ == 0) return std::nullopt;
    ByteReader in(rest_);
    const Value value = in.value(static_cast<Value::Type>(in.number<std::uint8_t>()));
    if (in.failed()) return std::nullopt;
    rest_ = in.rest();
    --left_;
    return value;
}

std::optional<RecordView> RecordView::parse(std::string_view bytes, const ContextView* context) {
    ByteReader in(bytes);
    RecordView record;
    const auto type = in.number<std::uint8_t>();
    if (type < 1 || type > kLastRecordType) return std::nullopt;
    record.type = static_cast<RecordType>(type);
    record.field_count = in.number<std::uint8_t>();
    record.flags = in.number<std::uint8_t>();
    const auto name_size = in.number<std::uint8_t>();
    const auto properties = in.number<std::uint32_t>();
    record.sequence = in.number<std::uint32_t>();
    record.id.bytes = in.number<decltype(record.id.bytes)>();
    record.time_ms = in.number<std::int64_t>();
    record.name = in.bytes(name_size);
    if (in.failed() || record.field_count > properties) return std::nullopt;
    PropertyReader fields(in.rest(), record.field_count);
    for (std::uint32_t i = 0; i < record.field_count; ++i) {
        if (!fields.next()) return std::nullopt;
    }
    record.fields = in.rest().substr(0, in.rest().size() - fields.rest().size());
    record.properties = fields.rest();
    record.property_count = properties - record.field_count;
    record.context = context;
    return record;
}

std::optional<Value> RecordView::field(std::string_view wanted) const {
    PropertyReader reader(fields, field_count);
    while (const auto property = reader.next()) {
        if (property->name == wanted) return property->value;
    }
    return std::nullopt;
}

std::optional<std::string_view> FrameReader::next() {
    std::uint32_t size = 0;
    if (rest_.size() < sizeof size) return std::nullopt;
    std::memcpy(&size, rest_.data(), sizeof size);
    if (rest_.size() - sizeof size < size) return std::nullopt;
    const auto frame = rest_.substr(sizeof size, size);
    rest_.remove_prefix(sizeof size + size);
    return frame;
}

void append_frame(std::string& out, std::string_view frame) {
    const auto size = static_cast<std::uint32_t>(frame.size());
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
    out.append(frame);
}

bool EventList::add(std::string_view frames, std::size_t skip, std::size_t count) {
    FrameReader reader(frames);
    const ContextView* context = nullptr;
    std::size_t seen = 0;
    while (seen < skip + count) {
        const auto frame = reader.next();
        if (!frame) return false;
        if (is_context(*frame)) {
            const auto parsed = ContextView::parse(*frame);
            if (!parsed) return false;
            context = &contexts_.emplace_back(*parsed);
            continue;
        }
        if (seen++ < skip) continue;
        const auto event = context ? RecordView::parse(*frame, context) : std::nullopt;
        if (!event) return false;
        events_.push_back(*event);
    }
    return true;
}

}  // namespace pulsekit
