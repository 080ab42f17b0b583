// Projects that were deleted, to the end.
#pragma once

#include <functional>
#include <stop_token>
#include <string_view>

#include <pulsekit/environment.hpp>

#include "meta/deletions.hpp"
#include "store/store.hpp"

namespace collector::watch {

/// What it works with; it outlives it.
struct DeletionParts {
    meta::Deletions& deletions;
    store::EventStore& store;
    pulsekit::Clock& clock;
    std::function<void(std::string_view text)> log;   ///< of what was erased
    std::function<void(std::string_view text)> warn;  ///< of what failed, and is tried again
    std::stop_token stop;                             ///< ends an erasure that is under way
};

/// Finishes deletions that were cut off, and looks for events of requests that were let in before their project was
/// deleted and stored afterwards. One thread.
class Deletions {
public:
    explicit Deletions(DeletionParts parts) : parts_(std::move(parts)) {}

    void run();

private:
    void look_after(const meta::Deletion& deletion);

    const DeletionParts parts_;
};

}  // namespace collector::watch
