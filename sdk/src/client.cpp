#include <pulsekit/client.hpp>

#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <optional>

#include "src/journal.hpp"
#include "src/network_options.hpp"
#include "src/record.hpp"
#include "src/run_marker.hpp"
#include "src/storage.hpp"
#include "src/surroundings.hpp"
#include "src/transport/transport.hpp"
#include "src/worker.hpp"
#include "support/fork_count.hpp"
#include "support/system_environment.hpp"

namespace pulsekit {
namespace {

constexpr std::size_t kMaxGlobalBytes = 8 * 1024;

Result<void> check_options(const Options& options) {
    const auto missing = [](const char* name) {
        return Error{ErrorCode::invalid, std::string("Options::") + name + " is required"};
    };
    if (options.endpoint.empty()) return missing("endpoint");
    if (options.api_key.empty()) return missing("api_key");
    if (options.app_name.empty()) return missing("app_name");
    if (options.endpoint.compare(0, 7, "http://") != 0 && options.endpoint.compare(0, 8, "https://") != 0) {
        return Error{ErrorCode::invalid, "Options::endpoint must start with https:// or http://"};
    }
    for (const auto* text :
         {&options.app_version, &options.app_build, &options.environment.os, &options.environment.os_version,
          &options.environment.arch, &options.environment.locale, &options.environment.time_zone,
          &options.environment.screen, &options.environment.device_class, &options.environment.network_type}) {
        if (text->size() > kMaxNameBytes)
            return Error{ErrorCode::invalid,
                         "Options: app_version, app_build and the environment have at most 255 bytes"};
    }
    if (!PropertiesAccess::valid(options.global_properties) ||
        PropertiesAccess::encoded(options.global_properties).size() > kMaxGlobalBytes)
        return Error{ErrorCode::invalid, "Options::global_properties breaks a rule or has more than 8 KB"};
    if (auto valid = validate(options.network, options.dialect); !valid) return valid;
    for (const auto& rate : options.sampling) {
        if (!(rate.rate >= 0.0 && rate.rate <= 1.0))
            return Error{ErrorCode::invalid, "Options::sampling: a rate is 0 to 1"};
    }
    if (options.max_batch_events < 1 || options.max_batch_events > 1'000) {
        return Error{ErrorCode::invalid, "Options::max_batch_events must be 1 to 1,000"};
    }
    return {};
}

// Every dialect takes plain events of at most this: no need to ask it.
constexpr std::size_t kSafeNameBytes = 64;
constexpr std::size_t kSafeRecordBytes = 12 * 1024;
constexpr std::int64_t kActivityGrainMs = 1'000;

/// Why nothing is taken at present; a bit each, so that track() looks at one number.
namespace gate {
constexpr std::uint8_t kClosed = 1;
constexpr std::uint8_t kDenied = 2;
constexpr std::uint8_t kDisabled = 4;
}  // namespace gate

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

/// A copy without the property of that name.
Properties without(const Properties& properties, std::string_view name) {
    Properties rest;
    PropertyReader reader(PropertiesAccess::encoded(properties), PropertiesAccess::count(properties));
    while (const auto property = reader.next()) {
        if (property->name != name) rest.set(property->name, property->value);
    }
    return rest;
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

struct Client::Impl {
    explicit Impl(Options given)
        : options(std::move(given)),
          clock(options.clock ? options.clock : &system_clock),
          random(options.random ? options.random : &system_random),
          wire(wire::wire_of(options.dialect)),
          session_ids(*random) {}

    void diagnose(const Diagnostic& diagnostic) const {
        if (options.on_diagnostic && diagnostic.level >= options.log_level) options.on_diagnostic(diagnostic);
    }

    Result<void> start();
    void open_storage();
    std::unique_ptr<Queue> open_queue();
    void begin_context();
    Tracked track(const Call& call, const EventOptions& event);
    Tracked write(Producer& producer, RecordHead& head, const Call& call, std::chrono::milliseconds wait_for_room);
    char* reserve(Producer& producer, std::size_t size, std::chrono::milliseconds wait_for_room);
    const char* check(Producer& producer, const char* record, std::size_t size) const;
    Tracked why_not() const;
    bool is_forked() const noexcept { return fork_count() != forks; }
    bool refresh_context(Producer& producer);
    bool is_sampled_out(const Producer& producer, std::string_view name) const;
    template <typename Change>
    void change_context(const Change& change);
    void start_session_locked(std::int64_t now) PULSEKIT_REQUIRES(context_mutex);
    void start_session_if_idle(std::int64_t now);
    Tracked identify(std::string_view user_id, const Properties& traits, const EventOptions& event);
    void set_gate(std::uint8_t bit, bool closed_by_it) noexcept;

    Options options;
    SystemClock system_clock;
    SystemRandom system_random;
    Clock* clock;
    Random* random;
    const wire::Wire& wire;
    std::unique_ptr<Transport> transport;
    std::unique_ptr<Storage> storage;  // null: nothing touches the disk
    std::optional<RunMarker> marker;
    std::uint32_t forks = 0;

    // Changed seldom and read by every track(): readers keep a copy and look only at the version.
    mutable Mutex context_mutex;
    Context context PULSEKIT_GUARDED_BY(context_mutex);
    std::shared_ptr<std::atomic<std::uint32_t>> sequence PULSEKIT_GUARDED_BY(context_mutex);
    UuidGenerator session_ids PULSEKIT_GUARDED_BY(context_mutex);
    std::atomic<std::uint64_t> context_version{1};
    std::atomic<std::int64_t> last_activity_ms{0};

    std::atomic<std::uint8_t> gates{0};
    std::atomic<Consent> consent{Consent::granted};
    std::unique_ptr<Journal> journal;
    std::unique_ptr<Worker> worker;  // last: it borrows the others
};

void Client::Impl::set_gate(std::uint8_t bit, bool closed_by_it) noexcept {
    if (closed_by_it) {
        gates.fetch_or(bit, std::memory_order_relaxed);
    } else {
        gates.fetch_and(static_cast<std::uint8_t>(~bit), std::memory_order_relaxed);
    }
}

void Client::Impl::open_storage() {
    if (options.storage_dir.empty()) return;
    auto opened = Storage::open(options.storage_dir, *random);
    if (!opened) {
        diagnose({Diagnostic::Level::error, opened.error().code,
                  "events are kept in memory alone, for the storage folder cannot be used: " + opened.error().message});
        return;
    }
    storage = std::make_unique<Storage>(std::move(*opened));
    auto opened_marker = RunMarker::open(storage->run_marker_path());
    if (!opened_marker) {
        diagnose({Diagnostic::Level::warning, opened_marker.error().code,
                  "the next start will not know how this run ended: " + opened_marker.error().message});
        return;
    }
    marker.emplace(std::move(*opened_marker));
    if (options.note_fatal_signals) marker->note_fatal_signals();
}

void Client::Impl::begin_context() {
    Environment environment = options.environment;
    if (options.collect_context) find_surroundings(environment);
    const MutexLock lock(context_mutex);
    context.device_id = storage ? storage->device_id() : new_device_id(*random);
    context.app_version = options.app_version;
    context.app_build = options.app_build;
    context.os = std::move(environment.os);
    context.os_version = std::move(environment.os_version);
    context.arch = std::move(environment.arch);
    context.locale = std::move(environment.locale);
    context.time_zone = std::move(environment.time_zone);
    context.screen = std::move(environment.screen);
    context.device_class = std::move(environment.device_class);
    context.network_type = std::move(environment.network_type);
    context.globals = options.global_properties;
    start_session_locked(clock->unix_ms());
}

Result<void> Client::Impl::start() {
    transport = options.transport ? std::move(options.transport) : make_default_transport(options.network);
    if (!transport) return Error{ErrorCode::invalid, "this build has no network transport: set Options::transport"};
    count_forks();
    forks = fork_count();
    open_storage();
    auto queue = open_queue();
    begin_context();
    consent = storage ? storage->consent().value_or(options.consent) : options.consent;
    set_gate(gate::kDenied, consent == Consent::denied);
    set_gate(gate::kDisabled, !options.enabled);
    std::string encoded_context;
    {
        const MutexLock lock(context_mutex);
        encoded_context = context.encoded();
    }
    const std::string directory = storage ? storage->journal_directory() : std::string();
    auto leftovers = storage ? Journal::leftovers(directory) : std::vector<std::string>();
    journal = std::make_unique<Journal>(directory, options.journal_bytes_per_thread, *random);
    const auto tell = [this](const Diagnostic& diagnostic) { diagnose(diagnostic); };
    worker = std::make_unique<Worker>(Worker::Dependencies{
        options, *clock, *journal, std::move(queue), storage ? storage->queue_path() : std::string(),
        std::move(encoded_context), consent, std::move(leftovers),
        Uploader::Dependencies{options, *clock, *random, *transport, wire, tell}, tell, storage.get()});
    return {};
}

std::unique_ptr<Queue> Client::Impl::open_queue() {
    const QueueLimits limits{options.max_queue_bytes, options.overflow};
    if (storage) {
        auto queue = open_sqlite_queue(storage->queue_path(), limits,
                                       [this](const Diagnostic& diagnostic) { diagnose(diagnostic); });
        if (queue) return std::move(*queue);
        diagnose({Diagnostic::Level::error, queue.error().code,
                  "events are kept in memory alone, for the event queue cannot be opened: " + queue.error().message});
        marker.reset();
        storage.reset();
    }
    return open_memory_queue(limits);
}

Tracked Client::Impl::why_not() const {
    const std::uint8_t closed_by = gates.load(std::memory_order_relaxed);
    if ((closed_by & gate::kClosed) != 0) return refused(Refusal::closed, "the client is closed");
    if ((closed_by & gate::kDenied) != 0) return refused(Refusal::denied, "the user has denied consent");
    return refused(Refusal::disabled, "the client is disabled");
}

Tracked Client::Impl::track(const Call& call, const EventOptions& event) {
    if (gates.load(std::memory_order_relaxed) != 0) return why_not();
    if (is_forked()) return refused(Refusal::forked, "the client belongs to the parent process");
    if (call.name.size() - 1 >= kMaxNameBytes) return refused(Refusal::invalid, "a name has 1 to 255 bytes");
    Producer* producer = journal->producer();
    if (!producer) {
        journal->count_without_ring();
        return refused(Refusal::full, "there is no memory for a journal");
    }
    const std::int64_t now = clock->unix_ms();
    start_session_if_idle(now);
    if (producer->context_version != context_version.load(std::memory_order_acquire) && !refresh_context(*producer)) {
        producer->ring->count_overflow();
        return refused(Refusal::full, "the journal is full");
    }
    if (!options.sampling.empty() && is_sampled_out(*producer, call.name)) {
        producer->ring->count_sampled();
        return refused(Refusal::sampled, "left out by Options::sampling");
    }
    RecordHead head;
    head.type = call.type;
    head.fields = static_cast<std::uint8_t>(call.field_count);
    head.flags = static_cast<std::uint8_t>(event.priority);
    if (event.latency == Latency::now) head.flags |= record_flag::kNow;
    if (event.latency == Latency::deferred) head.flags |= record_flag::kDeferred;
    const bool power = event.durability == Durability::power || options.durability == Durability::power;
    if (power) head.flags |= record_flag::kPower;
    head.id = producer->ids.next(now);
    head.time_ms = now;
    head.name = call.name;
    head.properties = call.property_count();
    const Tracked tracked = write(*producer, head, call, event.wait_for_room);
    if (!tracked) return tracked;
    if (power && options.power_window.count() == 0) {
        if (auto synced = producer->ring->sync(); !synced) {
            diagnose({Diagnostic::Level::error, synced.error().code,
                      "an event is not safe from a loss of power: " + synced.error().message});
        }
    }
    // Once for each time that the ring fills up, not for each event while it is.
    const bool filling = producer->ring->is_filling();
    const bool fills_up = filling && !producer->was_filling;
    producer->was_filling = filling;
    if (fills_up || worker->is_asleep() || event.latency == Latency::now) worker->wake();
    return tracked;
}

/// Room for a record; null when there is none, counted.
char* Client::Impl::reserve(Producer& producer, std::size_t size, std::chrono::milliseconds wait_for_room) {
    char* room = producer.ring->reserve(static_cast<std::uint32_t>(size));
    if (!room && wait_for_room.count() > 0) {
        const Clock::Duration until = clock->monotonic() + wait_for_room;
        while (!room && clock->monotonic() < until) {
            worker->wait_for_progress(until);
            room = producer.ring->reserve(static_cast<std::uint32_t>(size));
        }
    }
    if (!room) {
        producer.ring->count_overflow();
        worker->wake();
    }
    return room;
}

Tracked Client::Impl::write(Producer& producer, RecordHead& head, const Call& call,
                            std::chrono::milliseconds wait_for_room) {
    head.sequence = producer.sequence->fetch_add(1, std::memory_order_relaxed) + 1;
    const char* end = nullptr;
    char* const start = producer.ring->room(end);
    char* at = start;
    Put put_all = Put::no_room;
    if (end > start + head.encoded_size()) {
        ByteWriter out(at);
        head.encode(out);
        at = out.position();
        put_all = call.write(at, end);
    }
    auto size = static_cast<std::size_t>(at - start);
    if (put_all == Put::invalid) return refused(Refusal::invalid, "a property breaks a rule (see Properties::set)");
    const char* record = start;
    if (put_all == Put::no_room) {
        const auto properties = call.size();
        if (!properties) return refused(Refusal::invalid, "a property breaks a rule (see Properties::set)");
        size = head.encoded_size() + *properties;
        if (size > kMaxRecordBytes) return refused(Refusal::too_large, "an event has at most 100 KB");
        char* room = reserve(producer, size, wait_for_room);
        if (!room) return refused(Refusal::full, "the journal is full");
        record = room;
        ByteWriter out(room);
        head.encode(out);
        call.encode_all(out);
    }
    if (size > kMaxRecordBytes) return refused(Refusal::too_large, "an event has at most 100 KB");
    if (head.type != RecordType::track || head.fields != 0 || head.name.size() > kSafeNameBytes ||
        size > kSafeRecordBytes) {
        if (const char* reason = check(producer, record, size)) {
            return refused(size > kSafeRecordBytes ? Refusal::too_large : Refusal::invalid, reason);
        }
    }
    producer.ring->commit(static_cast<std::uint32_t>(size));
    return {Refusal::none, head.id.bytes, nullptr};
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
        if (candidate.name.empty()) rate = &candidate;
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

template <typename Change>
void Client::Impl::change_context(const Change& change) {
    const MutexLock lock(context_mutex);
    change();
    context_version.fetch_add(1, std::memory_order_release);
}

void Client::Impl::start_session_locked(std::int64_t now) {
    context.session = session_ids.next(now);
    sequence = std::make_shared<std::atomic<std::uint32_t>>(0);
    last_activity_ms.store(now, std::memory_order_relaxed);
    if (marker) marker->set_session(context.session);
}

/// Every event is a sign of life; the time of the last is kept to the second, so that threads seldom write it.
void Client::Impl::start_session_if_idle(std::int64_t now) {
    const std::int64_t idle = now - last_activity_ms.load(std::memory_order_relaxed);
    if (idle < kActivityGrainMs) return;
    const auto timeout = options.session_timeout.count();
    if (timeout <= 0 || idle < timeout) {
        last_activity_ms.store(now, std::memory_order_relaxed);
        return;
    }
    change_context([&] {
        context_mutex.assert_held();
        // Another thread may have been first.
        if (now - last_activity_ms.load(std::memory_order_relaxed) >= timeout) start_session_locked(now);
    });
}

Tracked Client::Impl::identify(std::string_view user_id, const Properties& traits, const EventOptions& event) {
    if (user_id.size() > kMaxNameBytes) return refused(Refusal::invalid, "a user id has at most 255 bytes");
    Call call{RecordType::identify, "identify"};
    call.properties = &traits;
    if (gates.load(std::memory_order_relaxed) != 0) return why_not();
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

Result<Client> Client::open(Options options) {
    if (auto valid = check_options(options); !valid) return std::move(valid).error();
    auto impl = std::make_unique<Impl>(std::move(options));
    if (auto started = impl->start(); !started) return std::move(started).error();
    return Client(std::move(impl));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;

Client& Client::operator=(Client&& other) noexcept {
    if (this != &other) {
        if (impl_) (void)close(impl_->options.close_deadline);
        impl_ = std::move(other.impl_);
    }
    return *this;
}

Client::~Client() {
    if (!impl_) return;
    if (impl_->is_forked()) {
        (void)impl_.release();  // its thread, its locks and its files are the parent's
        return;
    }
    (void)close(impl_->options.close_deadline);
}

Tracked Client::track(std::string_view name, std::initializer_list<Property> properties, const EventOptions& options) {
    return track(name, properties.begin(), properties.size(), options);
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
    return impl_->track(call, options);
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
    if (revenue.currency.size() != 3) return refused(Refusal::invalid, "a currency is three letters (ISO 4217)");
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

Result<void> Client::set_global_property(std::string_view name, const Value& value) {
    if (encoded_size(Property{name, value}) == 0)
        return Error{ErrorCode::invalid, "a property's name has 1 to 255 bytes, and its value nests at most 16 deep"};
    Result<void> done;
    impl_->change_context([&] {
        impl_->context_mutex.assert_held();
        Properties changed = without(impl_->context.globals, name);
        changed.set(name, value);
        if (PropertiesAccess::encoded(changed).size() > kMaxGlobalBytes) {
            done = Error{ErrorCode::invalid, "the global properties have more than 8 KB"};
        } else {
            impl_->context.globals = std::move(changed);
        }
    });
    return done;
}

void Client::remove_global_property(std::string_view name) {
    impl_->change_context([&] {
        impl_->context_mutex.assert_held();
        impl_->context.globals = without(impl_->context.globals, name);
    });
}

void Client::set_screen(std::string_view size) {
    impl_->change_context([&] {
        impl_->context_mutex.assert_held();
        impl_->context.screen = std::string(size.substr(0, kMaxNameBytes));
    });
}

void Client::set_network_type(std::string_view type) {
    impl_->change_context([&] {
        impl_->context_mutex.assert_held();
        impl_->context.network_type = std::string(type.substr(0, kMaxNameBytes));
    });
}

void Client::start_session() {
    impl_->change_context([&] {
        impl_->context_mutex.assert_held();
        impl_->start_session_locked(impl_->clock->unix_ms());
    });
}

void Client::suspend() {
    impl_->last_activity_ms.store(impl_->clock->unix_ms(), std::memory_order_relaxed);
    if (!impl_->is_forked()) impl_->worker->hurry();
}

void Client::resume() {
    impl_->start_session_if_idle(impl_->clock->unix_ms());
    if (!impl_->is_forked()) impl_->worker->wake();
}

void Client::reset() {
    impl_->change_context([&] {
        impl_->context_mutex.assert_held();
        impl_->context.user_id.clear();
        impl_->start_session_locked(impl_->clock->unix_ms());
    });
}

Result<void> Client::clear_device_id() {
    const std::string fresh = new_device_id(*impl_->random);
    Result<void> kept;
    if (impl_->storage) kept = impl_->storage->replace_device_id(fresh);
    impl_->change_context([&] {
        impl_->context_mutex.assert_held();
        impl_->context.device_id = fresh;
    });
    return kept;
}

Result<void> Client::set_consent(Consent consent) {
    impl_->consent.store(consent, std::memory_order_relaxed);
    impl_->set_gate(gate::kDenied, consent == Consent::denied);
    if (!impl_->is_forked()) impl_->worker->set_consent(consent);
    return impl_->storage ? impl_->storage->remember_consent(consent) : Result<void>();
}

Consent Client::consent() const { return impl_->consent.load(std::memory_order_relaxed); }
void Client::set_enabled(bool enabled) { impl_->set_gate(gate::kDisabled, !enabled); }
void Client::pause_uploads() { impl_->worker->set_paused(true); }
void Client::resume_uploads() { impl_->worker->set_paused(false); }

Result<void> Client::flush(std::chrono::milliseconds deadline) {
    if (impl_->is_forked()) return Error{ErrorCode::unavailable, "the client belongs to the parent process"};
    return impl_->worker->flush(deadline);
}

Result<void> Client::close(std::chrono::milliseconds deadline) {
    if (impl_->is_forked()) return Error{ErrorCode::unavailable, "the client belongs to the parent process"};
    impl_->set_gate(gate::kClosed, true);
    auto stopped = impl_->worker->stop(deadline);
    if (impl_->marker) impl_->marker->set_clean();
    return stopped;
}

Stats Client::stats() const { return impl_->worker->stats(); }

std::string Client::session_id() const {
    const MutexLock lock(impl_->context_mutex);
    return impl_->context.session.text();
}

PreviousRun Client::previous_run() const { return impl_->marker ? impl_->marker->previous() : PreviousRun{}; }

std::string Client::device_id() const {
    const MutexLock lock(impl_->context_mutex);
    return impl_->context.device_id;
}

}  // namespace pulsekit
