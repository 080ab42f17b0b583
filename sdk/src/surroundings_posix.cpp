#include "src/surroundings.hpp"

#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

namespace pulsekit {
namespace {

/// `de_CH.UTF-8@euro` to `de-CH`; nothing for C and POSIX.
std::string language_tag(std::string locale) {
    locale = locale.substr(0, locale.find_first_of(".@"));
    if (locale == "C" || locale == "POSIX") return {};
    std::replace(locale.begin(), locale.end(), '_', '-');
    return locale;
}

std::string locale() {
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        const char* value = ::getenv(name);
        if (value && *value) return language_tag(value);
    }
    return {};
}

/// The IANA name that /etc/localtime stands for.
std::string time_zone() {
    if (const char* name = ::getenv("TZ"); name && *name) return *name == ':' ? name + 1 : name;
    char target[PATH_MAX];
    const ssize_t size = ::readlink("/etc/localtime", target, sizeof target);
    const std::string path(target, size > 0 ? static_cast<std::size_t>(size) : 0);
    const auto at = path.find("zoneinfo/");
    return at == std::string::npos ? std::string("UTC") : path.substr(at + 9);
}

}  // namespace

void find_surroundings(Environment& environment) {
    const auto fill = [](std::string& member, std::string found) {
        if (member.empty()) member = std::move(found);
    };
    struct utsname system {};
    if (::uname(&system) == 0) {
        const std::string name = system.sysname;
        fill(environment.os, name == "Darwin" ? "macOS" : name);
        fill(environment.os_version, system.release);
        fill(environment.arch, system.machine);
    }
    fill(environment.locale, locale());
    fill(environment.time_zone, time_zone());
    fill(environment.device_class, "desktop");
}

}  // namespace pulsekit
