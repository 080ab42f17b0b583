// Bodies that were made to do harm, at every door: each gets an answer that blames its sender, and nobody else suffers.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "support/gzip.hpp"
#include "tests/support/exposition.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/survival/doors.hpp"

namespace pulsekit {
namespace {

using test::CollectorProcess;
using test::Door;

struct Body {
    std::string name;
    std::string bytes;
    std::string encoding = {};
    bool json = false;  ///< it is sound JSON, whatever it means
};

std::string repeated(const std::string& text, std::size_t count) {
    std::string all;
    all.reserve(text.size() * count);
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

std::string zipped(const std::string& text) { return gzip::compress(text).value(); }

std::vector<Body> hostile_bodies() {
    using namespace std::string_literals;
    const std::string whole = zipped("{\"events\":[]}");
    std::vector<Body> all = {
        {"nothing", ""},
        {"spaces", "  \n\t "},
        {"a byte order mark", "\xef\xbb\xbf{}"},
        {"a gzip bomb", zipped(std::string(200'000'000, ' ')), "gzip"},
        {"gzip of gzip", zipped(zipped("{}")), "gzip"},
        {"half a gzip", whole.substr(0, whole.size() / 2), "gzip"},
        {"gzip and something more", whole + "garbage", "gzip"},
        {"no gzip", "{}", "gzip"},
        {"nested 100,000 deep", repeated("[", 100'000) + repeated("]", 100'000)},
        {"objects nested 100,000 deep", repeated("{\"a\":", 100'000) + "1" + repeated("}", 100'000)},
        {"opened a million times", repeated("[", 1'000'000)},
        {"a number beyond a double", "{\"a\":1e309}"},
        {"two documents", "{}{}"},
        {"invalid UTF-8", "{\"a\":\"\xff\xfe\"}"},
        {"an overlong form", "{\"a\":\"\xc0\xaf\"}"},
        {"a surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}"},
        {"half a surrogate pair", R"({"a":"\ud800"})"},
        {"a NUL in the text", "{\"a\":\"x\0y\"}"s},
        {"NULs", std::string(1000, '\0')},
        {"a comment", "{/**/}"},
        {"a trailing comma", "{\"a\":1,}"},
        {"single quotes", "{'a':1}"},
        {"NaN", "{\"a\":NaN}"},
        {"a leading zero", "{\"a\":01}"},
        {"a control character", "{\"a\":\"\x01\"}"},
        {"an unfinished text", "{\"a\":\""},
        {"400 digits", "{\"a\":" + repeated("9", 300) + "}", {}, true},
        {"the smallest numbers", R"({"a":-0,"b":1e-400,"c":-1e-5})", {}, true},
        {"an escaped NUL", R"({"a":"\u0000"})", {}, true},
        {"10 MB of one text", "{\"a\":\"" + std::string(10'000'000, 'x') + "\"}", {}, true},
        {"a million elements", "{\"events\":[" + repeated("0,", 999'999) + "0]}", {}, true},
        {"null", "null", {}, true},
        {"a list", "[]", {}, true},
    };
    std::string members = "{";
    for (int i = 0; i < 100'000; ++i) members += "\"k" + std::to_string(i % 1000) + "\":1,";
    all.push_back({"100,000 members, most of them repeated", members + "\"z\":1}", {}, true});
    return all;
}

[[maybe_unused]] long resident_kb(pid_t process) {
    std::ifstream status("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.compare(0, 6, "VmRSS:") == 0) return std::stol(line.substr(6));
    }
    return 0;
}

TEST(Hostile, BodiesAreRefusedAtEveryDoorAndHarmNobody) {
    const test::TemporaryFolder folder;
    ::setenv("PULSE_RATE_INGEST", "0", 1);
    CollectorProcess collector(folder.file("data"));
    ::unsetenv("PULSE_RATE_INGEST");
    int good = 0;
    for (const auto& body : hostile_bodies()) {
        for (const Door& door : test::doors()) {
            SCOPED_TRACE(body.name + " at " + door.path);
            const auto reply = test::knock(collector, door, body.bytes, body.encoding);
            EXPECT_GE(reply.status, 200);
            EXPECT_LT(reply.status, 500) << reply.body.substr(0, 200);
            if (!body.json) { EXPECT_GE(reply.status, 400) << reply.body.substr(0, 200); }
            EXPECT_TRUE(nlohmann::json::accept(reply.body)) << reply.body.substr(0, 200);
            const auto fine = test::knock(collector, door, test::event_at(door, "good-" + std::to_string(good++)));
            EXPECT_EQ(fine.status, door.success) << fine.body;
        }
    }
    EXPECT_EQ(collector.stored_ids().count("good-0"), 1u);
    std::size_t stored = 0;
    for (const auto& [id, count] : collector.stored_ids()) stored += id.compare(0, 5, "good-") == 0 ? 1u : 0u;
    EXPECT_EQ(stored, static_cast<std::size_t>(good));
#if !defined(PULSEKIT_SANITIZED)
    EXPECT_LT(resident_kb(collector.process_id()), 400 * 1024);
#endif
    // What came in is what became of it.
    const auto reply = test::http("GET", collector.url() + "/metrics");
    const test::Metrics metrics(reply.body);
    for (const char* dialect : {"pulse", "gateway", "analytics", "productgraph", "ingest"}) {
        const auto of = [&](const std::string& outcome) {
            return metrics.at("pulse_events_" + outcome + "_total", {{"dialect", dialect}});
        };
        double rejected = 0;
        std::istringstream lines(reply.body);
        for (std::string line; std::getline(lines, line);) {
            const std::string wanted = "pulse_events_rejected_total{dialect=\"" + std::string(dialect) + "\"";
            if (line.compare(0, wanted.size(), wanted) == 0) rejected += std::stod(line.substr(line.rfind(' ')));
        }
        EXPECT_EQ(of("received"), of("stored") + of("duplicate") + of("filtered") + rejected) << dialect;
    }
    EXPECT_EQ(collector.stop(), 0);
}

}  // namespace
}  // namespace pulsekit
