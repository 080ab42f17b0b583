// The client: track() and go on; the rest happens on a thread of its own.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <pulsekit/export.h>
#include <pulsekit/options.hpp>
#include <pulsekit/properties.hpp>
#include <pulsekit/result.hpp>

namespace pulsekit {

/// Why track() did not take an event.
enum class Refusal : std::uint8_t {
    none,
    invalid,    ///< a rule is broken: an empty or overlong (> 255 bytes) name, a bad property, a limit of the dialect
    too_large,  ///< more than 100 KB
    full,       ///< this thread's ring is full: counted as dropped, reason `journal_full`
    closed,     ///< after close()
    disabled,   ///< set_enabled(false)
    denied,     ///< the user has denied consent
    sampled,    ///< left out by Options::sampling: counted as dropped, reason `sampled`
    forked,     ///< in a child process: the client belongs to the parent
};

PULSEKIT_API const char* to_string(Refusal refusal) noexcept;

/// What became of one track() call: true when the event is in the journal, with the id it has on the collector too
/// (UUIDv7).
struct Tracked {
    Refusal refusal = Refusal::none;
    std::array<std::uint8_t, 16> id{};
    const char* reason = nullptr;  ///< of a refusal, for people; static

    explicit operator bool() const noexcept { return refusal == Refusal::none; }
    PULSEKIT_API std::string id_text() const;  ///< 36 characters
};

/// The delivery ledger of the storage folder since it was made, earlier runs included:
/// `accepted == delivered + queued + the sum of dropped`, at every moment.
struct Stats {
    std::uint64_t accepted = 0;   ///< valid events handed to track()
    std::uint64_t delivered = 0;  ///< acknowledged by the collector
    std::uint64_t queued = 0;     ///< waiting, in the journal or the queue
    /// By reason: journal_full, queue_full, rejected, sampled, before_send, consent, corrupt.
    std::map<std::string, std::uint64_t> dropped;

    std::uint64_t dropped_total() const {
        std::uint64_t total = 0;
        for (const auto& entry : dropped) total += entry.second;
        return total;
    }
};

/// What one event asks for beyond the client's defaults.
struct EventOptions {
    Priority priority = Priority::normal;
    Latency latency = Latency::normal;
    Durability durability = Durability::process;  ///< the stronger of this and Options::durability holds
    /// How long track() may wait for room in a full journal before it refuses the event: for callers that may block,
    /// such as the reader of a pipe. By default it does not wait.
    std::chrono::milliseconds wait_for_room{0};
};

/// Something that went wrong in the application.
struct ErrorReport {
    std::string_view message = {};  ///< required
    std::string_view type = {};     ///< such as an exception's class; also the event's name, which is else `error`
    std::string_view stack = {};
};

/// Money that came in.
struct Revenue {
    double amount = 0;               ///< in the currency's main unit
    std::string_view currency = {};  ///< ISO 4217, three letters
};

/// A step on a way through the application.
struct JourneyStep {
    std::string_view journey = {};  ///< which way; required
    std::string_view step = {};     ///< which step; required
    std::string_view name = {};     ///< of the step, for people
};

/// Something in the application's state has a new value.
struct StateChange {
    std::string_view key = {};  ///< required
    std::string_view before = {};
    std::string_view after = {};
};

/// A call to an API, and how it went.
struct ApiCall {
    std::string_view method = {};  ///< required: GET
    std::string_view path = {};    ///< required, without what identifies a person
    int status = 0;                ///< HTTP status; 0: no answer
    std::chrono::milliseconds duration{0};
};

/// How the last run on this storage folder ended.
struct PreviousRun {
    enum class End : std::uint8_t {
        none,      ///< there was none, or there is no storage folder
        clean,     ///< close() was called
        abnormal,  ///< it was not: a crash, a kill, a loss of power
    } end = End::none;
    std::string session_id;  ///< its last session
    int signal = 0;          ///< the fatal signal, with Options::note_fatal_signals
};

/// Measures a duration; see Client::start_timer. Tracks nothing by itself.
class Timer {
public:
    std::chrono::milliseconds elapsed() const noexcept {
        return std::chrono::duration_cast<std::chrono::milliseconds>(clock_->monotonic() - start_);
    }

private:
    friend class Client;
    explicit Timer(Clock& clock) : clock_(&clock), start_(clock.monotonic()) {}
    Clock* clock_;
    Clock::Duration start_;
};

/// Sends an application's events to a collector, at least once each and with stable ids, so that each counts once.
///
/// track(), screen() and identify() do no I/O and take no lock that I/O holds; in the steady state they do not allocate
/// either. When one returns true and there is a storage folder, the event survives the death of the process.
///
/// In a child process after fork() the parent's client is inert: track() refuses with `forked`, nothing is sent, and
/// the destructor does nothing. The child may open a client of its own.
///
/// Thread safe, save that nothing may run during or after the destructor. Owns one thread.
class PULSEKIT_API Client {
public:
    /// Errors: `invalid` when a required option is missing. A storage folder that cannot be used is no error: see
    /// Options::storage_dir. Does not touch the network.
    static Result<Client> open(Options options);

    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;
    ~Client();  ///< close(Options::close_deadline)

    /// Something happened. `name` is 1 to 255 bytes of UTF-8.
    Tracked track(std::string_view name, std::initializer_list<Property> properties = {},
                  const EventOptions& options = {}) {
        return track(name, properties.begin(), properties.size(), options);
    }
    Tracked track(std::string_view name, const Properties& properties, const EventOptions& options = {});
    Tracked track(std::string_view name, const Property* properties, std::size_t count, const EventOptions& options);

    /// The user sees a screen or page: counted as a pageview of the path `/name` (`name` itself when it starts with /).
    Tracked screen(std::string_view name, const Properties& properties = {}, const EventOptions& options = {});

    /// From now on events belong to this user (at most 255 bytes); empty: to none. The traits travel with an event
    /// named `identify`.
    Tracked identify(std::string_view user_id, const Properties& traits = {}, const EventOptions& options = {});

    /// An error of the application, counted by the collector's error reports.
    Tracked error(const ErrorReport& error, const Properties& properties = {}, const EventOptions& options = {});

    /// Something that took a while: `auto timer = client.start_timer(); ...; client.timed("load", timer.elapsed())`.
    Tracked timed(std::string_view name, std::chrono::milliseconds duration, const Properties& properties = {},
                  const EventOptions& options = {});
    Timer start_timer() const;

    Tracked revenue(std::string_view name, const Revenue& revenue, const Properties& properties = {},
                    const EventOptions& options = {});
    Tracked journey_step(const JourneyStep& step, const Properties& properties = {}, const EventOptions& options = {});
    Tracked state_change(const StateChange& change, const Properties& properties = {},
                         const EventOptions& options = {});
    Tracked api_call(const ApiCall& call, const Properties& properties = {}, const EventOptions& options = {});

    /// A measured value, such as `frame_ms`. `LCP`, `FCP`, `CLS`, `INP` and `TTFB` are the web vitals.
    Tracked performance(std::string_view metric, double value, const Properties& properties = {},
                        const EventOptions& options = {});

    /// A property that goes with every event from now on, replacing one of its name. `invalid`: the name is empty or
    /// longer than 255 bytes, or all together would have more than 8 KB.
    Result<void> set_global_property(std::string_view name, const Value& value);
    void remove_global_property(std::string_view name);

    /// What the application learns of its surroundings later; see Environment.
    void set_screen(std::string_view size);
    void set_network_type(std::string_view type);

    /// Ends the session and begins a new one.
    void start_session();

    /// The application goes to the background, where it may be killed without notice: what is tracked is brought to the
    /// disk and sent as far as possible, without waiting.
    void suspend();
    /// It is back: a new session when it was away for longer than Options::session_timeout.
    void resume();

    /// Another person takes over: forgets the user and begins a new session.
    void reset();
    /// A new anonymous device id, here and in the storage folder.
    Result<void> clear_device_id();

    /// Remembered in the storage folder. Consent::denied erases what is queued (counted as `consent`).
    Result<void> set_consent(Consent consent);
    Consent consent() const;

    /// Off: track() refuses everything; what is queued is still sent.
    void set_enabled(bool enabled);

    /// Nothing is sent until resume_uploads(), on a metered network for instance. Events are taken and kept.
    void pause_uploads();
    void resume_uploads();

    /// Sends everything tracked so far. Returns when all of it is settled; else, at the deadline, `unavailable` with
    /// the reason.
    Result<void> flush(std::chrono::milliseconds deadline);

    /// Takes no more events, brings what is left to the disk, and delivers what the deadline allows; when the last
    /// attempt failed it does not try again. `unavailable`: something is left, kept for the next start when there is a
    /// storage folder. Later calls return at once.
    Result<void> close(std::chrono::milliseconds deadline);

    Stats stats() const;

    /// The session of the events tracked now: a new one each open(), and after Options::session_timeout.
    std::string session_id() const;

    PreviousRun previous_run() const;

    /// The anonymous id of this installation, kept in the storage folder.
    std::string device_id() const;

private:
    struct Impl;
    explicit Client(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace pulsekit
