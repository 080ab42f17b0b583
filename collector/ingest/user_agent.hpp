// Which program, on which system, sent a request: from its User-Agent, by the rules of uap-core.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace collector::ingest {

/// Empty texts: unknown.
struct Client {
    std::string browser;          ///< Chrome, Safari, Firefox, Edge, Opera, Samsung Internet or Other
    std::string browser_version;  ///< the major one
    std::string os;               ///< Windows, macOS, iOS, Android, Linux, ChromeOS or Other
    std::string os_version;       ///< the major one; of macOS 10 and Windows as people know it
    std::string device_type;      ///< desktop, mobile or tablet
    bool crawler = false;         ///< a program that visits everything; libraries that applications use are none
};

/// Compiles the rules when it is made; what was asked lately is remembered. Thread safe.
class UserAgents {
public:
    UserAgents();
    ~UserAgents();

    /// At most the first 1,024 bytes of the agent are looked at.
    Client recognise(std::string_view agent) const;

    /// Rules in use; 0 when the collector was built without them.
    std::size_t rules() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace collector::ingest
