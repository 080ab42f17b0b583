// Sends stored events on to an analytics service, in the order in which they came.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "outbound/batch.hpp"
#include "outbound/cursors.hpp"
#include "outbound/poster.hpp"
#include "outbound/providers.hpp"
#include "store/store.hpp"
#include "support/backoff.hpp"
#include "support/mutex.hpp"

namespace collector::outbound {

/// What a Forwarder works with; it outlives it.
struct ForwarderParts {
    store::EventStore& store;
    pulsekit::Clock& clock;
    pulsekit::Random& random;
    std::string database_path;                        ///< of the data
    std::function<void(std::string_view text)> log;   ///< that it goes on
    std::function<void(std::string_view text)> warn;  ///< of what failed, and is tried again
};

/// How a forwarder does. Its counts are those since the start, exact, and of events, save for `retries`.
struct ForwardingState {
    std::string provider;
    std::int64_t position = 0;     ///< of the last event that is done with
    std::int64_t lag_events = 0;   ///< stored ones after it, those that it will pass over included
    double lag_seconds = 0;        ///< since the oldest that is to be sent came; 0: there is none
    int failures = 0;              ///< tries in a row that came to nothing
    std::int64_t next_try_ms = 0;  ///< since 1970; 0: at once
    std::string last_error;        ///< empty: none since the last success
    std::uint64_t forwarded = 0;
    std::uint64_t skipped = 0;  ///< they had waited too long
    std::uint64_t retries = 0;  ///< requests that are to be sent again
    std::array<std::uint64_t, kDrops> dropped{};
};

/// One for each service: owns its thread, connection and cursor, so that a service that is down holds up nobody. What
/// waits are the stored events themselves. Thread safe.
class Forwarder {
public:
    /// Where the provider never had a cursor, it begins after what is stored by now.
    static pulsekit::Result<std::unique_ptr<Forwarder>> open(Destination destination, ForwarderParts parts);
    ~Forwarder();  ///< stops

    /// There may be new events; it looks each second anyway. Cheap.
    void notify() PULSEKIT_EXCLUDES(mutex_);
    /// Gives up what is under way, soon: it is sent again at the next start.
    void request_stop() PULSEKIT_EXCLUDES(mutex_);

    ForwardingState state() const PULSEKIT_EXCLUDES(mutex_);

private:
    Forwarder(Destination destination, ForwarderParts parts, Cursors cursors, Cursor cursor);
    void run();
    bool wait_for_turn() PULSEKIT_EXCLUDES(mutex_);
    bool is_stopping() const { return stop_.stop_requested(); }

    /// Whether there may be more to do at once.
    bool forward_some();
    pulsekit::Result<store::ArrivalPage> look();
    pulsekit::Result<Batch> read(std::span<const std::int64_t> places);
    bool send(Batch batch, std::span<const std::int64_t> behind);
    Verdict post(std::span<const std::string> events);
    /// What to do after an answer that is not to take all, and does not say which it does not take.
    bool narrow(const Verdict& verdict, Batch batch, std::span<const std::int64_t> behind);
    bool drop_alone(const Verdict& verdict, Batch batch);
    bool is_to_blame(std::span<const std::int64_t> behind);

    void settle(const Batch& batch);
    void pass_over(std::int64_t newest);
    void back_off(const Verdict& verdict);
    void save();
    void publish() PULSEKIT_EXCLUDES(mutex_);
    void warn(const std::string& text);

    const Destination destination_;
    const ForwarderParts parts_;
    std::stop_source stop_;

    // Of the thread alone.
    Cursors cursors_;
    Cursor cursor_;
    std::int64_t saved_position_;
    Poster poster_;
    pulsekit::Backoff backoff_;
    pulsekit::Clock::Duration next_try_{};  ///< by the clock's monotonic time
    std::size_t batch_places_;              ///< what is tried at a time: fewer after a failure, then more again
    int refused_in_a_row_ = 0;
    std::string warned_;  ///< what the log was told last

    mutable pulsekit::Mutex mutex_;
    std::condition_variable wake_;
    bool may_be_more_ PULSEKIT_GUARDED_BY(mutex_) = false;
    ForwardingState state_ PULSEKIT_GUARDED_BY(mutex_);
    std::optional<std::int64_t> oldest_ms_ PULSEKIT_GUARDED_BY(mutex_);
    std::jthread thread_;
};

}  // namespace collector::outbound
