#include "store/local/segments/segments.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "store/local/event_id.hpp"
#include "store/local/give_way.hpp"
#include "store/local/last_rows.hpp"
#include "support/checksum.hpp"

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
// At a stop: fewer rows are as soon read again at the next start.
constexpr std::size_t kWorthWriting = 16 * 1024;
constexpr std::size_t kWorthADay = 2'000;
constexpr std::size_t kMergeAt = 4;
// What is merged takes memory meanwhile; and larger ones would be read no faster.
constexpr std::size_t kMostRows = 1024 * 1024;

/// Adds a session without the rows that are flagged.
void add_session(SegmentBuilder& builder, const std::shared_ptr<const Segment>& segment, std::uint32_t session,
                 const std::vector<bool>& erased) {
    if (erased.empty()) return builder.add_session(segment, session);
    builder.add_session(segment, session, [&](std::uint32_t row) { return !erased[row]; });
}

void add_all(SegmentBuilder& builder, const LiveSegment& live) {
    for (std::uint32_t session = 0; session < live.segment->sessions(); ++session) {
        if (live.has(session)) builder.add_session(live.segment, session);
    }
}

/// Whole sessions, each in one segment, are in order.
Result<bool> never_asked(std::int64_t, std::int64_t) { return true; }

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

    /// Errors: `corrupt` when a file that has rows of the session is damaged.
    Result<SegmentBuilder*> builder_for(const SourceRow& row) {
        segments_.mutex_.assert_held();
        auto& builder = builders_.try_emplace(row.project, row.project).first->second;
        auto& place = segments_.place_of(row.session);
        if (place == kHere) return &builder;
        taken_.emplace_back(row.session, place);
        if (auto done = bring(row.project, builder, row.session, std::exchange(place, kHere)); !done) {
            return std::move(done).error();
        }
        return &builder;
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
    Result<void> bring(std::int64_t project, SegmentBuilder& builder, std::int64_t session, std::uint32_t serial) {
        if (serial == 0) return {};
        segments_.mutex_.assert_held();
        auto& its = segments_.projects_[project];
        const auto from = std::find_if(its.segments.begin(), its.segments.end(),
                                       [&](const LiveSegment& live) { return live.serial == serial; });
        if (from == its.segments.end()) return {};
        if (auto whole = from->segment->check_all(); !whole) return whole;
        const auto at = from->segment->find_session(session);
        builder.add_session(from->segment, at);
        moved_.try_emplace(serial, Moved{&its, {}}).first->second.sessions.push_back(at);
        return {};
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
    std::map<std::int64_t, SegmentBuilder> builders_;            // by project
    std::unordered_map<std::uint32_t, Moved> moved_;             // by the serial of the segment that had them
    std::vector<std::pair<std::int64_t, std::uint32_t>> taken_;  // sessions, and what their places were
};

Result<std::unique_ptr<Segments>> Segments::open(const SegmentOptions& options, Database database) {
    auto folder = SegmentFolder::open(options.data_directory);
    if (!folder) return std::move(folder).error();
    auto source = RowSource::open(database);
    if (!source) return std::move(source).error();
    const auto newest = last_id(database, "events");
    if (!newest) return newest.error();
    std::unique_ptr<Segments> segments(
        new Segments(options, std::move(*folder), std::move(database), std::move(*source)));
    segments->newest_row_ = *newest;
    {
        const MutexLock lock(segments->mutex_);
        if (auto loaded = segments->contexts_.load(segments->database_); !loaded) return std::move(loaded).error();
        if (!segments->load()) segments->clear();
    }
    segments->following_ = std::jthread([it = segments.get()](const std::stop_token& stop) { it->follow(stop); });
    return segments;
}

Segments::Segments(const SegmentOptions& options, SegmentFolder folder, Database database, RowSource source)
    : options_(options), folder_(std::move(folder)), database_(std::move(database)), source_(std::move(source)) {}

Segments::~Segments() {
    if (!following_.joinable()) return;
    following_.request_stop();
    following_.join();
    MutexLock lock(mutex_);
    if (rows_in_memory() < std::min(kWorthWriting, options_.memory_rows)) return;  // soon read again
    (void)do_work(to_be_written(), lock);  // what fails is made of the rows again
}

/// What the files hold, oldest first: a session that is in several is in the last of them.
bool Segments::load() {
    const auto manifest = folder_.manifest();
    if (!manifest || !belongs(*manifest)) return false;
    for (const auto serial : manifest->serials) {
        auto segment = folder_.open(serial);
        if (!segment || !(*segment)->check() || !(*segment)->check(SegmentColumn::visitor)) return false;
        last_serial_ = std::max<std::uint32_t>(last_serial_, serial);
        auto& project = projects_[(*segment)->header().project];
        std::map<std::uint32_t, std::vector<std::int64_t>> moved;
        for (const auto session : (*segment)->session_numbers()) {
            auto& place = place_of(session);
            if (place != 0) moved[place].push_back(session);
            place = serial;
        }
        for (auto& other : project.segments) {
            const auto here = moved.find(other.serial);
            if (here == moved.end()) continue;
            auto flags = other.moved ? *other.moved : SessionFlags(other.segment->sessions());
            for (const auto session : here->second) flags[other.segment->find_session(session)] = true;
            other.moved = std::make_shared<const SessionFlags>(std::move(flags));
        }
        auto visitors = visitors_of(project, **segment);
        project.segments.push_back(
            {.serial = serial, .segment = std::move(*segment), .moved = nullptr, .visitors = std::move(visitors)});
    }
    for (auto& [number, project] : projects_) publish(project);
    covered_ = written_ = manifest->covered;
    row_check_ = manifest->row_check;
    erasure_ = manifest->erasure;
    folder_.keep(manifest->serials);
    return true;
}

bool Segments::belongs(const SegmentManifest& manifest) {
    bool erasing = false;
    if (!has_followed(manifest, erasing)) return false;
    if (manifest.covered == 0) return manifest.serials.empty();
    const auto newest = last_id(database_, "events");
    if (!newest || manifest.covered > *newest) return false;
    if (erasing) return true;  // the row that was checked may be among those that go
    const auto check = check_of_row(manifest.covered);
    return check && *check == manifest.row_check;
}

/// Whether its last erasure is the database's last or the one under way, which may be about to be followed; `erasing`:
/// it is followed, and not done.
bool Segments::has_followed(const SegmentManifest& manifest, bool& erasing) {
    auto erasures = database_.prepare("SELECT token, done FROM erasures");
    if (!erasures) return false;
    bool followed = false;
    bool any_done = false;
    for (auto row = erasures->step(); row; row = erasures->step()) {
        if (!*row) return followed || (manifest.erasure == 0 && !any_done);
        const bool done = erasures->integer(1) != 0;
        any_done = any_done || done;
        if (erasures->integer(0) != manifest.erasure) continue;
        followed = true;
        erasing = !done;
    }
    return false;
}

/// Of the last row up to that one; 0 where there is none.
Result<std::uint32_t> Segments::check_of_row(std::int64_t row) {
    auto statement = database_.prepare("SELECT event_id FROM events WHERE id <= ? ORDER BY id DESC LIMIT 1");
    if (!statement) return std::move(statement).error();
    statement->bind(1, row);
    const auto found = statement->step();
    if (!found) return found.error();
    if (!*found) return 0u;
    const auto id = event_id_of(*statement, 0);
    return pulsekit::checksum(id.data(), id.size());
}

void Segments::clear() {
    projects_.clear();
    places_.clear();
    covered_ = 0;
    written_ = 0;
    unwritten_ = 0;
    const auto erasure =
        database_.query_integer("SELECT coalesce((SELECT token FROM erasures WHERE done ORDER BY id DESC LIMIT 1), 0)");
    erasure_ = erasure ? *erasure : 0;
    ++forgotten_;
}

bool Segments::is_of_a_file(const Error& error) const {
    return error.code == ErrorCode::corrupt && error.message.starts_with(folder_.path());
}

void Segments::forget() {
    const MutexLock lock(mutex_);
    clear();
}

void Segments::committed(std::int64_t row) {
    newest_row_ = row;
    if (row - covered_ >= kRowsBehind) wake_.notify_one();
}

void Segments::follow(const std::stop_token& stop) {
    MutexLock lock(mutex_);
    while (true) {
        const auto is_behind = [this] {
            mutex_.assert_held();
            return newest_row_ - std::max<std::int64_t>(covered_, tried_) >= kRowsBehind;
        };
        const bool wanted = wake_.wait(lock.native(), stop, [&] { return is_behind() || is_to_be_written(); });
        if (!wanted) return;
        // What fails here fails again for whoever asks, and is told to them.
        if (is_behind()) {
            tried_ = newest_row_;
            if (take_some()) tried_ = 0;
        }
        await_work(lock);
        if (!is_to_be_written()) continue;
        if (do_work(to_be_written(), lock)) {
            unwritten_ = 0;
        } else {
            unwritten_ = rows_in_memory();
            continue;
        }
        for (auto works = to_be_merged(); !works.empty() && !stop.stop_requested(); works = to_be_merged()) {
            if (!do_work(std::move(works), lock)) break;
        }
    }
}

Result<std::shared_ptr<const Snapshot>> Segments::snapshot(std::int64_t project, const Patience& patience) {
    const std::int64_t row = newest_row_;
    const MutexLock lock(mutex_);
    if (auto caught_up = catch_up(row, patience); !caught_up) return std::move(caught_up).error();
    if (is_to_be_written()) wake_.notify_one();
    const auto found = projects_.find(project);
    return found == projects_.end() ? nullptr : found->second.published;
}

Result<void> Segments::catch_up(std::int64_t row, const Patience& patience) {
    while (covered_ < row) {
        if (patience.ended()) return Error{ErrorCode::unavailable, "the rows are still being read"};
        if (auto taken = take_some(); !taken) return taken;
    }
    return {};
}

Result<void> Segments::take_some() {
    const std::int64_t newest = newest_row_;
    Intake intake(*this);
    const auto last =
        source_.read(covered_, kRowsAtOnce, [&](const SourceRow& row) { return intake.builder_for(row); });
    if (!last) return last.error();
    if (auto loaded = contexts_.load(database_); !loaded) return loaded;
    if (auto finished = intake.finish(); !finished) return finished;
    // Of those that followed, none is there any more.
    covered_ = *last == covered_ ? std::max<std::int64_t>(covered_, newest) : *last;
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
    auto visitors = visitors_of(project, *segment);
    return {.serial = serial, .segment = std::move(segment), .moved = nullptr, .visitors = std::move(visitors)};
}

std::shared_ptr<const std::vector<std::uint32_t>> Segments::visitors_of(Project& project, const Segment& segment) {
    auto visitors = std::make_shared<std::vector<std::uint32_t>>();
    for (const auto number : segment.entries(SegmentColumn::visitor).values) {
        auto& place = place_of(number);
        if (place == 0) place = ++project.visitors;
        visitors->push_back(place - 1);
    }
    return visitors;
}

void Segments::tidy(std::int64_t number, Project& project) {
    auto& segments = project.segments;
    const auto is_settled = [&](const LiveSegment& live) {
        return live.segment->is_mapped() || in_work_.contains(live.serial);
    };
    while (segments.size() > 1) {
        const auto& before = segments[segments.size() - 2];
        if (is_settled(before) || is_settled(segments.back())) return;
        if (segments.back().segment->rows() * 2 <= before.segment->rows()) return;
        SegmentBuilder builder(number);
        for (auto from = segments.end() - 2; from != segments.end(); ++from) add_all(builder, *from);
        auto merged = builder.finish(never_asked);
        segments.resize(segments.size() - 2);
        segments.push_back(live(project, std::move(*merged)));
    }
}

void Segments::publish(Project& project) {
    project.published = std::make_shared<const Snapshot>(
        Snapshot{.era = project.era, .segments = project.segments, .visitors = project.visitors});
}

std::size_t Segments::rows_in_memory() const {
    std::size_t rows = 0;
    for (const auto& [number, project] : projects_) {
        for (const auto& live : project.segments) rows += live.segment->is_mapped() ? 0 : live.segment->rows();
    }
    return rows;
}

bool Segments::is_to_be_written() const { return rows_in_memory() >= unwritten_ + options_.memory_rows; }

std::vector<Segments::Work> Segments::to_be_written() {
    std::vector<Work> works;
    for (auto& [number, project] : projects_) {
        Work work{.project = number, .sources = {}, .made = {}};
        for (const auto& live : project.segments) {
            if (!live.segment->is_mapped()) work.sources.push_back(live);
        }
        if (!work.sources.empty()) works.push_back(std::move(work));
    }
    return works;
}

/// The file's segment with the sessions that were taken into memory: until these are in a file, too, what the rows that
/// it covers say of them must not be lost with the memory. The last file that has such a session keeps it.
LiveSegment Segments::as_filed(const Project& project, LiveSegment live) {
    if (!live.moved) return live;
    auto moved = *live.moved;
    const auto numbers = live.segment->session_numbers();
    for (std::uint32_t session = 0; session < numbers.size(); ++session) {
        if (!moved[session]) continue;
        moved[session] = std::any_of(project.segments.begin(), project.segments.end(), [&](const LiveSegment& other) {
            return other.segment->is_mapped() && other.serial > live.serial &&
                   other.segment->find_session(numbers[session]) < other.segment->sessions();
        });
    }
    live.moved = std::make_shared<const SessionFlags>(std::move(moved));
    return live;
}

/// Four of a day that are of a size, so that each row is rewritten as often as its segment grows by a multiple.
std::vector<Segments::Work> Segments::to_be_merged() {
    const auto rows = [](const LiveSegment& live) { return std::size_t{live.segment->rows()}; };
    for (auto& [number, project] : projects_) {
        std::map<std::int64_t, std::vector<LiveSegment>> days;
        for (const auto& live : project.segments) {
            if (live.segment->is_mapped()) days[live.segment->header().day].push_back(live);
        }
        for (auto& [day, segments] : days) {
            std::sort(segments.begin(), segments.end(),
                      [&](const LiveSegment& a, const LiveSegment& b) { return rows(a) < rows(b); });
            for (auto first = segments.begin(); segments.end() - first >= static_cast<std::ptrdiff_t>(kMergeAt);
                 ++first) {
                const auto largest = first + (kMergeAt - 1);
                std::size_t others = 0;
                for (auto it = first; it != largest; ++it) others += rows(*it);
                if (rows(*largest) > 2 * others || rows(*largest) + others > kMostRows) continue;
                Work work{.project = number, .sources = {}, .made = {}};
                for (auto it = first; it != largest + 1; ++it) work.sources.push_back(as_filed(project, *it));
                return {std::move(work)};
            }
        }
    }
    return {};
}

void Segments::await_work(MutexLock& lock) {
    while (working_) worked_.wait(lock.native());
}

Result<std::vector<Segments::Work>> Segments::to_be_erased(const ErasedRows& rows) {
    std::vector<Work> works;
    const auto& project = projects_[rows.project];
    for (const auto& live : project.segments) {
        if (!live.segment->is_mapped()) continue;
        if (auto whole = live.segment->check_all(); !whole) return std::move(whole).error();
        if (erased_in(*live.segment, rows).empty()) continue;
        works.push_back({.project = rows.project, .sources = {as_filed(project, live)}, .made = {}, .without = rows});
    }
    return works;
}

void Segments::erase_in_memory(const ErasedRows& rows) {
    auto& project = projects_[rows.project];
    for (auto& old : project.segments) {
        if (old.segment->is_mapped()) continue;
        const auto erased = erased_in(*old.segment, rows);
        if (erased.empty()) continue;
        SegmentBuilder builder(rows.project);
        for (std::uint32_t session = 0; session < old.segment->sessions(); ++session) {
            if (old.has(session)) add_session(builder, old.segment, session, erased);
        }
        auto left = builder.finish(never_asked);
        old = live(project, std::move(*left));
    }
    std::erase_if(project.segments, [](const LiveSegment& live) { return live.segment->rows() == 0; });
    publish(project);
}

/// What is in work, or was taken by rows that came meanwhile, is looked at again.
Result<std::future<void>> Segments::erase(const ErasedRows& rows, const Patience& patience) {
    MutexLock lock(mutex_);
    while (true) {
        if (auto caught_up = catch_up(rows.last_row, patience); !caught_up) return std::move(caught_up).error();
        await_work(lock);
        erase_in_memory(rows);
        auto works = to_be_erased(rows);
        auto done = works ? Result<void>() : Result<void>(std::move(works).error());
        if (works && works->empty()) break;
        if (works) done = do_work(std::move(*works), lock);
        if (!done && !is_of_a_file(done.error())) return std::move(done).error();
        if (!done) clear();
        if (patience.ended()) return Error{ErrorCode::unavailable, "the erasure was given up"};
    }
    erasure_ = rows.erasure;
    auto check = check_of_row(written_);
    if (!check) return std::move(check).error();
    row_check_ = *check;
    auto& project = projects_[rows.project];
    auto ended = project.era->ended.get_future();
    project.era = std::make_shared<SnapshotEra>();
    publish(project);
    if (auto written = write_manifest(); !written) return std::move(written).error();
    return ended;
}

Result<void> Segments::do_work(std::vector<Work> works, MutexLock& lock) {
    if (works.empty()) return {};
    const auto covered = covered_.load();
    const auto forgotten = forgotten_;
    const auto check = check_of_row(covered);
    if (!check) return check.error();
    bool of_memory = false;
    for (const auto& work : works) {
        for (const auto& source : work.sources) {
            in_work_.insert(source.serial);
            of_memory = of_memory || !source.segment->is_mapped();
        }
    }
    Result<void> done;
    working_ = true;
    lock.native().unlock();
    std::jthread([&] {  // for it cannot come back from giving way
        give_way();
        for (auto& work : works) {
            if (done) done = make(work);
        }
    })
        .join();
    lock.native().lock();
    working_ = false;
    worked_.notify_all();
    in_work_.clear();
    if (!done || forgotten != forgotten_) return done;
    for (auto& work : works) replace(work);
    if (of_memory) {
        written_ = covered;
        row_check_ = *check;
    }
    return write_manifest();
}

/// A segment a day on which sessions began. Days with few rows share one, as clocks may be wrong by any number of days.
Result<void> Segments::make(Work& work) {
    std::map<std::int64_t, std::size_t> rows_of;
    std::vector<std::vector<bool>> erased;  // of each source
    for (const auto& source : work.sources) {
        if (auto whole = source.segment->check_all(); !whole) return whole;
        erased.push_back(work.without ? erased_in(*source.segment, *work.without) : std::vector<bool>());
    }
    const auto day_of_session = [](const Segment& segment, std::uint32_t session) {
        return day_of(segment.time(segment.begins()[session]));
    };
    for (const auto& source : work.sources) {
        const auto begins = source.segment->begins();
        for (std::uint32_t session = 0; session < source.segment->sessions(); ++session) {
            if (source.has(session))
                rows_of[day_of_session(*source.segment, session)] += begins[session + 1] - begins[session];
        }
    }
    std::map<std::int64_t, SegmentBuilder> builders;
    for (std::size_t i = 0; i < work.sources.size(); ++i) {
        const auto& source = work.sources[i];
        for (std::uint32_t session = 0; session < source.segment->sessions(); ++session) {
            if (!source.has(session)) continue;
            const auto day = day_of_session(*source.segment, session);
            const auto key = rows_of[day] < kWorthADay ? kManyDays : day;
            auto& builder = builders.try_emplace(key, work.project, key).first->second;
            add_session(builder, source.segment, session, erased[i]);
        }
    }
    for (auto& [day, builder] : builders) {
        if (builder.rows() == 0) continue;
        auto built = builder.finish(never_asked);
        if (!built) return std::move(built).error();
        const std::uint32_t serial = ++last_serial_;
        auto written = folder_.write(serial, **built);
        if (!written) return std::move(written).error();
        work.made.push_back({.serial = serial, .segment = std::move(*written), .moved = nullptr, .visitors = nullptr});
    }
    return {};
}

/// Sessions that were taken from the sources meanwhile are where they went.
void Segments::replace(Work& work) {
    auto& project = projects_[work.project];
    std::set<std::uint32_t> sources;
    for (const auto& source : work.sources) sources.insert(source.serial);
    for (auto& made : work.made) {
        SessionFlags moved;
        const auto sessions = made.segment->session_numbers();
        for (std::uint32_t session = 0; session < sessions.size(); ++session) {
            auto& place = place_of(sessions[session]);
            if (sources.contains(place)) {
                place = made.serial;
                continue;
            }
            moved.resize(sessions.size());
            moved[session] = true;
        }
        if (!moved.empty()) made.moved = std::make_shared<const SessionFlags>(std::move(moved));
        made.visitors = visitors_of(project, *made.segment);
    }
    std::erase_if(project.segments, [&](const LiveSegment& live) { return sources.contains(live.serial); });
    // Before those in memory, of which only the last are small.
    const auto first_in_memory = std::find_if(project.segments.begin(), project.segments.end(),
                                              [](const LiveSegment& live) { return !live.segment->is_mapped(); });
    project.segments.insert(first_in_memory, work.made.begin(), work.made.end());
    publish(project);
}

Result<void> Segments::write_manifest() {
    SegmentManifest manifest{.covered = written_, .row_check = row_check_, .erasure = erasure_, .serials = {}};
    for (const auto& [number, project] : projects_) {
        for (const auto& live : project.segments) {
            if (live.segment->is_mapped()) manifest.serials.push_back(live.serial);
        }
    }
    std::sort(manifest.serials.begin(), manifest.serials.end());
    if (auto written = folder_.write(manifest); !written) return written;
    folder_.keep(manifest.serials);
    return {};
}

}  // namespace collector::store::local
