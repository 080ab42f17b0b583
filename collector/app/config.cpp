#include "app/config.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "ingest/client_address.hpp"

namespace collector::app {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

using Set = Result<void> (*)(Config& config, std::string_view value);

struct Setting {
    const char* flag;  ///< null: not settable on the command line
    const char* environment;
    const char* file_key;  ///< dots lead into tables
    const char* value;     ///< what --help calls it
    const char* fallback;  ///< the default, for --help
    const char* help;
    Set set;
};

Error invalid(std::string message) { return Error{ErrorCode::invalid, std::move(message)}; }

template <typename Number>
Result<Number> number(std::string_view text, Number least, Number most) {
    Number value{};
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || !(value >= least && value <= most)) {
        return invalid(fmt::format("must be a number from {} to {}", least, most));
    }
    return value;
}

template <typename Number, typename Target>
Result<void> set_number(Target& target, std::string_view text, Number least, Number most) {
    const auto value = number<Number>(text, least, most);
    if (!value) return value.error();
    target = *value;
    return {};
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> items;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        auto item = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
        while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
        if (!item.empty()) items.emplace_back(item);
    }
    return items;
}

Result<void> set_listen(Config& config, std::string_view value) {
    const auto colon = value.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return invalid("must be HOST:PORT");
    const auto port = number<int>(value.substr(colon + 1), 0, 65535);
    if (!port) return invalid("must be HOST:PORT with a port from 0 to 65535");
    auto host = value.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    config.host = host;
    config.port = *port;
    return {};
}

Result<void> set_sync(Config& config, std::string_view value) {
    if (value != "full" && value != "normal") return invalid("must be full or normal");
    config.sync = value == "full" ? store::Sync::full : store::Sync::normal;
    return {};
}

Result<void> set_trusted_proxies(Config& config, std::string_view value) {
    auto networks = split_list(value);
    if (auto parsed = ingest::TrustedProxies::parse(networks); !parsed) return std::move(parsed).error();
    config.trusted_proxies = std::move(networks);
    return {};
}

template <typename Target>
Result<void> set_switch(Target& target, std::string_view value) {
    const bool on = value == "on" || value == "true";
    if (!on && value != "off" && value != "false") return invalid("must be on or off");
    target = on;
    return {};
}

Result<void> set_smtp_url(Config& config, std::string_view value) {
    if (value.substr(0, 7) != "smtp://" && value.substr(0, 8) != "smtps://") {
        return invalid("must be smtp://HOST:PORT or smtps://HOST:PORT");
    }
    config.mail.server.url = value;
    return {};
}

Result<void> set_smtp_from(Config& config, std::string_view value) {
    const bool printable = std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c < 0x7f; });
    if (!printable || value.find('@') == std::string_view::npos) return invalid("must be an e-mail address");
    config.mail.from = value;
    return {};
}

Result<void> set_switch(bool& target, std::string_view value) {
    const bool on = value == "true" || value == "1" || value == "on";
    if (!on && value != "false" && value != "0" && value != "off") {
        return invalid("must be true, 1 or on, or false, 0 or off");
    }
    target = on;
    return {};
}

Result<void> set_url(std::string& target, std::string_view value) {
    if (!value.starts_with("https://") && !value.starts_with("http://")) {
        return invalid("must be an address with https:// or http://");
    }
    target = value;
    return {};
}

constexpr double kMostRate = 1e9;

constexpr std::array kSettings = {
    Setting{"--listen", "PULSE_LISTEN", "listen", "HOST:PORT", "127.0.0.1:8080",
            "where to serve; port 0 takes a free one", set_listen},
    Setting{"--data", "PULSE_DATA", "data", "DIR", "./pulse-data", "where everything is kept",
            [](Config& c, std::string_view v) -> Result<void> {
                if (v.empty()) return invalid("must not be empty");
                c.data = v;
                return {};
            }},
    Setting{nullptr, "PULSE_ADMIN_TOKEN", "admin_token", "TOKEN", "none", "lets its holder use the admin API",
            [](Config& c, std::string_view v) -> Result<void> {
                c.admin_token = v;
                return {};
            }},
    Setting{nullptr, "PULSE_AUDIT_DAYS", "audit_days", "DAYS", "400", "how long it is known who changed what",
            [](Config& c, std::string_view v) { return set_number<int>(c.audit_days, v, 1, 36500); }},
    Setting{nullptr, "PULSE_SYNC", "sync", "full|normal", "full",
            "full: an acknowledged event survives a power loss; normal: the process's death", set_sync},
    Setting{nullptr, "PULSE_STORE", "store", "local", "local", "where events live",
            [](Config& c, std::string_view v) -> Result<void> {
                c.store = v;
                return {};
            }},
    Setting{nullptr, "PULSE_DEDUPE_DAYS", "dedupe_days", "DAYS", "30", "how long a repeated event id is recognised",
            [](Config& c, std::string_view v) { return set_number<int>(c.dedupe_days, v, 1, 3650); }},
    Setting{nullptr, "PULSE_SALT_HOURS", "salt_hours", "HOURS", "0", "how often derived visitor ids change; 0: never",
            [](Config& c, std::string_view v) { return set_number<int>(c.salt_hours, v, 0, 87600); }},
    Setting{nullptr, "PULSE_TRUSTED_PROXIES", "trusted_proxies", "CIDR,...", "none",
            "proxies whose X-Forwarded-For and country header are believed", set_trusted_proxies},
    Setting{nullptr, "PULSE_COUNTRY_HEADER", "country_header", "NAME", "CF-IPCountry",
            "the trusted proxies' country header",
            [](Config& c, std::string_view v) -> Result<void> {
                c.country_header = v;
                return {};
            }},
    Setting{nullptr, "PULSE_BOTS", "bots", "keep|drop", "keep",
            "crawlers: keep stores their events, out of every report; drop does not store them",
            [](Config& c, std::string_view v) -> Result<void> {
                if (v != "keep" && v != "drop") return invalid("must be keep or drop");
                c.drop_bots = v == "drop";
                return {};
            }},
    Setting{nullptr, "PULSE_GEOIP_DB", "geoip_db", "FILE", "none",
            "a country database (MMDB), asked where no trusted proxy tells the country",
            [](Config& c, std::string_view v) -> Result<void> {
                c.geoip_db = v;
                return {};
            }},
    Setting{nullptr, "PULSE_OPEN_GATEWAY", "open_gateway", "on|off", "off, with --dev on",
            "whether /api/v1/pulse takes requests without a key",
            [](Config& c, std::string_view v) { return set_switch(c.open_gateway, v); }},
    Setting{nullptr, "PULSE_DEFAULT_PROJECT", "default_project", "NAME", "default, with --dev demo",
            "the project of such requests, by id or name; made when absent",
            [](Config& c, std::string_view v) -> Result<void> {
                c.default_project = v;
                return {};
            }},
    Setting{nullptr, "PULSE_WEBHOOKS_ALLOW_LOOPBACK", "webhooks.allow_loopback", "on|off", "off, with --dev on",
            "whether webhooks may lead to this machine, there without TLS too",
            [](Config& c, std::string_view v) { return set_switch(c.webhooks_allow_loopback, v); }},
    Setting{nullptr, "PULSE_SMTP_URL", "smtp.url", "URL", "none",
            "smtp://HOST:PORT or smtps://HOST:PORT, to send mail by", set_smtp_url},
    Setting{nullptr, "PULSE_SMTP_FROM", "smtp.from", "ADDRESS", "none", "whom mail is from", set_smtp_from},
    Setting{nullptr, "PULSE_SMTP_USER", "smtp.user", "NAME", "none", "to log in with there",
            [](Config& c, std::string_view v) -> Result<void> {
                c.mail.server.user = v;
                return {};
            }},
    Setting{nullptr, "PULSE_SMTP_PASSWORD", "smtp.password", "PASSWORD", "none", "likewise",
            [](Config& c, std::string_view v) -> Result<void> {
                c.mail.server.password = v;
                return {};
            }},
    Setting{nullptr, "PULSE_RATE_INGEST", "rate.ingest", "N", "100",
            "requests a second to /api/collect, by project, and to /collect, by key; 0: no limit",
            [](Config& c, std::string_view v) { return set_number<double>(c.rates.ingest, v, 0.0, kMostRate); }},
    Setting{nullptr, "PULSE_RATE_EVENTS", "rate.events", "N", "0",
            "the same to /v1/events, /ingest and /api/v1/pulse, by project",
            [](Config& c, std::string_view v) { return set_number<double>(c.rates.events, v, 0.0, kMostRate); }},
    Setting{nullptr, "PULSE_RATE_QUERY", "rate.query", "N", "100", "the same to the reports, by project",
            [](Config& c, std::string_view v) { return set_number<double>(c.rates.query, v, 0.0, kMostRate); }},
    Setting{nullptr, "PULSE_RATE_ADMIN", "rate.admin", "N", "20", "requests a second to the admin API; 0: no limit",
            [](Config& c, std::string_view v) { return set_number<double>(c.rates.admin, v, 0.0, kMostRate); }},
    Setting{nullptr, "PULSE_QUERY_SECONDS", "query.seconds", "N", "30",
            "how long a report may take; then it is given up with 503",
            [](Config& c, std::string_view v) { return set_number<int>(c.query_seconds, v, 1, 3600); }},
    Setting{nullptr, "PULSE_QUERY_MEMORY_MB", "query.memory_mb", "N", "1024",
            "memory that a report may take; one that would take more is refused with 400",
            [](Config& c, std::string_view v) { return set_number<int>(c.query_memory_mb, v, 1, 1'000'000); }},
    Setting{nullptr, "ANALYTICS_ENABLED", "forwarding.enabled", "on|off", "off",
            "whether stored events are forwarded to the services that are enabled below",
            [](Config& c, std::string_view v) { return set_switch(c.forwarding.enabled, v); }},
    Setting{nullptr, "AMPLITUDE_ENABLED", "forwarding.amplitude.enabled", "on|off", "off", "forwards to Amplitude",
            [](Config& c, std::string_view v) { return set_switch(c.forwarding.services["amplitude"].enabled, v); }},
    Setting{
        nullptr, "AMPLITUDE_API_KEY", "forwarding.amplitude.api_key", "KEY", "none", "the API key of the project there",
        [](Config& c, std::string_view v) -> Result<void> {
            c.forwarding.services["amplitude"].key = v;
            return {};
        }},
    Setting{nullptr, "AMPLITUDE_URL", "forwarding.amplitude.url", "URL", "https://api2.amplitude.com/2/httpapi",
            "where Amplitude is; in the European Union https://api.eu.amplitude.com/2/httpapi",
            [](Config& c, std::string_view v) { return set_url(c.forwarding.services["amplitude"].url, v); }},
    Setting{nullptr, "MIXPANEL_ENABLED", "forwarding.mixpanel.enabled", "on|off", "off", "forwards to Mixpanel",
            [](Config& c, std::string_view v) { return set_switch(c.forwarding.services["mixpanel"].enabled, v); }},
    Setting{nullptr, "MIXPANEL_TOKEN", "forwarding.mixpanel.token", "TOKEN", "none", "the token of the project there",
            [](Config& c, std::string_view v) -> Result<void> {
                c.forwarding.services["mixpanel"].key = v;
                return {};
            }},
    Setting{nullptr, "MIXPANEL_URL", "forwarding.mixpanel.url", "URL", "https://api.mixpanel.com/track",
            "where Mixpanel is; in the European Union https://api-eu.mixpanel.com/track",
            [](Config& c, std::string_view v) { return set_url(c.forwarding.services["mixpanel"].url, v); }},
    Setting{nullptr, "ANALYTICS_FORWARD_ALL", "forwarding.all", "on|off", "off",
            "forwards the events of every protocol; off: those that came by /v1/events",
            [](Config& c, std::string_view v) { return set_switch(c.forwarding.every_dialect, v); }},
    Setting{nullptr, "ANALYTICS_FORWARD_MAX_LAG_HOURS", "forwarding.max_lag_hours", "N", "168",
            "events that could not be forwarded for so long are skipped",
            [](Config& c, std::string_view v) { return set_number<int>(c.forwarding.max_lag_hours, v, 1, 87600); }},
};

Result<void> apply(const Setting& setting, Config& config, std::string_view value, std::string_view where) {
    auto set = setting.set(config, value);
    if (set) return set;
    return invalid(fmt::format("{}: '{}' {}", where, value, set.error().message));
}

std::string text_of(const toml::node& node) {
    if (const auto text = node.value<std::string>(); node.is_string()) return *text;
    if (const auto* list = node.as_array()) {
        std::string joined;
        for (const auto& item : *list) {
            if (!joined.empty()) joined += ',';
            joined += text_of(item);
        }
        return joined;
    }
    if (node.is_integer()) return std::to_string(node.value_or(std::int64_t{0}));
    if (node.is_floating_point()) return fmt::format("{}", node.value_or(0.0));
    return node.value_or(false) ? "true" : "false";
}

Result<void> read_keys(const toml::node& node, Config& config) {
    const auto* list = node.as_array();
    if (!list) return invalid("keys: must be written as [[keys]] tables");
    for (const auto& item : *list) {
        const auto* table = item.as_table();
        ImportedKey key;
        if (table) {
            for (const auto& [name, node_of_it] : *table) {
                if (name != "key" && name != "project" && name != "scopes")
                    return invalid("[[keys]]: unknown member '" + std::string(name.str()) + "'");
            }
            key.key = table->at_path("key").value_or(std::string());
            key.project = table->at_path("project").value_or(std::string());
            if (const auto* scopes = table->get("scopes")) key.scopes = split_list(text_of(*scopes));
        }
        if (key.key.empty() || key.project.empty() || key.scopes.empty()) {
            return invalid("[[keys]]: key, project and scopes are required");
        }
        for (const auto& scope : key.scopes) {
            if (!meta::scope_named(scope)) return invalid("[[keys]]: unknown scope '" + scope + "'");
        }
        config.imported_keys.push_back(std::move(key));
    }
    return {};
}

/// Sets what the table holds; what nobody knows is an error, for a misspelt setting would be ignored in silence.
Result<void> read_table(const toml::table& table, const std::string& prefix, const std::string& path, Config& config) {
    for (const auto& [key, node] : table) {
        const std::string name = prefix + std::string(key.str());
        if (name == "keys") {
            if (auto read = read_keys(node, config); !read) return invalid(path + ": " + read.error().message);
            continue;
        }
        if (const auto* inner = node.as_table()) {
            if (auto read = read_table(*inner, name + ".", path, config); !read) return read;
            continue;
        }
        const auto known =
            std::find_if(kSettings.begin(), kSettings.end(), [&](const Setting& s) { return name == s.file_key; });
        if (known == kSettings.end()) return invalid(fmt::format("{}: unknown setting '{}'", path, name));
        if (auto set = apply(*known, config, text_of(node), path + ": " + name); !set) return set;
    }
    return {};
}

Result<void> read_file(const std::string& path, Config& config) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
        return invalid(path + " is a directory");  // which reads as an empty file
    // The library reports through exceptions; they end here.
    try {
        return read_table(toml::parse_file(path), "", path, config);
    } catch (const toml::parse_error& error) {
        return invalid(fmt::format("{}:{}: {}", path, error.source().begin.line, error.description()));
    }
}

struct Flags {
    std::vector<std::pair<const Setting*, std::string>> settings;
    std::optional<std::string> config;
    bool dev = false;
};

Result<Flags> read_flags(const std::vector<std::string>& arguments) {
    Flags flags;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        std::string name = arguments[i];
        if (name == "--dev") {
            flags.dev = true;
            continue;
        }
        std::optional<std::string> value;
        if (const auto equals = name.find('='); equals != std::string::npos) {
            value = name.substr(equals + 1);
            name.resize(equals);
        }
        const auto known = std::find_if(kSettings.begin(), kSettings.end(),
                                        [&](const Setting& s) { return s.flag && name == s.flag; });
        if (known == kSettings.end() && name != "--config") return invalid("unknown argument '" + arguments[i] + "'");
        if (!value) {
            if (i + 1 == arguments.size()) return invalid(name + " needs a value");
            value = arguments[++i];
        }
        if (name == "--config") {
            flags.config = value;
        } else {
            flags.settings.emplace_back(&*known, *value);
        }
    }
    return flags;
}

}  // namespace

Result<Config> load_config(const std::vector<std::string>& arguments, const Environment& environment) {
    const auto flags = read_flags(arguments);
    if (!flags) return flags.error();
    Config config;
    const auto file = flags->config ? flags->config : environment("PULSE_CONFIG");
    if (file) {
        if (auto read = read_file(*file, config); !read) return std::move(read).error();
    }
    for (const auto& setting : kSettings) {
        if (const auto value = environment(setting.environment)) {
            if (auto set = apply(setting, config, *value, setting.environment); !set) return std::move(set).error();
        }
    }
    for (const auto& [setting, value] : flags->settings) {
        if (auto set = apply(*setting, config, value, setting->flag); !set) return std::move(set).error();
    }
    config.dev = flags->dev;
    return config;
}

std::string settings_help() {
    std::string text = fmt::format("  {:<31} {:<28} {}\n", "environment", "file key", "meaning (default)");
    for (const auto& setting : kSettings) {
        text += fmt::format("  {:<31} {:<28} {} ({})\n", setting.environment, setting.file_key, setting.help,
                            setting.fallback);
    }
    return text;
}

}  // namespace collector::app
