// How fast the worker takes events from a ring into the queue on disk: the rooms behind the client, without its
// threads.
#include "src/queue.hpp"
#include "src/record.hpp"
#include "src/ring.hpp"
#include "support/system_environment.hpp"

#include "tests/bench/figures.hpp"

namespace {

constexpr std::size_t kRingBytes = 1024 * 1024;
constexpr std::uint64_t kRingId = 7;

/// Fills the ring as track() does; says how many events it took.
int fill(pulsekit::Ring& ring, pulsekit::UuidGenerator& ids, int first) {
    int i = first;
    for (;; ++i) {
        const pulsekit::Property properties[] = {{"session_mark", "Zq7x0000000y"},
                                                 {"level", i % 60},
                                                 {"score", 1234.5 + i},
                                                 {"duration_ms", 81234},
                                                 {"weapon", "plasma_rifle"},
                                                 {"map", "canyon_night_02"},
                                                 {"fps", 59.94},
                                                 {"is_win", true},
                                                 {"ping", 34},
                                                 {"build", "1.42.0-rc3"}};
        pulsekit::RecordHead head;
        head.time_ms = 1'700'000'000'000 + i;
        head.id = ids.next(head.time_ms);
        head.sequence = static_cast<std::uint32_t>(i);
        head.name = "level_complete";
        head.properties = static_cast<std::uint32_t>(std::size(properties));
        std::size_t size = head.encoded_size();
        for (const auto& property : properties) size += pulsekit::encoded_size(property);
        char* room = ring.reserve(static_cast<std::uint32_t>(size));
        if (!room) return i - first;
        pulsekit::ByteWriter out(room);
        head.encode(out);
        for (const auto& property : properties) pulsekit::encode(out, property);
        ring.commit(static_cast<std::uint32_t>(size));
    }
}

void put_context(pulsekit::Ring& ring) {
    pulsekit::Context context;
    context.device_id = "2e9a4f0e-6f0b-4f5e-8b5e-1f1a5a0c9d11";
    context.app_version = "1.42.0";
    context.os = "Linux";
    context.os_version = "6.1.0";
    context.arch = "x86_64";
    const std::string encoded = context.encoded();
    char* room = ring.reserve(static_cast<std::uint32_t>(encoded.size()));
    std::copy(encoded.begin(), encoded.end(), room);
    ring.commit(static_cast<std::uint32_t>(encoded.size()), false);
}

/// What the worker does in a turn. False: the queue did not take it.
bool drain(pulsekit::Ring& ring, pulsekit::Queue& queue) {
    pulsekit::Ring::Drained drained;
    do {
        pulsekit::Intake intake;
        intake.ring = ring.id();
        intake.mark = queue.state().mark_of(ring.id());
        drained = ring.drain(intake.records, intake.mark.context, kRingBytes);
        intake.mark.position = drained.position;
        intake.count = drained.events;
        if (!queue.append({intake})) return false;
        ring.release(drained.position);
    } while (drained.more);
    return true;
}

}  // namespace

int main() {
    const bench::Folder storage("queue");
    auto ring = pulsekit::Ring::create(storage.path() + "/7.ring", kRingBytes, kRingId);
    pulsekit::QueueLimits limits;
    limits.max_bytes = 4ull << 30;
    auto queue = pulsekit::open_sqlite_queue(storage.path() + "/events.sqlite", limits, [](const auto&) {});
    if (!ring || !queue) return 1;
    pulsekit::SystemRandom random;
    pulsekit::UuidGenerator ids(random);
    put_context(**ring);
    constexpr int kEvents = 1'000'000;
    bench::SteadyClock::duration took{0};
    int events = 0;
    while (events < kEvents) {
        events += fill(**ring, ids, events);
        const auto start = bench::SteadyClock::now();
        if (!drain(**ring, **queue)) return 1;
        took += bench::SteadyClock::now() - start;
    }
    if ((*queue)->ledger().queued() != static_cast<std::uint64_t>(events)) return 1;
    bench::print("sdk.queue.events_per_s", events / std::chrono::duration<double>(took).count(), "events/s");
    return 0;
}
