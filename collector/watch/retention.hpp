// Events that are kept no longer.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include <pulsekit/environment.hpp>

#include "meta/catalog.hpp"
#include "store/store.hpp"

namespace collector::watch {

/// What it works with; it outlives it.
struct RetentionParts {
    meta::Catalog& catalog;
    store::EventStore& store;
    pulsekit::Clock& clock;
    std::function<void(std::string_view text)> log;   ///< of what was erased
    std::function<void(std::string_view text)> warn;  ///< of what failed, and is tried again
    std::stop_token stop;                             ///< ends an erasure that is under way
};

/// Erases what is older than its project keeps it, and finishes erasures that were cut off. One thread.
class Retention {
public:
    explicit Retention(RetentionParts parts) : parts_(std::move(parts)) {}

    /// Does so at the first call and then once an hour.
    void run();

private:
    void run_now();

    const RetentionParts parts_;
    std::optional<pulsekit::Clock::Duration> next_;
};

}  // namespace collector::watch
