#include "store/local/ids.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

namespace collector::store::local {
namespace {

namespace fs = std::filesystem;
using pulsekit::Result;
using pulsekit::sqlite::Database;

constexpr std::int64_t kDayMs = 86'400'000;
// Requests are not committed in the exact order of their arrival times: a run is kept a little longer than it is looked
// at.
constexpr std::int64_t kSlackMs = 3'600'000;
constexpr std::size_t kRunsToMerge = 6;

std::pair<std::uint64_t, std::uint64_t> key_of(const IdEntry& id) { return {id.high, id.low & ~IdEntry::kTimeMask}; }

std::vector<std::string> files_in(const std::string& folder) {
    std::vector<std::string> files;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none)) files.push_back(entry.path().string());
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

std::size_t Ids::Table::slot_of(const IdEntry& id) const {
    const auto mask = slots_.size() - 1;
    auto slot = static_cast<std::size_t>(id.high) & mask;
    while (slots_[slot].low != 0 && !slots_[slot].same_id(id)) slot = (slot + 1) & mask;
    return slot;
}

std::int64_t Ids::Table::received_ms(const IdEntry& id) const {
    const auto& slot = slots_[slot_of(id)];
    return slot.low == 0 ? -1 : slot.received_ms();
}

void Ids::Table::insert(const IdEntry& id) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    auto& slot = slots_[slot_of(id)];
    if (slot.low == 0) ++size_;
    slot = id;
}

void Ids::Table::grow() {
    auto old = std::exchange(slots_, std::vector<IdEntry>(slots_.size() * 2));
    for (const auto& entry : old) {
        if (entry.low != 0) slots_[slot_of(entry)] = entry;
    }
}

std::vector<IdEntry> Ids::Table::entries() const {
    std::vector<IdEntry> all;
    all.reserve(size_);
    std::copy_if(slots_.begin(), slots_.end(), std::back_inserter(all), [](const IdEntry& e) { return e.low != 0; });
    return all;
}

Ids::Ids(const IdOptions& options)
    : folder_(options.folder), window_ms_(options.days * kDayMs), table_limit_(options.table_limit) {}

Result<std::unique_ptr<Ids>> Ids::open(Database& database, const IdOptions& options) {
    const std::string& folder = options.folder;
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) return pulsekit::Error{pulsekit::ErrorCode::unavailable, folder + ": " + failed.message()};
    const auto newest_row = database.query_integer("SELECT coalesce(max(id), 0) FROM events");
    if (!newest_row) return newest_row.error();
    std::unique_ptr<Ids> ids(new Ids(options));
    ids->load_runs(database, *newest_row);
    if (auto done = ids->load_rows(database, *newest_row); !done) return std::move(done).error();
    return ids;
}

/// Takes the runs that are whole, follow each other and are this database's; the files of the others go.
void Ids::load_runs(Database& database, std::int64_t newest_row) {
    std::vector<std::shared_ptr<const IdRun>> found;
    for (const auto& path : files_in(folder_)) {
        auto run = IdRun::open(path);
        if (run) found.emplace_back(std::move(*run));
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return a->rows().first != b->rows().first ? a->rows().first < b->rows().first : a->rows().last > b->rows().last;
    });
    for (auto& run : found) {
        // A merge that was cut off leaves its parts beside the whole.
        if (!runs_.empty() && run->rows().last <= runs_.back()->rows().last) continue;
        if (!runs_.empty() && run->rows().first != runs_.back()->rows().last + 1) break;
        runs_.push_back(std::move(run));
    }
    if (!runs_.empty() && !belongs(database, *runs_.back(), newest_row)) runs_.clear();
    // Runs that have left the window are deleted, oldest first: what begins late is whole all the same, unless it
    // begins late because a file was lost. Who knows what the first lacks? The rows before it.
    if (!runs_.empty()) {
        const auto before = database.query_integer("SELECT coalesce(max(received_ms), 0) FROM events WHERE id < " +
                                                   std::to_string(runs_.front()->rows().first));
        const auto newest = database.query_integer("SELECT coalesce(max(received_ms), 0) FROM events WHERE id > " +
                                                   std::to_string(newest_row - 1000));
        if (!before || !newest || (*before != 0 && *before >= *newest - window_ms_)) runs_.clear();
    }
    for (const auto& path : files_in(folder_)) {
        const bool used = std::any_of(runs_.begin(), runs_.end(), [&](const auto& run) { return run->path() == path; });
        std::error_code ignored;
        if (!used) fs::remove(path, ignored);
    }
    if (!runs_.empty()) covered_ = runs_.back()->rows().last;
}

/// Whether the run's last row is this database's: a backup may have been put in the place of the one that it was of.
bool Ids::belongs(Database& database, const IdRun& run, std::int64_t newest_row) const {
    if (run.rows().last > newest_row) return false;
    auto rows = database.prepare(
        "SELECT project, event_id, received_ms FROM events "
        "WHERE id BETWEEN ? AND ? AND event_id_is_ours = 0 ORDER BY id DESC LIMIT 1");
    if (!rows) return false;
    rows->bind(1, run.rows().first);
    rows->bind(2, run.rows().last);
    const auto row = rows->step();
    if (!row || !*row) return row.ok() && run.size() == 0;
    const auto last = id_entry(rows->integer(0), rows->text(1), rows->integer(2));
    return last.high == run.last().high && last.low == run.last().low;
}

Result<void> Ids::load_rows(Database& database, std::int64_t newest_row) {
    auto rows = database.prepare(
        "SELECT id, project, event_id, received_ms FROM events WHERE id > ? AND event_id_is_ours = 0 ORDER BY id");
    if (!rows) return std::move(rows).error();
    rows->bind(1, covered_);
    last_row_ = covered_;
    for (;;) {
        const auto more = rows->step();
        if (!more) return more.error();
        if (!*more) break;
        last_row_ = rows->integer(0);
        note(id_entry(rows->integer(1), rows->text(2), rows->integer(3)));
        if (table_.size() < table_limit_) continue;
        upkeep();
        if (work_.valid()) work_.wait();
        upkeep();
    }
    last_row_ = newest_row;
    return {};
}

void Ids::note(const IdEntry& id) {
    table_.insert(id);
    last_ = id;
    newest_ms_ = std::max(newest_ms_, id.received_ms());
}

Stored Ids::claim(std::int64_t project, std::string_view event_id, std::int64_t received_ms) {
    const auto id = id_entry(project, event_id, received_ms);
    for (const auto& run : runs_) run->prefetch(id);
    if (pending_set_.contains(key_of(id))) return Stored::duplicate;
    const auto known_since = [&](std::int64_t known_ms) {
        return known_ms >= 0 && known_ms >= received_ms - window_ms_;
    };
    bool known = known_since(table_.received_ms(id)) || (frozen_ && known_since(frozen_->received_ms(id)));
    for (auto run = runs_.rbegin(); !known && run != runs_.rend(); ++run) known = known_since((*run)->received_ms(id));
    if (known) return Stored::duplicate;
    pending_.push_back(id);
    pending_set_.insert(key_of(id));
    return Stored::fresh;
}

void Ids::committed(std::int64_t last_row) {
    last_row_ = last_row;
    for (const auto& id : pending_) note(id);
    rolled_back();
    upkeep();
}

/// Takes what the other thread has finished, and gives it more to do.
void Ids::upkeep() {
    if (work_.valid()) {
        if (work_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
        take(work_.get());
    }
    while (!runs_.empty() && runs_.front()->newest_ms() < newest_ms_ - window_ms_ - kSlackMs) {
        std::error_code ignored;
        fs::remove(runs_.front()->path(), ignored);
        runs_.erase(runs_.begin());
    }
    const bool full = table_.size() >= table_limit_;
    // Runs that are too many come first: the table can wait and grow, but each id is looked for in each run.
    if (!full || runs_.size() >= 2 * kRunsToMerge) merge();
    if (full && !work_.valid()) freeze();
}

void Ids::take(Written written) {
    if (!written.run) return;  // no room on the disk, say: the table stays, and is tried again
    std::vector<std::string> replaced;
    const auto first = runs_.begin() + static_cast<std::ptrdiff_t>(written.first);
    if (written.count == 0) {
        runs_.emplace_back(std::move(written.run));
        frozen_.reset();
        return;
    }
    for (auto run = first; run != first + static_cast<std::ptrdiff_t>(written.count); ++run) {
        replaced.push_back((*run)->path());
    }
    const auto at = runs_.erase(first, first + static_cast<std::ptrdiff_t>(written.count));
    runs_.insert(at, std::shared_ptr<const IdRun>(std::move(written.run)));
    std::error_code ignored;
    for (const auto& path : replaced) fs::remove(path, ignored);
}

void Ids::freeze() {
    if (!frozen_) {
        frozen_ = std::make_shared<const Table>(std::exchange(table_, {}));
        frozen_rows_ = {covered_ + 1, last_row_};
        frozen_last_ = last_;
        covered_ = last_row_;
    }
    work_ =
        std::async(std::launch::async, [folder = folder_, rows = frozen_rows_, last = frozen_last_, table = frozen_] {
            auto run = IdRun::write(folder, rows, last, table->entries());
            return Written{.run = run ? std::move(*run) : nullptr};
        });
}

/// Runs that follow each other become one, unless one of them is larger than all the others: an id is written again
/// only with as many others, and there are never many runs to look into.
void Ids::merge() {
    for (std::size_t first = 0; first + kRunsToMerge <= runs_.size(); ++first) {
        const auto begin = runs_.begin() + static_cast<std::ptrdiff_t>(first);
        std::vector<std::shared_ptr<const IdRun>> some(begin, begin + static_cast<std::ptrdiff_t>(kRunsToMerge));
        std::size_t all = 0;
        std::size_t largest = 0;
        for (const auto& run : some) {
            all += run->size();
            largest = std::max(largest, run->size());
        }
        if (2 * largest > all) continue;
        const auto oldest_ms = newest_ms_ - window_ms_ - kSlackMs;
        work_ = std::async(std::launch::async, [folder = folder_, some = std::move(some), first, oldest_ms] {
            auto run = IdRun::merge(folder, some, oldest_ms);
            return Written{.run = run ? std::move(*run) : nullptr, .first = first, .count = some.size()};
        });
        return;
    }
}

std::vector<std::string> Ids::check(const std::string& folder) {
    std::vector<std::string> problems;
    for (const auto& path : files_in(folder)) {
        if (path.ends_with(".partial"))
            continue;  // a collector that runs is about to finish it, or its next start goes over it
        const auto run = IdRun::open(path);
        std::error_code gone;
        if (!run && fs::exists(path, gone)) problems.push_back(run.error().message + "; the next start makes it again");
    }
    return problems;
}

}  // namespace collector::store::local
