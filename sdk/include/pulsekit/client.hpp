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

/// Why track() did not take an event. Only `full` and `sampled` are in the ledger.
enum class Refusal : std::uint8_t {
    none,
    invalid,    ///< a rule is broken: an empty or overlong (> 255 bytes) name, a bad property, a limit of the dialect
    too_large,  ///< more than 102,400 bytes; or one of more than 12 KB is beyond a limit of the dialect
    full,       ///< this thread's ring is full: counted as dropped, reason `journal_full`
    closed,     ///< after close()
    disabled,   ///< set_enabled(false)
    denied,     ///< the user has denied consent
    sampled,    ///< left out by Options::sampling: counted as dropped, reason `sampled`
    forked,     ///< in a child process: the client belongs to the parent
};

/// The enumerator's name; static, never null.
PULSEKIT_API const char* to_string(Refusal refusal) noexcept;

/// What became of one track() call: true when the event is in the journal, with the id it has on the collector too
/// (UUIDv7, RFC 9562).
struct Tracked {
    Refusal refusal = Refusal::none;
    std::array<std::uint8_t, 16> id{};  ///< of an event that was taken; else zeros
    const char* reason = nullptr;       ///< of a refusal, for people; static

    explicit operator bool() const noexcept { return refusal == Refusal::none; }
    PULSEKIT_API std::string id_text() const;  ///< 36 characters
};

/// The delivery ledger, in events: of this process's part of the storage folder since it was made, with earlier runs
/// and what was taken over from dead processes; without a folder, since open(). `accepted == delivered + queued + the
/// sum of dropped`, at every moment.
struct Stats {
    std::uint64_t accepted = 0;   ///< valid events handed to track(), those dropped as journal_full and sampled too
    std::uint64_t delivered = 0;  ///< acknowledged by the collector
    std::uint64_t queued = 0;     ///< waiting, in the journal or the queue
    /// By reason: journal_full, queue_full, rejected, sampled, before_send, consent, corrupt.
    std::map<std::string, std::uint64_t> dropped;

    /// The sum of dropped.
    std::uint64_t dropped_total() const {
        std::uint64_t total = 0;
        for (const auto& entry : dropped) total += entry.second;
        return total;
    }
};

/// What one event asks for beyond the client's defaults.
struct EventOptions {
    Priority priority = Priority::normal;         ///< higher ones are sent first
    Latency latency = Latency::normal;            ///< when it is sent
    Durability durability = Durability::process;  ///< the stronger of this and Options::durability holds
    /// How long track() may wait for room in a full journal before it refuses the event: for callers that may block,
    /// such as the reader of a pipe. By default it does not wait.
    std::chrono::milliseconds wait_for_room{0};
};

/// Something that went wrong in the application: ProductGraph's `error.*`, an error in every dialect. Texts are
/// borrowed until the call returns, here and in the structs below.
struct ErrorReport {
    std::string_view message = {};  ///< required
    /// Such as an exception's class, at most 255 bytes; also the event's name, which is else `error`.
    std::string_view type = {};
    std::string_view stack = {};  ///< as the application writes it
};

/// Money that came in: `revenue_amount` and `revenue_currency` of the dialects.
struct Revenue {
    double amount = 0;               ///< in the currency's main unit; finite
    std::string_view currency = {};  ///< ISO 4217, three letters
};

/// A step on a way through the application: ProductGraph's `gen_ai.journey.*`.
struct JourneyStep {
    std::string_view journey = {};  ///< which way; required
    std::string_view step = {};     ///< which step; required
    std::string_view name = {};     ///< of the step, for people
};

/// Something in the application's state has a new value: ProductGraph's `ui.state.*`.
struct StateChange {
    std::string_view key = {};     ///< required
    std::string_view before = {};  ///< as text; empty: not said
    std::string_view after = {};   ///< as text; empty: not said
};

/// A call to an API, and how it went: ProductGraph's `api.*`, type `api.response`.
struct ApiCall {
    std::string_view method = {};           ///< required: GET
    std::string_view path = {};             ///< required, without what identifies a person
    int status = 0;                         ///< HTTP status; 0: no answer
    std::chrono::milliseconds duration{0};  ///< from the call to its end
};

/// How the last run ended in the same numbered folder of the storage folder; where several processes share that, it may
/// have been another of them.
struct PreviousRun {
    enum class End : std::uint8_t {
        none,      ///< there was none, or there is no storage folder
        clean,     ///< close() was called, by the destructor for one
        abnormal,  ///< it was not: a crash, a kill, a loss of power
    } end = End::none;
    std::string session_id;  ///< its last session; empty with End::none
    int signal = 0;          ///< the fatal signal, with Options::note_fatal_signals; 0: none, or not known
};

/// Measures a duration by the client's clock; see Client::start_timer. Tracks nothing by itself. Any thread. Must not
/// outlive the client.
class Timer {
public:
    /// Since it was started.
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
/// either. When one returns true and there is a storage folder, the event survives the death of the process. They
/// borrow what they are given until they return, and fail in no other way than a Refusal says.
///
/// In a child process after fork() the parent's client is inert: track() refuses with `forked`, nothing is sent, and
/// the destructor does nothing. Call nothing else there. The child may open a client of its own.
///
/// Thread safe, save that nothing may run during or after the destructor. Owns one thread. A client that was moved from
/// may only be destroyed or assigned to.
class PULSEKIT_API Client {
public:
    /// Errors: `invalid` when an option is missing or breaks a rule. A storage folder that cannot be used is no error:
    /// see Options::storage_dir. Does not touch the network.
    static Result<Client> open(Options options);

    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;  ///< closes what was there, as the destructor does
    ~Client();                             ///< close(Options::close_deadline)

    /// Something happened. `name` is 1 to 255 bytes of UTF-8.
    Tracked track(std::string_view name, std::initializer_list<Property> properties = {},
                  const EventOptions& options = {}) {
        return track(name, properties.begin(), properties.size(), options);
    }
    Tracked track(std::string_view name, const Properties& properties, const EventOptions& options = {});
    Tracked track(std::string_view name, const Property* properties, std::size_t count, const EventOptions& options);

    /// The user sees a screen or page: counted as a pageview of the path `/name` (`name` itself when it starts with /).
    Tracked screen(std::string_view name, const Properties& properties = {}, const EventOptions& options = {});

    /// From now on events belong to this user (at most 255 bytes), on every thread; empty: to none. The traits travel
    /// with an event named `identify`. The user changes even when that event is refused as sampled, full or too large.
    Tracked identify(std::string_view user_id, const Properties& traits = {}, const EventOptions& options = {});

    /// An error of the application, counted by the collector's error reports. `invalid` without a message.
    Tracked error(const ErrorReport& error, const Properties& properties = {}, const EventOptions& options = {});

    /// Something that took a while: `auto timer = client.start_timer(); ...; client.timed("load", timer.elapsed())`.
    Tracked timed(std::string_view name, std::chrono::milliseconds duration, const Properties& properties = {},
                  const EventOptions& options = {});
    /// Starts now.
    Timer start_timer() const;

    /// Money came in. `invalid`: the amount is not finite, or the currency has not three letters.
    Tracked revenue(std::string_view name, const Revenue& revenue, const Properties& properties = {},
                    const EventOptions& options = {});
    /// An event named `journey.step`. `invalid` without journey or step.
    Tracked journey_step(const JourneyStep& step, const Properties& properties = {}, const EventOptions& options = {});
    /// An event named `state.change`. `invalid` without a key.
    Tracked state_change(const StateChange& change, const Properties& properties = {},
                         const EventOptions& options = {});
    /// An event named `api.response`. `invalid` without method or path.
    Tracked api_call(const ApiCall& call, const Properties& properties = {}, const EventOptions& options = {});

    /// A measured value, such as `frame_ms`; the event is named like it. `LCP`, `FCP`, `CLS`, `INP` and `TTFB` of 0 and
    /// more are the web vitals (web.dev/vitals), in ms, CLS without a unit. `invalid`: no metric, or not finite.
    Tracked performance(std::string_view metric, double value, const Properties& properties = {},
                        const EventOptions& options = {});

    /// A property that goes with every event from now on, replacing one of its name. `invalid`: the name is empty or
    /// longer than 255 bytes, or all together would have more than 8 KB.
    Result<void> set_global_property(std::string_view name, const Value& value);
    /// No more of it from now on; nothing when there is none.
    void remove_global_property(std::string_view name);

    /// What the application learns of its surroundings later; see Environment. Cut to 255 bytes; empty: not known.
    void set_screen(std::string_view size);
    void set_network_type(std::string_view type);

    /// Ends the session and begins a new one, on every thread.
    void start_session();

    /// The application goes to the background, where it may be killed without notice: what is tracked is brought to the
    /// disk and sent as far as possible, without waiting.
    void suspend();
    /// It is back: a new session when it was away for longer than Options::session_timeout.
    void resume();

    /// Another person takes over: forgets the user and begins a new session.
    void reset();
    /// A new anonymous device id, here and in the storage folder; other processes on it take it from their next start.
    /// `unavailable`: it could not be written down and holds for this run. Writes a file on the caller's thread.
    Result<void> clear_device_id();

    /// Remembered in the storage folder. Consent::denied erases what is queued (counted as `consent`). `unavailable`:
    /// it could not be written down and holds for this run. Writes a file on the caller's thread.
    Result<void> set_consent(Consent consent);
    /// The one that holds now.
    Consent consent() const;

    /// Off: track() refuses everything; what is queued is still sent. Not remembered.
    void set_enabled(bool enabled);

    /// Nothing is sent until resume_uploads(), on a metered network for instance; a request that is out is given up.
    /// Events are taken and kept.
    void pause_uploads();
    void resume_uploads();

    /// Sends everything tracked so far, by earlier runs too. Returns when all of it is settled; else, at the deadline,
    /// `unavailable` with the reason. Blocks the caller; does not cut short what the collector asked to wait.
    Result<void> flush(std::chrono::milliseconds deadline);

    /// Takes no more events, brings what is left to the disk, and delivers what the deadline allows; when the last
    /// attempt failed it does not try again. `unavailable`: something is left, kept for the next start when there is a
    /// storage folder. Later calls return at once. Blocks the caller for about `deadline` at most.
    Result<void> close(std::chrono::milliseconds deadline);

    /// The ledger as it is now; also after close().
    Stats stats() const;

    /// The session of the events tracked now, a UUIDv7: a new one each open(), and after Options::session_timeout.
    std::string session_id() const;

    /// How the run before this one ended, as read by open().
    PreviousRun previous_run() const;

    /// The anonymous id of this installation, kept in the storage folder.
    std::string device_id() const;

private:
    struct Impl;
    explicit Client(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace pulsekit
