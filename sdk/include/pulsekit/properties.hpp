// Event properties: what an event says about itself beyond its name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <pulsekit/export.h>

namespace pulsekit {

/// One property value: null, bool, 64-bit integer, double or UTF-8 text. Text is borrowed, not copied: it must live
/// until the call that takes the Value returns. An infinity or NaN is sent as null, for JSON has neither.
class Value {
public:
    enum class Type : std::uint8_t { null = 0, boolean = 1, integer = 2, real = 3, text = 4 };

    constexpr Value(std::nullptr_t = nullptr) noexcept : type_(Type::null), integer_(0) {}  // NOLINT
    constexpr Value(const char* text) noexcept : Value(std::string_view(text)) {}           // NOLINT
    constexpr Value(std::string_view text) noexcept : type_(Type::text), text_(text) {}     // NOLINT
    Value(const std::string& text) noexcept : Value(std::string_view(text)) {}              // NOLINT

    template <typename T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
    constexpr Value(T value) noexcept : type_(Type::null), integer_(0) {  // NOLINT(google-explicit-constructor)
        if constexpr (std::is_same_v<T, bool>) {
            type_ = Type::boolean;
            integer_ = value ? 1 : 0;
        } else if constexpr (std::is_floating_point_v<T>) {
            type_ = Type::real;
            real_ = static_cast<double>(value);
        } else {
            type_ = Type::integer;
            integer_ = static_cast<std::int64_t>(value);
        }
    }

    constexpr Type type() const noexcept { return type_; }
    constexpr bool boolean() const noexcept { return integer_ != 0; }
    constexpr std::int64_t integer() const noexcept { return integer_; }
    constexpr double real() const noexcept { return real_; }
    constexpr std::string_view text() const noexcept { return text_; }

private:
    Type type_;
    union {
        std::int64_t integer_;
        double real_;
        std::string_view text_;
    };
};

/// A name and its value, for properties that are known where track() is called:
/// `client.track("level_complete", {{"level", 3}, {"score", 1234.5}, {"map", "canyon"}})`. The name is 1 to 255 bytes.
struct Property {
    std::string_view name;
    Value value;
};

/// Properties that are put together at run time. Owns copies of what is set. One thread at a time.
class PULSEKIT_API Properties {
public:
    /// Adds a property; when a name is added twice, the collector keeps the last. A name that is empty or longer than
    /// 255 bytes makes track() refuse the event.
    Properties& set(std::string_view name, const Value& value);

    std::size_t size() const noexcept { return count_; }
    bool empty() const noexcept { return count_ == 0; }

private:
    friend class PropertiesAccess;
    std::string encoded_;  // as in a journal record
    std::uint32_t count_ = 0;
    bool valid_ = true;
};

}  // namespace pulsekit
