#include "store/local/checkpoints.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace collector::store::local {
namespace {

using pulsekit::MutexLock;
using pulsekit::sqlite::Database;

// Of 8 KB. A checkpoint writes a page once however often the log has it, and what it writes is synced at once: the
// longer the log, the less is written twice, and the longer does a commit wait that is synced beside it.
constexpr int kLogPages = 2'000;
// So many more pages may come while a gap between two commits is looked for.
constexpr int kBusyLogPages = 4 * kLogPages;
// A writer that is faster than the disk copies itself from here on: the log has an end.
constexpr int kMaxLogPages = 16 * kLogPages;
// What takes about as long as a small commit.
constexpr int kVeryLittle = 64;
// What takes no longer than a large commit.
constexpr int kLittle = 500;

struct Left {
    std::int64_t log_pages;
    std::int64_t pages;  ///< of the log, still to be copied
};

/// Nothing when no page could be copied.
std::optional<Left> checkpoint(Database& database) {
    auto statement = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");
    if (!statement) return std::nullopt;
    const auto row = statement->step();
    // Its columns: whether it met another one, the log's pages, those that are copied.
    if (!row || !*row || statement->integer(0) != 0) return std::nullopt;
    return Left{.log_pages = statement->integer(1), .pages = statement->integer(1) - statement->integer(2)};
}

}  // namespace

Checkpoints::Checkpoints(Database& writer, Database own, Database emptying)
    : writer_(writer), own_(std::move(own)), emptying_(std::move(emptying)) {
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

void Checkpoints::copy() { (void)checkpoint(emptying_); }

pulsekit::Result<bool> Checkpoints::empty_log() {
    auto statement = emptying_.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
    if (!statement) return std::move(statement).error();
    const auto row = statement->step();
    if (!row) return row.error();
    return *row && statement->integer(0) == 0;
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
    std::int64_t copied = 0;  // pages of the log, by the pass before
    while (true) {
        {
            MutexLock lock(mutex_);
            const bool wanted = wake_.wait(lock.native(), stop, [this] {
                mutex_.assert_held();
                return wanted_;
            });
            if (!wanted) return;
            wanted_ = false;
        }
        const auto left = checkpoint(own_);
        if (!left) continue;
        // Large commits leave time between them to copy what the last one left. Where they follow each other too
        // closely for it, or are small, the writer is asked.
        const auto since = left->log_pages - std::exchange(copied, left->log_pages - left->pages);
        if (since >= 0 && since <= (left->log_pages > kBusyLogPages ? kLittle : kVeryLittle)) little_left_ = true;
    }
}

}  // namespace collector::store::local
