#include "store/local/segments/segments.hpp"

#include <algorithm>
#include <utility>

namespace collector::store::local {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::MutexLock;
using pulsekit::Result;
using pulsekit::sqlite::Database;

namespace {

constexpr std::int64_t kRowsAtOnce = 64 * 1024;
// So far the segments may be behind the rows before they follow without being asked.
constexpr std::int64_t kRowsBehind = 4 * 1024;

}  // namespace

/// Rows of some projects on their way into a segment each.
class Segments::Intake {
public:
    explicit Intake(Segments& segments) : segments_(segments) {}
    /// What was not finished has not happened.
    ~Intake() {
        segments_.mutex_.assert_held();
        for (const auto& [session, serial] : taken_) segments_.place_of(session) = serial;
    }
    Intake(const Intake&) = delete;
    Intake& operator=(const Intake&) = delete;

    SegmentBuilder& builder_for(const SourceRow& row) {
        segments_.mutex_.assert_held();
        auto& builder = builders_.try_emplace(row.project, row.project).first->second;
        auto& place = segments_.place_of(row.session);
        if (place == kHere) return builder;
        taken_.emplace_back(row.session, place);
        bring(row.project, builder, row.session, std::exchange(place, kHere));
        return builder;
    }

    Result<void> finish() {
        segments_.mutex_.assert_held();
        std::map<std::int64_t, std::shared_ptr<const Segment>> built;
        for (auto& [number, builder] : builders_) {
            auto segment = builder.finish(
                [this](std::int64_t row, std::int64_t other) { return segments_.source_.precedes(row, other); });
            if (!segment) return std::move(segment).error();
            built.emplace(number, std::move(*segment));
        }
        taken_.clear();
        for (auto& [serial, sessions] : moved_) mark(serial, sessions);
        for (auto& [number, segment] : built) {
            auto& project = segments_.projects_[number];
            project.segments.push_back(segments_.live(project, std::move(segment)));
            segments_.tidy(number, project);
            publish(project);
        }
        return {};
    }

private:
    static constexpr std::uint32_t kHere = 0xffffffff;  // in place of a serial

    struct Moved {
        Project* project;
        std::vector<std::uint32_t> sessions;
    };

    /// What there is of the session already.
    void bring(std::int64_t project, SegmentBuilder& builder, std::int64_t session, std::uint32_t serial) {
        if (serial == 0) return;
        segments_.mutex_.assert_held();
        auto& its = segments_.projects_[project];
        const auto from = std::find_if(its.segments.begin(), its.segments.end(),
                                       [&](const LiveSegment& live) { return live.serial == serial; });
        if (from == its.segments.end()) return;
        const auto at = from->segment->find_session(session);
        builder.add_session(*from->segment, at);
        moved_.try_emplace(serial, Moved{&its, {}}).first->second.sessions.push_back(at);
    }

    static void mark(std::uint32_t serial, const Moved& moved) {
        for (auto& live : moved.project->segments) {
            if (live.serial != serial) continue;
            auto flags = live.moved ? *live.moved : SessionFlags(live.segment->sessions());
            for (const auto session : moved.sessions) flags[session] = true;
            live.moved = std::make_shared<const SessionFlags>(std::move(flags));
        }
    }

    Segments& segments_;
    std::map<std::int64_t, SegmentBuilder> builders_;  // by project
    std::unordered_map<std::uint32_t, Moved> moved_;   // by the serial of the segment that had them
    std::vector<std::pair<std::int64_t, std::uint32_t>> taken_;  // sessions, and what their places were
};

Result<std::unique_ptr<Segments>> Segments::open(Database database) {
    auto source = RowSource::open(database);
    if (!source) return std::move(source).error();
    const auto newest = database.query_integer("SELECT coalesce(max(id), 0) FROM events");
    if (!newest) return newest.error();
    std::unique_ptr<Segments> segments(new Segments(std::move(database), std::move(*source)));
    segments->newest_row_ = *newest;
    return segments;
}

Segments::Segments(Database database, RowSource source)
    : database_(std::move(database)),
      source_(std::move(source)),
      following_([this](const std::stop_token& stop) { follow(stop); }) {}

Segments::~Segments() {
    following_.request_stop();
    following_.join();
}

void Segments::committed(std::int64_t row) {
    newest_row_ = row;
    if (row - covered_ >= kRowsBehind) wake_.notify_one();
}

void Segments::follow(const std::stop_token& stop) {
    MutexLock lock(mutex_);
    while (true) {
        const bool behind = wake_.wait(lock.native(), stop, [this] {
            mutex_.assert_held();
            return newest_row_ - std::max<std::int64_t>(covered_, tried_) >= kRowsBehind;
        });
        if (!behind) return;
        // What fails here fails again for whoever asks, and is told to them.
        tried_ = newest_row_;
        if (take_some()) tried_ = 0;
    }
}

Result<std::shared_ptr<const Snapshot>> Segments::snapshot(std::int64_t project, const std::stop_token& patience) {
    const std::int64_t row = newest_row_;
    const MutexLock lock(mutex_);
    if (auto caught_up = catch_up(row, patience); !caught_up) return std::move(caught_up).error();
    const auto found = projects_.find(project);
    return found == projects_.end() ? nullptr : found->second.published;
}

Result<void> Segments::catch_up(std::int64_t row, const std::stop_token& patience) {
    while (covered_ < row) {
        if (patience.stop_requested()) return Error{ErrorCode::unavailable, "the rows are still being read"};
        if (auto taken = take_some(); !taken) return taken;
    }
    return {};
}

Result<void> Segments::take_some() {
    Intake intake(*this);
    const auto last = source_.read(covered_, kRowsAtOnce, [&](const SourceRow& row) -> SegmentBuilder& {
        return intake.builder_for(row);
    });
    if (!last) return last.error();
    if (auto loaded = contexts_.load(database_); !loaded) return loaded;
    if (auto finished = intake.finish(); !finished) return finished;
    covered_ = *last;
    return {};
}

std::uint32_t& Segments::place_of(std::int64_t number) {
    const auto at = static_cast<std::size_t>(number);
    if (at >= places_.size()) places_.resize(std::max(at + 1, places_.size() * 5 / 4));
    return places_[at];
}

LiveSegment Segments::live(Project& project, std::shared_ptr<const Segment> segment) {
    const std::uint32_t serial = ++last_serial_;
    for (const auto session : segment->session_numbers()) place_of(session) = serial;
    auto visitors = std::make_shared<std::vector<std::uint32_t>>();
    for (const auto number : segment->entries(SegmentColumn::visitor).values) {
        auto& place = place_of(number);
        if (place == 0) place = ++project.visitors;
        visitors->push_back(place - 1);
    }
    return {.serial = serial, .segment = std::move(segment), .moved = nullptr, .visitors = std::move(visitors)};
}

/// Small segments become larger ones, each row some few times: a segment is at least twice as large as the next.
void Segments::tidy(std::int64_t number, Project& project) {
    auto& segments = project.segments;
    while (segments.size() > 1 && segments.back().segment->rows() * 2 > segments[segments.size() - 2].segment->rows()) {
        SegmentBuilder builder(number);
        for (auto from = segments.end() - 2; from != segments.end(); ++from) {
            for (std::uint32_t session = 0; session < from->segment->sessions(); ++session) {
                if (from->has(session)) builder.add_session(*from->segment, session);
            }
        }
        auto merged = builder.finish([](std::int64_t, std::int64_t) { return true; });  // whole sessions: never asked
        segments.resize(segments.size() - 2);
        segments.push_back(live(project, std::move(*merged)));
    }
}

void Segments::publish(Project& project) {
    project.published =
        std::make_shared<const Snapshot>(Snapshot{.segments = project.segments, .visitors = project.visitors});
}

}  // namespace collector::store::local
