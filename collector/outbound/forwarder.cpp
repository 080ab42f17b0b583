#include "outbound/forwarder.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "support/gzip.hpp"

namespace collector::outbound {

using pulsekit::MutexLock;
using pulsekit::Result;
using std::chrono::milliseconds;

namespace {

using Kind = Verdict::Kind;

constexpr milliseconds kLook{1'000};  // how often to look for new events
constexpr milliseconds kGap{100};     // between requests that are not full
constexpr milliseconds kTimeout{30'000};
constexpr milliseconds kLongestPause = std::chrono::hours(1);  // that a service may ask for
constexpr pulsekit::BackoffLimits kBackoff{.base = milliseconds(2'000), .cap = std::chrono::minutes(5)};
constexpr int kRememberedFailures = 30;
constexpr std::int64_t kUnsavedPlaces = 100'000;  // that nobody wants: they are looked at again after a restart
constexpr int kSwiftlyRefused = 20;               // in a row: then something else may be wrong

store::Arrivals wanted(const Destination& destination) {
    store::Arrivals arrivals{
        .project_id = {},
        .range = {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()},
        .only_reported = true};
    if (!destination.every_dialect) arrivals.dialect = model::DialectId::productgraph;
    return arrivals;
}

std::string url_of(const Destination& destination) {
    if (destination.provider.query.empty()) return destination.url;
    const char joint = destination.url.find('?') == std::string::npos ? '?' : '&';
    return destination.url + joint + std::string(destination.provider.query);
}

/// A service may repeat the key that it does not know.
std::string without(std::string text, const std::string& key) {
    constexpr std::string_view kHidden = "***";
    if (key.empty()) return text;
    for (auto at = text.find(key); at != std::string::npos; at = text.find(key, at + kHidden.size())) {
        text.replace(at, key.size(), kHidden);
    }
    return text;
}

}  // namespace

Result<std::unique_ptr<Forwarder>> Forwarder::open(Destination destination, ForwarderParts parts) {
    auto cursors = Cursors::open(parts.database_path);
    if (!cursors) return std::move(cursors).error();
    auto known = cursors->find(destination.provider.name);
    if (!known) return std::move(known).error();
    Cursor cursor;
    if (*known) {
        cursor = **std::move(known);
    } else {
        auto arrivals = wanted(destination);
        arrivals.after = std::numeric_limits<std::int64_t>::max();
        const auto end = parts.store.arrivals(arrivals, {});
        if (!end) return end.error();
        cursor.position = end->newest;
        if (auto saved = cursors->save(destination.provider.name, cursor); !saved) return std::move(saved).error();
    }
    return std::unique_ptr<Forwarder>(
        new Forwarder(std::move(destination), std::move(parts), *std::move(cursors), std::move(cursor)));
}

Forwarder::Forwarder(Destination destination, ForwarderParts parts, Cursors cursors, Cursor cursor)
    : destination_(std::move(destination)),
      parts_(std::move(parts)),
      cursors_(std::move(cursors)),
      cursor_(std::move(cursor)),
      saved_position_(cursor_.position),
      poster_(Reach::anywhere, [this] { return !is_stopping(); }),
      backoff_(kBackoff, parts_.random),
      batch_places_(destination_.provider.max_events) {
    for (int i = 0; i < std::min(cursor_.failures, kRememberedFailures); ++i) (void)backoff_.failed();
    const milliseconds left(std::max<std::int64_t>(0, cursor_.next_try_ms - parts_.clock.unix_ms()));
    next_try_ = parts_.clock.monotonic() + std::min(left, kLongestPause);
    publish();
    thread_ = std::jthread([this] { run(); });
}

Forwarder::~Forwarder() { request_stop(); }

void Forwarder::notify() {
    {
        const MutexLock lock(mutex_);
        if (may_be_more_) return;
        may_be_more_ = true;
    }
    wake_.notify_one();
}

void Forwarder::request_stop() {
    {
        const MutexLock lock(mutex_);
        stop_.request_stop();
    }
    wake_.notify_one();
}

ForwardingState Forwarder::state() const {
    const auto now_ms = parts_.clock.unix_ms();
    const MutexLock lock(mutex_);
    auto state = state_;
    if (oldest_ms_) state.lag_seconds = static_cast<double>(std::max<std::int64_t>(0, now_ms - *oldest_ms_)) / 1000;
    return state;
}

void Forwarder::run() {
    do {
        while (!is_stopping() && forward_some()) {}
    } while (wait_for_turn());
}

bool Forwarder::wait_for_turn() {
    auto& clock = parts_.clock;
    const auto since = clock.monotonic();
    MutexLock lock(mutex_);
    while (!is_stopping()) {
        const auto now = clock.monotonic();
        const auto until = since + (may_be_more_ && now >= next_try_ ? kGap : kLook);
        if (now >= until) break;
        clock.wait_until(wake_, lock.native(), until);
    }
    may_be_more_ = false;
    return !is_stopping();
}

bool Forwarder::forward_some() {
    const auto page = look();
    if (!page) return false;
    if (page->places.empty()) {
        pass_over(page->newest);
        return false;
    }
    const std::span<const std::int64_t> places(page->places);
    const bool may_send = parts_.clock.monotonic() >= next_try_;
    auto batch = read(places.first(may_send ? std::min(batch_places_, places.size()) : 1));
    if (!batch || !may_send) return false;
    const auto behind = places.subspan(batch->places);
    return send(*std::move(batch), behind);
}

Result<store::ArrivalPage> Forwarder::look() {
    auto arrivals = wanted(destination_);
    arrivals.after = cursor_.position;
    arrivals.limit = static_cast<std::int64_t>(batch_places_) + 1;
    auto page = parts_.store.arrivals(arrivals, {.stop = stop_.get_token()});
    if (!page) {
        if (!is_stopping()) warn("events cannot be read: " + page.error().message);
        return page;
    }
    const MutexLock lock(mutex_);
    state_.lag_events = std::max<std::int64_t>(0, page->newest - cursor_.position);
    return page;
}

Result<Batch> Forwarder::read(std::span<const std::int64_t> places) {
    auto batch = read_batch(parts_.store, places, destination_, parts_.clock.unix_ms());
    if (!batch) {
        warn("events cannot be read: " + batch.error().message);
        return batch;
    }
    const MutexLock lock(mutex_);
    oldest_ms_ = batch->oldest_ms;
    return batch;
}

bool Forwarder::send(Batch batch, std::span<const std::int64_t> behind) {
    while (!batch.events.empty()) {
        const Verdict verdict = post(batch.events);
        if (verdict.kind == Kind::taken) break;
        if (is_stopping()) return false;
        if (verdict.bad.empty()) return narrow(verdict, std::move(batch), behind);
        warn("events are refused: " + verdict.error);
        for (auto bad = verdict.bad.rbegin(); bad != verdict.bad.rend(); ++bad) {
            batch.events.erase(batch.events.begin() + static_cast<std::ptrdiff_t>(*bad));
        }
        batch.drop(Drop::refused, verdict.bad.size());
    }
    settle(batch);
    return true;
}

Verdict Forwarder::post(std::span<const std::string> events) {
    auto body = pulsekit::gzip::compress(destination_.provider.body(events, destination_.key));
    if (!body) return {.kind = Kind::later, .error = body.error().message};
    const auto answer = poster_.post({.url = url_of(destination_),
                                      .headers = {{"Content-Type", "application/json"},
                                                  {"Content-Encoding", "gzip"},
                                                  {"Accept", "application/json"}},
                                      .body = *std::move(body),
                                      .timeout = kTimeout});
    if (!answer) return {.kind = Kind::later, .error = answer.error().message};
    Verdict verdict = destination_.provider.judge(*answer, events.size());
    verdict.error = without(std::move(verdict.error), destination_.key);
    verdict.wait = std::min(answer->retry_after.value_or(milliseconds(0)), kLongestPause);
    if (verdict.kind == Kind::too_fast)
        verdict.wait = std::max<milliseconds>(verdict.wait, destination_.provider.pause);
    return verdict;
}

bool Forwarder::narrow(const Verdict& verdict, Batch batch, std::span<const std::int64_t> behind) {
    const bool alone = batch.events.size() == 1;
    if (verdict.kind != Kind::later && !alone) batch_places_ = std::max<std::size_t>(1, batch.places / 2);
    if (verdict.kind == Kind::later || verdict.kind == Kind::too_fast) {
        back_off(verdict);
        return false;
    }
    if (!alone) return true;
    if (verdict.kind == Kind::forbidden && !is_to_blame(behind)) {
        if (!is_stopping()) back_off(verdict);
        return false;
    }
    return drop_alone(verdict, std::move(batch));
}

/// Whether the service takes the next event, where it does not take this one. That one is then sent twice, under one
/// id.
bool Forwarder::is_to_blame(std::span<const std::int64_t> behind) {
    if (behind.empty()) return false;
    const auto next = read_batch(parts_.store, behind.first(1), destination_, parts_.clock.unix_ms());
    return next && next->events.size() == 1 && post(next->events).kind == Kind::taken;
}

bool Forwarder::drop_alone(const Verdict& verdict, Batch batch) {
    batch.drop(verdict.kind == Kind::too_large ? Drop::too_large : Drop::refused, 1);
    batch.events.clear();
    cursor_.last_error = verdict.error;
    warn("an event is refused: " + verdict.error);
    settle(batch);
    if (++refused_in_a_row_ < kSwiftlyRefused) return true;
    back_off(verdict);
    return false;
}

void Forwarder::settle(const Batch& batch) {
    cursor_.position = batch.last_place;
    if (!batch.events.empty()) {
        if (cursor_.failures > 0) parts_.log("forwarding to " + std::string(destination_.provider.title) + " goes on");
        batch_places_ = std::min(destination_.provider.max_events, 2 * batch_places_);
        refused_in_a_row_ = 0;
        backoff_.succeeded();
        cursor_.failures = 0;
        cursor_.next_try_ms = 0;
        cursor_.last_error.clear();
        warned_.clear();
    }
    {
        const MutexLock lock(mutex_);
        state_.forwarded += batch.events.size();
        state_.skipped += batch.skipped;
        for (std::size_t i = 0; i < kDrops; ++i) state_.dropped[i] += batch.dropped[i];
    }
    save();
}

/// Nothing up to there is to be sent.
void Forwarder::pass_over(std::int64_t newest) {
    cursor_.position = std::max(cursor_.position, newest);
    {
        const MutexLock lock(mutex_);
        oldest_ms_.reset();
        state_.lag_events = 0;
    }
    if (cursor_.position - saved_position_ >= kUnsavedPlaces) {
        save();
    } else {
        publish();
    }
}

void Forwarder::back_off(const Verdict& verdict) {
    const auto wait = backoff_.failed(verdict.wait);
    next_try_ = parts_.clock.monotonic() + wait;
    cursor_.failures = backoff_.failures();
    cursor_.next_try_ms = parts_.clock.unix_ms() + wait.count();
    cursor_.last_error = verdict.error;
    {
        const MutexLock lock(mutex_);
        ++state_.retries;
    }
    warn("tried again later: " + verdict.error);
    save();
}

/// What is not saved is sent once more after a restart, and known there by its ids.
void Forwarder::save() {
    publish();
    const auto saved = cursors_.save(destination_.provider.name, cursor_);
    if (!saved) return warn("the position is not noted: " + saved.error().message);
    saved_position_ = cursor_.position;
}

void Forwarder::publish() {
    const MutexLock lock(mutex_);
    state_.provider = destination_.provider.name;
    state_.position = cursor_.position;
    state_.failures = cursor_.failures;
    state_.next_try_ms = cursor_.next_try_ms;
    state_.last_error = cursor_.last_error;
}

/// Each problem once, until something is taken again.
void Forwarder::warn(const std::string& text) {
    if (std::exchange(warned_, text) == text) return;
    parts_.warn("forwarding to " + std::string(destination_.provider.title) + ": " + text);
}

}  // namespace collector::outbound
