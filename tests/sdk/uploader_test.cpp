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
        return Uploader({options_, clock_, random_, *transport_, wire::wire_of(options_.dialect),
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

// While the collector is at work, the next request is made ready: nothing of that may show in what arrives.
TEST_F(UploaderTest, WhatIsMadeReadyAheadIsSentInOrderAndOnce) {
    options_.max_batch_events = 4;
    fill(24);
    std::vector<std::string> arrived;
    const auto names = [](const HttpRequest& request) {
        std::string found;
        const std::string body = test::plain_body(request);
        for (auto at = body.find("event-"); at != std::string::npos; at = body.find("event-", at + 1)) {
            found += body.substr(at + 6, body.find('"', at) - at - 6) + " ";
        }
        return found;
    };
    int request = 0;
    auto uploader = make([&](const HttpRequest& sent) -> Result<HttpResponse> {
        EXPECT_TRUE(sent.keep_waiting());
        EXPECT_TRUE(sent.keep_waiting());
        arrived.push_back(names(sent));
        switch (++request) {
            case 2: return Error{ErrorCode::unavailable, "reset"};
            case 4: return HttpResponse{413, {}, ""};
            case 6: return HttpResponse{202, {}, R"({"accepted":3,"rejected":1,"errors":[{"index":0,"error":"no"}]})"};
            default: return test::all_accepted(sent);
        }
    });
    while (queue_->ledger().queued() > 0) {
        clock_.advance(std::chrono::minutes(10));
        ASSERT_TRUE(uploader.step(*queue_, [] { return true; }).ok());
    }
    EXPECT_EQ(arrived, (std::vector<std::string>{"0 1 2 3 ", "4 5 6 7 ", "4 5 6 7 ", "8 9 10 11 ", "8 9 ",
                                                 "10 11 12 13 ", "14 15 16 17 ", "18 19 20 21 ", "22 23 "}));
    EXPECT_EQ(queue_->ledger().delivered, 23u);
    ASSERT_EQ(rejected_.size(), 1u);
    EXPECT_EQ(rejected_[0].name, "event-10");
}

TEST_F(UploaderTest, WhatIsMadeReadyAheadIsForgottenWithTheQueueThatItWasOf) {
    options_.max_batch_events = 4;
    fill(12);
    auto uploader = make([&](const HttpRequest& sent) -> Result<HttpResponse> {
        EXPECT_TRUE(sent.keep_waiting());
        return test::all_accepted(sent);
    });
    ASSERT_TRUE(uploader.step(*queue_, [] { return true; }).ok());
    uploader.forget_next();
    ASSERT_TRUE(queue_->erase_all("consent").ok());
    EXPECT_EQ(step(uploader), Uploader::Step::idle);
    EXPECT_EQ(queue_->ledger().delivered, 4u);
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

/// What the requests said of the ledger: of each request the ids of its reports.
class ReportTest : public UploaderTest {
protected:
    using Ids = std::vector<std::string>;

    Uploader make_reporting(test::FakeTransport::Answer answer) {
        options_.report_delivery = true;
        auto uploader = make([this, answer](const HttpRequest& request) {
            sent_.push_back(reports_in(test::plain_body(request)));
            return answer(request);
        });
        uploader.set_context(test::context().encoded());
        return uploader;
    }
    static Ids reports_in(const std::string& body) {
        Ids ids;
        for (auto at = body.find("\"pulsekit.delivery\""); at != std::string::npos;
             at = body.find("\"pulsekit.delivery\"", at + 1)) {
            const auto id = body.rfind("id\":\"", at);
            ids.push_back(body.substr(id + 5, 36));
        }
        return ids;
    }
    static HttpResponse one_taken(const HttpRequest&) { return {200, {}, R"({"status":"success","eventId":"e"})"}; }
    std::uint64_t reported() const { return queue_->state().reported.accepted; }
    std::vector<Ids> sent_;
};

TEST_F(ReportTest, GoesWithTheNextBatchAndIsInNoLedger) {
    auto uploader = make_reporting(test::all_accepted);
    EXPECT_EQ(step(uploader), Uploader::Step::idle);
    fill(3);
    EXPECT_EQ(step(uploader), Uploader::Step::progress);
    EXPECT_EQ(sent_.back().size(), 1u);
    EXPECT_EQ(reported(), 3u);
    EXPECT_EQ(queue_->ledger().accepted, 3u);
    EXPECT_EQ(queue_->ledger().delivered, 3u);
    // That the three were delivered is news, but without a batch it waits.
    EXPECT_EQ(step(uploader), Uploader::Step::idle);
    EXPECT_EQ(transport_->count(), 1u);
    fill(1);
    EXPECT_EQ(step(uploader), Uploader::Step::progress);
    EXPECT_EQ(sent_.back().size(), 1u);
    EXPECT_NE(sent_[0], sent_[1]);
    EXPECT_EQ(queue_->state().reported.delivered, 3u);
    EXPECT_TRUE(queue_->state().reports.empty());
}

TEST_F(ReportTest, WithoutNewsThereIsNone) {
    auto uploader = make_reporting(test::all_accepted);
    fill(3);
    ASSERT_TRUE(queue_->begin_report(test::context_frame() + test::sized(test::record("pulsekit.delivery"))).ok());
    EXPECT_EQ(step(uploader), Uploader::Step::progress);
    EXPECT_EQ(sent_.back().size(), 1u);  // that one alone
    EXPECT_EQ(step(uploader), Uploader::Step::idle);
}

TEST_F(ReportTest, IsSentAgainAsItIsUntilItIsAnswered) {
    bool lost = true;
    auto uploader = make_reporting([&](const HttpRequest& request) -> Result<HttpResponse> {
        if (lost) return Error{ErrorCode::unavailable, "reset"};
        return test::all_accepted(request);
    });
    for (int i = 0; i < 5; ++i) {
        fill(2);  // news that the report under way does not have
        EXPECT_EQ(step(uploader), Uploader::Step::waiting);
        clock_.advance(options_.retry_cap);
    }
    lost = false;
    EXPECT_EQ(step(uploader), Uploader::Step::progress);
    for (const auto& ids : sent_) EXPECT_EQ(ids, sent_[0]);
    EXPECT_EQ(sent_[0].size(), 1u);
    EXPECT_EQ(reported(), 2u);
    fill(1);
    EXPECT_EQ(step(uploader), Uploader::Step::progress);
    EXPECT_NE(sent_.back(), sent_[0]);
    EXPECT_EQ(reported(), 11u);
}

TEST_F(ReportTest, OfSeveralUnderWayAllGoAtOnce) {
    auto uploader = make_reporting(test::all_accepted);
    for (std::uint8_t id = 1; id <= 3; ++id) {  // as after two queues were taken over
        const auto report = test::context_frame() + test::sized(test::record("pulsekit.delivery", id));
        ASSERT_TRUE(queue_->begin_report(report).ok());
    }
    fill(1);
    EXPECT_EQ(step(uploader), Uploader::Step::progress);
    EXPECT_EQ(sent_.back().size(), 3u);
    EXPECT_TRUE(queue_->state().reports.empty());
    EXPECT_EQ(queue_->ledger().delivered, 1u);
}

TEST_F(ReportTest, WithOneEventARequestGoesOnceAMinute) {
    for (const bool by_dialect : {true, false}) {
        options_.dialect = by_dialect ? Dialect::ingest : Dialect::productgraph;
        options_.max_batch_events = by_dialect ? 1'000 : 1;
        queue_ = open_memory_queue({});
        sent_.clear();
        auto uploader = make_reporting([&](const HttpRequest& request) -> Result<HttpResponse> {
            return by_dialect ? one_taken(request) : test::all_accepted(request);
        });
        fill(5);
        while (step(uploader) == Uploader::Step::progress) {}
        EXPECT_EQ(transport_->count(), 6u);
        EXPECT_EQ(sent_[0].size(), 1u);  // alone
        clock_.advance(milliseconds(59'999));
        fill(2);
        while (step(uploader) == Uploader::Step::progress) {}
        EXPECT_EQ(transport_->count(), 8u);
        clock_.advance(milliseconds(1));
        fill(1);
        while (step(uploader) == Uploader::Step::progress) {}
        EXPECT_EQ(transport_->count(), 10u);
        std::size_t reports = 0;
        for (const auto& ids : sent_) reports += ids.size();
        EXPECT_EQ(reports, 2u);
        EXPECT_EQ(reported(), 8u);
        EXPECT_EQ(queue_->ledger().delivered, 8u);
    }
}

TEST_F(ReportTest, WithOneEventARequestALostReplyRepeatsIt) {
    options_.dialect = Dialect::ingest;
    int requests = 0;
    auto uploader = make_reporting([&](const HttpRequest& request) -> Result<HttpResponse> {
        if (++requests <= 3) return Error{ErrorCode::unavailable, "reset"};
        return one_taken(request);
    });
    fill(1);
    for (int i = 0; i < 5; ++i) {
        step(uploader);
        clock_.advance(options_.retry_cap);
    }
    ASSERT_EQ(sent_.size(), 5u);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(sent_[i], sent_[0]);
    EXPECT_TRUE(sent_[4].empty());
    EXPECT_EQ(queue_->ledger().delivered, 1u);
}

TEST_F(ReportTest, RefusedIsNotRepeatedNorCountedNorTold) {
    struct Refusal {
        Dialect dialect;
        HttpResponse (*answer)(const HttpRequest& request);
    };
    const Refusal refusals[] = {
        {Dialect::productgraph,
         [](const HttpRequest& request) -> HttpResponse {
             const auto events = test::count_events(request);
             return {202,
                     {},
                     "{\"accepted\":" + std::to_string(events - 1) + ",\"rejected\":1,\"errors\":[{\"index\":" +
                         std::to_string(events - 1) + ",\"error\":\"no such event\"}]}"};
         }},
        {Dialect::gateway,
         [](const HttpRequest& request) -> HttpResponse {
             if (!reports_in(test::plain_body(request)).empty())
                 return {400, {}, R"({"success":false,"error":{"message":"events[3]: no such name"}})"};
             return {201, {}, R"({"success":true,"data":{"ingested":3}})"};
         }},
        {Dialect::analytics,
         [](const HttpRequest& request) -> HttpResponse {
             if (!reports_in(test::plain_body(request)).empty())
                 return {403, {}, R"({"error":"Module 'events' is disabled."})"};
             return {200, {}, R"({"ok":true})"};
         }},
        {Dialect::ingest,
         [](const HttpRequest& request) -> HttpResponse {
             if (!reports_in(test::plain_body(request)).empty()) return {400, {}, "no"};
             return one_taken(request);
         }},
    };
    for (const auto& refusal : refusals) {
        SCOPED_TRACE(static_cast<int>(refusal.dialect));
        options_.dialect = refusal.dialect;
        queue_ = open_memory_queue({});
        sent_.clear();
        auto uploader =
            make_reporting([&](const HttpRequest& request) -> Result<HttpResponse> { return refusal.answer(request); });
        fill(3);
        while (step(uploader) == Uploader::Step::progress) {}
        EXPECT_EQ(queue_->ledger().delivered, 3u);
        EXPECT_EQ(queue_->ledger().accepted, 3u);
        EXPECT_TRUE(queue_->ledger().dropped.empty());
        EXPECT_TRUE(rejected_.empty());
        std::size_t reports = 0;
        for (const auto& ids : sent_) reports += ids.size();
        EXPECT_EQ(reports, 1u);
        EXPECT_TRUE(queue_->state().reports.empty());
    }
}

TEST_F(ReportTest, ABatchThatIsTakenApartLeavesItOutUntilItIsWholeAgain) {
    options_.max_batch_events = 8;
    auto uploader = make_reporting([](const HttpRequest& request) -> Result<HttpResponse> {
        if (test::plain_body(request).find("\"event-2\"") != std::string::npos) return HttpResponse{400, {}, "no"};
        return test::all_accepted(request);
    });
    fill(20);
    int steps = 0;
    while (step(uploader) == Uploader::Step::progress) ASSERT_LT(++steps, 40);
    EXPECT_EQ(queue_->ledger().delivered, 19u);
    EXPECT_EQ(rejected_.size(), 1u);
    ASSERT_GT(sent_.size(), 4u);
    EXPECT_EQ(sent_[0].size(), 1u);
    EXPECT_TRUE(sent_[1].empty());
    EXPECT_TRUE(sent_[2].empty());
    const auto again = std::find(sent_.begin() + 1, sent_.end(), sent_[0]);  // the same, when its turn comes
    EXPECT_NE(again, sent_.end());
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
