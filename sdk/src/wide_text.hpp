// Windows: its functions take UTF-16.
#pragma once

#include <windows.h>

#include <string>

namespace pulsekit {

inline std::wstring wide_text(const std::string& utf8) {
    const int size = static_cast<int>(utf8.size());
    const int units = ::MultiByteToWideChar(CP_UTF8, 0, utf8.data(), size, nullptr, 0);
    std::wstring wide(static_cast<std::size_t>(units), L'\0');
    ::MultiByteToWideChar(CP_UTF8, 0, utf8.data(), size, wide.data(), units);
    return wide;
}

}  // namespace pulsekit
