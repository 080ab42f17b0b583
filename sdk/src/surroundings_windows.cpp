#include "src/surroundings.hpp"

#include <windows.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace pulsekit {
namespace {

std::string narrow(const wchar_t* text) {
    const int size = ::WideCharToMultiByte(CP_UTF8, 0, text, -1, nullptr, 0, nullptr, nullptr);
    if (size <= 1) return {};
    std::string out(static_cast<std::size_t>(size), '\0');
    ::WideCharToMultiByte(CP_UTF8, 0, text, -1, &out[0], size, nullptr, nullptr);
    out.pop_back();  // the terminator
    return out;
}

std::string version() {
    std::string found;
    for (const wchar_t* name : {L"CurrentMajorVersionNumber", L"CurrentMinorVersionNumber"}) {
        DWORD number = 0;
        DWORD size = sizeof number;
        if (::RegGetValueW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", name,
                           RRF_RT_REG_DWORD, nullptr, &number, &size) != ERROR_SUCCESS)
            return {};
        found += (found.empty() ? "" : ".") + std::to_string(number);
    }
    return found;
}

std::string architecture() {
    SYSTEM_INFO info;
    ::GetNativeSystemInfo(&info);
    switch (info.wProcessorArchitecture) {
        case PROCESSOR_ARCHITECTURE_AMD64: return "x86_64";
        case PROCESSOR_ARCHITECTURE_INTEL: return "x86";
        case 12: return "aarch64";  // PROCESSOR_ARCHITECTURE_ARM64, which older headers lack
        default: return {};
    }
}

}  // namespace

void find_surroundings(Environment& environment) {
    const auto fill = [](std::string& member, std::string found) {
        if (member.empty()) member = std::move(found);
    };
    fill(environment.os, "Windows");
    fill(environment.os_version, version());
    fill(environment.arch, architecture());
    wchar_t locale[LOCALE_NAME_MAX_LENGTH];
    if (::GetUserDefaultLocaleName(locale, LOCALE_NAME_MAX_LENGTH) > 0) fill(environment.locale, narrow(locale));
    TIME_ZONE_INFORMATION zone;
    if (::GetTimeZoneInformation(&zone) != TIME_ZONE_ID_INVALID) {
        const long west = zone.Bias;  // minutes, west positive
        char offset[8];
        std::snprintf(offset, sizeof offset, "%c%02ld:%02ld", west > 0 ? '-' : '+', std::abs(west) / 60,
                      std::abs(west) % 60);
        fill(environment.time_zone, offset);
    }
    fill(environment.device_class, "desktop");
}

}  // namespace pulsekit
