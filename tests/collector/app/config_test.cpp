#include "app/config.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <regex>

#include "tests/support/temporary_folder.hpp"

namespace collector::app {
namespace {

using Variables = std::map<std::string, std::string>;

pulsekit::Result<Config> load(const std::vector<std::string>& arguments, const Variables& variables = {}) {
    return load_config(arguments, [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    });
}

/// The configuration that a file of that text makes.
pulsekit::Result<Config> load_file(const std::string& text, const Variables& variables = {}) {
    const pulsekit::test::TemporaryFolder folder;
    std::ofstream(folder.file("c.toml")) << text;
    return load({"--config", folder.file("c.toml")}, variables);
}

struct Case {
    const char* flag;  ///< or null
    const char* environment;
    const char* file_key;
    const char* value;    ///< in the environment and for the flag
    const char* in_file;  ///< the same in TOML
    std::function<std::string(const Config&)> read;
    const char* is;        ///< what read() then says
    const char* fallback;  ///< ... and without any setting
    std::vector<const char*> bad;
};

std::string text(double number) { return std::to_string(static_cast<long>(number)); }
std::string joined(const std::vector<std::string>& list) {
    std::string all;
    for (const auto& item : list) all += item + ";";
    return all;
}

/// The service of that name, or one without settings.
ForwardingConfig::Service service(const Config& config, const char* name) {
    const auto found = config.forwarding.services.find(name);
    return found == config.forwarding.services.end() ? ForwardingConfig::Service() : found->second;
}

const std::vector<Case>& cases() {
    static const std::vector<Case> kCases = {
        {"--listen",
         "PULSE_LISTEN",
         "listen",
         "[::1]:9",
         "\"[::1]:9\"",
         [](const Config& c) { return c.host + " " + std::to_string(c.port); },
         "::1 9",
         "127.0.0.1 8080",
         {"", "8080", ":8080", "host:", "host:x", "host:65536", "host:-1", "host:80 "}},
        {"--data",
         "PULSE_DATA",
         "data",
         "/d",
         "\"/d\"",
         [](const Config& c) { return c.data; },
         "/d",
         "./pulse-data",
         {""}},
        {nullptr,
         "PULSE_ADMIN_TOKEN",
         "admin_token",
         "t",
         "\"t\"",
         [](const Config& c) { return c.admin_token; },
         "t",
         "",
         {}},
        {nullptr,
         "PULSE_SYNC",
         "sync",
         "normal",
         "\"normal\"",
         [](const Config& c) { return std::string(c.sync == store::Sync::full ? "full" : "normal"); },
         "normal",
         "full",
         {"", "off", "FULL"}},
        {nullptr,
         "PULSE_STORE",
         "store",
         "other",
         "\"other\"",
         [](const Config& c) { return c.store; },
         "other",
         "local",
         {}},
        {nullptr,
         "PULSE_AUDIT_DAYS",
         "audit_days",
         "36500",
         "36500",
         [](const Config& c) { return std::to_string(c.audit_days); },
         "36500",
         "400",
         {"", "0", "36501", "1.5", "ten", "-1"}},
        {nullptr,
         "PULSE_DEDUPE_DAYS",
         "dedupe_days",
         "3650",
         "3650",
         [](const Config& c) { return std::to_string(c.dedupe_days); },
         "3650",
         "30",
         {"", "0", "3651", "1.5", "ten", "-1"}},
        {nullptr,
         "PULSE_SALT_HOURS",
         "salt_hours",
         "24",
         "24",
         [](const Config& c) { return std::to_string(c.salt_hours); },
         "24",
         "0",
         {"", "-1", "87601", "1h"}},
        {nullptr,
         "PULSE_TRUSTED_PROXIES",
         "trusted_proxies",
         "10.0.0.0/8, ::1",
         "[\"10.0.0.0/8\", \"::1\"]",
         [](const Config& c) { return joined(c.trusted_proxies); },
         "10.0.0.0/8;::1;",
         "",
         {"localhost", "10.0.0.0/33", "10.0.0", "::1/129"}},
        {nullptr,
         "PULSE_COUNTRY_HEADER",
         "country_header",
         "X-Country",
         "\"X-Country\"",
         [](const Config& c) { return c.country_header; },
         "X-Country",
         "CF-IPCountry",
         {}},
        {nullptr,
         "PULSE_BOTS",
         "bots",
         "drop",
         "\"drop\"",
         [](const Config& c) { return std::string(c.drop_bots ? "drop" : "keep"); },
         "drop",
         "keep",
         {"", "no", "Drop"}},
        {nullptr,
         "PULSE_GEOIP_DB",
         "geoip_db",
         "/a/b.mmdb",
         "\"/a/b.mmdb\"",
         [](const Config& c) { return c.geoip_db; },
         "/a/b.mmdb",
         "",
         {}},
        {nullptr,
         "PULSE_WEBHOOKS_ALLOW_LOOPBACK",
         "webhooks.allow_loopback",
         "on",
         "true",
         [](const Config& c) {
             return std::string(!c.webhooks_allow_loopback ? "as --dev" : *c.webhooks_allow_loopback ? "on" : "off");
         },
         "on",
         "as --dev",
         {"", "yes", "On"}},
        {nullptr,
         "PULSE_SMTP_URL",
         "smtp.url",
         "smtps://mail.example.org:465",
         "\"smtps://mail.example.org:465\"",
         [](const Config& c) { return c.mail.server.url; },
         "smtps://mail.example.org:465",
         "",
         {"", "mail.example.org", "http://mail.example.org"}},
        {nullptr,
         "PULSE_SMTP_FROM",
         "smtp.from",
         "Pulse <pulse@example.org>",
         "\"Pulse <pulse@example.org>\"",
         [](const Config& c) { return c.mail.from; },
         "Pulse <pulse@example.org>",
         "",
         {"", "pulse"}},
        {nullptr,
         "PULSE_SMTP_USER",
         "smtp.user",
         "pulse",
         "\"pulse\"",
         [](const Config& c) { return c.mail.server.user; },
         "pulse",
         "",
         {}},
        {nullptr,
         "PULSE_SMTP_PASSWORD",
         "smtp.password",
         "secret",
         "\"secret\"",
         [](const Config& c) { return c.mail.server.password; },
         "secret",
         "",
         {}},
        {nullptr,
         "PULSE_OPEN_GATEWAY",
         "open_gateway",
         "on",
         "true",
         [](const Config& c) {
             return std::string(!c.open_gateway ? "as --dev" : *c.open_gateway ? "on" : "off");
         },
         "on",
         "as --dev",
         {"", "yes", "1", "ON"}},
        {nullptr,
         "PULSE_DEFAULT_PROJECT",
         "default_project",
         "shop",
         "\"shop\"",
         [](const Config& c) { return c.default_project; },
         "shop",
         "",
         {}},
        {nullptr,
         "PULSE_RATE_INGEST",
         "rate.ingest",
         "7",
         "7",
         [](const Config& c) { return text(c.rates.ingest); },
         "7",
         "100",
         {"", "-1", "nan", "inf", "1e10", "many"}},
        {nullptr,
         "PULSE_RATE_EVENTS",
         "rate.events",
         "7",
         "7",
         [](const Config& c) { return text(c.rates.events); },
         "7",
         "0",
         {"", "-1", "nan"}},
        {nullptr,
         "PULSE_RATE_QUERY",
         "rate.query",
         "7.5",
         "7.5",
         [](const Config& c) { return text(2 * c.rates.query); },
         "15",
         "200",
         {"", "-1", "nan"}},
        {nullptr,
         "PULSE_RATE_ADMIN",
         "rate.admin",
         "0",
         "0",
         [](const Config& c) { return text(c.rates.admin); },
         "0",
         "20",
         {"", "-1", "nan"}},
        {nullptr,
         "PULSE_QUERY_SECONDS",
         "query.seconds",
         "5",
         "5",
         [](const Config& c) { return std::to_string(c.query_seconds); },
         "5",
         "30",
         {"", "0", "3601", "1.5", "long"}},
        {nullptr,
         "PULSE_QUERY_MEMORY_MB",
         "query.memory_mb",
         "64",
         "64",
         [](const Config& c) { return std::to_string(c.query_memory_mb); },
         "64",
         "1024",
         {"", "0", "1000001", "0.5", "much"}},
        {nullptr,
         "ANALYTICS_ENABLED",
         "forwarding.enabled",
         "1",
         "true",
         [](const Config& c) { return std::string(c.forwarding.enabled ? "on" : "off"); },
         "on",
         "off",
         {"", "yes", "True", "2"}},
        {nullptr,
         "AMPLITUDE_ENABLED",
         "forwarding.amplitude.enabled",
         "true",
         "1",
         [](const Config& c) { return std::string(service(c, "amplitude").enabled ? "on" : "off"); },
         "on",
         "off",
         {"", "yes", "True", "2"}},
        {nullptr,
         "AMPLITUDE_API_KEY",
         "forwarding.amplitude.api_key",
         "k",
         "\"k\"",
         [](const Config& c) { return service(c, "amplitude").key; },
         "k",
         "",
         {}},
        {nullptr,
         "AMPLITUDE_URL",
         "forwarding.amplitude.url",
         "https://a.example/x",
         "\"https://a.example/x\"",
         [](const Config& c) { return service(c, "amplitude").url; },
         "https://a.example/x",
         "",
         {"", "a.example", "ftp://a.example"}},
        {nullptr,
         "MIXPANEL_ENABLED",
         "forwarding.mixpanel.enabled",
         "on",
         "\"on\"",
         [](const Config& c) { return std::string(service(c, "mixpanel").enabled ? "on" : "off"); },
         "on",
         "off",
         {"", "yes", "True", "2"}},
        {nullptr,
         "MIXPANEL_TOKEN",
         "forwarding.mixpanel.token",
         "t",
         "\"t\"",
         [](const Config& c) { return service(c, "mixpanel").key; },
         "t",
         "",
         {}},
        {nullptr,
         "MIXPANEL_URL",
         "forwarding.mixpanel.url",
         "http://127.0.0.1:1/track",
         "\"http://127.0.0.1:1/track\"",
         [](const Config& c) { return service(c, "mixpanel").url; },
         "http://127.0.0.1:1/track",
         "",
         {"", "127.0.0.1"}},
        {nullptr,
         "ANALYTICS_FORWARD_ALL",
         "forwarding.all",
         "1",
         "true",
         [](const Config& c) { return std::string(c.forwarding.every_dialect ? "on" : "off"); },
         "on",
         "off",
         {"", "yes", "True", "2"}},
        {nullptr,
         "ANALYTICS_FORWARD_MAX_LAG_HOURS",
         "forwarding.max_lag_hours",
         "24",
         "24",
         [](const Config& c) { return std::to_string(c.forwarding.max_lag_hours); },
         "24",
         "168",
         {"", "0", "87601", "1.5", "a week"}},
    };
    return kCases;
}

std::string file_line(const Case& setting, const std::string& value) {
    return std::string(setting.file_key) + " = " + value + "\n";  // a dotted key is a key in a table
}

TEST(Config, EachSettingHasADefaultAnEnvironmentVariableAFileKeyAndMaybeAFlag) {
    for (const auto& setting : cases()) {
        SCOPED_TRACE(setting.environment);
        EXPECT_EQ(setting.read(*load({})), setting.fallback);
        const auto from_environment = load({}, {{setting.environment, setting.value}});
        ASSERT_TRUE(from_environment) << from_environment.error().message;
        EXPECT_EQ(setting.read(*from_environment), setting.is);
        const auto from_file = load_file(file_line(setting, setting.in_file));
        ASSERT_TRUE(from_file) << from_file.error().message;
        EXPECT_EQ(setting.read(*from_file), setting.is);
        if (!setting.flag) continue;
        EXPECT_EQ(setting.read(*load({setting.flag, setting.value})), setting.is);
        EXPECT_EQ(setting.read(*load({std::string(setting.flag) + "=" + setting.value})), setting.is);
    }
}

TEST(Config, ABadValueIsRefusedWithItsSettingAndItself) {
    for (const auto& setting : cases()) {
        for (const std::string bad : setting.bad) {
            SCOPED_TRACE(setting.environment + ("=" + bad));
            const auto refused = load({}, {{setting.environment, bad}});
            ASSERT_FALSE(refused);
            EXPECT_EQ(refused.error().code, pulsekit::ErrorCode::invalid);
            EXPECT_EQ(refused.error().message.find(std::string(setting.environment) + ": '" + bad + "' "), 0u)
                << refused.error().message;
            const auto in_file = load_file(file_line(setting, "\"" + bad + "\""));
            ASSERT_FALSE(in_file);
            EXPECT_NE(in_file.error().message.find(std::string("c.toml: ") + setting.file_key + ": '" + bad + "' "),
                      std::string::npos)
                << in_file.error().message;
        }
    }
}

TEST(Config, FlagsBeatTheEnvironmentAndThatTheFile) {
    const pulsekit::test::TemporaryFolder folder;
    std::ofstream(folder.file("c.toml")) << "listen = \"file:1\"\ndata = \"file\"\nsync = \"normal\"\n";
    const Variables variables = {
        {"PULSE_LISTEN", "environment:2"}, {"PULSE_DATA", "environment"}, {"PULSE_CONFIG", folder.file("c.toml")}};
    const auto config = load({"--listen", "flag:3"}, variables);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->host, "flag");
    EXPECT_EQ(config->data, "environment");
    EXPECT_EQ(config->sync, store::Sync::normal);
    std::ofstream(folder.file("other.toml")) << "sync = \"full\"\n";
    EXPECT_EQ(load({"--config", folder.file("other.toml")}, variables)->sync, store::Sync::full);
    EXPECT_TRUE(load({"--dev"})->dev);
}

TEST(Config, WhatNobodyKnowsIsAnError) {
    for (const char* text :
         {"lisen = \"a:1\"", "[rate]\ningst = 1", "[other]\nx = 1", "dev = true", "config = \"x\"",
          "[[keys]]\nkey = \"k\"\nproject = \"p\"\nscopes = [\"ingest\"]\nexpires = 1",
          "[[keys]]\nkey = \"k\"\nproject = \"p\"\nscopes = [\"everything\"]", "[[keys]]\nkey = \"k\"\nproject = \"p\"",
          "keys = 3", "listen", "listen = \"a:1\"\nlisten = \"b:1\""}) {
        const auto refused = load_file(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_NE(refused.error().message.find("c.toml:"), std::string::npos) << refused.error().message;
    }
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"--colour"},
                                               {"data"},
                                               {"--listen"},
                                               {"--data"},
                                               {"--config"},
                                               {"--dev=1"},
                                               {"--sync", "full"},
                                               {"--config", "/nonexistent.toml"},
                                               {"--config", "/"}}) {
        EXPECT_FALSE(load(arguments)) << arguments[0];
    }
    EXPECT_NE(load({"--config", "/nonexistent.toml"}).error().message.find("/nonexistent.toml"), std::string::npos);
}

TEST(Config, KeysMadeElsewhereAreRead) {
    const auto config = load_file(
        "[[keys]]\nkey = \"k1\"\nproject = \"p\"\nscopes = [\"ingest\", \"query\"]\n"
        "[[keys]]\nkey = \"k2\"\nproject = \"q\"\nscopes = \"admin\"\n");
    ASSERT_TRUE(config) << config.error().message;
    ASSERT_EQ(config->imported_keys.size(), 2u);
    EXPECT_EQ(config->imported_keys[0].key, "k1");
    EXPECT_EQ(joined(config->imported_keys[0].scopes), "ingest;query;");
    EXPECT_EQ(config->imported_keys[1].project, "q");
    EXPECT_EQ(joined(config->imported_keys[1].scopes), "admin;");
}

TEST(Config, HelpAndTheOperatorsGuideNameEachSetting) {
    std::map<std::string, std::string> helped;
    const std::string help = settings_help();
    const std::regex line(R"((\b[A-Z]+_[A-Z_]+) +([a-z_.]+) )");
    for (auto it = std::sregex_iterator(help.begin(), help.end(), line); it != std::sregex_iterator(); ++it)
        helped[(*it)[1]] = (*it)[2];
    std::map<std::string, std::string> told;
    std::ifstream file(PULSEKIT_OPERATING);
    const std::string guide((std::istreambuf_iterator<char>(file)), {});
    const std::regex row(R"(\n\| [^|]+ \| `([A-Z]+_[A-Z_]+)` \| `([a-z_.]+)` \|)");
    for (auto it = std::sregex_iterator(guide.begin(), guide.end(), row); it != std::sregex_iterator(); ++it)
        told[(*it)[1]] = (*it)[2];
    EXPECT_EQ(told, helped);
    std::map<std::string, std::string> tested;
    for (const auto& setting : cases()) tested[setting.environment] = setting.file_key;
    EXPECT_EQ(tested, helped);
}

}  // namespace
}  // namespace collector::app
