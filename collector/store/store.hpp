// EventStore: where events live and questions are answered. open.cpp is the list of stores.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "model/event.hpp"
#include "model/measure.hpp"

namespace collector::store {

enum class Stored {
    fresh,      ///< a new row
    duplicate,  ///< its event_id is known: the first one stays
};

/// Events that came together.
using Batch = std::span<const model::Event>;

/// For how long an answer is worth waiting: when it has ended, the store gives up with `unavailable`.
struct Patience {
    std::stop_token stop;               ///< asked when the collector is to stop
    std::stop_token gone;               ///< asked when whoever wanted the answer has gone
    pulsekit::Clock* clock = nullptr;   ///< null: there is no limit
    pulsekit::Clock::Duration until{};  ///< by the clock's monotonic time

    bool ended() const {
        return stop.stop_requested() || gone.stop_requested() || (clock != nullptr && clock->monotonic() >= until);
    }
};

/// Which events of a project are to be erased.
struct Erasure {
    enum class Of {
        user,        ///< those that carry the id as their user's
        visitor,     ///< likewise as their visitor's
        old_events,  ///< those that happened before an instant
        project,     ///< all, and what else is known of the project
    };
    std::string project_id;
    Of of = Of::user;
    std::string id;
    std::int64_t before_ms = 0;
};

/// Some events that happened in a range, in the order in which they came.
struct Arrivals {
    std::string project_id;  ///< empty: of all projects
    model::TimeRange range;
    std::optional<model::DialectId> dialect = {};  ///< nothing: by whichever they came
    bool only_reported = false;                    ///< no crawler's, and no delivery ledger
    std::int64_t after = 0;                        ///< the place of the last one that is known already; 0: none is
    std::int64_t limit = 1;
};
struct ArrivalPage {
    std::vector<std::int64_t> places;  ///< ascending; no event comes to a place before one that has been told
    bool more = false;                 ///< there are others after them by now
    std::int64_t newest =
        0;  ///< the last place that an event has or had; where no more are, all up to it were looked at
};

/// Thread safety: appends from one thread at a time (the Writer's); everything else from any.
class EventStore {
public:
    virtual ~EventStore() = default;

    /// Stores all events of all batches in one transaction, in order, and answers one Stored an event. When it returns
    /// a value, the events are as durable as the store was configured to make them and visible to ask(); on an error
    /// none is stored. An event without session_id gets the session of the same visitor that has a row within 30
    /// minutes of it, else a new one.
    virtual pulsekit::Result<std::vector<Stored>> append_all(const std::vector<Batch>& batches) = 0;
    pulsekit::Result<std::vector<Stored>> append(const std::vector<model::Event>& events) {
        return append_all({events});
    }

    /// Errors: `invalid` for a question that contradicts itself; `limited` for one that would take too much memory;
    /// `unavailable` when the patience ended, or from the disk; `corrupt`.
    virtual pulsekit::Result<model::Answer> ask(const model::AnyQuestion& question, const Patience& patience) = 0;
    pulsekit::Result<model::Answer> ask(const model::AnyQuestion& question) { return ask(question, {}); }

    /// Calls `each` with the events of the list, in its order. Errors as of ask().
    virtual pulsekit::Result<void> list(const model::List& list, const std::function<void(const model::Event&)>& each,
                                        const Patience& patience) = 0;

    /// Where the events are; errors as of ask().
    virtual pulsekit::Result<ArrivalPage> arrivals(const Arrivals& arrivals, const Patience& patience) = 0;
    /// Calls `each` with the events of those places that are still there.
    virtual pulsekit::Result<void> read(std::span<const std::int64_t> places,
                                        const std::function<void(const model::Event&)>& each) = 0;

    /// Erases the events that are stored when this is called, and what only they had: when it returns, nobody is told
    /// of them any more and no file has them, but that a repeat of one is still known as a repeat, as far as its id
    /// was. The value is how many they were. On an error some may be left; then the same may be asked again, and
    /// finish_erasures() goes on with it. Errors: `unavailable` when the patience ended, or from the disk; `corrupt`.
    virtual pulsekit::Result<std::int64_t> erase(const Erasure& erasure, const Patience& patience) = 0;
    /// What was begun and not finished, because of an error or a crash.
    virtual pulsekit::Result<void> finish_erasures(const Patience& patience) = 0;

    /// Whether the store can serve now.
    virtual pulsekit::Result<void> probe() = 0;
};

}  // namespace collector::store
