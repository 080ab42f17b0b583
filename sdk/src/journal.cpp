#include "src/journal.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>

#include "src/files.hpp"
#include "src/thread_exit.hpp"

namespace pulsekit {

struct Journal::Shared {
    Mutex mutex;
    std::vector<std::unique_ptr<Producer>> producers PULSEKIT_GUARDED_BY(mutex);
    std::vector<Producer*> idle PULSEKIT_GUARDED_BY(mutex);  // their threads have ended
    Result<void> failure PULSEKIT_GUARDED_BY(mutex);

    void hand_back(Producer* producer) {
        const MutexLock lock(mutex);
        idle.push_back(producer);
    }
};

thread_local LastProducer last_producer;

namespace {

constexpr const char* kSuffix = ".ring";
std::atomic<std::uint64_t> next_journal_key{1};

std::size_t power_of_two(std::size_t at_least) {
    std::size_t size = 256 * 1024;  // room for two events of the largest size
    while (size < at_least) size *= 2;
    return size;
}

/// A thread's producers in all journals; hands them back when the thread ends.
class ThreadProducers final : public PerThread {
public:
    ~ThreadProducers() override {
        for (auto& entry : entries_) entry.hand_back();
        if (kThreadLocalOutlivesObject) last_producer = {};
    }
    Producer* find(std::uint64_t journal) const {
        const auto found =
            std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.journal == journal; });
        return found == entries_.end() ? nullptr : found->producer;
    }
    void add(std::uint64_t journal, Producer* producer, std::weak_ptr<void> owner, std::function<void()> hand_back) {
        entries_.erase(
            std::remove_if(entries_.begin(), entries_.end(), [](const Entry& e) { return e.owner.expired(); }),
            entries_.end());
        entries_.push_back({journal, producer, std::move(owner), std::move(hand_back)});
    }

private:
    struct Entry {
        std::uint64_t journal;
        Producer* producer;
        std::weak_ptr<void> owner;
        std::function<void()> hand_back;
    };
    std::vector<Entry> entries_;
};

ThreadProducers& thread_producers() {
    return static_cast<ThreadProducers&>(
        per_thread([]() -> std::unique_ptr<PerThread> { return std::make_unique<ThreadProducers>(); }));
}

}  // namespace

Journal::Journal(std::string directory, std::size_t ring_bytes, Random& random)
    : directory_(std::move(directory)),
      ring_bytes_(power_of_two(ring_bytes)),
      key_(next_journal_key.fetch_add(1)),
      random_(random),
      shared_(std::make_shared<Shared>()) {}

Journal::~Journal() = default;

Producer* Journal::find_producer() noexcept {
    Producer* producer = thread_producers().find(key_);
    if (!producer) producer = make_producer();
    if (producer) last_producer = {key_, producer};
    return producer;
}

Producer* Journal::make_producer() {
    const MutexLock lock(shared_->mutex);
    Producer* producer = nullptr;
    if (!shared_->idle.empty()) {
        producer = shared_->idle.back();
        shared_->idle.pop_back();
    } else {
        const std::uint64_t id = random_.next();
        char name[32];
        std::snprintf(name, sizeof name, "/%016llx%s", static_cast<unsigned long long>(id), kSuffix);
        const std::string path = directory_.empty() ? std::string() : directory_ + name;
        auto ring = Ring::create(path, ring_bytes_, id);
        if (!ring && !path.empty()) {
            shared_->failure = ring.error();
            ring = Ring::anonymous(ring_bytes_, id);
        }
        if (!ring) return nullptr;
        shared_->producers.push_back(std::make_unique<Producer>(std::move(*ring), random_));
        producer = shared_->producers.back().get();
    }
    thread_producers().add(key_, producer, shared_, [shared = std::weak_ptr<Shared>(shared_), producer] {
        if (const auto alive = shared.lock()) alive->hand_back(producer);
    });
    return producer;
}

std::vector<Ring*> Journal::rings() const {
    const MutexLock lock(shared_->mutex);
    std::vector<Ring*> rings;
    for (const auto& producer : shared_->producers) rings.push_back(producer->ring.get());
    return rings;
}

std::vector<std::string> Journal::leftovers(const std::string& directory) {
    std::vector<std::string> paths;
    std::error_code error;
    std::filesystem::directory_iterator it(native_path(directory), error);
    for (const std::filesystem::directory_iterator end; !error && it != end; it.increment(error)) {
        if (it->path().extension() == kSuffix) paths.push_back(directory + "/" + it->path().filename().string());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

Result<void> Journal::take_failure() {
    const MutexLock lock(shared_->mutex);
    return std::exchange(shared_->failure, Result<void>());
}

}  // namespace pulsekit
