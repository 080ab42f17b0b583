#include <deque>

#include "src/queue.hpp"

namespace pulsekit {
namespace {

class MemoryQueue final : public Queue {
public:
    explicit MemoryQueue(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

    Result<void> append(const std::vector<Intake>& intakes) override {
        for (const auto& intake : intakes) {
            auto& mark = state_.rings[intake.ring];
            const std::uint64_t overflow = intake.overflowed - mark.overflowed;
            mark = {intake.position, intake.overflowed};
            state_.ledger.accepted += intake.count + overflow;
            if (overflow != 0) state_.ledger.dropped["journal_full"] += overflow;
            std::vector<std::string_view> records;
            split_records(intake.records, records);
            for (const auto record : records) {
                bytes_ += record.size();
                records_.emplace_back(record);
            }
        }
        while (bytes_ > max_bytes_ && records_.size() > peeked_) {
            const auto oldest = records_.begin() + static_cast<std::ptrdiff_t>(peeked_);
            bytes_ -= oldest->size();
            records_.erase(oldest);
            ++state_.ledger.dropped["queue_full"];
        }
        return {};
    }

    Result<Batch> peek(std::size_t max_events, std::size_t max_bytes) override {
        Batch batch;
        batch.chunks.push_back({0, 0, 0, 0, {}});
        auto& chunk = batch.chunks.back();
        for (const auto& record : records_) {
            if (chunk.count == max_events || (chunk.count != 0 && chunk.records.size() + record.size() > max_bytes))
                break;
            const auto size = static_cast<std::uint32_t>(record.size());
            chunk.records.append(reinterpret_cast<const char*>(&size), sizeof size);
            chunk.records += record;
            ++chunk.count;
        }
        split_records(chunk.records, batch.records);
        peeked_ = chunk.count;
        return batch;
    }

    Result<void> settle(const Batch&, std::size_t count, const Settlement& settlement) override {
        for (std::size_t i = 0; i < count; ++i) {
            bytes_ -= records_.front().size();
            records_.pop_front();
        }
        peeked_ = 0;
        state_.ledger.delivered += settlement.delivered;
        for (const auto& [reason, dropped] : settlement.dropped) state_.ledger.dropped[reason] += dropped;
        return {};
    }

    Result<void> forget_ring(std::uint64_t ring) override {
        state_.rings.erase(ring);
        return {};
    }
    const QueueState& state() const override { return state_; }

private:
    const std::uint64_t max_bytes_;
    std::deque<std::string> records_;
    std::uint64_t bytes_ = 0;
    std::size_t peeked_ = 0;
    QueueState state_;
};

}  // namespace

bool split_records(std::string_view bytes, std::vector<std::string_view>& out) {
    while (!bytes.empty()) {
        std::uint32_t size = 0;
        if (bytes.size() < sizeof size) return false;
        bytes.copy(reinterpret_cast<char*>(&size), sizeof size);
        bytes.remove_prefix(sizeof size);
        if (bytes.size() < size) return false;
        out.push_back(bytes.substr(0, size));
        bytes.remove_prefix(size);
    }
    return true;
}

std::unique_ptr<Queue> open_memory_queue(std::uint64_t max_bytes) { return std::make_unique<MemoryQueue>(max_bytes); }

}  // namespace pulsekit
