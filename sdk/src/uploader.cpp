#include "src/uploader.hpp"

#include <algorithm>

#include "src/delivery_report.hpp"
#include "support/gzip.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxBatchBytes = 1024 * 1024;  // of records; far below the protocol's 10 MB of JSON
constexpr std::size_t kWorthCompressing = 1024;      // below this gzip gains nothing
constexpr milliseconds kPause{60'000};               // a wrong key or address is not mended in seconds

// Requests that are made ready ahead carry no report; so many, then one that does.
constexpr int kPreparedInARow = 7;

// With one event a request, a report of the ledger costs as much as an event.
constexpr milliseconds kReportInterval{60'000};

std::string_view without_slash(std::string_view endpoint) {
    while (!endpoint.empty() && endpoint.back() == '/') endpoint.remove_suffix(1);
    return endpoint;
}

}  // namespace

Uploader::Uploader(Dependencies dependencies)
    : dependencies_(std::move(dependencies)),
      backoff_({dependencies_.options.retry_base, dependencies_.options.retry_cap}, dependencies_.random),
      ids_(dependencies_.random),
      batch_limit_(most_events()) {}

std::size_t Uploader::most_events() const {
    return std::min(dependencies_.options.max_batch_events, dependencies_.wire.max_events);
}

void Uploader::hurry() {
    if (!wait_is_the_collectors_) next_attempt_ = Clock::Duration{0};
}

Result<Uploader::Step> Uploader::step(Queue& queue, const std::function<bool()>& keep_waiting) {
    if (dependencies_.clock.monotonic() < next_attempt_) return Step::waiting;
    auto carried = next_ ? Result<Load>(std::move(*next_)) : load(queue);
    next_.reset();
    if (!carried) {
        wait(milliseconds(0), carried.error().message);
        return std::move(carried).error();
    }
    if (carried->list.events().empty()) return Step::idle;
    if (carried->body.empty()) make_body(*carried);
    bool is_first_wait = true;
    const auto response = exchange(*carried, [&] {
        if (!keep_waiting()) return false;
        if (is_first_wait) prepare_next(queue, *carried);
        is_first_wait = false;
        return true;
    });
    const auto concluded = [&]() -> Result<Step> {
        if (!response) return wait(milliseconds(0), response.error().message);
        const auto now = dependencies_.clock.unix_ms();
        const std::size_t events = carried->list.events().size();
        return conclude(queue, *carried, wire::judge(dependencies_.wire, *response, events, now));
    }();
    // What is ready comes after what was under way, not after what is still to be sent.
    if (!concluded || *concluded != Step::progress || batch_limit_ != most_events()) next_.reset();
    return concluded;
}

Result<Uploader::Load> Uploader::load(Queue& queue) {
    prepared_in_a_row_ = 0;
    // While a batch is being taken apart, the report would only be in the way.
    if (batch_limit_ == most_events() && queue.ledger().queued() > 0) {
        if (auto prepared = prepare_report(queue); !prepared) return std::move(prepared).error();
    }
    const auto& reports = queue.state().reports;
    Load made;
    if (batch_limit_ == most_events() && queue.ledger().queued() > 0) {
        made.reports = std::min(reports.size(), std::max<std::size_t>(1, batch_limit_ - 1));
    }
    if (const std::size_t room = batch_limit_ - made.reports; room > 0) {
        if (auto taken = take_events(made, queue, room, nullptr); !taken) return std::move(taken).error();
        if (made.batch.empty()) made.reports = 0;
    }
    for (std::size_t i = 0; i < made.reports; ++i) {
        if (!made.list.add(reports[i], 0, 1))
            return Error{ErrorCode::corrupt, "queue: a report of the ledger is damaged"};
    }
    return made;
}

Result<void> Uploader::take_events(Load& load, Queue& queue, std::size_t most, const Batch* after) const {
    auto batch = queue.peek(most, kMaxBatchBytes, after);
    if (!batch) return std::move(batch).error();
    load.batch = std::move(*batch);
    for (const auto& chunk : load.batch.chunks) {
        if (!load.list.add(chunk.records, chunk.skip, chunk.count))
            return Error{ErrorCode::corrupt, "queue: a record is damaged"};
    }
    return {};
}

void Uploader::make_body(Load& load) const {
    load.body = dependencies_.wire.encode(load.list.events(), {dependencies_.options.app_name});
    if (load.body.size() < kWorthCompressing) return;
    auto packed = gzip::compress(load.body);
    load.is_packed = packed.ok();
    if (packed) load.body = std::move(*packed);
}

/// While the collector is at work on one full request, this thread is at work on the next.
void Uploader::prepare_next(Queue& queue, const Load& under_way) {
    if (most_events() == 1 || batch_limit_ != most_events()) return;
    if (queue.ledger().queued() < under_way.batch.count + most_events()) return;
    if (prepared_in_a_row_ == kPreparedInARow) return;  // the ledger is to be reported now and then
    Load next;
    if (!take_events(next, queue, most_events(), &under_way.batch) || next.batch.empty()) return;
    make_body(next);
    next_ = std::move(next);
    ++prepared_in_a_row_;
}

Result<void> Uploader::prepare_report(Queue& queue) {
    if (!dependencies_.options.report_delivery || context_.empty() || !queue.state().reports.empty()) return {};
    const auto now = dependencies_.clock.monotonic();
    if (now < next_report_ || !is_report_due(queue.state())) return {};
    if (most_events() == 1) next_report_ = now + kReportInterval;
    const auto unix_ms = dependencies_.clock.unix_ms();
    return queue.begin_report(delivery_report(queue.state(), context_, ids_.next(unix_ms), unix_ms));
}

Result<HttpResponse> Uploader::exchange(Load& load, const std::function<bool()>& keep_waiting) {
    const Options& options = dependencies_.options;
    HttpRequest request;
    const wire::Wire& wire = dependencies_.wire;
    const bool single = load.list.events().size() == 1 && !wire.single_path.empty();
    request.url = std::string(without_slash(options.endpoint)) + std::string(single ? wire.single_path : wire.path);
    request.headers = {{"Content-Type", "application/json"},
                       {std::string(wire.key_header), std::string(wire.key_prefix) + options.api_key}};
    const auto& custom = options.network.headers;
    request.headers.insert(request.headers.end(), custom.begin(), custom.end());
    if (load.is_packed) request.headers.emplace_back("Content-Encoding", "gzip");
    request.body = std::move(load.body);
    request.connect_timeout = options.connect_timeout;
    request.timeout = options.request_timeout;
    request.keep_waiting = keep_waiting;
    return dependencies_.transport.send(request);
}

Result<Uploader::Step> Uploader::conclude(Queue& queue, const Load& load, const wire::Verdict& verdict) {
    using Kind = wire::Verdict::Kind;
    const std::size_t events = load.list.events().size();
    switch (verdict.kind) {
        case Kind::settled: return settle(queue, load, verdict.rejections);
        case Kind::rejected: return settle(queue, load, {{0, verdict.message}});
        case Kind::split:
            // The collector means the report of the ledger, which is not told again. (Of the first two it names the
            // second either way.)
            if (load.reports != 0 && load.batch.count > 1 && verdict.at == load.batch.count) {
                next_.reset();
                Load report;
                report.reports = 1;
                return settle(queue, report, {});
            }
            batch_limit_ = std::max<std::size_t>(1, verdict.at != 0 ? verdict.at : events / 2);
            return Step::progress;
        case Kind::pause: return wait(std::max(kPause, verdict.retry_after.value_or(milliseconds(0))), verdict.message);
        case Kind::retry: return wait(verdict.retry_after.value_or(milliseconds(0)), verdict.message);
    }
    return Step::waiting;
}

Result<Uploader::Step> Uploader::settle(Queue& queue, const Load& load,
                                        const std::vector<wire::Verdict::Refused>& rejections) {
    // The report of the ledger is in no ledger: it comes last, and a collector that refuses it is not told again.
    Settlement settlement;
    settlement.reports = load.reports;
    std::uint64_t refused_events = 0;
    for (const auto& refused : rejections) refused_events += refused.index < load.batch.count ? 1 : 0;
    settlement.delivered = load.batch.count - refused_events;
    if (refused_events != 0) settlement.dropped["rejected"] = refused_events;
    if (auto settled = queue.settle(load.batch, load.batch.count, settlement); !settled) {
        // The collector has them, the queue cannot note it: they will be sent again, and count once there.
        wait(milliseconds(0), settled.error().message);
        return std::move(settled).error();
    }
    if (dependencies_.options.on_rejected) {
        for (const auto& refused : rejections) {
            if (refused.index >= load.batch.count) continue;
            const auto& event = load.list.events()[refused.index];
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
    batch_limit_ = std::min(batch_limit_ * 2, most_events());
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
