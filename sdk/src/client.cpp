#include <pulsekit/client.hpp>

#include <atomic>

#include "src/journal.hpp"
#include "src/record.hpp"
#include "src/storage.hpp"
#include "src/transport/transport.hpp"
#include "src/worker.hpp"
#include "support/system_environment.hpp"

namespace pulsekit {
namespace {

Result<void> validate(const Options& options) {
    const auto missing = [](const char* name) {
        return Error{ErrorCode::invalid, std::string("Options::") + name + " is required"};
    };
    if (options.endpoint.empty()) return missing("endpoint");
    if (options.api_key.empty()) return missing("api_key");
    if (options.app_name.empty()) return missing("app_name");
    if (options.endpoint.compare(0, 7, "http://") != 0 && options.endpoint.compare(0, 8, "https://") != 0) {
        return Error{ErrorCode::invalid, "Options::endpoint must start with https:// or http://"};
    }
    if (options.app_version.size() > kMaxNameBytes)
        return Error{ErrorCode::invalid, "Options::app_version is longer than 255 bytes"};
    if (options.max_batch_events < 1 || options.max_batch_events > 1'000) {
        return Error{ErrorCode::invalid, "Options::max_batch_events must be 1 to 1,000"};
    }
    return {};
}

/// The properties of one call in either of their two forms, as the journal wants them.
class Encodable {
public:
    explicit Encodable(std::initializer_list<Property> list)
        : list_(list), count_(static_cast<std::uint32_t>(list.size())) {
        for (const auto& property : list_) {
            const std::size_t size = encoded_size(property);
            valid_ = valid_ && size != 0;
            size_ += size;
        }
    }
    explicit Encodable(const Properties& properties)
        : encoded_(PropertiesAccess::encoded(properties)),
          count_(PropertiesAccess::count(properties)),
          size_(encoded_.size()),
          valid_(PropertiesAccess::valid(properties)) {}

    bool valid() const { return valid_; }
    std::uint32_t count() const { return count_; }
    std::size_t size() const { return size_; }
    void write(ByteWriter& out) const {
        for (const auto& property : list_) encode(out, property);
        out.bytes(encoded_);
    }

private:
    std::initializer_list<Property> list_;
    std::string_view encoded_;
    std::uint32_t count_;
    std::size_t size_ = 0;
    bool valid_ = true;
};

}  // namespace

const char* to_string(Refusal refusal) noexcept {
    switch (refusal) {
        case Refusal::none: return "none";
        case Refusal::invalid: return "invalid";
        case Refusal::too_large: return "too_large";
        case Refusal::full: return "full";
        case Refusal::closed: return "closed";
    }
    return "none";
}

std::string Tracked::id_text() const { return Uuid{id}.text(); }

struct Client::Impl {
    explicit Impl(Options given) : options(std::move(given)) {
        clock = options.clock ? options.clock : &system_clock;
        random = options.random ? options.random : &system_random;
    }

    void diagnose(const Diagnostic& diagnostic) const {
        if (options.on_diagnostic) options.on_diagnostic(diagnostic);
    }

    Result<void> start();
    std::unique_ptr<Queue> open_queue();
    Tracked track(RecordType type, std::string_view name, const Encodable& properties);
    void set_user(std::string_view user_id);
    void refresh_context(Producer& producer);

    Options options;
    SystemClock system_clock;
    SystemRandom system_random;
    Clock* clock;
    Random* random;
    std::unique_ptr<Transport> transport;
    std::unique_ptr<Storage> storage;  // null: nothing touches the disk

    // Changed seldom and read by every track(): readers keep a copy and look only at the version.
    mutable Mutex context_mutex;
    Context context PULSEKIT_GUARDED_BY(context_mutex);
    std::atomic<std::uint64_t> context_version{1};

    std::atomic<bool> closed{false};
    std::unique_ptr<Journal> journal;
    std::unique_ptr<Worker> worker;  // last: it borrows the others
};

Result<void> Client::Impl::start() {
    transport = options.transport ? std::move(options.transport) : make_default_transport();
    if (!transport) return Error{ErrorCode::invalid, "this build has no network transport: set Options::transport"};
    if (!options.storage_dir.empty()) {
        auto opened = Storage::open(options.storage_dir, *random);
        if (opened) {
            storage = std::make_unique<Storage>(std::move(*opened));
        } else {
            diagnose(
                {Diagnostic::Level::error, opened.error().code,
                 "events are kept in memory alone, for the storage folder cannot be used: " + opened.error().message});
        }
    }
    auto queue = open_queue();
    {
        UuidGenerator ids(*random);
        const MutexLock lock(context_mutex);
        context = {ids.next(clock->unix_ms()),
                   {},
                   storage ? storage->device_id() : new_device_id(*random),
                   options.app_version};
    }
    const std::string directory = storage ? storage->journal_directory() : std::string();
    auto leftovers = storage ? Journal::leftovers(directory) : std::vector<std::string>();
    journal = std::make_unique<Journal>(directory, options.journal_bytes_per_thread, *random);
    const auto tell = [this](const Diagnostic& diagnostic) { diagnose(diagnostic); };
    worker = std::make_unique<Worker>(Worker::Dependencies{
        options, *clock, *journal, std::move(queue), storage ? storage->queue_path() : std::string(),
        std::move(leftovers), Uploader::Dependencies{options, *clock, *random, *transport, wire::productgraph, tell},
        tell});
    return {};
}

std::unique_ptr<Queue> Client::Impl::open_queue() {
    if (storage) {
        auto queue = open_sqlite_queue(storage->queue_path(), options.max_queue_bytes,
                                       [this](const Diagnostic& diagnostic) { diagnose(diagnostic); });
        if (queue) return std::move(*queue);
        diagnose({Diagnostic::Level::error, queue.error().code,
                  "events are kept in memory alone, for the event queue cannot be opened: " + queue.error().message});
        storage.reset();
    }
    return open_memory_queue(options.max_queue_bytes);
}

Tracked Client::Impl::track(RecordType type, std::string_view name, const Encodable& properties) {
    if (closed.load(std::memory_order_relaxed)) return {Refusal::closed, {}};
    if (name.empty() || name.size() > kMaxNameBytes || !properties.valid()) return {Refusal::invalid, {}};
    Producer* producer = journal->producer();
    if (!producer) return {Refusal::full, {}};
    if (producer->context_version != context_version.load(std::memory_order_acquire)) refresh_context(*producer);

    const std::int64_t now = clock->unix_ms();
    const RecordHead head{type, producer->ids.next(now), now, producer->context, name, properties.count()};
    const std::size_t size = head.encoded_size() + properties.size();
    if (size > kMaxRecordBytes) return {Refusal::too_large, {}};
    char* room = producer->ring->reserve(static_cast<std::uint32_t>(size));
    if (!room) {
        producer->ring->count_overflow();
        worker->wake();
        return {Refusal::full, {}};
    }
    ByteWriter out(room);
    head.encode(out);
    properties.write(out);
    producer->ring->commit(static_cast<std::uint32_t>(size));
    if (worker->is_asleep() || producer->ring->is_filling()) worker->wake();
    return {Refusal::none, head.id.bytes};
}

void Client::Impl::refresh_context(Producer& producer) {
    const MutexLock lock(context_mutex);
    producer.context = context.encoded();
    producer.context_version = context_version.load(std::memory_order_relaxed);
}

void Client::Impl::set_user(std::string_view user_id) {
    const MutexLock lock(context_mutex);
    context.user_id = std::string(user_id);
    context_version.fetch_add(1, std::memory_order_release);
}

Result<Client> Client::open(Options options) {
    if (auto valid = validate(options); !valid) return std::move(valid).error();
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
    if (impl_) (void)close(impl_->options.close_deadline);
}

Tracked Client::track(std::string_view name, std::initializer_list<Property> properties) {
    return impl_->track(RecordType::track, name, Encodable(properties));
}
Tracked Client::track(std::string_view name, const Properties& properties) {
    return impl_->track(RecordType::track, name, Encodable(properties));
}
Tracked Client::screen(std::string_view name, std::initializer_list<Property> properties) {
    return impl_->track(RecordType::screen, name, Encodable(properties));
}
Tracked Client::screen(std::string_view name, const Properties& properties) {
    return impl_->track(RecordType::screen, name, Encodable(properties));
}
Tracked Client::identify(std::string_view user_id, std::initializer_list<Property> traits) {
    if (user_id.size() > kMaxNameBytes) return {Refusal::invalid, {}};
    impl_->set_user(user_id);
    return impl_->track(RecordType::identify, "identify", Encodable(traits));
}
Tracked Client::identify(std::string_view user_id, const Properties& traits) {
    if (user_id.size() > kMaxNameBytes) return {Refusal::invalid, {}};
    impl_->set_user(user_id);
    return impl_->track(RecordType::identify, "identify", Encodable(traits));
}

Result<void> Client::flush(std::chrono::milliseconds deadline) { return impl_->worker->flush(deadline); }

Result<void> Client::close(std::chrono::milliseconds deadline) {
    impl_->closed.store(true, std::memory_order_relaxed);
    return impl_->worker->stop(deadline);
}

Stats Client::stats() const { return impl_->worker->stats(); }

std::string Client::session_id() const {
    const MutexLock lock(impl_->context_mutex);
    return impl_->context.session.text();
}

std::string Client::device_id() const {
    const MutexLock lock(impl_->context_mutex);
    return impl_->context.device_id;
}

}  // namespace pulsekit
