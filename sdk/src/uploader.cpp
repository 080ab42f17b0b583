#include "src/uploader.hpp"

#include <algorithm>

#include "support/gzip.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxBatchBytes = 1024 * 1024;  // of records; far below the protocol's 10 MB of JSON
constexpr std::size_t kWorthCompressing = 1024;      // below this gzip gains nothing
constexpr milliseconds kPause{60'000};               // a wrong key or address is not mended in seconds

std::vector<RecordView> parse(const Batch& batch) {
    std::vector<RecordView> events;
    events.reserve(batch.records.size());
    for (const auto bytes : batch.records) {
        if (auto record = RecordView::parse(bytes)) events.push_back(*record);
    }
    return events;
}

}  // namespace

Uploader::Uploader(Dependencies dependencies)
    : dependencies_(std::move(dependencies)),
      backoff_({dependencies_.options.retry_base, dependencies_.options.retry_cap}, dependencies_.random),
      batch_limit_(dependencies_.options.max_batch_events) {}

void Uploader::hurry() {
    if (!wait_is_the_collectors_) next_attempt_ = Clock::Duration{0};
}

Result<Uploader::Step> Uploader::step(Queue& queue, const std::function<bool()>& keep_waiting) {
    if (dependencies_.clock.monotonic() < next_attempt_) return Step::waiting;
    auto batch = queue.peek(batch_limit_, kMaxBatchBytes);
    if (!batch) {
        wait(milliseconds(0), batch.error().message);
        return std::move(batch).error();
    }
    if (batch->empty()) return Step::idle;
    const auto events = parse(*batch);
    if (events.size() != batch->records.size()) return Error{ErrorCode::corrupt, "queue: a record is damaged"};
    const auto response = exchange(events, keep_waiting);
    if (!response) return wait(milliseconds(0), response.error().message);
    const auto now = dependencies_.clock.unix_ms();
    return conclude(queue, *batch, events, wire::judge(dependencies_.wire, *response, events.size(), now));
}

Result<HttpResponse> Uploader::exchange(const std::vector<RecordView>& events,
                                        const std::function<bool()>& keep_waiting) {
    const Options& options = dependencies_.options;
    HttpRequest request;
    request.url = options.endpoint + std::string(dependencies_.wire.path);
    request.headers = {{"Content-Type", "application/json"},
                       {std::string(dependencies_.wire.key_header), options.api_key}};
    request.body = dependencies_.wire.encode(events, {options.app_name});
    if (request.body.size() >= kWorthCompressing) {
        if (auto packed = gzip::compress(request.body)) {
            request.body = std::move(*packed);
            request.headers.emplace_back("Content-Encoding", "gzip");
        }
    }
    request.connect_timeout = options.connect_timeout;
    request.timeout = options.request_timeout;
    request.keep_waiting = keep_waiting;
    return dependencies_.transport.send(request);
}

Result<Uploader::Step> Uploader::conclude(Queue& queue, const Batch& batch, const std::vector<RecordView>& events,
                                          const wire::Verdict& verdict) {
    using Kind = wire::Verdict::Kind;
    switch (verdict.kind) {
        case Kind::settled: return settle(queue, batch, events, verdict.rejections);
        case Kind::rejected: return settle(queue, batch, events, {{0, verdict.message}});
        case Kind::split: batch_limit_ = std::max<std::size_t>(1, events.size() / 2); return Step::progress;
        case Kind::pause: return wait(std::max(kPause, verdict.retry_after.value_or(milliseconds(0))), verdict.message);
        case Kind::retry: return wait(verdict.retry_after.value_or(milliseconds(0)), verdict.message);
    }
    return Step::waiting;
}

Result<Uploader::Step> Uploader::settle(Queue& queue, const Batch& batch, const std::vector<RecordView>& events,
                                        const std::vector<wire::Verdict::Refused>& rejections) {
    Settlement settlement;
    settlement.delivered = events.size() - rejections.size();
    if (!rejections.empty()) settlement.dropped["rejected"] = rejections.size();
    if (auto settled = queue.settle(batch, events.size(), settlement); !settled) {
        // The collector has them, the queue cannot note it: they will be sent again, and count once there.
        wait(milliseconds(0), settled.error().message);
        return std::move(settled).error();
    }
    if (dependencies_.options.on_rejected) {
        for (const auto& refused : rejections) {
            const auto& event = events[refused.index];
            dependencies_.options.on_rejected({event.id.text(), std::string(event.name), refused.message});
        }
    }
    if (last_attempt_failed()) {
        dependencies_.diagnose({Diagnostic::Level::info, ErrorCode::unavailable, "the collector answers again"});
    }
    backoff_.succeeded();
    last_problem_.clear();
    next_attempt_ = Clock::Duration{0};
    wait_is_the_collectors_ = false;
    batch_limit_ = std::min(batch_limit_ * 2, dependencies_.options.max_batch_events);
    return Step::progress;
}

Uploader::Step Uploader::wait(milliseconds at_least, const std::string& problem) {
    // Once for each new problem, not once for each attempt.
    if (problem != last_problem_) {
        dependencies_.diagnose(
            {Diagnostic::Level::warning, ErrorCode::unavailable, "events wait for the collector: " + problem});
    }
    last_problem_ = problem;
    wait_is_the_collectors_ = at_least.count() > 0;
    next_attempt_ = dependencies_.clock.monotonic() + backoff_.failed(at_least);
    return Step::waiting;
}

}  // namespace pulsekit
