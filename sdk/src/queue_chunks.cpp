// One row of a queue holds many events: a row an event would cost more than the event.
#include <algorithm>
#include <array>

#include "src/queue.hpp"
#include "src/record.hpp"

namespace pulsekit {
namespace {

// A little less than a request's 1,000 events, so that a whole chunk and a ledger event make one.
constexpr std::uint32_t kMaxChunkEvents = 990;
constexpr std::size_t kMaxChunkBytes = 512 * 1024;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

}  // namespace

void count_intake(QueueState& state, const Intake& intake) {
    RingMark& mark = state.rings[intake.ring];
    Ledger& ledger = state.ledger;
    ledger.accepted += intake.count;
    const auto drop = [&](const std::string& reason, std::uint64_t count) {
        if (count == 0) return;
        ledger.accepted += count;
        ledger.dropped[reason] += count;
    };
    drop("journal_full", intake.mark.overflowed - mark.overflowed);
    drop("sampled", intake.mark.sampled - mark.sampled);
    for (const auto& [reason, count] : intake.dropped) drop(reason, count);
    mark = intake.mark;
}

const Batch::Chunk* Batch::find(std::int64_t id) const {
    const auto found = std::find_if(chunks.begin(), chunks.end(), [id](const Chunk& chunk) { return chunk.id == id; });
    return found == chunks.end() ? nullptr : &*found;
}

bool Batch::take(Chunk chunk, std::size_t max_events, std::size_t max_bytes, std::size_t& bytes) {
    const std::size_t left = chunk.in_all - chunk.skip;
    // Whole chunks where that makes no tiny request: half a chunk costs as much to settle as a whole one.
    if (count != 0 && (bytes + chunk.records.size() > max_bytes || count + left > max_events)) {
        if (bytes + chunk.records.size() > max_bytes || count >= max_events / 2) return false;
    }
    chunk.count = static_cast<std::uint32_t>(std::min(left, max_events - count));
    bytes += chunk.records.size();
    count += chunk.count;
    chunks.push_back(std::move(chunk));
    return count < max_events && bytes < max_bytes;
}

Result<std::vector<CutChunk>> cut_into_chunks(std::string_view records) {
    std::vector<CutChunk> chunks;
    std::array<std::size_t, kPriorities> open;  // the chunk that each priority is filling
    std::array<bool, kPriorities> stale{};      // whether it lacks the context in force
    open.fill(kNone);
    std::string_view context;
    FrameReader frames(records);
    while (const auto frame = frames.next()) {
        if (is_context(*frame)) {
            context = *frame;
            stale.fill(true);
            continue;
        }
        if (context.empty()) return Error{ErrorCode::internal, "journal: an event comes before any context"};
        const std::size_t given = flags_of(*frame) & record_flag::kPriorityMask;
        const std::size_t priority = given < kPriorities ? given : kNormalPriority;
        std::size_t& at = open[priority];
        if (at == kNone || chunks[at].count >= kMaxChunkEvents || chunks[at].records.size() >= kMaxChunkBytes) {
            at = chunks.size();
            chunks.push_back({{}, 0, static_cast<std::uint8_t>(priority)});
            chunks[at].records.reserve(std::min(records.size(), kMaxChunkBytes + kMaxRecordBytes));
            stale[priority] = true;
        }
        if (stale[priority]) append_frame(chunks[at].records, context);
        stale[priority] = false;
        append_frame(chunks[at].records, *frame);
        ++chunks[at].count;
    }
    if (!frames.at_end()) return Error{ErrorCode::internal, "journal: records do not add up"};
    return chunks;
}

}  // namespace pulsekit
