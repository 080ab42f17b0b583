// Everything that an operator can set, in one struct; config.cpp has the list of settings.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "meta/access.hpp"
#include "outbound/channels/email.hpp"
#include "store/open.hpp"

namespace collector::app {

/// A key that was made elsewhere, of any shape.
struct ImportedKey {
    std::string key;
    std::string project;  ///< id or name; made when absent
    std::vector<std::string> scopes;
};

/// What is forwarded of the stored events, and where to.
struct ForwardingConfig {
    /// One of outbound::providers().
    struct Service {
        bool enabled = false;
        std::string key;  ///< empty: it cannot be used
        std::string url;  ///< empty: the provider's own
    };
    bool enabled = false;  ///< else nothing is, whatever the services say
    bool every_dialect = false;
    int max_lag_hours = 7 * 24;
    std::map<std::string, Service, std::less<>> services;  ///< by the provider's name; those that have a setting
};

struct Config {
    std::string host = "127.0.0.1";
    int port = 8080;  ///< 0: a free one
    std::string data = "./pulse-data";
    bool dev = false;
    std::string admin_token;  ///< empty: nobody administers
    int audit_days = 400;     ///< how long lines of the audit log are kept
    int query_seconds = 30;
    int query_memory_mb = 1024;
    meta::RateLimits rates;
    int dedupe_days = 30;
    int salt_hours = 0;
    std::vector<std::string> trusted_proxies;  ///< CIDR
    std::string country_header = "CF-IPCountry";
    bool drop_bots = false;
    std::string geoip_db;  ///< path of a country database; empty: none
    store::Sync sync = store::Sync::full;
    std::string store = "local";
    std::optional<bool> open_gateway;  ///< nothing: as --dev says
    std::string default_project;       ///< of the open gateway, by id or name; empty: `default`, with --dev demo
    std::optional<bool> webhooks_allow_loopback;  ///< nothing: as --dev says
    outbound::MailSettings mail;
    std::vector<ImportedKey> imported_keys;
    ForwardingConfig forwarding;
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// Flags beat environment, environment beats the configuration file, the file beats the defaults. `arguments` are those
/// after the verb. Error `invalid`: says which setting, where it came from and what is wrong with it.
pulsekit::Result<Config> load_config(const std::vector<std::string>& arguments, const Environment& environment);

/// The `--help` text of the settings: flag, environment variable, file key, default.
std::string settings_help();

}  // namespace collector::app
