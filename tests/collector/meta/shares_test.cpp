// Shared dashboards, and who gets into them.
#include "meta/shares.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "meta/catalog.hpp"
#include "meta/share_lock.hpp"
#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::meta {
namespace {

using pulsekit::ErrorCode;
using What = ShareLock::Verdict::What;

class SharesTest : public testing::Test {
protected:
    void open() {
        shares_.reset();
        shares_ = Shares::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    }

    pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{1'774'195'200'000};
    pulsekit::test::CountingRandom random_;
    std::unique_ptr<Catalog> catalog_ = Catalog::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    const std::string project_ = catalog_->create_project("P", "p.example").value().id;
    std::unique_ptr<Shares> shares_ = Shares::open(folder_.file("pulse.sqlite"), clock_, random_).value();
};

TEST_F(SharesTest, AreFoundByTheirTokenAlsoAfterARestart) {
    const auto made =
        shares_->create(project_, {.name = "Board", .modules = {"pageviews", "funnels"}, .password = "p"});
    ASSERT_TRUE(made.ok()) << made.error().message;
    open();
    const auto found = shares_->with_token(made->token);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->id, made->id);
    EXPECT_EQ(found->project_id, project_);
    EXPECT_EQ(found->name, "Board");
    EXPECT_EQ(found->modules, (std::vector<std::string>{"pageviews", "funnels"}));
    EXPECT_TRUE(crypto::is_password("p", found->password_hash).value());
    EXPECT_EQ(shares_->with_token(made->token.substr(1)).error().code, ErrorCode::not_found);
    EXPECT_EQ(shares_->with_token("").error().code, ErrorCode::not_found);
}

TEST_F(SharesTest, TokensAreLongAndDiffer) {
    std::set<std::string> tokens;
    for (int i = 0; i < 50; ++i) tokens.insert(shares_->create(project_, {.name = "S"}).value().token);
    EXPECT_EQ(tokens.size(), 50u);
    for (const auto& token : tokens) {
        EXPECT_EQ(token.size(), 32u) << "of 6 bits each";
        EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"),
                  std::string::npos);
    }
}

TEST_F(SharesTest, EndWhenTheyExpireOrAreErased) {
    const auto made = shares_->create(project_, {.name = "S", .expires_ms = clock_.unix_ms() + 1}).value();
    EXPECT_TRUE(shares_->with_token(made.token).ok());
    clock_.advance(std::chrono::milliseconds(1));
    EXPECT_EQ(shares_->with_token(made.token).error().code, ErrorCode::not_found);
    EXPECT_EQ(shares_->shares(project_).value().size(), 1u) << "the list still shows it";
    const auto other = catalog_->create_project("O", "o.example").value().id;
    EXPECT_EQ(shares_->erase(other, made.id).error().code, ErrorCode::not_found);
    EXPECT_TRUE(shares_->erase(project_, made.id).ok());
    EXPECT_EQ(shares_->erase(project_, made.id).error().code, ErrorCode::not_found);
    EXPECT_TRUE(shares_->shares(project_).value().empty());
}

/// The password is its hash here, so that only what is asked here costs time.
pulsekit::Result<bool> verify(std::string_view password, std::string_view hash) { return password == hash; }

class ShareLockTest : public testing::Test {
protected:
    What attempt(const std::string& password, const std::string& client = "a") {
        verdict_ = lock_.try_password(share_, password, client).value();
        return verdict_.what;
    }

    pulsekit::test::ManualClock clock_{0};
    pulsekit::test::CountingRandom random_;
    ShareLock lock_{clock_, random_, verify};
    Share share_{.id = "s", .password_hash = "right"};
    ShareLock::Verdict verdict_;
};

TEST_F(ShareLockTest, AfterFiveWrongPasswordsNoneIsRightForAMinute) {
    EXPECT_EQ(attempt("right"), What::right);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(attempt("wrong"), What::wrong);
        clock_.advance(std::chrono::seconds(10));
    }
    EXPECT_EQ(attempt("right"), What::too_often);
    EXPECT_EQ(verdict_.retry_after_s, 10);
    EXPECT_EQ(attempt("right", "b"), What::right) << "another client";
    const auto other = Share{.id = "t", .password_hash = "right"};
    EXPECT_EQ(lock_.try_password(other, "right", "a").value().what, What::right) << "another share";
    clock_.advance(std::chrono::milliseconds(9'999));
    EXPECT_EQ(attempt("wrong"), What::too_often);
    EXPECT_EQ(verdict_.retry_after_s, 1);
    clock_.advance(std::chrono::milliseconds(1));
    EXPECT_EQ(attempt("wrong"), What::wrong) << "the first one is a minute ago";
    EXPECT_EQ(attempt("right"), What::too_often);
    EXPECT_EQ(verdict_.retry_after_s, 10);
    clock_.advance(std::chrono::seconds(10));
    EXPECT_EQ(attempt("right"), What::right);
}

TEST_F(ShareLockTest, WhatWasRightIsForgottenWithThePassword) {
    EXPECT_EQ(attempt("right"), What::right);
    share_.password_hash = "new";
    EXPECT_EQ(attempt("right"), What::wrong);
    EXPECT_EQ(attempt("new"), What::right);
}

TEST_F(ShareLockTest, TellsWhatCannotBeVerified) {
    ShareLock lock(clock_, random_, [](std::string_view, std::string_view) -> pulsekit::Result<bool> {
        return pulsekit::Error{ErrorCode::unavailable, "no memory"};
    });
    for (int i = 0; i < 9; ++i) EXPECT_EQ(lock.try_password(share_, "p", "a").error().code, ErrorCode::unavailable);
}

/// Verifies nothing until it is told to.
class Held {
public:
    pulsekit::Result<bool> operator()() {
        std::unique_lock lock(mutex_);
        ++running_;
        most_ = std::max(most_, running_);
        changed_.notify_all();
        changed_.wait(lock, [&] { return released_; });
        --running_;
        return false;
    }
    void wait_for(int running) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return running_ == running; });
    }
    void release() {
        const std::lock_guard lock(mutex_);
        released_ = true;
        changed_.notify_all();
    }
    int most() {
        const std::lock_guard lock(mutex_);
        return most_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int running_ = 0;
    int most_ = 0;
    bool released_ = false;
};

TEST_F(ShareLockTest, LooksAtTwoPasswordsAtATime) {
    Held held;
    ShareLock lock(clock_, random_, [&](std::string_view, std::string_view) { return held(); });
    {
        std::vector<std::jthread> threads;
        for (const char* client : {"a", "b"}) {
            threads.emplace_back(
                [&, client] { EXPECT_EQ(lock.try_password(share_, "p", client).value().what, What::wrong); });
        }
        held.wait_for(2);
        const auto third = lock.try_password(share_, "p", "c").value();
        EXPECT_EQ(third.what, What::busy);
        EXPECT_EQ(third.retry_after_s, 1);
        held.release();
    }
    EXPECT_EQ(lock.try_password(share_, "p", "c").value().what, What::wrong) << "there is room again";
    EXPECT_EQ(held.most(), 2);
}

TEST_F(ShareLockTest, ManyAtOnceAreWrongFiveTimesAtMost) {
    std::atomic<int> wrong{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 8; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 50; ++i) {
                    const auto verdict = lock_.try_password(share_, "guess", "a").value();
                    EXPECT_NE(verdict.what, What::right);
                    if (verdict.what == What::wrong) ++wrong;
                }
            });
        }
    }
    while (attempt("guess") == What::wrong) ++wrong;
    EXPECT_EQ(wrong, 5);
    EXPECT_EQ(verdict_.what, What::too_often);
}

}  // namespace
}  // namespace collector::meta
