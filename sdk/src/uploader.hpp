// From the queue to the collector: one batch a step.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <pulsekit/environment.hpp>
#include <pulsekit/options.hpp>

#include "src/queue.hpp"
#include "src/record.hpp"
#include "src/wire/wire.hpp"
#include "support/backoff.hpp"
#include "support/ids.hpp"

namespace pulsekit {

/// Sends, judges, settles. Knows nothing of threads; one thread at a time.
class Uploader {
public:
    struct Dependencies {
        const Options& options;
        Clock& clock;
        Random& random;
        Transport& transport;
        const wire::Wire& wire;
        std::function<void(Diagnostic)> diagnose;
    };
    explicit Uploader(Dependencies dependencies);

    enum class Step {
        idle,      ///< the queue is empty
        progress,  ///< events were settled, or the batch was made smaller: step again
        waiting,   ///< not before next_attempt()
    };

    /// One exchange with the collector at most. `keep_waiting` is asked while it lasts. An error is the queue's.
    Result<Step> step(Queue& queue, const std::function<bool()>& keep_waiting);

    /// When the next step may send, on the monotonic clock; in the past when it may now.
    Clock::Duration next_attempt() const { return next_attempt_; }
    /// Forgets a wait that was our own; one that the collector asked for stays.
    void hurry();
    bool last_attempt_failed() const { return backoff_.failures() > 0; }
    const std::string& last_problem() const { return last_problem_; }

    /// For when the queue is no longer what it was at the last step.
    void forget_next() { next_.reset(); }

    /// The context in force: what a report of the ledger goes out with.
    void set_context(std::string context) { context_ = std::move(context); }

private:
    /// What one request carries: events of the queue, and perhaps reports of the ledger after them.
    struct Load {
        Batch batch;
        EventList list;
        std::size_t reports = 0;
        std::string body;  ///< of the request; empty until it is made
        bool is_packed = false;
    };
    Result<Load> load(Queue& queue);
    Result<void> take_events(Load& load, Queue& queue, std::size_t most, const Batch* after) const;
    void make_body(Load& load) const;
    void prepare_next(Queue& queue, const Load& under_way);
    Result<void> prepare_report(Queue& queue);
    Result<HttpResponse> exchange(Load& load, const std::function<bool()>& keep_waiting);
    Result<Step> conclude(Queue& queue, const Load& load, const wire::Verdict& verdict);
    Result<Step> settle(Queue& queue, const Load& load, const std::vector<wire::Verdict::Refused>& rejections);
    Step wait(std::chrono::milliseconds at_least, const std::string& problem);
    std::size_t most_events() const;

    Dependencies dependencies_;
    Backoff backoff_;
    UuidGenerator ids_;
    std::string context_;
    std::size_t batch_limit_;
    std::optional<Load> next_;  // made ready while the one before it was under way
    int prepared_in_a_row_ = 0;
    Clock::Duration next_attempt_{0};
    Clock::Duration next_report_{0};
    bool wait_is_the_collectors_ = false;
    std::string last_problem_;
};

}  // namespace pulsekit
