// Opening, closing, and what holds for all events.
#include "src/client_impl.hpp"

#include <algorithm>

#include "src/network_options.hpp"
#include "src/surroundings.hpp"
#include "src/transport/transport.hpp"

namespace pulsekit {
namespace {

constexpr std::size_t kMaxGlobalBytes = 8 * 1024;
constexpr std::uint64_t kLeastQueueBytes = 640 * 1024;
constexpr std::size_t kMaxJournalBytes = std::size_t{1} << 30;

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Whether the dialect takes any event of this application at all.
Result<void> check_app_name(const Options& options) {
    const ContextView nobody;
    RecordView event;
    event.name = "event";
    event.context = &nobody;
    const char* reason = wire::wire_of(options.dialect).check(event, {options.app_name});
    if (!reason) return {};
    return Error{ErrorCode::invalid, std::string("Options::app_name: ") + reason};
}

Result<void> check_options(const Options& options) {
    const auto missing = [](const char* name) {
        return Error{ErrorCode::invalid, std::string("Options::") + name + " is required"};
    };
    if (options.endpoint.empty()) return missing("endpoint");
    if (options.api_key.empty()) return missing("api_key");
    if (options.app_name.empty()) return missing("app_name");
    if (has_control(options.endpoint)) return Error{ErrorCode::invalid, "Options::endpoint has a control character"};
    if (has_control(options.api_key)) return Error{ErrorCode::invalid, "Options::api_key has a control character"};
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
    if (!options.storage_dir.empty() && options.max_queue_bytes < kLeastQueueBytes) {
        return Error{ErrorCode::invalid,
                     "Options::max_queue_bytes must be at least 640 KiB on disk: a database takes some for itself"};
    }
    if (options.journal_bytes_per_thread > kMaxJournalBytes)
        return Error{ErrorCode::invalid, "Options::journal_bytes_per_thread has at most 1 GiB"};
    struct Duration {
        const char* name;
        std::chrono::milliseconds given;
        std::chrono::milliseconds least;
    };
    constexpr std::chrono::milliseconds kNone{0};
    constexpr std::chrono::milliseconds kSome{1};
    constexpr std::chrono::hours kMost{24 * 366};
    const Duration durations[] = {{"power_window", options.power_window, kNone},
                                  {"flush_interval", options.flush_interval, kNone},
                                  {"deferred_interval", options.deferred_interval, kNone},
                                  {"session_timeout", options.session_timeout, kNone},
                                  {"connect_timeout", options.connect_timeout, kSome},
                                  {"request_timeout", options.request_timeout, kSome},
                                  {"retry_base", options.retry_base, kSome},
                                  {"retry_cap", options.retry_cap, options.retry_base},
                                  {"close_deadline", options.close_deadline, kNone}};
    for (const auto& duration : durations) {
        if (duration.given < duration.least || duration.given > kMost) {
            return Error{ErrorCode::invalid, std::string("Options::") + duration.name + " must be " +
                                                 std::to_string(duration.least.count()) + " ms to a year"};
        }
    }
    return check_app_name(options);
}

/// A copy without the property of that name.
Properties without(const Properties& properties, std::string_view name) {
    Properties rest;
    PropertyReader reader(PropertiesAccess::encoded(properties), PropertiesAccess::count(properties));
    while (const auto property = reader.next()) {
        if (property->name != name) rest.set(property->name, property->value);
    }
    return rest;
}

}  // namespace

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
        const Client former(std::move(*this));
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
    // A sign of life, though none that revives a session that is over.
    const std::int64_t unix_ms = impl_->clock->unix_ms();
    if (!impl_->is_session_over(unix_ms)) impl_->last_activity_ms.store(unix_ms, std::memory_order_release);
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
    if (impl_->is_forked()) return Error{ErrorCode::unavailable, "the client belongs to the parent process"};
    const MutexLock lock(impl_->consent_mutex);
    impl_->consent.store(consent, std::memory_order_relaxed);
    // Shut before the worker is told and opened after: what it erases is then what was tracked before the denial.
    if (consent == Consent::denied) impl_->set_gate(gate::kDenied, true);
    impl_->worker->set_consent(consent);
    if (consent != Consent::denied) impl_->set_gate(gate::kDenied, false);
    return impl_->storage ? impl_->storage->remember_consent(consent) : Result<void>();
}

Consent Client::consent() const { return impl_->consent.load(std::memory_order_relaxed); }
void Client::set_enabled(bool enabled) { impl_->set_gate(gate::kDisabled, !enabled); }
void Client::pause_uploads() {
    if (!impl_->is_forked()) impl_->worker->set_paused(true);
}
void Client::resume_uploads() {
    if (!impl_->is_forked()) impl_->worker->set_paused(false);
}

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
