// Runs tests/data/agents/*.json: what is recognised of each agent; "*" is anything.
#include "ingest/user_agent.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "http/json.hpp"
#include "ingest/country.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::ingest {
namespace {

const UserAgents& agents() {
    static const UserAgents all;
    return all;
}

TEST(UserAgents, AreRecognisedAsTheFileSays) {
    if (agents().rules() == 0) GTEST_SKIP() << "built without the rules";
    std::ifstream file(std::string(PULSEKIT_TEST_DATA) + "/agents/agents.json");
    const auto cases = http::parse_json(std::string(std::istreambuf_iterator<char>(file), {})).value_or(http::Json());
    ASSERT_GE(cases.size(), 60u);
    for (const auto& one : cases) {
        const std::string agent = one.at("agent");
        SCOPED_TRACE(agent);
        const auto client = agents().recognise(agent);
        const auto expect = [&](const char* name, const std::string& actual) {
            const std::string wanted = one.at(name);
            if (wanted != "*") { EXPECT_EQ(actual, wanted) << name; }
        };
        expect("browser", client.browser);
        expect("browser_version", client.browser_version);
        expect("os", client.os);
        expect("os_version", client.os_version);
        expect("device_type", client.device_type);
        EXPECT_EQ(client.crawler, one.at("crawler").get<bool>());
    }
}

TEST(UserAgents, AskedAgainSayTheSame) {
    const std::string agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:123.0) Gecko/20100101 Firefox/123.0";
    const auto first = agents().recognise(agent);
    const auto second = agents().recognise(agent);
    EXPECT_EQ(first.browser, second.browser);
    EXPECT_EQ(first.os, second.os);
}

TEST(UserAgents, HostileOnesCostLittleAndChangeNothing) {
    const std::string long_one(100'000, 'a');
    agents().recognise(long_one);
    agents().recognise("Mozilla/5.0 " + std::string(900, '(') + "Android;" + std::string(100, 'b'));
    agents().recognise(std::string("\0\xff\xfe Mozilla", 11));
    std::string repeated;
    while (repeated.size() < 1'000) repeated += "Mozilla Android Mobile Safari Chrome/";
    agents().recognise(repeated);
    EXPECT_TRUE(
        agents().recognise("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)").crawler ||
        agents().rules() == 0);
}

TEST(UserAgents, ManyThreadsMayAsk) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([t] {
            for (int i = 0; i < 300; ++i) {
                const auto version = std::to_string(100 + (i + t) % 20);
                const auto client = agents().recognise(
                    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like "
                    "Gecko) Chrome/" +
                    version + ".0.0.0 Safari/537.36");
                if (agents().rules() != 0) { EXPECT_EQ(client.browser_version, version); }
            }
        });
    }
}

TEST(Countries, OfAddresses) {
    const std::string path = PULSEKIT_COUNTRY_DATABASE;
    if (path.empty()) GTEST_SKIP() << "built without the countries";
    const auto countries = Countries::open(path);
    ASSERT_TRUE(countries.ok()) << countries.error().message;
    EXPECT_EQ(countries->of("8.8.8.8"), "US");
    EXPECT_EQ(countries->of("::ffff:8.8.8.8"), "US");
    EXPECT_EQ(countries->of("2001:4860:4860::8888"), "US");
    EXPECT_EQ(countries->of("193.99.144.80"), "DE");
    EXPECT_EQ(countries->of("130.59.31.80"), "CH");
    for (const char* nobody : {"127.0.0.1", "10.1.2.3", "::1", "fe80::1", "", "nonsense", "1.2.3", "999.1.1.1"}) {
        EXPECT_EQ(countries->of(nobody), "") << nobody;
    }
}

TEST(Countries, AFileThatIsNoDatabaseIsSaidToBeNone) {
    const pulsekit::test::TemporaryFolder folder;
    EXPECT_FALSE(Countries::open(folder.file("missing.mmdb")).ok());
    std::ofstream(folder.file("bad.mmdb")) << "this is no database";
    const auto opened = Countries::open(folder.file("bad.mmdb"));
    ASSERT_FALSE(opened.ok());
    EXPECT_NE(opened.error().message.find("bad.mmdb"), std::string::npos);
}

}  // namespace
}  // namespace collector::ingest
