// What a Client is told when it is opened.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/properties.hpp>
#include <pulsekit/result.hpp>

namespace pulsekit {

/// Something the application may want to log. Telemetry itself goes on.
struct Diagnostic {
    enum class Level { info, warning, error } level = Level::info;
    ErrorCode code = ErrorCode::internal;
    std::string message;  ///< for people, in English; docs/sdk.md says what each means
};

/// An event that the collector refused for good: it was dropped and counted.
struct Rejection {
    std::string event_id;  ///< Tracked::id_text()
    std::string name;      ///< of the event
    std::string message;   ///< the collector's own words
};

/// The protocol that the collector is spoken to in (docs/protocol.md).
enum class Dialect : std::uint8_t {
    productgraph,  ///< `POST /v1/events`: batches, an answer for each event
    pulse,         ///< `POST /collect/batch`
    gateway,       ///< `POST /api/v1/pulse/events/batch`: a batch passes whole or not at all
    analytics,     ///< `POST /api/collect`: one event a request
    ingest,        ///< `POST /ingest`: one event a request
};

/// What an acknowledged track() survives, when there is a storage folder.
enum class Durability : std::uint8_t {
    process,  ///< the death of the process, at any instant; not the loss of power
    power,    ///< the loss of power too: track() waits for the disk, unless Options::power_window allows later
};

/// What is dropped when the queue has reached Options::max_queue_bytes: up to some hundred events at a time, counted as
/// `queue_full`.
enum class Overflow : std::uint8_t {
    drop_oldest,  ///< of any priority
    drop_newest,  ///< those that come
    by_priority,  ///< the oldest of the lowest priority, while it is not above that of the new events
};

/// What goes first: the highest, and within one the oldest.
enum class Priority : std::uint8_t { low = 0, normal = 1, high = 2 };

/// When an event goes out.
enum class Latency : std::uint8_t {
    normal,    ///< after Options::flush_interval at most
    now,       ///< at once
    deferred,  ///< with the next request, or after Options::deferred_interval
};

/// Whether the user allows telemetry. Kept in the storage folder.
enum class Consent : std::uint8_t {
    required,  ///< not asked yet: events are kept and nothing is sent
    granted,   ///< events are sent
    denied,    ///< what is queued is erased, and nothing is taken
};

/// How often events of a name are kept. The choice is the same for all events of a user (of an installation, while
/// there is no user), also on another day and another device.
struct SampleRate {
    std::string name;   ///< the event's, whole; empty: those that no other rate names
    double rate = 1.0;  ///< 0 to 1: the share of users
};

/// What is known of the machine and the application, sent with every event. Nothing in it identifies a person. Where a
/// member is empty the client fills in what it finds out by itself, unless Options::collect_context is off.
struct Environment {
    std::string os;            ///< such as `Linux`, `Windows`, `macOS`
    std::string os_version;    ///< such as `6.1.0`
    std::string arch;          ///< such as `x86_64`, `aarch64`
    std::string locale;        ///< BCP 47, such as `de-CH`
    std::string time_zone;     ///< IANA name, such as `Europe/Zurich`, or an offset
    std::string screen;        ///< `1920x1080`; only from the application
    std::string device_class;  ///< `desktop`, `mobile`, `tablet`, `console`, `server`; by default `desktop`
    std::string network_type;  ///< `wifi`, `cellular`, `ethernet`; only from the application
};

/// An event on its way into the queue, for Options::before_send: its name and its properties. What its kind brings
/// comes first among them: `error.type`, `error.message`, `error.stack`; `revenue_amount`, `revenue_currency`;
/// `duration_ms`; `journey.id`, `journey.step.id`, `journey.step.name`; `state.key`, `state.before`, `state.after`;
/// `api.method`, `api.path`, `api.status_code`; `metric`, `value`. The context and the global properties are not shown.
/// Valid inside the callback alone, on its thread.
class PULSEKIT_API Event {
public:
    std::string_view name() const noexcept;     ///< valid until set_name()
    std::string_view user_id() const noexcept;  ///< empty: no user
    std::int64_t unix_ms() const noexcept;      ///< when it was tracked, milliseconds since 1970
    /// The property of that name, the last where there are several; null when there is none. Valid until the event is
    /// changed.
    Value property(std::string_view name) const;
    /// Calls `visit` with each property; it must not change the event.
    void for_each(const std::function<void(const Property&)>& visit) const;

    void set_name(std::string_view name);  ///< ignored when empty or longer than 255 bytes
    /// Adds or replaces; ignored when the name or the value breaks a rule of Properties::set.
    void set_property(std::string_view name, const Value& value);
    void remove_property(std::string_view name);  ///< nothing when there is none

private:
    friend class EventEditor;
    explicit Event(class EventEditor& editor) : editor_(editor) {}
    class EventEditor& editor_;
};

/// How the client reaches the network. All but `headers` is for libcurl alone: a transport of the application's own has
/// its own ways. The server's certificate and its name are always verified, with TLS 1.2 or later; nothing here
/// switches that off.
struct NetworkOptions {
    /// PEM file of the certificate authorities to trust, in place of the system's. Empty: the system's.
    std::string ca_bundle;

    /// The server's key must be one of these, each `sha256//` and the base64 of the SHA-256 of its public key
    /// (SubjectPublicKeyInfo, DER). Asked beside the verification, not instead of it. Name a spare one, or a server
    /// with a new key is refused by every application that is out there. Empty: any key.
    std::vector<std::string> pinned_public_keys;

    /// Address of a proxy, for every request, such as `http://user:password@proxy.example.com:3128`; http, https,
    /// socks4, socks4a, socks5 or socks5h. Empty: what the environment says in http_proxy, https_proxy and no_proxy, as
    /// libcurl reads them. `none`: no proxy, whatever the environment says.
    std::string proxy;

    /// Names and values added to every request, whatever carries it. open() refuses Content-Type, Content-Encoding,
    /// Content-Length, Transfer-Encoding and X-PG-API-Key; nor name the header that carries the key in your dialect. A
    /// proxy that tunnels does not see them.
    std::vector<std::pair<std::string, std::string>> headers;

    /// What the requests call themselves in User-Agent. Empty: `pulsekit/` and the SDK's version.
    std::string user_agent;
};

/// Read once, by Client::open().
struct Options {
    /// Base address of the collector, such as `https://telemetry.example.com`. Required.
    std::string endpoint;

    /// A key with the `ingest` scope. Required.
    std::string api_key;

    /// The application's label, sent with every event: ProductGraph's `project_id`, pulse's `site_id`. Required. A
    /// dialect may limit it: 64 characters in pulse, 255 in ingest.
    std::string app_name;

    /// The application's version and build, sent with every event; at most 255 bytes each.
    std::string app_version;
    std::string app_build;

    /// The protocol that the collector speaks.
    Dialect dialect = Dialect::productgraph;

    /// Folder for what is not delivered yet; made when absent. Empty: nothing touches the disk, and what is not
    /// delivered at the end of the process is lost. When the folder cannot be used, a diagnostic says so and the client
    /// works as if it were empty.
    std::string storage_dir;

    /// What an event survives once track() has taken it. Single events may ask for more: EventOptions.
    Durability durability = Durability::process;

    /// With Durability::power: how long after track() an event may still be lost with the power. 0: track() returns
    /// when the disk has it; else the worker sees to it and track() stays fast. A transport must then call
    /// keep_waiting.
    std::chrono::milliseconds power_window{0};

    /// How long an event may wait for company before a batch is sent.
    std::chrono::milliseconds flush_interval{5'000};

    /// The same for events of Latency::deferred.
    std::chrono::milliseconds deferred_interval{60'000};

    /// Most events in a request, 1 to 1,000; the protocol allows 1,000. Dialects of one event a request send one.
    std::size_t max_batch_events = 1'000;

    /// Bytes of disk (or memory, without storage_dir) for undelivered events; beyond it `overflow` says which are
    /// dropped and counted as `queue_full`. On disk at least 640 KiB; the write-ahead log beside the queue takes up to
    /// 8 MB more.
    std::uint64_t max_queue_bytes = 64 * 1024 * 1024;
    Overflow overflow = Overflow::drop_oldest;

    /// Bytes of the memory-mapped ring that each tracking thread writes to: room for what it tracks in the 10 to 160 ms
    /// until the worker comes by. Rounded up to a power of two of at least 256 KiB.
    std::size_t journal_bytes_per_thread = 1024 * 1024;

    /// A session ends after this much time without an event; the next event begins a new one. 0: never.
    std::chrono::milliseconds session_timeout{30 * 60'000};

    /// The consent to begin with, when the storage folder remembers none.
    Consent consent = Consent::granted;

    /// Off: track() takes nothing until Client::set_enabled(true).
    bool enabled = true;

    /// Which share of events is kept. What is sampled out is counted as `sampled`.
    std::vector<SampleRate> sampling;

    /// Properties that go with every event; see Client::set_global_property.
    Properties global_properties;

    /// What is known of the machine beforehand, and whether the client finds out the rest.
    Environment environment;
    bool collect_context = true;

    /// Whether the ledger itself is reported to the collector, as events named `pulsekit.delivery` (docs/protocol.md).
    bool report_delivery = true;

    /// Whether fatal signals (SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL) are noted for Client::previous_run() before
    /// they take their course; a handler that the application set before open() is then called (not on Windows).
    /// Without it the next start still knows that the run ended abnormally, but not by which signal.
    bool note_fatal_signals = false;

    /// For the opening of a connection, and for a whole exchange.
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds request_timeout{30'000};

    /// Certificates, proxy and headers.
    NetworkOptions network;

    /// Waits after a failed request: uniform in [0, min(retry_cap, retry_base * 2^failures)], and never shorter than
    /// the collector's Retry-After (RFC 9110, 10.2.3). Both above 0.
    std::chrono::milliseconds retry_base{500};
    std::chrono::milliseconds retry_cap{5 * 60'000};

    /// How long the destructor may take to deliver what is left. On disk it is kept in any case.
    std::chrono::milliseconds close_deadline{1'000};

    /// Called on the client's worker thread, or inside Client::open; keep it short, call no method of the client.
    /// on_diagnostic also inside a track() that could not sync for Durability::power.
    std::function<void(const Diagnostic&)> on_diagnostic;
    std::function<void(const Rejection&)> on_rejected;

    /// Called on the worker thread for each event before it is queued, and again when the queue could not take it:
    /// edit it, or return false to drop it, which is counted as `before_send`. One that would then have more than
    /// 102,400 bytes is dropped, too.
    std::function<bool(Event&)> before_send;

    /// Diagnostics below this level are not reported.
    Diagnostic::Level log_level = Diagnostic::Level::info;

    /// The seams. Null: the system's clock and randomness (borrowed, they must outlive the client) and libcurl.
    Clock* clock = nullptr;
    Random* random = nullptr;
    std::unique_ptr<Transport> transport;
};

}  // namespace pulsekit
