#include "src/uploader.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/records.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class UploaderTest : public testing::Test {
protected:
    UploaderTest() {
        options_.endpoint = "http://collector";
        options_.api_key = "key";
        options_.app_name = "app";
        options_.report_delivery = false;
        options_.on_rejected = [this](const Rejection& rejection) { rejected_.push_back(rejection); };
    }

    void fill(int count) {
        Intake intake;
        intake.records = test::context_frame();
        for (int i = 0; i < count; ++i) {
            intake.records +=
                test::sized(test::record("event-" + std::to_string(next_), static_cast<std::uint8_t>(next_)));
            ++next_;
        }
        intake.count = static_cast<std::uint32_t>(count);
        ASSERT_TRUE(queue_->append({intake}).ok());
    }

    Uploader make(test::FakeTransport::Answer answer) {
        transport_ = std::make_unique<test::FakeTransport>(std::move(answer));
        return Uploader({options_, clock_, random_, *transport_, wire::productgraph,
                         [this](const Diagnostic& d) { diagnostics_.push_back(d); }});
    }

    Uploader::Step step(Uploader& uploader) {
        auto result = uploader.step(*queue_, {});
        EXPECT_TRUE(result.ok());
        return result.ok() ? *result : Uploader::Step::waiting;
    }

    Options options_;
    test::FakeClock clock_;
    test::SeededRandom random_;
    std::unique_ptr<Queue> queue_ = open_memory_queue({});
    std::unique_ptr<test::FakeTransport> transport_;
    std::vector<Rejection> rejected_;
    std::vector<Diagnostic> diagnostics_;
    int next_ = 0;
};

TEST_F(UploaderTest, DeliversInBatches) {
    options_.max_batch_events = 10;
    auto uploader = make(test::all_accepted);
    EXPECT_EQ(step(uploader), Uploader::Step::idle);
    fill(25);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(step(uploader), Uploader::Step::progress);
    EXPECT_EQ(step(uploader), Uploader::Step::idle);
    EXPECT_EQ(transport_->count(), 3u);
    EXPECT_EQ(queue_->ledger().delivered, 25u);
}

TEST_F(UploaderTest, ANetworkFailureKeepsEverythingAndBacksOff) {
    bool up = false;
    auto uploader = make([&](const HttpRequest& request) -> Result<HttpResponse> {
        if (!up) return Error{ErrorCode::unavailable, "no route"};
        return test::all_accepted(request);
    });
    fill(5);
    EXPECT_EQ(step(uploader), Uploader::Step::waiting);
    EXPECT_EQ(queue_->ledger().queued(), 5u);
    EXPECT_TRUE(uploader.last_attempt_failed());
    for (int i = 0; i < 20; ++i) {
        clock_.advance(options_.retry_cap);
        EXPECT_EQ(step(uploader), Uploader::Step::waiting);
    }
    EXPECT_EQ(diagnostics_.size(), 1u);  // once for one problem
    up = true;
    clock_.advance(options_.retry_cap);
    EXPECT_EQ(step(uploader), Uploader::Step::progress);
    EXPECT_EQ(queue_->ledger().delivered, 5u);
    EXPECT_FALSE(uploader.last_attempt_failed());
}

TEST_F(UploaderTest, RetryAfterIsKeptAlsoWhenHurried) {
    auto uploader = make([](const HttpRequest&) -> Result<HttpResponse> {
        return HttpResponse{429, {{"retry-after", "30"}}, ""};
    });
    fill(1);
    EXPECT_EQ(step(uploader), Uploader::Step::waiting);
    uploader.hurry();
    clock_.advance(milliseconds(29'999));
    EXPECT_EQ(step(uploader), Uploader::Step::waiting);
    EXPECT_EQ(transport_->count(), 1u);
    clock_.advance(seconds(20));
    step(uploader);
    EXPECT_EQ(transport_->count(), 2u);
}

TEST_F(UploaderTest, AWaitOfOurOwnEndsWhenHurried) {
    auto uploader = make([](const HttpRequest&) -> Result<HttpResponse> { return HttpResponse{500, {}, ""}; });
    fill(1);
    step(uploader);
    uploader.hurry();
    step(uploader);
    EXPECT_EQ(transport_->count(), 2u);
}

TEST_F(UploaderTest, ARevokedKeyKeepsTheQueueAndTriesSeldom) {
    auto uploader = make([](const HttpRequest&) -> Result<HttpResponse> {
        return HttpResponse{401, {}, "{\"error\":\"invalid API key\"}"};
    });
    fill(3);
    EXPECT_EQ(step(uploader), Uploader::Step::waiting);
    clock_.advance(seconds(59));
    EXPECT_EQ(step(uploader), Uploader::Step::waiting);
    EXPECT_EQ(transport_->count(), 1u);
    EXPECT_EQ(queue_->ledger().queued(), 3u);
    ASSERT_EQ(diagnostics_.size(), 1u);
    EXPECT_NE(diagnostics_[0].message.find("invalid API key"), std::string::npos);
}

TEST_F(UploaderTest, RejectedEventsAreReportedAndTheRestIsDelivered) {
    auto uploader = make([](const HttpRequest&) -> Result<HttpResponse> {
        return HttpResponse{
            202, {}, R"({"accepted":2,"rejected":1,"errors":[{"index":1,"error":"page.path: must be a string"}]})"};
    });
    fill(3);
    EXPECT_EQ(step(uploader), Uploader::Step::progress);
    EXPECT_EQ(queue_->ledger().delivered, 2u);
    EXPECT_EQ(queue_->ledger().dropped.at("rejected"), 1u);
    ASSERT_EQ(rejected_.size(), 1u);
    EXPECT_EQ(rejected_[0].name, "event-1");
    EXPECT_EQ(rejected_[0].message, "page.path: must be a string");
}

TEST_F(UploaderTest, OnePoisonousEventIsFoundByHalvingAndBlocksNobody) {
    auto uploader = make([](const HttpRequest& request) -> Result<HttpResponse> {
        if (test::plain_body(request).find("event-37\"") != std::string::npos)
            return HttpResponse{400, {}, R"({"error":"invalid JSON"})"};
        return test::all_accepted(request);
    });
    fill(100);
    int steps = 0;
    while (step(uploader) == Uploader::Step::progress) ASSERT_LT(++steps, 40);
    EXPECT_EQ(queue_->ledger().delivered, 99u);
    EXPECT_EQ(queue_->ledger().dropped.at("rejected"), 1u);
    ASSERT_EQ(rejected_.size(), 1u);
    EXPECT_EQ(rejected_[0].name, "event-37");
}

TEST_F(UploaderTest, ABatchTheCollectorCannotTakeIsMadeSmaller) {
    auto uploader = make([](const HttpRequest& request) -> Result<HttpResponse> {
        if (test::count_events(request) > 30) return HttpResponse{413, {}, ""};
        return test::all_accepted(request);
    });
    fill(200);
    int steps = 0;
    while (step(uploader) == Uploader::Step::progress) ASSERT_LT(++steps, 60);
    EXPECT_EQ(queue_->ledger().delivered, 200u);
    EXPECT_TRUE(rejected_.empty());
}

TEST_F(UploaderTest, LargeBodiesAreCompressedAndTheKeyIsSent) {
    HttpRequest seen;
    auto uploader = make([&](const HttpRequest& request) -> Result<HttpResponse> {
        seen = request;
        return test::all_accepted(request);
    });
    fill(50);
    EXPECT_EQ(step(uploader), Uploader::Step::progress);
    EXPECT_EQ(seen.url, "http://collector/v1/events");
    const auto has = [&](const char* name, const char* value) {
        return std::count(seen.headers.begin(), seen.headers.end(), std::pair<std::string, std::string>(name, value)) ==
               1;
    };
    EXPECT_TRUE(has("Content-Encoding", "gzip"));
    EXPECT_TRUE(has("Content-Type", "application/json"));
    EXPECT_TRUE(has("X-PG-API-Key", "key"));
    EXPECT_LT(seen.body.size() * 4, test::plain_body(seen).size());
}

}  // namespace
}  // namespace pulsekit
