// Event properties: what an event says about itself beyond its name.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include <pulsekit/export.h>

namespace pulsekit {

class Array;
class Properties;

/// One property value: null, bool, 64-bit integer, double, UTF-8 text, an instant, or a nested object or array. Texts,
/// objects and arrays are borrowed, not copied: they must live until the call that takes the Value returns. An infinity
/// or NaN is sent as null, for JSON has neither (RFC 8259); an instant as ISO 8601 text in UTC, to the millisecond;
/// bytes that are not UTF-8 as U+FFFD. An unsigned integer beyond 2^63 - 1 wraps. A null `const char*` is null.
class Value {
public:
    enum class Type : std::uint8_t {
        null = 0,
        boolean = 1,
        integer = 2,
        real = 3,
        text = 4,
        time = 5,
        object = 6,
        array = 7
    };

    constexpr Value(std::nullptr_t = nullptr) noexcept : type_(Type::null), integer_(0) {}  // NOLINT
    constexpr Value(const char* text) noexcept                                              // NOLINT
        : type_(text ? Type::text : Type::null), text_(text ? std::string_view(text) : std::string_view()) {}
    constexpr Value(std::string_view text) noexcept : type_(Type::text), text_(text) {}  // NOLINT
    Value(const std::string& text) noexcept : Value(std::string_view(text)) {}           // NOLINT
    Value(const Properties& object) noexcept;                                            // NOLINT
    Value(const Array& array) noexcept;                                                  // NOLINT
    Value(std::chrono::system_clock::time_point time) noexcept                           // NOLINT
        : type_(Type::time),
          integer_(std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count()) {}

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

    /// Each of these reads the value as what type() says; as anything else it means nothing.
    constexpr Type type() const noexcept { return type_; }
    constexpr bool boolean() const noexcept { return integer_ != 0; }
    constexpr std::int64_t integer() const noexcept { return integer_; }  ///< of a time: milliseconds since 1970
    constexpr double real() const noexcept { return real_; }
    constexpr std::string_view text() const noexcept { return text_; }

private:
    friend class ValueAccess;
    Type type_;
    bool valid_ = true;        // of an object or array
    std::uint8_t depth_ = 0;   // of an object or array: how deep it nests
    std::uint32_t count_ = 0;  // of an object or array: its members, encoded in text_
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

/// Properties that are put together at run time; as a Value, a nested object. Owns copies of what is set. One thread at
/// a time.
class PULSEKIT_API Properties {
public:
    Properties() = default;
    Properties(std::initializer_list<Property> properties) {
        for (const auto& property : properties) set(property.name, property.value);
    }

    /// Adds a property; when a name is added twice, the collector keeps the last. A name that is empty or longer than
    /// 255 bytes, or a value that nests deeper than 16, makes track() refuse the event.
    Properties& set(std::string_view name, const Value& value);

    /// How many were set, those of one name each.
    std::size_t size() const noexcept { return count_; }
    bool empty() const noexcept { return count_ == 0; }

private:
    friend class PropertiesAccess;
    friend class Value;
    std::string encoded_;  // as in a journal record
    std::uint32_t count_ = 0;
    std::uint8_t depth_ = 0;
    bool valid_ = true;
};

/// Values one after another, for a Value that is an array. Owns copies. One thread at a time.
class PULSEKIT_API Array {
public:
    Array() = default;
    Array(std::initializer_list<Value> values) {
        for (const auto& value : values) add(value);
    }

    /// Adds a value; one that nests deeper than 16 makes track() refuse the event.
    Array& add(const Value& value);

    std::size_t size() const noexcept { return count_; }
    bool empty() const noexcept { return count_ == 0; }

private:
    friend class Value;
    std::string encoded_;
    std::uint32_t count_ = 0;
    std::uint8_t depth_ = 0;
    bool valid_ = true;
};

inline Value::Value(const Properties& object) noexcept
    : type_(Type::object),
      valid_(object.valid_),
      depth_(static_cast<std::uint8_t>(object.depth_ + 1)),
      count_(object.count_),
      text_(object.encoded_) {}

inline Value::Value(const Array& array) noexcept
    : type_(Type::array),
      valid_(array.valid_),
      depth_(static_cast<std::uint8_t>(array.depth_ + 1)),
      count_(array.count_),
      text_(array.encoded_) {}

}  // namespace pulsekit
