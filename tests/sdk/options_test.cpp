// Options that cannot work are refused by open(), with the reason; those at the edge of what works are taken.
#include <cmath>
#include <functional>
#include <limits>

#include "tests/support/app.hpp"

namespace pulsekit {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class OptionsTest : public test::AppTest {
protected:
    struct Case {
        const char* said;  // by the reason
        std::function<void(Options&)> change;
    };
    Options changed(const Case& one) {
        Options given = options();
        given.storage_dir.clear();
        one.change(given);
        return given;
    }
    void expect_refused(const std::vector<Case>& cases) {
        int number = 0;
        for (const auto& one : cases) {
            const auto client = Client::open(changed(one));
            ASSERT_FALSE(client.ok()) << one.said << ", number " << number;
            EXPECT_EQ(client.error().code, ErrorCode::invalid) << one.said;
            EXPECT_NE(client.error().message.find(one.said), std::string::npos) << client.error().message;
            ++number;
        }
    }
    void expect_taken(const std::vector<Case>& cases) {
        for (const auto& one : cases) {
            auto client = Client::open(changed(one));
            ASSERT_TRUE(client.ok()) << one.said << ": " << client.error().message;
            EXPECT_TRUE(client->track("event")) << one.said;
        }
    }
};

TEST_F(OptionsTest, WhoAndWhereToIsRequired) {
    expect_refused({{"endpoint", [](Options& o) { o.endpoint.clear(); }},
                    {"api_key", [](Options& o) { o.api_key.clear(); }},
                    {"app_name", [](Options& o) { o.app_name.clear(); }},
                    {"endpoint", [](Options& o) { o.endpoint = "collector.example"; }},
                    {"endpoint", [](Options& o) { o.endpoint = "ftp://collector.example"; }},
                    {"endpoint", [](Options& o) { o.endpoint = " https://collector.example"; }}});
    expect_taken({{"http", [](Options& o) { o.endpoint = "http://collector.example/"; }},
                  {"https", [](Options& o) { o.endpoint = "https://collector.example/below/this"; }}});
}

// As a file ends from which they were read.
TEST_F(OptionsTest, AKeyOrAnAddressIsOneLine) {
    expect_refused({{"api_key", [](Options& o) { o.api_key = "key\n"; }},
                    {"api_key", [](Options& o) { o.api_key = "key\r\nX-Other: 1"; }},
                    {"api_key", [](Options& o) { o.api_key = "\x7f"; }},
                    {"endpoint", [](Options& o) { o.endpoint = "http://collector\n"; }},
                    {"endpoint", [](Options& o) { o.endpoint = "http://collector\r\nX-Other: 1"; }}});
}

TEST_F(OptionsTest, ATimeIsNeitherNegativeNorLongerThanAYear) {
    const std::pair<const char*, milliseconds Options::*> times[] = {{"power_window", &Options::power_window},
                                                                     {"flush_interval", &Options::flush_interval},
                                                                     {"deferred_interval", &Options::deferred_interval},
                                                                     {"session_timeout", &Options::session_timeout},
                                                                     {"connect_timeout", &Options::connect_timeout},
                                                                     {"request_timeout", &Options::request_timeout},
                                                                     {"retry_base", &Options::retry_base},
                                                                     {"retry_cap", &Options::retry_cap},
                                                                     {"close_deadline", &Options::close_deadline}};
    for (const auto& [name, member] : times) {
        const auto time = member;
        expect_refused({{name, [time](Options& o) { o.*time = milliseconds(-1); }},
                        {name, [time](Options& o) { o.*time = hours(24 * 367); }},
                        {name, [time](Options& o) { o.*time = milliseconds::max(); }},
                        {name, [time](Options& o) { o.*time = milliseconds::min(); }}});
    }
}

TEST_F(OptionsTest, WhatMustTakeSomeTimeIsNotZeroAndWhatNeedNotMayBe) {
    expect_refused({{"connect_timeout", [](Options& o) { o.connect_timeout = milliseconds(0); }},
                    {"request_timeout", [](Options& o) { o.request_timeout = milliseconds(0); }},
                    {"retry_base", [](Options& o) { o.retry_base = milliseconds(0); }},
                    {"retry_cap", [](Options& o) { o.retry_cap = o.retry_base - milliseconds(1); }}});
    expect_taken({{"at once", [](Options& o) { o.flush_interval = o.deferred_interval = milliseconds(0); }},
                  {"no timeout", [](Options& o) { o.session_timeout = milliseconds(0); }},
                  {"no window", [](Options& o) { o.power_window = o.close_deadline = milliseconds(0); }},
                  {"one wait", [](Options& o) { o.retry_cap = o.retry_base = milliseconds(1); }},
                  {"a year", [](Options& o) { o.session_timeout = o.flush_interval = hours(24 * 366); }}});
}

TEST_F(OptionsTest, SizesHaveBounds) {
    expect_refused(
        {{"max_batch_events", [](Options& o) { o.max_batch_events = 0; }},
         {"max_batch_events", [](Options& o) { o.max_batch_events = 1'001; }},
         {"max_queue_bytes",
          [](Options& o) {
              o.storage_dir = "never made";
              o.max_queue_bytes = 640 * 1024 - 1;
          }},
         {"journal_bytes_per_thread",
          [](Options& o) { o.journal_bytes_per_thread = std::numeric_limits<std::size_t>::max(); }},
         {"journal_bytes_per_thread", [](Options& o) { o.journal_bytes_per_thread = (std::size_t{1} << 30) + 1; }}});
    expect_taken({{"one", [](Options& o) { o.max_batch_events = 1; }},
                  {"1,000", [](Options& o) { o.max_batch_events = 1'000; }},
                  {"a small journal", [](Options& o) { o.journal_bytes_per_thread = 0; }}});
}

TEST_F(OptionsTest, ASamplingRateIsAShare) {
    expect_refused({{"sampling",
                     [](Options& o) {
                         o.sampling = {{"", -0.01}};
                     }},
                    {"sampling",
                     [](Options& o) {
                         o.sampling = {{"", 1.01}};
                     }},
                    {"sampling", [](Options& o) {
                         o.sampling = {{"fine", 0.5}, {"x", std::nan("")}};
                     }}});
    expect_taken({{"all", [](Options& o) { o.sampling = {{"", 1.0}, {"other", 0.0}}; }}});
}

TEST_F(OptionsTest, TextsOfTheContextHaveAtMost255Bytes) {
    const std::function<std::string&(Options&)> texts[] = {
        [](Options& o) -> std::string& { return o.app_version; },
        [](Options& o) -> std::string& { return o.app_build; },
        [](Options& o) -> std::string& { return o.environment.os; },
        [](Options& o) -> std::string& { return o.environment.os_version; },
        [](Options& o) -> std::string& { return o.environment.arch; },
        [](Options& o) -> std::string& { return o.environment.locale; },
        [](Options& o) -> std::string& { return o.environment.time_zone; },
        [](Options& o) -> std::string& { return o.environment.screen; },
        [](Options& o) -> std::string& { return o.environment.device_class; },
        [](Options& o) -> std::string& { return o.environment.network_type; }};
    for (const auto& text : texts) {
        expect_refused({{"255 bytes", [&](Options& o) { text(o) = std::string(256, 'x'); }}});
    }
    expect_taken({{"all at once", [&](Options& o) {
                       for (const auto& text : texts) text(o) = std::string(255, 'x');
                   }}});
}

TEST_F(OptionsTest, GlobalPropertiesKeepTheRulesOfAllAndHaveAtMostEightKilobytes) {
    expect_refused({{"global_properties",
                     [](Options& o) {
                         o.global_properties = {{"", 1}};
                     }},
                    {"global_properties",
                     [](Options& o) {
                         o.global_properties = {{std::string(256, 'n'), 1}};
                     }},
                    {"global_properties", [](Options& o) {
                         o.global_properties = {{"x", std::string(8'192, 'x')}};
                     }}});
    expect_taken({{"nearly all", [](Options& o) { o.global_properties = {{"x", std::string(8'000, 'x')}}; }}});
}

TEST_F(OptionsTest, AnApplicationsNameIsOneThatTheDialectTakes) {
    const std::pair<Dialect, std::size_t> limits[] = {{Dialect::pulse, 64}, {Dialect::ingest, 255}};
    for (const auto& [dialect, limit] : limits) {
        const auto with_name = [dialect = dialect](std::size_t size) {
            return [dialect, size](Options& o) {
                o.dialect = dialect;
                o.app_name = std::string(size, 'n');
            };
        };
        expect_refused({{"app_name", with_name(limit + 1)}});
        expect_taken({{"app_name", with_name(limit)}});
    }
    expect_taken({{"app_name", [](Options& o) { o.app_name = std::string(1'000, 'n'); }}});
    expect_refused({{"app_name", [](Options& o) { o.app_name = std::string(102'400, 'n'); }}});
}

TEST_F(OptionsTest, HeadersThatAreTheClientsOwnAreRefused) {
    expect_refused({{"",
                     [](Options& o) {
                         o.network.headers = {{"Content-Type", "text/plain"}};
                     }},
                    {"", [](Options& o) {
                         o.network.headers = {{"X-Title", "two\nlines"}};
                     }}});
}

}  // namespace
}  // namespace pulsekit
