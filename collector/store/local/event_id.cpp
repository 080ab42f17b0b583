#include "store/local/event_id.hpp"

#include <cstddef>
#include <cstring>

#include "support/ids.hpp"

namespace collector::store::local {
namespace {

constexpr std::size_t kTextLength = 36;

bool is_dash(std::size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

/// -1: no digit. Capital letters are none: the text must be the one that the bytes are shown as.
int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool pack(std::string_view text, char* bytes) {
    if (text.size() != kTextLength) return false;
    std::size_t digits = 0;
    for (std::size_t at = 0; at < kTextLength; ++at) {
        if (is_dash(at)) {
            if (text[at] != '-') return false;
            continue;
        }
        const int digit = digit_of(text[at]);
        if (digit < 0) return false;
        char& byte = bytes[digits / 2];
        byte = static_cast<char>(digits % 2 == 0 ? digit << 4 : (byte | digit));
        ++digits;
    }
    return true;
}

}  // namespace

void EventIdBytes::bind(pulsekit::sqlite::Statement& statement, int parameter, std::string_view event_id) {
    if (pack(event_id, bytes_)) {
        statement.bind_blob_borrowed(parameter, {bytes_, sizeof bytes_});
    } else {
        statement.bind_borrowed(parameter, event_id);
    }
}

std::string event_id_of(const pulsekit::sqlite::Statement& row, int column) {
    if (!row.is_blob(column)) return std::string(row.text(column));
    pulsekit::Uuid uuid;
    const auto bytes = row.blob(column);
    if (bytes.size() == uuid.bytes.size()) std::memcpy(uuid.bytes.data(), bytes.data(), bytes.size());
    return uuid.text();
}

std::string event_id_sql(const std::string& column) {
    const std::string hex = "lower(hex(" + column + "))";
    const auto part = [&](const char* where) { return "substr(" + hex + ", " + where + ")"; };
    return "CASE typeof(" + column + ") WHEN 'blob' THEN " + part("1, 8") + " || '-' || " + part("9, 4") +
           " || '-' || " + part("13, 4") + " || '-' || " + part("17, 4") + " || '-' || " + part("21") + " ELSE " +
           column + " END";
}

}  // namespace collector::store::local
