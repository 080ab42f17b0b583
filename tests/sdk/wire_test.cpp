#include "src/wire/wire.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/records.hpp"

namespace pulsekit::wire {
namespace {

constexpr std::int64_t kNow = 784111777000;  // Sun, 06 Nov 1994 08:49:37 GMT

std::string record_of(RecordType type, const std::string& name, const std::string& user, std::uint8_t id,
                      const Properties& properties) {
    Context context;
    context.session.bytes.fill(0x11);
    context.user_id = user;
    context.device_id = "device-1";
    context.app_version = "1.4.2";
    const std::string encoded = context.encoded();
    RecordHead head{type, {}, 1'705'314'600'123 + id, encoded, name, PropertiesAccess::count(properties)};
    head.id.bytes.fill(id);
    std::string out(head.encoded_size() + PropertiesAccess::encoded(properties).size(), '\0');
    ByteWriter writer(&out[0]);
    head.encode(writer);
    writer.bytes(PropertiesAccess::encoded(properties));
    return out;
}

/// The same request that the collector's tests read: what this side says is what that side hears.
TEST(ProductgraphWire, SaysWhatTheCollectorsTestsHear) {
    const std::vector<std::string> records = {
        record_of(RecordType::identify, "identify", "u-1", 1, Properties().set("plan", "pro")),
        record_of(RecordType::screen, "main menu", "u-1", 2, Properties()),
        record_of(RecordType::screen, "/shop/items", "u-1", 3, Properties()),
        record_of(RecordType::track, "level_complete", "", 4,
                  Properties()
                      .set("level", 3)
                      .set("score", 1234.5)
                      .set("win", true)
                      .set("map", "ca\xC3\xB1on \"x\"")
                      .set("none", nullptr)),
    };
    std::vector<RecordView> events;
    for (const auto& record : records) events.push_back(*RecordView::parse(record));
    const std::string body = productgraph.encode(events, {"space game"});

    const std::string path = std::string(PULSEKIT_TEST_DATA) + "/contract/productgraph.json";
    if (std::getenv("PULSEKIT_UPDATE_GOLDEN")) std::ofstream(path) << body << '\n';
    std::ifstream file(path);
    std::stringstream golden;
    golden << file.rdbuf();
    EXPECT_EQ(body + "\n", golden.str());
}

struct Case {
    const char* what;
    HttpResponse response;
    std::size_t events;
    Verdict::Kind kind;
    std::int64_t retry_after_ms = -1;
};

TEST(Verdict, EachAnswerGetsItsOwn) {
    using Kind = Verdict::Kind;
    const std::string fine = R"({"accepted":2,"rejected":0,"errors":[]})";
    const Case cases[] = {
        {"all accepted", {202, {}, fine}, 2, Kind::settled},
        {"unknown members are skipped",
         {202, {}, R"({"accepted":2,"x":[{"y":1}],"rejected":0,"errors":[]})"},
         2,
         Kind::settled},
        {"a captive portal", {200, {}, "<html>Log in</html>"}, 2, Kind::retry},
        {"an empty 2xx", {202, {}, ""}, 2, Kind::retry},
        {"a cut 2xx", {202, {}, fine.substr(0, 20)}, 2, Kind::retry},
        {"counts that do not add up", {202, {}, fine}, 3, Kind::retry},
        {"an index out of range",
         {202, {}, R"({"accepted":1,"rejected":1,"errors":[{"index":2,"error":"x"}]})"},
         2,
         Kind::retry},
        {"400 for many", {400, {}, R"({"error":"invalid JSON"})"}, 2, Kind::split},
        {"400 for one", {400, {}, R"({"error":"invalid JSON"})"}, 1, Kind::rejected},
        {"batch too large", {400, {}, R"({"error":"batch too large"})"}, 900, Kind::split},
        {"413 for many", {413, {}, ""}, 2, Kind::split},
        {"413 for one", {413, {}, ""}, 1, Kind::rejected},
        {"401", {401, {}, ""}, 2, Kind::pause},
        {"403", {403, {}, ""}, 2, Kind::pause},
        {"404: a wrong address", {404, {}, ""}, 2, Kind::pause},
        {"405", {405, {}, ""}, 2, Kind::pause},
        {"a redirect", {302, {{"location", "https://x"}}, ""}, 2, Kind::pause},
        {"408", {408, {}, ""}, 2, Kind::retry},
        {"429", {429, {{"retry-after", "7"}}, ""}, 2, Kind::retry, 7'000},
        {"429 with a date", {429, {{"retry-after", "Sun, 06 Nov 1994 08:50:37 GMT"}}, ""}, 2, Kind::retry, 60'000},
        {"503 with a date in the past",
         {503, {{"retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"}}, ""},
         2,
         Kind::retry,
         0},
        {"an absurd Retry-After is capped", {429, {{"retry-after", "999999999999"}}, ""}, 2, Kind::retry, 86'400'000},
        {"nonsense in Retry-After", {429, {{"retry-after", "soon"}}, ""}, 2, Kind::retry},
        {"500", {500, {}, ""}, 2, Kind::retry},
        {"502", {502, {}, "<html>"}, 2, Kind::retry},
    };
    for (const auto& c : cases) {
        const Verdict verdict = judge(productgraph, c.response, c.events, kNow);
        EXPECT_EQ(verdict.kind, c.kind) << c.what;
        const std::int64_t waited = verdict.retry_after ? verdict.retry_after->count() : -1;
        EXPECT_EQ(waited, c.retry_after_ms) << c.what;
    }
}

TEST(Verdict, NamesTheRejectedEvents) {
    const Verdict verdict = judge(
        productgraph,
        {202,
         {},
         R"({"accepted":1,"rejected":2,"errors":[{"index":0,"error":"event_id: required"},{"error":"too big","index":2}]})"},
        3, kNow);
    ASSERT_EQ(verdict.kind, Verdict::Kind::settled);
    ASSERT_EQ(verdict.rejections.size(), 2u);
    EXPECT_EQ(verdict.rejections[0].index, 0u);
    EXPECT_EQ(verdict.rejections[0].message, "event_id: required");
    EXPECT_EQ(verdict.rejections[1].index, 2u);
}

}  // namespace
}  // namespace pulsekit::wire
