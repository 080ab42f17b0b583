// EventStore: where events live and questions are answered. open.cpp is the list of stores.
#pragma once

#include <memory>
#include <span>
#include <vector>

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

/// Thread safety: appends from one thread at a time (the Writer's); ask() and probe() from any.
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

    virtual pulsekit::Result<model::Answer> ask(const model::Question& question) = 0;

    /// Whether the store can serve now.
    virtual pulsekit::Result<void> probe() = 0;
};

}  // namespace collector::store
