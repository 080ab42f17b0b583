#include "outbound/batch.hpp"

#include <utility>

namespace collector::outbound {
namespace {

using pulsekit::Result;
using std::chrono::milliseconds;

constexpr std::size_t kAroundEvents = 500;  // the key, brackets, options

void add(Batch& batch, const model::Event& event, const Destination& destination, std::int64_t now_ms) {
    const auto& provider = destination.provider;
    const auto before = [&](std::chrono::hours age) { return now_ms - milliseconds(age).count(); };
    if (!batch.oldest_ms) batch.oldest_ms = event.received_ms;
    if (event.received_ms < before(destination.max_lag)) {
        ++batch.skipped;
        return;
    }
    if (provider.max_age.count() > 0 && event.ts_ms < before(provider.max_age)) {
        batch.drop(Drop::too_old, 1);
        return;
    }
    std::string json = provider.event(event, destination.key);
    if (json.size() + kAroundEvents > provider.max_bytes) {
        batch.drop(Drop::too_large, 1);
        return;
    }
    batch.events.push_back(std::move(json));
}

std::size_t bytes_of(const Batch& batch) {
    std::size_t bytes = kAroundEvents;
    for (const auto& event : batch.events) bytes += event.size() + 1;
    return bytes;
}

}  // namespace

std::string_view name_of(Drop drop) {
    switch (drop) {
        case Drop::refused: return "refused";
        case Drop::too_large: return "too_large";
        case Drop::too_old: return "too_old";
    }
    return "refused";
}

Result<Batch> read_batch(store::EventStore& store, std::span<const std::int64_t> places, const Destination& destination,
                         std::int64_t now_ms) {
    while (true) {
        Batch batch;
        batch.places = places.size();
        batch.last_place = places.back();
        const auto read =
            store.read(places, [&](const model::Event& event) { add(batch, event, destination, now_ms); });
        if (!read) return read.error();
        if (bytes_of(batch) <= destination.provider.max_bytes || places.size() == 1) return batch;
        places = places.first(places.size() / 2);
    }
}

}  // namespace collector::outbound
