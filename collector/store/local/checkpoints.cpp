#include "store/local/checkpoints.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace collector::store::local {
namespace {

using pulsekit::MutexLock;
using pulsekit::sqlite::Database;

// Of 8 KB. A checkpoint writes a page once however often the log has it: the longer the log, the less is written twice,
// and the longer does a start after a crash take, which reads it.
constexpr int kLogPages = 8'000;
// A writer that is faster than the disk copies itself from here on: the log has an end.
constexpr int kMaxLogPages = 8 * kLogPages;
constexpr int kLittle = 500;
constexpr int kMaxPasses = 4;

/// How many pages of the log are still to be copied; nothing when none could be.
std::optional<std::int64_t> checkpoint(Database& database) {
    auto statement = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");
    if (!statement) return std::nullopt;
    const auto row = statement->step();
    // Its columns: whether it met another one, the log's pages, those that are copied.
    if (!row || !*row || statement->integer(0) != 0) return std::nullopt;
    return statement->integer(1) - statement->integer(2);
}

}  // namespace

Checkpoints::Checkpoints(Database& writer, Database own) : writer_(writer), own_(std::move(own)) {
    writer_.on_commit([this](int log_pages) { committed(log_pages); });
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Checkpoints::~Checkpoints() {
    thread_.request_stop();
    thread_.join();
    writer_.on_commit([](int) {});
}

void Checkpoints::before_transaction() {
    // A checkpoint that fails, on a full disk say, is tried again, and the commit will tell.
    if (little_left_.exchange(false) || log_pages_ > kMaxLogPages) (void)checkpoint(writer_);
}

void Checkpoints::committed(int log_pages) {
    log_pages_ = log_pages;
    if (log_pages < kLogPages) return;
    {
        const MutexLock lock(mutex_);
        wanted_ = true;
    }
    wake_.notify_one();
}

void Checkpoints::run(const std::stop_token& stop) {
    while (true) {
        {
            MutexLock lock(mutex_);
            const bool wanted = wake_.wait(lock.native(), stop, [this] {
                mutex_.assert_held();
                return wanted_;
            });
            if (!wanted) return;
        }
        for (int pass = 0; pass < kMaxPasses && !stop.stop_requested(); ++pass) {
            const auto left = checkpoint(own_);
            if (!left) break;
            if (*left > kLittle) continue;
            little_left_ = true;
            break;
        }
        const MutexLock lock(mutex_);
        wanted_ = false;
    }
}

}  // namespace collector::store::local
