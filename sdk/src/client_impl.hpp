// What a Client is made of. track() and its kin are in client_events.cpp, everything else in client.cpp.
#pragma once

#include <pulsekit/client.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "src/journal.hpp"
#include "src/record.hpp"
#include "src/run_marker.hpp"
#include "src/storage.hpp"
#include "src/wire/wire.hpp"
#include "src/worker.hpp"
#include "support/fork_count.hpp"
#include "support/mutex.hpp"
#include "support/system_environment.hpp"

namespace pulsekit {

/// Why nothing is taken at present; a bit each, so that track() looks at one number.
namespace gate {
constexpr std::uint8_t kClosed = 1;
constexpr std::uint8_t kDenied = 2;
constexpr std::uint8_t kDisabled = 4;
}  // namespace gate

struct Call;

/// How exactly the time of the last event is kept: to the second, or finer where sessions are short.
constexpr std::int64_t activity_grain(std::int64_t timeout_ms) {
    constexpr std::int64_t kMost = 1'000;
    return timeout_ms <= 0 || timeout_ms / 16 >= kMost ? kMost : timeout_ms / 16 + 1;
}

struct Client::Impl {
    explicit Impl(Options given)
        : options(std::move(given)),
          clock(options.clock ? options.clock : &system_clock),
          random(options.random ? options.random : &system_random),
          wire(wire::wire_of(options.dialect)),
          session_ids(*random) {}

    void diagnose(const Diagnostic& diagnostic) const {
        if (options.on_diagnostic && diagnostic.level >= options.log_level) options.on_diagnostic(diagnostic);
    }

    Result<void> start();
    void open_storage();
    std::unique_ptr<Queue> open_queue();
    void begin_context();
    Tracked track(const Call& call, const EventOptions& event);
    Tracked write_slowly(Producer& producer, const RecordHead& head, const Call& call, const EventOptions& event);
    Tracked publish(Producer& producer, const RecordHead& head, std::size_t size, const char* record,
                    const EventOptions& event);
    template <typename Attempt>
    bool wait_for_room(Producer& producer, std::chrono::milliseconds wait, const Attempt& attempt);
    const char* check(Producer& producer, const char* record, std::size_t size) const;
    void wait_for_power(Producer& producer);
    Tracked why_not(std::uint8_t closed_by) const;
    bool is_forked() const noexcept { return fork_count() != forks; }
    /// A call of the clock's own is spared the virtual one.
    std::int64_t now() noexcept { return clock == &system_clock ? system_clock.unix_ms() : clock->unix_ms(); }
    bool refresh_context(Producer& producer);
    bool is_sampled_out(const Producer& producer, std::string_view name) const;
    template <typename Change>
    void change_context(const Change& change);
    void start_session_locked(std::int64_t unix_ms) PULSEKIT_REQUIRES(context_mutex);
    void start_session_if_idle(std::int64_t unix_ms);
    bool is_session_over(std::int64_t unix_ms) const noexcept;
    Tracked identify(std::string_view user_id, const Properties& traits, const EventOptions& event);
    void set_gate(std::uint8_t bit, bool closed_by_it) noexcept;

    Options options;
    SystemClock system_clock;
    SystemRandom system_random;
    Clock* clock;
    Random* random;
    const wire::Wire& wire;
    std::unique_ptr<Transport> transport;
    std::unique_ptr<Storage> storage;  // null: nothing touches the disk
    std::optional<RunMarker> marker;
    std::uint32_t forks = 0;

    // Changed seldom and read by every track(): readers keep a copy and look only at the version.
    mutable Mutex context_mutex;
    Context context PULSEKIT_GUARDED_BY(context_mutex);
    std::shared_ptr<std::atomic<std::uint32_t>> sequence PULSEKIT_GUARDED_BY(context_mutex);
    UuidGenerator session_ids PULSEKIT_GUARDED_BY(context_mutex);
    std::atomic<std::uint64_t> context_version{1};
    std::atomic<std::int64_t> last_activity_ms{0};
    const std::int64_t activity_grain_ms = activity_grain(options.session_timeout.count());

    std::atomic<std::uint8_t> gates{0};
    Mutex consent_mutex;  // one change after the other, here and in the storage folder
    std::atomic<Consent> consent{Consent::granted};
    std::unique_ptr<Journal> journal;
    std::unique_ptr<Worker> worker;  // last: it borrows the others
};

template <typename Change>
void Client::Impl::change_context(const Change& change) {
    const MutexLock lock(context_mutex);
    // Before the change: who sees by last_activity_ms that a session has begun then also sees that its copy is old.
    context_version.fetch_add(1, std::memory_order_release);
    change();
}

}  // namespace pulsekit
