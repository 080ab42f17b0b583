#include "ingest/user_agent.hpp"

#include <algorithm>
#include <embedded/agent_rules.hpp>
#include <iterator>
#include <string>
#include <unordered_map>
#include <utility>

#include "ingest/agent_rules.hpp"
#include "model/text.hpp"
#include "support/mutex.hpp"

namespace collector::ingest {
namespace {

constexpr std::size_t kMaxAgentBytes = 1024;
constexpr std::size_t kRemembered = 4096;  // agents in each of two generations

struct Named {
    std::string_view family;  ///< as uap-core calls it, or how that begins
    std::string_view name;    ///< as reports do
};

// The first that fits counts.
constexpr Named kBrowsers[] = {
    {"Chrome", "Chrome"}, {"Chromium", "Chrome"},      {"HeadlessChrome", "Chrome"},
    {"Safari", "Safari"}, {"Mobile Safari", "Safari"}, {"Firefox", "Firefox"},
    {"Edge", "Edge"},     {"Opera", "Opera"},          {"Samsung Internet", "Samsung Internet"},
};
constexpr Named kSystems[] = {
    {"Windows", "Windows"}, {"Mac OS", "macOS"},    {"macOS", "macOS"},        {"iOS", "iOS"},
    {"iPadOS", "iOS"},      {"Android", "Android"}, {"Chrome OS", "ChromeOS"}, {"Linux", "Linux"},
    {"Ubuntu", "Linux"},    {"Debian", "Linux"},    {"Fedora", "Linux"},       {"Red Hat", "Linux"},
    {"CentOS", "Linux"},    {"SUSE", "Linux"},      {"Mint", "Linux"},         {"Arch Linux", "Linux"},
    {"Gentoo", "Linux"},    {"Kubuntu", "Linux"},   {"Mandriva", "Linux"},
};

/// Programs that fetch what an application asks for: how their agents begin.
constexpr std::string_view kLibraries[] = {
    "curl/",
    "libcurl",
    "wget/",
    "python",
    "java/",
    "java-http",
    "okhttp",
    "apache-httpclient",
    "go-http",
    "winhttp",
    "microsoft winhttp",
    "libwww-perl",
    "lwp",
    "axios",
    "node",
    "got ",
    "undici",
    "ruby",
    "restsharp",
    "postman",
    "insomnia",
    "pulsekit/",
    "dart/",
    "aiohttp",
    "httpx",
    "php",
    "guzzle",
    "reqwest",
    "hyper/",
    "unity",
    "unrealengine",
    "cpp-httplib",
    "boost.beast",
    "http_request",
    "powershell",
    "mozilla/5.0 (windows nt; windows nt",
    "godot",
    "love/",
    "cfnetwork",
    "alamofire",
    "electron-fetch",
    "faraday",
    "typhoeus",
};

template <std::size_t N>
std::string report_name(const Named (&table)[N], const std::string& family) {
    if (family.empty()) return {};
    for (const auto& [start, name] : table) {
        if (family.compare(0, start.size(), start) == 0) return std::string(name);
    }
    return "Other";
}

bool has(std::string_view lower, std::string_view part) { return lower.find(part) != std::string_view::npos; }

/// `lower`: the agent in lower case.
bool is_library(std::string_view lower) {
    return std::any_of(std::begin(kLibraries), std::end(kLibraries),
                       [&](std::string_view start) { return lower.starts_with(start); });
}

/// The crawlers' rules alone, without those for devices that stand before some of them, take these for crawlers.
bool is_browser_mistaken(std::string_view lower) { return has(lower, "headlesschrome") || has(lower, " silk/"); }

std::string device_of(std::string_view lower, const std::string& os) {
    if (has(lower, "ipad") || has(lower, "tablet") || has(lower, "kindle") || has(lower, "silk/")) return "tablet";
    if (has(lower, "iphone") || has(lower, "ipod") || has(lower, "windows phone")) return "mobile";
    if (os == "Android") return has(lower, "mobile") ? "mobile" : "tablet";
    if (has(lower, "mobile")) return "mobile";
    return os.empty() || os == "Other" ? std::string() : "desktop";
}

bool is_number(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// macOS 10 is called by its second number, too; browsers have frozen it there since.
std::string system_version(const std::string& os, const std::string& major, std::string_view lower) {
    if (os != "macOS" || major != "10") return major;
    const auto at = lower.find("mac os x 10");
    if (at == std::string_view::npos) return major;
    const auto minor = lower.substr(at + 11).substr(0, 4);
    if (minor.size() < 2 || (minor[0] != '_' && minor[0] != '.')) return major;
    const auto end = std::min(minor.find_first_not_of("0123456789", 1), minor.size());
    return end > 1 ? "10." + std::string(minor.substr(1, end - 1)) : major;
}

std::string_view next_field(std::string_view& line) {
    const auto end = std::min(line.find('\t'), line.size());
    const auto field = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return field;
}

/// What was asked lately: when the young generation is full it becomes the old one, which is forgotten. Thread safe.
class Memory {
public:
    bool find(const std::string& agent, Client& client) {
        const pulsekit::MutexLock lock(mutex_);
        auto found = young_.find(agent);
        if (found == young_.end()) {
            found = old_.find(agent);
            if (found == old_.end()) return false;
            client = found->second;
            keep(agent, client);
            return true;
        }
        client = found->second;
        return true;
    }
    void remember(const std::string& agent, const Client& client) {
        const pulsekit::MutexLock lock(mutex_);
        keep(agent, client);
    }

private:
    void keep(const std::string& agent, const Client& client) PULSEKIT_REQUIRES(mutex_) {
        if (young_.size() >= kRemembered) old_ = std::exchange(young_, {});
        young_.emplace(agent, client);
    }

    pulsekit::Mutex mutex_;
    std::unordered_map<std::string, Client> young_ PULSEKIT_GUARDED_BY(mutex_);
    std::unordered_map<std::string, Client> old_ PULSEKIT_GUARDED_BY(mutex_);
};

}  // namespace

struct UserAgents::Impl {
    Impl() {
        std::string_view text(embedded::kagent_rules_tsv);
        while (!text.empty()) {
            auto line = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(line.size() + 1, text.size()));
            const auto kind = next_field(line);
            const auto flags = next_field(line);
            const auto pattern = next_field(line);
            const auto name = next_field(line);
            auto& rules = kind == "browser" ? browsers : kind == "system" ? systems : crawlers;
            rules.add(flags, pattern, name, line);
        }
        for (auto* rules : {&browsers, &systems, &crawlers}) rules->compile();
    }

    Client recognise(const std::string& agent) const {
        Client client;
        const std::string lower = model::lower(agent);
        const bool library = is_library(lower);
        client.crawler = !library && !is_browser_mistaken(lower) && crawlers.matches(agent);
        const auto system = systems.match(agent);
        client.os = report_name(kSystems, system.name);
        client.os_version = system_version(client.os, system.version, lower);
        client.device_type = device_of(lower, client.os);
        if (library) {
            client.browser = "Other";
            return client;
        }
        const auto browser = browsers.match(agent);
        client.browser = report_name(kBrowsers, browser.name);
        if (is_number(browser.version)) client.browser_version = browser.version;
        return client;
    }

    AgentRules browsers, systems, crawlers;
    Memory memory;
};

UserAgents::UserAgents() : impl_(std::make_unique<Impl>()) {}
UserAgents::~UserAgents() = default;

Client UserAgents::recognise(std::string_view agent) const {
    if (agent.empty()) return {};
    const std::string known(agent.substr(0, kMaxAgentBytes));
    Client client;
    if (impl_->memory.find(known, client)) return client;
    client = impl_->recognise(known);
    impl_->memory.remember(known, client);
    return client;
}

std::size_t UserAgents::rules() const {
    return impl_->browsers.size() + impl_->systems.size() + impl_->crawlers.size();
}

}  // namespace collector::ingest
