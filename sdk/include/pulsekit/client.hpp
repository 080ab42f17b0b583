// The client: track() and go on; the rest happens on a thread of its own.
#pragma once

#include <array>
#include <chrono>
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
    invalid,    ///< empty or overlong (> 255 bytes) name, or a bad property name
    too_large,  ///< more than 100 KB
    full,       ///< this thread's ring is full: counted as dropped, reason `journal_full`
    closed,     ///< after close()
};

PULSEKIT_API const char* to_string(Refusal refusal) noexcept;

/// What became of one track() call: true when the event is in the journal, with the id it has on the collector too
/// (UUIDv7).
struct Tracked {
    Refusal refusal = Refusal::none;
    std::array<std::uint8_t, 16> id{};

    explicit operator bool() const noexcept { return refusal == Refusal::none; }
    PULSEKIT_API std::string id_text() const;  ///< 36 characters
};

/// The delivery ledger of the storage folder since it was made, earlier runs included:
/// `accepted == delivered + queued + the sum of dropped`, at every moment.
struct Stats {
    std::uint64_t accepted = 0;                    ///< valid events handed to track()
    std::uint64_t delivered = 0;                   ///< acknowledged by the collector
    std::uint64_t queued = 0;                      ///< waiting, in the journal or the queue
    std::map<std::string, std::uint64_t> dropped;  ///< by reason: journal_full, queue_full, rejected, corrupt

    std::uint64_t dropped_total() const {
        std::uint64_t total = 0;
        for (const auto& entry : dropped) total += entry.second;
        return total;
    }
};

/// Sends an application's events to a collector, at least once each and with stable ids, so that each counts once.
///
/// track(), screen() and identify() do no I/O and take no lock that I/O holds; in the steady state they do not allocate
/// either. When one returns true and there is a storage folder, the event survives the death of the process.
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
    Tracked track(std::string_view name, std::initializer_list<Property> properties = {});
    Tracked track(std::string_view name, const Properties& properties);

    /// The user sees a screen or page: counted as a pageview of the path `/name` (`name` itself when it starts with /).
    Tracked screen(std::string_view name, std::initializer_list<Property> properties = {});
    Tracked screen(std::string_view name, const Properties& properties);

    /// From now on events belong to this user (at most 255 bytes); empty: to none. The traits travel with an event
    /// named `identify`.
    Tracked identify(std::string_view user_id, std::initializer_list<Property> traits = {});
    Tracked identify(std::string_view user_id, const Properties& traits);

    /// Sends everything tracked so far. Returns when all of it is settled; else, at the deadline, `unavailable` with
    /// the reason.
    Result<void> flush(std::chrono::milliseconds deadline);

    /// Takes no more events, brings what is left to the disk, and delivers what the deadline allows; when the last
    /// attempt failed it does not try again. `unavailable`: something is left, kept for the next start when there is a
    /// storage folder. Later calls return at once.
    Result<void> close(std::chrono::milliseconds deadline);

    Stats stats() const;

    /// The session of the events tracked now: a new one each open().
    std::string session_id() const;

    /// The anonymous id of this installation, kept in the storage folder.
    std::string device_id() const;

private:
    struct Impl;
    explicit Client(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace pulsekit
