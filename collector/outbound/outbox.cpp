#include "outbound/outbox.hpp"

#include <algorithm>
#include <condition_variable>
#include <set>
#include <utility>

#include "meta/database.hpp"
#include "outbound/outbox_rows.hpp"
#include "support/backoff.hpp"
#include "support/ids.hpp"
#include "support/mutex.hpp"

namespace collector::outbound {
namespace {

using pulsekit::Clock;
using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Transaction;
using std::chrono::milliseconds;

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kTriedForMs = kDayMs;
constexpr std::int64_t kKeptForMs = 7 * kDayMs;
constexpr int kMostWaiting = 1000;
constexpr milliseconds kAfterAnError{1000};
constexpr milliseconds kLongestSleep{60'000};  // the wall clock may have been set meanwhile

using Target = std::pair<Channel, std::string>;

}  // namespace

struct Outbox::Impl {
    Impl(Database opened, Clock& time, pulsekit::Random& chance)
        : clock(time), random(chance), ids(chance), database(std::move(opened)) {}

    Kept keep(const Message& message) PULSEKIT_REQUIRES(mutex) {
        const auto now = clock.unix_ms();
        return {.id = ids.next(now).text(), .message = message, .created_ms = now, .next_ms = now};
    }
    OutboxCounters::OfChannel& counted(const Message& message) {
        return counters.channels[static_cast<std::size_t>(message.channel)];
    }
    Result<std::optional<Kept>> next_due() PULSEKIT_REQUIRES(mutex);
    void apply(Kept& kept, const Attempt& attempt, std::int64_t expires_ms) PULSEKIT_REQUIRES(mutex);
    Result<State> settle(const Kept& kept, const Attempt& attempt) PULSEKIT_REQUIRES(mutex);

    Clock& clock;
    pulsekit::Random& random;
    OutboxCounters counters;
    pulsekit::Mutex mutex;
    std::condition_variable changed;  ///< messages came, or a target is free again
    pulsekit::UuidGenerator ids PULSEKIT_GUARDED_BY(mutex);
    Database database PULSEKIT_GUARDED_BY(mutex);
    std::set<Target> busy PULSEKIT_GUARDED_BY(mutex);
    Clock::Duration look_again PULSEKIT_GUARDED_BY(mutex){};  ///< when there may be something due
};

Outbox::Outbox(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Outbox::~Outbox() = default;

Result<std::unique_ptr<Outbox>> Outbox::open(const std::string& database_path, Clock& clock, pulsekit::Random& random) {
    auto database = meta::open_database(database_path);
    if (!database) return std::move(database).error();
    return std::unique_ptr<Outbox>(new Outbox(std::make_unique<Impl>(*std::move(database), clock, random)));
}

Result<void> Outbox::add(const std::vector<Message>& messages, const std::function<Result<void>(Database&)>& also) {
    auto& it = *impl_;
    const pulsekit::MutexLock lock(it.mutex);
    auto transaction = Transaction::begin(it.database);
    if (!transaction) return std::move(transaction).error();
    std::vector<std::int64_t> given_up;
    for (const auto& message : messages) {
        const auto kept = it.keep(message);
        if (auto done = insert(it.database, kept, kept.created_ms + kTriedForMs); !done) return done;
        const auto surplus = give_up_surplus(it.database, message, kMostWaiting, kept.created_ms);
        if (!surplus) return surplus.error();
        given_up.push_back(*surplus);
    }
    if (also) {
        if (auto done = also(it.database); !done) return done;
    }
    if (auto done = transaction->commit(); !done) return done;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        ++it.counted(messages[i]).added;
        it.counted(messages[i]).failed += static_cast<std::uint64_t>(given_up[i]);
    }
    it.look_again = {};
    it.changed.notify_all();
    return {};
}

void Outbox::Impl::apply(Kept& kept, const Attempt& attempt, std::int64_t expires_ms) {
    const auto now = clock.unix_ms();
    ++kept.attempts;
    kept.error = attempt.error;
    if (attempt.outcome == Attempt::Outcome::delivered) {
        kept.state = State::delivered;
        return;
    }
    const auto wait = pulsekit::backoff_after(kept.attempts - 1, {}, random, attempt.at_least);
    kept.next_ms = now + wait.count();
    const bool too_late = kept.next_ms > expires_ms;
    if (attempt.outcome == Attempt::Outcome::later && !too_late) return;
    kept.state = State::failed;
    if (attempt.outcome == Attempt::Outcome::later) kept.error = "given up after a day: " + attempt.error;
}

Result<void> Outbox::note(Kept kept, const Attempt& attempt) {
    auto& it = *impl_;
    const pulsekit::MutexLock lock(it.mutex);
    auto transaction = Transaction::begin(it.database);
    if (!transaction) return std::move(transaction).error();
    kept.attempts = 1;
    kept.state = attempt.outcome == Attempt::Outcome::delivered ? State::delivered : State::failed;
    kept.error = attempt.error;
    if (auto done = insert(it.database, kept, kept.created_ms); !done) return done;
    if (auto done = insert_attempt(it.database, kept, kept.created_ms, attempt); !done) return done;
    return transaction->commit();
}

Result<std::optional<Kept>> Outbox::Impl::next_due() {
    const auto waiting = heads(database);
    if (!waiting) return waiting.error();
    const auto now = clock.unix_ms();
    milliseconds sleep = kLongestSleep;
    for (const auto& head : *waiting) {
        if (busy.contains({head.channel, head.target})) continue;  // settle() looks again
        if (head.next_ms > now) {
            sleep = std::min(sleep, milliseconds(head.next_ms - now));
            break;
        }
        auto found = find(database, head.id);
        if (found && *found) busy.insert({head.channel, head.target});
        return found;
    }
    look_again = clock.monotonic() + sleep;
    return std::optional<Kept>();
}

Result<std::optional<Kept>> Outbox::next_due() {
    const pulsekit::MutexLock lock(impl_->mutex);
    return impl_->next_due();
}

std::optional<Kept> Outbox::take(const std::stop_token& stop, const std::function<void(std::string_view)>& log) {
    auto& it = *impl_;
    const std::stop_callback wake(stop, [&it] {
        const pulsekit::MutexLock lock(it.mutex);
        it.changed.notify_all();
    });
    pulsekit::MutexLock lock(it.mutex);
    while (!stop.stop_requested()) {
        if (it.clock.monotonic() < it.look_again) {
            it.clock.wait_until(it.changed, lock.native(), it.look_again);
            continue;
        }
        auto due = it.next_due();
        if (due && *due) return *std::move(due);
        if (!due) {
            it.look_again = it.clock.monotonic() + kAfterAnError;
            log("the outbox cannot be read: " + due.error().message);
        }
    }
    return std::nullopt;
}

Result<State> Outbox::Impl::settle(const Kept& kept, const Attempt& attempt) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::move(transaction).error();
    const auto expires_ms = expiry_of(database, kept.id);
    if (!expires_ms) return expires_ms.error();
    auto after = kept;
    apply(after, attempt, *expires_ms);
    const auto now = clock.unix_ms();
    if (auto done = insert_attempt(database, after, now, attempt); !done) return std::move(done).error();
    if (auto done = update(database, after, now); !done) return std::move(done).error();
    if (auto done = transaction->commit(); !done) return std::move(done).error();
    return after.state;
}

Result<void> Outbox::settle(const Kept& kept, const Attempt& attempt) {
    auto& it = *impl_;
    const pulsekit::MutexLock lock(it.mutex);
    const auto state = it.settle(kept, attempt);
    it.busy.erase({kept.message.channel, kept.message.target});
    // What cannot be noted would else be sent again and again.
    it.look_again = state ? Clock::Duration{} : it.clock.monotonic() + kLongestSleep;
    it.changed.notify_all();
    if (!state) return state.error();
    auto& counted = it.counted(kept.message);
    switch (*state) {
        case State::delivered: ++counted.delivered; break;
        case State::failed: ++counted.failed; break;
        case State::pending: ++counted.retried; break;
    }
    return {};
}

Result<std::vector<Kept>> Outbox::list(const Listing& listing) const {
    const pulsekit::MutexLock lock(impl_->mutex);
    return find_all(impl_->database, listing);
}

Result<Kept> Outbox::replay(std::string_view id) {
    auto& it = *impl_;
    const pulsekit::MutexLock lock(it.mutex);
    const auto now = it.clock.unix_ms();
    if (auto done = outbound::replay(it.database, id, now, now + kTriedForMs); !done) return std::move(done).error();
    auto found = find(it.database, id);
    if (!found) return std::move(found).error();
    if (!*found) return Error{ErrorCode::not_found, "no message " + std::string(id)};
    it.look_again = {};
    it.changed.notify_all();
    return **std::move(found);
}

Result<void> Outbox::trim() {
    const pulsekit::MutexLock lock(impl_->mutex);
    return erase_settled(impl_->database, impl_->clock.unix_ms() - kKeptForMs);
}

Result<std::array<std::int64_t, kChannels>> Outbox::waiting() const {
    const pulsekit::MutexLock lock(impl_->mutex);
    return count_waiting(impl_->database);
}

const OutboxCounters& Outbox::counters() const { return impl_->counters; }

}  // namespace collector::outbound
