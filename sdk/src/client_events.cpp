// From a call to the journal.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "src/client_impl.hpp"

namespace pulsekit {

/// One call: what happened, with the event's own fields, and the application's properties in either of their forms.
struct Call {
    RecordType type;
    std::string_view name;
    const Property* fields = nullptr;
    std::size_t field_count = 0;
    const Property* list = nullptr;
    std::size_t list_count = 0;
    const Properties* properties = nullptr;

    std::uint32_t property_count() const {
        return static_cast<std::uint32_t>(field_count + list_count +
                                          (properties ? PropertiesAccess::count(*properties) : 0));
    }
    /// Bytes of all properties; nothing when one breaks a rule.
    std::optional<std::size_t> size() const {
        std::size_t size = properties ? PropertiesAccess::encoded(*properties).size() : 0;
        if (properties && !PropertiesAccess::valid(*properties)) return std::nullopt;
        for (const auto& [from, count] : {std::pair(fields, field_count), std::pair(list, list_count)}) {
            for (std::size_t i = 0; i < count; ++i) {
                const std::size_t one = encoded_size(from[i]);
                if (one == 0) return std::nullopt;
                size += one;
            }
        }
        return size;
    }
    /// Writes them to room of which size() says that it suffices.
    void encode_all(ByteWriter& out) const {
        for (std::size_t i = 0; i < field_count; ++i) encode(out, fields[i]);
        for (std::size_t i = 0; i < list_count; ++i) encode(out, list[i]);
        if (properties) out.bytes(PropertiesAccess::encoded(*properties));
    }
    /// Writes them to room that may do or not; `at` moves along.
    Put write(char*& at, const char* end) const {
        Put put_all = put(at, end, fields, field_count);
        if (put_all == Put::done) put_all = put(at, end, list, list_count);
        if (put_all != Put::done || !properties) return put_all;
        const std::string_view encoded = PropertiesAccess::encoded(*properties);
        if (!PropertiesAccess::valid(*properties)) return Put::invalid;
        if (encoded.size() > static_cast<std::size_t>(end - at)) return Put::no_room;
        std::memcpy(at, encoded.data(), encoded.size());
        at += encoded.size();
        return Put::done;
    }
};

namespace {

// Every dialect takes plain events of at most this, even when each byte is written as six: no need to ask it.
constexpr std::size_t kSafeNameBytes = 64;
constexpr std::size_t kSafeRecordBytes = 12 * 1024;
constexpr std::size_t kSafeWithContextBytes = 16 * 1024;

bool is_currency(std::string_view text) {
    const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    return text.size() == 3 && std::all_of(text.begin(), text.end(), is_letter);
}

Tracked refused(Refusal refusal, const char* reason) { return {refusal, {}, reason}; }

/// A stable place in [0, 1) for a text: the same on every machine (FNV-1a, then the finalizer of SplitMix64).
double place_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
    hash ^= hash >> 31;
    return static_cast<double>(hash >> 11) * 0x1.0p-53;
}

std::uint8_t flags_for(const EventOptions& event, Durability least) {
    static constexpr std::uint8_t kLatency[] = {0, record_flag::kNow, record_flag::kDeferred};
    auto flags = static_cast<std::uint8_t>(event.priority) | kLatency[static_cast<std::size_t>(event.latency)];
    if (event.durability == Durability::power || least == Durability::power) flags |= record_flag::kPower;
    return static_cast<std::uint8_t>(flags);
}

/// The fields of an event that has only some of them.
class Fields {
public:
    Fields& add(std::string_view name, const Value& value) {
        fields_[count_++] = {name, value};
        return *this;
    }
    Fields& add_text(std::string_view name, std::string_view text) { return text.empty() ? *this : add(name, text); }
    const Property* data() const { return fields_.data(); }
    std::size_t size() const { return count_; }

private:
    std::array<Property, 6> fields_{};
    std::size_t count_ = 0;
};

}  // namespace

const char* to_string(Refusal refusal) noexcept {
    switch (refusal) {
        case Refusal::none: return "none";
        case Refusal::invalid: return "invalid";
        case Refusal::too_large: return "too_large";
        case Refusal::full: return "full";
        case Refusal::closed: return "closed";
        case Refusal::disabled: return "disabled";
        case Refusal::denied: return "denied";
        case Refusal::sampled: return "sampled";
        case Refusal::forked: return "forked";
    }
    return "none";
}

std::string Tracked::id_text() const { return Uuid{id}.text(); }

Tracked Client::Impl::why_not(std::uint8_t closed_by) const {
    if (is_forked()) return refused(Refusal::forked, "the client belongs to the parent process");
    if ((closed_by & gate::kClosed) != 0) return refused(Refusal::closed, "the client is closed");
    if ((closed_by & gate::kDenied) != 0) return refused(Refusal::denied, "the user has denied consent");
    return refused(Refusal::disabled, "the client is disabled");
}

/// The way of nearly every event goes straight through here, and is kept short; what is seldom is called.
Tracked Client::Impl::track(const Call& call, const EventOptions& event) {
    if (const auto closed_by = gates.load(std::memory_order_relaxed); closed_by != 0 || is_forked()) {
        return why_not(closed_by);
    }
    if (call.name.size() - 1 >= kMaxNameBytes) return refused(Refusal::invalid, "a name has 1 to 255 bytes");
    Producer* const producer = journal->producer();
    if (!producer) {
        journal->count_without_ring();
        return refused(Refusal::full, "there is no memory for a journal");
    }
    const std::int64_t unix_ms = now();
    // A time before the last, of a clock that was set back, is a large number here.
    if (static_cast<std::uint64_t>(unix_ms - last_activity_ms.load(std::memory_order_acquire)) >=
        static_cast<std::uint64_t>(activity_grain_ms)) {
        start_session_if_idle(unix_ms);
    }
    if (producer->context_version != context_version.load(std::memory_order_acquire) &&
        !wait_for_room(*producer, event.wait_for_room, [&] { return refresh_context(*producer); })) {
        return refused(Refusal::full, "the journal is full");
    }
    if (!options.sampling.empty() && is_sampled_out(*producer, call.name)) {
        producer->ring->count_sampled();
        return refused(Refusal::sampled, "left out by Options::sampling");
    }
    RecordHead head;
    head.type = call.type;
    head.fields = static_cast<std::uint8_t>(call.field_count);
    head.flags = flags_for(event, options.durability);
    head.id = producer->ids.next(unix_ms);
    head.time_ms = unix_ms;
    head.sequence = producer->sequence->fetch_add(1, std::memory_order_relaxed) + 1;
    head.name = call.name;
    head.properties = call.property_count();

    const char* end = nullptr;
    char* const record = producer->ring->room(end);
    char* at = record;
    if (static_cast<std::size_t>(end - record) <= head.encoded_size()) {
        return write_slowly(*producer, head, call, event);
    }
    ByteWriter out(at);
    head.encode(out);
    at = out.position();
    const Put written = call.write(at, end);
    if (written != Put::done) return write_slowly(*producer, head, call, event);
    return publish(*producer, head, static_cast<std::size_t>(at - record), record, event);
}

/// With the size asked first: for what breaks a rule, and for what the room at the end of a lap was too small for.
Tracked Client::Impl::write_slowly(Producer& producer, const RecordHead& head, const Call& call,
                                   const EventOptions& event) {
    const auto properties = call.size();
    if (!properties) return refused(Refusal::invalid, "a property breaks a rule (see Properties::set)");
    const std::size_t size = head.encoded_size() + *properties;
    if (size > kMaxRecordBytes) return refused(Refusal::too_large, "an event has at most 100 KB");
    char* record = nullptr;
    const bool has_room = wait_for_room(producer, event.wait_for_room, [&] {
        record = producer.ring->reserve(static_cast<std::uint32_t>(size));
        return record != nullptr;
    });
    if (!has_room) return refused(Refusal::full, "the journal is full");
    ByteWriter out(record);
    head.encode(out);
    call.encode_all(out);
    return publish(producer, head, size, record, event);
}

inline Tracked Client::Impl::publish(Producer& producer, const RecordHead& head, std::size_t size, const char* record,
                                     const EventOptions& event) {
    if (head.type != RecordType::track || head.fields != 0 || head.name.size() > kSafeNameBytes ||
        static_cast<unsigned char>(head.name.front()) <= ' ' ||  // may be blanks alone
        size > kSafeRecordBytes || size + producer.context.size() > kSafeWithContextBytes) {
        if (size > kMaxRecordBytes) return refused(Refusal::too_large, "an event has at most 100 KB");
        if (const char* reason = check(producer, record, size)) {
            return refused(size > kSafeRecordBytes ? Refusal::too_large : Refusal::invalid, reason);
        }
    }
    producer.ring->commit(static_cast<std::uint32_t>(size));
    if ((head.flags & record_flag::kPower) != 0) wait_for_power(producer);
    // Once for each time that the ring fills up, not for each event while it is.
    const bool filling = producer.ring->is_filling();
    const bool fills_up = filling && !producer.was_filling;
    producer.was_filling = filling;
    if (fills_up || worker->is_asleep() || event.latency == Latency::now) worker->wake();
    return {Refusal::none, head.id.bytes, nullptr};
}

void Client::Impl::wait_for_power(Producer& producer) {
    if (options.power_window.count() != 0) return;
    Result<void> synced = producer.ring->sync();
    if (synced && storage && !producer.is_named) synced = storage->sync_folders();
    producer.is_named = synced.ok();
    if (synced) return;
    diagnose({Diagnostic::Level::error, synced.error().code,
              "an event is not safe from a loss of power: " + synced.error().message});
}

/// Tries until there is room in the ring, the caller may wait no longer, or the client is closed and makes no more;
/// then the event is counted as lost.
template <typename Attempt>
bool Client::Impl::wait_for_room(Producer& producer, std::chrono::milliseconds wait, const Attempt& attempt) {
    constexpr std::chrono::hours kForEver{24 * 366};
    wait = std::min<std::chrono::milliseconds>(wait, kForEver);  // the most there is would overflow
    bool done = attempt();
    if (!done && wait.count() > 0) {
        const Clock::Duration until = clock->monotonic() + wait;
        const auto is_open = [&] { return (gates.load(std::memory_order_relaxed) & gate::kClosed) == 0; };
        while (!done && is_open() && clock->monotonic() < until) {
            worker->wait_for_progress(until);
            done = attempt();
        }
    }
    if (!done) {
        producer.ring->count_overflow();
        worker->wake();
    }
    return done;
}

/// Whether the collector would take it: an event that it would refuse for good is refused here, where somebody notices.
const char* Client::Impl::check(Producer& producer, const char* record, std::size_t size) const {
    const auto view = RecordView::parse(std::string_view(record, size), &producer.context_view);
    return view ? wire.check(*view, {options.app_name}) : "the event cannot be encoded";
}

bool Client::Impl::is_sampled_out(const Producer& producer, std::string_view name) const {
    const SampleRate* rate = nullptr;
    for (const auto& candidate : options.sampling) {
        if (candidate.name == name) {
            rate = &candidate;
            break;
        }
        if (candidate.name.empty() && !rate) rate = &candidate;
    }
    return rate && producer.sample_position >= rate->rate;
}

/// Brings the ring to the context that holds now; false when it is full.
bool Client::Impl::refresh_context(Producer& producer) {
    const MutexLock lock(context_mutex);
    std::string encoded = context.encoded();
    char* room = producer.ring->reserve(static_cast<std::uint32_t>(encoded.size()));
    if (!room) return false;
    std::memcpy(room, encoded.data(), encoded.size());
    producer.ring->commit(static_cast<std::uint32_t>(encoded.size()), /*is_event=*/false);
    producer.context = std::move(encoded);
    producer.context_view = ContextView::parse(producer.context).value_or(ContextView{});
    producer.sample_position = place_of(context.user_id.empty() ? context.device_id : context.user_id);
    producer.sequence = sequence;
    producer.context_version = context_version.load(std::memory_order_relaxed);
    return true;
}

void Client::Impl::start_session_locked(std::int64_t unix_ms) {
    context.session = session_ids.next(unix_ms);
    sequence = std::make_shared<std::atomic<std::uint32_t>>(0);
    last_activity_ms.store(unix_ms, std::memory_order_release);
    if (marker) marker->set_session(context.session);
}

bool Client::Impl::is_session_over(std::int64_t unix_ms) const noexcept {
    const auto timeout = options.session_timeout.count();
    return timeout > 0 && unix_ms - last_activity_ms.load(std::memory_order_acquire) >= timeout;
}

/// Every event is a sign of life; the time of the last is kept coarsely, so that threads seldom write it.
void Client::Impl::start_session_if_idle(std::int64_t unix_ms) {
    if (!is_session_over(unix_ms)) {
        // Threads that are a moment apart do not take turns here, but a clock that was set back is followed.
        const std::int64_t idle = unix_ms - last_activity_ms.load(std::memory_order_acquire);
        if (idle >= activity_grain_ms || idle <= -activity_grain_ms) {
            last_activity_ms.store(unix_ms, std::memory_order_release);
        }
        return;
    }
    change_context([&] {
        context_mutex.assert_held();
        // Another thread may have been first.
        if (is_session_over(unix_ms)) start_session_locked(unix_ms);
    });
}

Tracked Client::Impl::identify(std::string_view user_id, const Properties& traits, const EventOptions& event) {
    if (user_id.size() > kMaxNameBytes) return refused(Refusal::invalid, "a user id has at most 255 bytes");
    Call call{RecordType::identify, "identify"};
    call.properties = &traits;
    if (const auto closed_by = gates.load(std::memory_order_relaxed); closed_by != 0 || is_forked()) {
        return why_not(closed_by);
    }
    ContextView as_user;
    as_user.user_id = user_id;
    RecordView probe;
    probe.type = RecordType::identify;
    probe.name = call.name;
    probe.context = &as_user;
    if (const char* reason = wire.check(probe, {options.app_name})) return refused(Refusal::invalid, reason);
    change_context([&] {
        context_mutex.assert_held();
        context.user_id = std::string(user_id);
    });
    return track(call, event);
}

Tracked Client::track(std::string_view name, const Property* properties, std::size_t count,
                      const EventOptions& options) {
    Call call{RecordType::track, name};
    call.list = properties;
    call.list_count = count;
    return impl_->track(call, options);
}
Tracked Client::track(std::string_view name, const Properties& properties, const EventOptions& options) {
    Call call{RecordType::track, name};
    call.properties = &properties;
    return impl_->track(call, options);
}
Tracked Client::screen(std::string_view name, const Properties& properties, const EventOptions& options) {
    Call call{RecordType::screen, name};
    call.properties = &properties;
    const Tracked tracked = impl_->track(call, options);
    if (!tracked) return tracked;
    bool is_new = false;
    {
        const MutexLock lock(impl_->context_mutex);
        is_new = impl_->context.page != name;
    }
    if (is_new) {
        impl_->change_context([&] {
            impl_->context_mutex.assert_held();
            impl_->context.page = std::string(name);
        });
    }
    return tracked;
}
Tracked Client::identify(std::string_view user_id, const Properties& traits, const EventOptions& options) {
    return impl_->identify(user_id, traits, options);
}

namespace {

Call typed(RecordType type, std::string_view name, const Fields& fields, const Properties& properties) {
    Call call{type, name};
    call.fields = fields.data();
    call.field_count = fields.size();
    call.properties = &properties;
    return call;
}

}  // namespace

Tracked Client::error(const ErrorReport& error, const Properties& properties, const EventOptions& options) {
    if (error.message.empty()) return refused(Refusal::invalid, "an error needs a message");
    Fields fields;
    fields.add(field_name::kErrorMessage, error.message)
        .add_text(field_name::kErrorType, error.type)
        .add_text(field_name::kErrorStack, error.stack);
    const std::string_view name = error.type.empty() ? "error" : error.type;
    return impl_->track(typed(RecordType::error, name, fields, properties), options);
}

Tracked Client::timed(std::string_view name, std::chrono::milliseconds duration, const Properties& properties,
                      const EventOptions& options) {
    Fields fields;
    fields.add(field_name::kDuration, duration.count());
    return impl_->track(typed(RecordType::track, name, fields, properties), options);
}

Timer Client::start_timer() const { return Timer(*impl_->clock); }

Tracked Client::revenue(std::string_view name, const Revenue& revenue, const Properties& properties,
                        const EventOptions& options) {
    if (!is_currency(revenue.currency)) return refused(Refusal::invalid, "a currency is three letters (ISO 4217)");
    if (!std::isfinite(revenue.amount)) return refused(Refusal::invalid, "an amount is a finite number");
    Fields fields;
    fields.add(field_name::kRevenueAmount, revenue.amount).add(field_name::kRevenueCurrency, revenue.currency);
    return impl_->track(typed(RecordType::track, name, fields, properties), options);
}

Tracked Client::journey_step(const JourneyStep& step, const Properties& properties, const EventOptions& options) {
    if (step.journey.empty() || step.step.empty())
        return refused(Refusal::invalid, "a journey step needs a journey and a step");
    Fields fields;
    fields.add(field_name::kJourney, step.journey)
        .add(field_name::kStep, step.step)
        .add_text(field_name::kStepName, step.name);
    return impl_->track(typed(RecordType::journey_step, "journey.step", fields, properties), options);
}

Tracked Client::state_change(const StateChange& change, const Properties& properties, const EventOptions& options) {
    if (change.key.empty()) return refused(Refusal::invalid, "a state change needs a key");
    Fields fields;
    fields.add(field_name::kStateKey, change.key)
        .add_text(field_name::kStateBefore, change.before)
        .add_text(field_name::kStateAfter, change.after);
    return impl_->track(typed(RecordType::state_change, "state.change", fields, properties), options);
}

Tracked Client::api_call(const ApiCall& api, const Properties& properties, const EventOptions& options) {
    if (api.method.empty() || api.path.empty())
        return refused(Refusal::invalid, "an API call needs a method and a path");
    Fields fields;
    fields.add(field_name::kApiMethod, api.method).add(field_name::kApiPath, api.path);
    if (api.status != 0) fields.add(field_name::kApiStatus, api.status);
    fields.add(field_name::kDuration, api.duration.count());
    return impl_->track(typed(RecordType::api_call, "api.response", fields, properties), options);
}

Tracked Client::performance(std::string_view metric, double value, const Properties& properties,
                            const EventOptions& options) {
    if (metric.empty() || !std::isfinite(value))
        return refused(Refusal::invalid, "a measurement needs a metric and a finite value");
    Fields fields;
    fields.add(field_name::kMetric, metric).add(field_name::kMetricValue, value);
    return impl_->track(typed(RecordType::performance, metric, fields, properties), options);
}

}  // namespace pulsekit
