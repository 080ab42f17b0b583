// What the parts of the C interface share.
#pragma once

#include <pulsekit/pulsekit.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include <pulsekit/client.hpp>

struct pulsekit_client {
    pulsekit::Client client;
};
struct pulsekit_properties {
    pulsekit::Properties properties;
};
struct pulsekit_array {
    pulsekit::Array array;
};

namespace pulsekit::c_api {

inline std::string_view view_of(const char* text) { return text ? std::string_view(text) : std::string_view(); }
inline std::string text_of(const char* text) { return std::string(view_of(text)); }
inline bool is_empty(const char* text) { return !text || *text == '\0'; }

/// Cut to `size` bytes with the terminator.
inline void copy_text(std::string_view text, char* out, std::size_t size) {
    if (!out || size == 0) return;
    const std::size_t length = std::min(text.size(), size - 1);
    if (length != 0) std::memcpy(out, text.data(), length);
    out[length] = '\0';
}

/// What an enumeration that came from C holds: to look at a value that it does not have is no fault.
template <typename Enum>
unsigned raw(const Enum& value) {
    unsigned number = 0;
    static_assert(sizeof value == sizeof number);
    std::memcpy(&number, &value, sizeof number);
    return number;
}

/// A caller's struct as this library knows it: what his header did not have stays zero. Structs grow by whole members
/// after their end, never into padding.
template <typename Struct>
Struct covered(const Struct* given) {
    Struct full{};
    std::memcpy(&full, given, std::min(given->size, sizeof full));
    full.size = sizeof full;
    return full;
}

/// The same the other way: no more is written than the caller has room for.
template <typename Struct>
void give(const Struct& full, Struct* out) {
    const std::size_t size = out->size;
    std::memcpy(out, &full, std::min(size, sizeof full));
    out->size = size;
}

/// `copy_text` of an error's message, and its status.
pulsekit_status status_of(const Error& error, char* out, std::size_t out_size);
inline pulsekit_status status_of(const Result<void>& result, char* out = nullptr, std::size_t out_size = 0) {
    if (result) copy_text({}, out, out_size);
    return result ? PULSEKIT_OK : status_of(result.error(), out, out_size);
}

/// The value of a property, borrowed; false when it breaks a rule.
bool read_value(const pulsekit_property& from, Value& value);
/// The whole property; false when name or value break a rule.
bool read_property(const pulsekit_property& from, Property& property);
/// Adds `count` properties; false when one breaks a rule.
bool read_properties(const pulsekit_property* list, std::size_t count, Properties& properties);

/// Options as C++ has them; null, or why that cannot be.
const char* read_options(const pulsekit_options& given, Options& options);
/// Options::before_send alone.
void read_before_send(const pulsekit_options& given, Options& options);

}  // namespace pulsekit::c_api
