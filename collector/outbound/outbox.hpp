// Messages that are to leave the collector: kept in SQLite until they have been delivered, or cannot be.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "support/sqlite/database.hpp"

namespace collector::outbound {

/// How a message leaves. The names are stored.
enum class Channel {
    subscription,  ///< a webhook of the project, by its id: address and secret are those of the moment of sending
    webhook,       ///< an address, unsigned: an alert's
    email,         ///< an e-mail address
};
inline constexpr std::size_t kChannels = 3;

std::string_view name_of(Channel channel);

struct Message {
    std::string project_id;
    Channel channel = Channel::webhook;
    std::string target;   ///< the webhook's id, the URL or the e-mail address; messages to one target leave in order
    std::string event;    ///< alert, traffic_spike, zero_traffic, daily_summary or test
    std::string subject;  ///< of an e-mail; empty elsewhere
    std::string body;     ///< the envelope as JSON, signed and posted as it is; of an e-mail its text
};

/// What came of one attempt to deliver a message.
struct Attempt {
    enum class Outcome {
        delivered,
        later,     ///< may pass the next time
        hopeless,  ///< need not be tried again
    } outcome = Outcome::later;
    int status = 0;  ///< of HTTP or SMTP; 0: no answer came
    std::int64_t took_ms = 0;
    std::string error;                      ///< empty when it was delivered
    std::chrono::milliseconds at_least{0};  ///< what the server asked to wait
};

enum class State { pending, delivered, failed };

std::string_view name_of(State state);
std::optional<State> state_named(std::string_view name);

/// A message as it is kept.
struct Kept {
    std::string id;  ///< the same at each attempt
    Message message;
    State state = State::pending;
    std::int64_t created_ms = 0;
    std::int64_t next_ms = 0;  ///< when it is tried next, while it is pending
    int attempts = 0;
    std::optional<std::int64_t> last_attempt_ms;
    int last_status = 0;
    std::int64_t last_took_ms = 0;
    std::string error;  ///< of the last attempt, or why it was given up; empty: none
};

/// Which messages to list, newest first.
struct Listing {
    std::optional<std::string> project_id = std::nullopt;
    std::optional<std::string> target = std::nullopt;
    std::optional<State> state = std::nullopt;
    std::optional<std::string> before = std::nullopt;  ///< the id of the last one that is known
    std::int64_t limit = 100;
};

struct OutboxCounters {
    struct OfChannel {
        std::atomic<std::uint64_t> added{0};
        std::atomic<std::uint64_t> delivered{0};
        std::atomic<std::uint64_t> retried{0};  ///< attempts after which another followed
        std::atomic<std::uint64_t> failed{0};   ///< messages given up
    };
    std::array<OfChannel, kChannels> channels;
};

/// Owns its connection to the metadata database. A message that failed is tried again with the SDK's backoff for a day.
/// At most 1000 wait for one target: then the oldest is given up. What is settled is kept for a week. Thread safe.
class Outbox {
public:
    /// `clock` and `random` outlive it.
    static pulsekit::Result<std::unique_ptr<Outbox>> open(const std::string& database_path, pulsekit::Clock& clock,
                                                          pulsekit::Random& random);
    ~Outbox();

    /// Keeps the messages, all or none, and sends them soon. `also` writes, in the same transaction, what must be known
    /// if and only if they are kept: when each alert last fired, and the like.
    pulsekit::Result<void> add(const std::vector<Message>& messages,
                               const std::function<pulsekit::Result<void>(pulsekit::sqlite::Database&)>& also = {});
    /// Keeps a message that was sent past the outbox, with what came of it: its id, what it says and when it was made.
    pulsekit::Result<void> note(Kept kept, const Attempt& attempt);

    /// The next message whose time has come, or nothing: the first of its target, of a target that nobody else sends
    /// to. The target is the caller's until settle(), which must follow.
    pulsekit::Result<std::optional<Kept>> next_due();
    /// Waits for it; nothing once `stop` is asked. An error is told to `log`, and waited out.
    std::optional<Kept> take(const std::stop_token& stop, const std::function<void(std::string_view)>& log);
    /// The message is delivered, given up, or tried again later. An error leaves it as it was: it is tried again.
    pulsekit::Result<void> settle(const Kept& kept, const Attempt& attempt);

    pulsekit::Result<std::vector<Kept>> list(const Listing& listing) const;
    /// Sends it soon, whatever came of it before, for another day. Error `not_found`.
    pulsekit::Result<Kept> replay(std::string_view id);
    /// Forgets what was settled long ago.
    pulsekit::Result<void> trim();

    /// How many messages wait, by channel.
    pulsekit::Result<std::array<std::int64_t, kChannels>> waiting() const;
    const OutboxCounters& counters() const;

private:
    struct Impl;
    explicit Outbox(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace collector::outbound
