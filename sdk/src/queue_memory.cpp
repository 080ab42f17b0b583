#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "src/queue.hpp"
#include "src/record.hpp"

namespace pulsekit {
namespace {

/// One list of chunks for each priority.
class MemoryQueue final : public Queue {
public:
    MemoryQueue(const QueueLimits& limits, QueueState known) : limits_(limits), state_(std::move(known)) {
        if (const std::uint64_t lost = state_.ledger.queued(); lost != 0) state_.ledger.dropped["corrupt"] += lost;
    }

    Result<void> append(const std::vector<Intake>& intakes) override {
        std::vector<std::vector<CutChunk>> cut;
        for (const auto& intake : intakes) {
            auto chunks = cut_into_chunks(intake.records);
            if (!chunks) return std::move(chunks).error();
            cut.push_back(std::move(*chunks));
        }
        for (std::size_t i = 0; i < intakes.size(); ++i) {
            count_intake(state_, intakes[i]);
            for (auto& chunk : cut[i]) {
                if (!make_room(chunk.records.size(), chunk.priority)) {
                    state_.ledger.dropped["queue_full"] += chunk.count;
                    continue;
                }
                bytes_ += chunk.records.size();
                chunks_[chunk.priority].push_back({next_id_++, 0, 0, chunk.count, std::move(chunk.records)});
            }
        }
        return {};
    }

    Result<Batch> peek(std::size_t max_events, std::size_t max_bytes, const Batch* after) override {
        Batch batch;
        std::size_t bytes = 0;
        peeked_.fill(0);
        for (int priority = kPriorities - 1; priority >= 0; --priority) {
            for (const auto& chunk : chunks_[static_cast<std::size_t>(priority)]) {
                Batch::Chunk left = chunk;
                const auto* before = after ? after->find(chunk.id) : nullptr;
                if (before) left.skip = before->skip + before->count;
                const bool more = left.skip == left.in_all || batch.take(std::move(left), max_events, max_bytes, bytes);
                const bool taken = !batch.empty() && batch.chunks.back().id == chunk.id;
                if (before || taken) ++peeked_[static_cast<std::size_t>(priority)];
                if (!more) return batch;
            }
        }
        return batch;
    }

    Result<void> settle(const Batch& batch, std::size_t count, const Settlement& settlement) override {
        for (const auto& chunk : batch.chunks) {
            const auto taken = static_cast<std::uint32_t>(std::min<std::size_t>(count, chunk.count));
            count -= taken;
            for (std::size_t p = 0; p < chunks_.size(); ++p) {
                if (settle_in(chunks_[p], chunk.id, taken) && peeked_[p] > 0) --peeked_[p];
            }
        }
        state_.ledger.delivered += settlement.delivered;
        for (const auto& [reason, dropped] : settlement.dropped) state_.ledger.dropped[reason] += dropped;
        state_.finish_reports(settlement.reports);
        return {};
    }

    Result<void> begin_report(const std::string& event) override {
        state_.reports.push_back(event);
        state_.reported = state_.ledger;
        return {};
    }

    Result<void> erase_all(const std::string& reason) override {
        const std::uint64_t queued = state_.ledger.queued();
        if (queued != 0) state_.ledger.dropped[reason] += queued;
        for (auto& list : chunks_) list.clear();
        peeked_.fill(0);
        bytes_ = 0;
        return {};
    }

    Result<void> forget_ring(std::uint64_t ring) override {
        state_.rings.erase(ring);
        return {};
    }
    Result<void> adopt_from(const std::string&, const std::function<void(Diagnostic)>&) override {
        return Error{ErrorCode::unavailable, "a queue in memory takes nothing over: it would lose it"};
    }
    const QueueState& state() const override { return state_; }

private:
    using List = std::deque<Batch::Chunk>;

    /// True: the chunk is gone.
    bool settle_in(List& list, std::int64_t id, std::uint32_t taken) {
        if (list.empty() || list.front().id != id) return false;
        list.front().skip += taken;
        if (list.front().skip < list.front().in_all) return false;
        bytes_ -= list.front().records.size();
        list.pop_front();
        return true;
    }

    /// Drops what the Overflow says until `bytes` more fit; false: it is the new ones that do not.
    bool make_room(std::uint64_t bytes, std::uint8_t priority) {
        while (bytes_ + bytes > limits_.max_bytes) {
            if (limits_.overflow == Overflow::drop_newest || !drop_one(priority)) return false;
        }
        return true;
    }

    bool drop_one(std::uint8_t priority) {
        List* oldest = nullptr;
        std::size_t pinned = 0;
        for (std::size_t p = 0; p < chunks_.size(); ++p) {
            if (chunks_[p].size() <= peeked_[p]) continue;
            if (limits_.overflow == Overflow::by_priority) {
                if (p > priority) break;
                oldest = &chunks_[p];
                pinned = peeked_[p];
                break;
            }
            if (!oldest || chunks_[p][peeked_[p]].id < (*oldest)[pinned].id) {
                oldest = &chunks_[p];
                pinned = peeked_[p];
            }
        }
        if (!oldest) return false;
        const auto at = oldest->begin() + static_cast<std::ptrdiff_t>(pinned);
        bytes_ -= at->records.size();
        state_.ledger.dropped["queue_full"] += at->in_all - at->skip;
        oldest->erase(at);
        return true;
    }

    const QueueLimits limits_;
    std::array<List, kPriorities> chunks_;
    std::array<std::size_t, kPriorities> peeked_{};  // so many at the front of each list were peeked
    std::int64_t next_id_ = 1;
    std::uint64_t bytes_ = 0;
    QueueState state_;
};

}  // namespace

std::unique_ptr<Queue> open_memory_queue(const QueueLimits& limits, QueueState known) {
    return std::make_unique<MemoryQueue>(limits, std::move(known));
}

}  // namespace pulsekit
