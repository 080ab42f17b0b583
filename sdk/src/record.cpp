#include "src/record.hpp"

namespace pulsekit {
namespace {

/// Takes values from the front of a view; once something is missing, everything is.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

    template <typename T>
    T number() {
        T value{};
        const auto from = bytes(sizeof value);
        if (from.size() == sizeof value) std::memcpy(&value, from.data(), sizeof value);
        return value;
    }
    std::string_view bytes(std::size_t size) {
        if (size > rest_.size()) {
            failed_ = true;
            rest_ = {};
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
    Uuid uuid() {
        Uuid id;
        const auto from = bytes(id.bytes.size());
        if (from.size() == id.bytes.size()) std::memcpy(id.bytes.data(), from.data(), id.bytes.size());
        return id;
    }
    std::string_view rest() const { return rest_; }
    bool failed() const { return failed_; }

private:
    std::string_view rest_;
    bool failed_ = false;
};

void append_sized(std::string& out, std::string_view text) {
    const auto size = static_cast<std::uint16_t>(text.size());
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
    out.append(text);
}

}  // namespace

Properties& Properties::set(std::string_view name, const Value& value) {
    const Property property{name, value};
    const std::size_t size = encoded_size(property);
    // An overlong text is remembered as invalid rather than copied: track() would refuse the event anyway.
    if (size == 0 || size > kMaxRecordBytes) {
        valid_ = valid_ && size != 0;
        if (size != 0) encoded_.resize(kMaxRecordBytes + 1);
        return *this;
    }
    const std::size_t start = encoded_.size();
    encoded_.resize(start + size);
    ByteWriter out(&encoded_[start]);
    encode(out, property);
    ++count_;
    return *this;
}

std::string Context::encoded() const {
    std::string out(reinterpret_cast<const char*>(session.bytes.data()), session.bytes.size());
    append_sized(out, user_id);
    append_sized(out, device_id);
    append_sized(out, app_version);
    return out;
}

std::optional<Property> PropertyReader::next() {
    if (left_ == 0) return std::nullopt;
    ByteReader in(rest_);
    const auto name_size = in.number<std::uint8_t>();
    const auto type = static_cast<Value::Type>(in.number<std::uint8_t>());
    Property property;
    property.name = in.bytes(name_size);
    switch (type) {
        case Value::Type::null: break;
        case Value::Type::boolean: property.value = Value(in.number<std::uint8_t>() != 0); break;
        case Value::Type::integer: property.value = Value(in.number<std::int64_t>()); break;
        case Value::Type::real: property.value = Value(in.number<double>()); break;
        case Value::Type::text: property.value = Value(in.sized<std::uint32_t>()); break;
        default: return std::nullopt;
    }
    if (in.failed()) return std::nullopt;
    rest_ = in.rest();
    --left_;
    return property;
}

std::optional<RecordView> RecordView::parse(std::string_view bytes) {
    ByteReader in(bytes);
    RecordView record;
    const auto type = in.number<std::uint8_t>();
    if (type < 1 || type > 3) return std::nullopt;
    record.type = static_cast<RecordType>(type);
    in.number<std::uint8_t>();
    const auto context_size = in.number<std::uint16_t>();
    record.id = in.uuid();
    record.time_ms = in.number<std::int64_t>();
    ByteReader context(in.bytes(context_size));
    record.session = context.uuid();
    record.user_id = context.sized<std::uint16_t>();
    record.device_id = context.sized<std::uint16_t>();
    record.app_version = context.sized<std::uint16_t>();
    record.name = in.sized<std::uint8_t>();
    record.property_count = in.number<std::uint32_t>();
    record.properties = in.rest();
    if (in.failed() || context.failed() || !context.rest().empty()) return std::nullopt;
    PropertyReader properties(record.properties, record.property_count);
    while (properties.next()) {}
    if (!properties.at_end()) return std::nullopt;
    return record;
}

}  // namespace pulsekit
