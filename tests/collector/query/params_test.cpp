#include "query/params.hpp"

#include <gtest/gtest.h>

#include "query/ratio.hpp"
#include "tests/collector/query/asking.hpp"
#include "tests/support/fake_store.hpp"

namespace collector::query {
namespace {

constexpr std::int64_t kNow = 1'772'712'000'000;  // 2026-03-05T12:00:00Z

TEST(Params, ALargeLimitIsCutAndALargeOffsetIsNot) {
    const auto at = [](const std::string& query) {
        return parse(test::request("/x?" + query), {.limit = 10, .offset = true}, kNow);
    };
    EXPECT_EQ(at("limit=1000")->page.limit, 1000);
    EXPECT_EQ(at("limit=1001")->page.limit, 1000);
    EXPECT_EQ(at("limit=99999999999999999999999")->page.limit, 1000);
    EXPECT_EQ(at("limit=007")->page.limit, 7);
    EXPECT_EQ(at("offset=99999999999999999999999")->page.offset, INT64_MAX);
    EXPECT_EQ(at("")->page.limit, 10);
    EXPECT_EQ(at("")->page.offset, 0);
    for (const char* bad : {"limit=0", "limit=-99999999999999999999999", "limit=1e3", "limit=0x10", "limit=-",
                            "limit=%2B5", "limit=5%20", "offset=-1", "offset=1.0"}) {
        EXPECT_FALSE(at(bad).ok()) << bad;
    }
    EXPECT_EQ(at("limit=3&limit=none")->page.limit, 3);  // the first counts
}

TEST(Params, ABareDateIsItsMidnightOrTheEndOfItsDay) {
    const auto params = parse(test::request("/x?start_at=2026-03-01&end_at=2026-03-02"), {.range = true}, kNow);
    ASSERT_TRUE(params.ok());
    EXPECT_EQ(params->range.from_ms, 1'772'323'200'000);
    EXPECT_EQ(params->range.to_ms, 1'772'323'200'000 + 2 * 86'400'000 - 1);
}

TEST(Params, OnlyWhatIsDeclaredIsLookedAt) {
    EXPECT_TRUE(parse(test::request("/x?start_at=never&limit=none"), {}, kNow).ok());
    EXPECT_TRUE(parse(test::request("/x?start_at=never"), {.limit = 10, .offset = true}, kNow).ok());
    EXPECT_TRUE(parse(test::request("/x?limit=none"), {.range = true}, kNow).ok());
}

TEST(Params, ARangeWithoutEndsIsOfAllTimeWhereThatIsTaken) {
    const auto at = [](const std::string& query) {
        return parse(test::request("/x" + query), {.all_time = true}, kNow);
    };
    EXPECT_EQ(at("")->range.from_ms, -62'135'596'800'000);  // 0001-01-01
    EXPECT_EQ(at("")->range.to_ms, 253'402'300'799'999);    // the end of 9999
    EXPECT_EQ(at("?start_at=2026-03-05T12:00:00Z")->range.from_ms, kNow);
    EXPECT_EQ(at("?end_at=2026-03-05T12:00:00Z")->range.to_ms, kNow);
    EXPECT_EQ(at("?end_at=2026-03-05T12:00:00Z")->range.from_ms, -62'135'596'800'000);
}

TEST(Params, ALimitMayBeStrict) {
    const Takes takes{.limit = 7, .max_limit = 20, .strict_limit = true};
    const auto at = [&](const std::string& query) { return parse(test::request("/x?" + query), takes, kNow); };
    EXPECT_EQ(at("")->page.limit, 7);
    EXPECT_EQ(at("limit=20")->page.limit, 20);
    EXPECT_EQ(at("limit=20&offset=x")->page.offset, 0);  // it takes none
    EXPECT_EQ(at("limit=21").error().message, "Invalid value for 'limit': must be at most 20.");
}

TEST(Params, OnesOwnAreTexts) {
    static constexpr std::string_view kWords[] = {"day", "week"};
    static constexpr Parameter kOwn[] = {{.name = "path", .summary = "", .required = true},
                                         {.name = "by", .summary = "", .one_of = kWords, .otherwise = "week"},
                                         {.name = "user", .summary = ""}};
    const auto at = [&](const std::string& query) { return parse(test::request("/x?" + query), {.own = kOwn}, kNow); };
    const auto params = at("path=%2Fa%26b&color=blue");
    ASSERT_TRUE(params.ok());
    EXPECT_EQ(params->own, (std::map<std::string_view, std::string>{{"path", "/a&b"}, {"by", "week"}}));
    EXPECT_EQ(params->text("user"), "");
    EXPECT_EQ(at("path=/&by=day&user=u")->text("by"), "day");
    EXPECT_EQ(at("").error().message, "Missing required query parameter 'path'.");
    EXPECT_EQ(at("path=").error().message, "Missing required query parameter 'path'.");
    EXPECT_EQ(at("path=/&by=").error().message, "Invalid value for 'by': must be one of: day, week.");
    EXPECT_EQ(at("path=/&by=Day").error().message, "Invalid value for 'by': must be one of: day, week.");
}

TEST(Ratio, RoundsHalfAwayFromZeroOnIntegers) {
    EXPECT_EQ(ratio(100, 16, 1), 6.3);  // 6.25
    EXPECT_EQ(ratio(100 * 1, 8, 1), 12.5);
    EXPECT_EQ(ratio(1842 * 100, 3241, 1), 56.8);
    EXPECT_EQ(ratio(84 * 100, 3241, 2), 2.59);
    EXPECT_EQ(ratio(1005, 1000, 2), 1.01);  // 1.005, which a double cannot hold
    EXPECT_EQ(ratio(1, 3, 0), 0);
    EXPECT_EQ(ratio(1, 2, 0), 1);
    EXPECT_EQ(ratio(0, 7, 1), 0);
    EXPECT_EQ(ratio(5, 0, 1), 0);
    EXPECT_EQ(ratio(999'999, 1000, 1), 1000.0);
    EXPECT_EQ(http::to_text(http::Json(ratio(321, 10, 1))), "32.1");
}

TEST(Ratio, IsNeverMoreThanItIs) {
    EXPECT_EQ(ratio(INT64_MAX, 1, 2), static_cast<double>(INT64_MAX));
    EXPECT_EQ(ratio(INT64_MAX, INT64_MAX, 0), 1);
}

TEST(Mean, RoundsMillionthsOfReals) {
    EXPECT_EQ(mean(0.1 + 0.2, 2, 1), 0.2);  // 0.15, of which doubles make less
    EXPECT_EQ(mean(1.005, 1, 2), 1.01);
    EXPECT_EQ(mean(-1.005, 1, 2), -1.01);
    EXPECT_EQ(mean(2.5, 0, 1), 0);
    EXPECT_EQ(rounded(19.99, 2), 19.99);
    EXPECT_EQ(rounded(1e300, 2), 1e300);
    EXPECT_EQ(http::to_text(http::Json(rounded(-0.001, 2))), "0.0");
}

TEST(Answer, AStoreThatCannotServeIsTheServersFaultAndSaidSo) {
    collector::test::FakeStore store;
    pulsekit::test::FixedClock clock(kNow);
    test::Nothing nothing;
    std::string logged;
    const Sources sources{.store = store,
                          .definitions = nothing.definitions(),
                          .experiments = nothing.experiments(),
                          .surveys = nothing.surveys(),
                          .shares = nothing.shares(),
                          .clock = clock,
                          .log = [&](std::string_view line) { logged = line; },
                          .stop = {},
                          .open_project = {}};
    const auto response = answer(*modules().front(), test::request("/api/v1/stats"), sources, test::project("p"));
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.body, R"({"error":"Service unavailable. Retry after 1 second."})");
    ASSERT_EQ(response.headers.size(), 1u);
    EXPECT_EQ(response.headers[0], (std::pair<std::string, std::string>("Retry-After", "1")));
    EXPECT_EQ(logged, "/api/v1/stats: the disk is gone");
}

}  // namespace
}  // namespace collector::query
