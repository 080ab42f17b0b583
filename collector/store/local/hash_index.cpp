#include "store/local/hash_index.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "store/local/give_way.hpp"
#include "store/local/last_rows.hpp"

namespace collector::store::local {
namespace {

namespace fs = std::filesystem;
using pulsekit::MutexLock;
using pulsekit::Result;
using pulsekit::sqlite::Database;

constexpr std::size_t kRunsToMerge = 6;

std::vector<std::string> files_in(const std::string& folder) {
    std::vector<std::string> files;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none)) files.push_back(entry.path().string());
    std::sort(files.begin(), files.end());
    return files;
}

/// The largest value of the rows that the condition names; 0: none.
Result<std::int64_t> largest(Database& database, const HashSource& source, const std::string& which) {
    return database.query_integer("SELECT coalesce(max(" + source.value + "), 0) FROM " + source.table + " WHERE " +
                                  which);
}

}  // namespace

HashIndex::HashIndex(const HashSource& source, const HashIndexOptions& options)
    : source_(source), options_(options), table_(options.table_limit), frozen_(options.table_limit) {}

Result<std::unique_ptr<HashIndex>> HashIndex::open(Database& database, const HashSource& source,
                                                   const HashIndexOptions& options) {
    const std::string& folder = options.folder;
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) return pulsekit::Error{pulsekit::ErrorCode::unavailable, folder + ": " + failed.message()};
    const auto newest = last_id(database, source.table);
    if (!newest) return newest.error();
    std::unique_ptr<HashIndex> index(new HashIndex(source, options));
    index->load_runs(database, *newest);
    if (auto done = index->load_rows(database, *newest); !done) return std::move(done).error();
    return index;
}

HashIndex::~HashIndex() {
    // What a merge has replaced goes now, and not at the next start.
    if (work_.valid()) take(work_.get());
}

/// Takes the runs that are whole, follow each other and are this database's; the files of the others go.
void HashIndex::load_runs(Database& database, std::int64_t newest_row) {
    std::vector<std::shared_ptr<const HashRun>> found;
    for (const auto& path : files_in(options_.folder)) {
        auto run = HashRun::open(path);
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
    if (!belong(database, newest_row)) runs_.clear();
    for (const auto& path : files_in(options_.folder)) {
        const bool used = std::any_of(runs_.begin(), runs_.end(), [&](const auto& run) { return run->path() == path; });
        std::error_code ignored;
        if (!used) fs::remove(path, ignored);
    }
    if (!runs_.empty()) covered_ = runs_.back()->rows().last;
}

/// Whether the runs are this database's: a backup may have been put in the place of the one that they were of.
bool HashIndex::belong(Database& database, std::int64_t newest_row) const {
    if (runs_.empty() || runs_.back()->rows().last > newest_row) return false;
    if (!begins_well(database, *runs_.front(), newest_row)) return false;
    for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
        if (const auto known = belongs(database, **run)) return *known;
    }
    return source_.outlives_rows ||
           std::all_of(runs_.begin(), runs_.end(), [](const auto& run) { return run->size() == 0; });
}

/// Whether the last row that there is of a run's is in it; nothing when all of them were erased.
std::optional<bool> HashIndex::belongs(Database& database, const HashRun& run) const {
    auto rows = database.prepare("SELECT id, " + source_.columns + " FROM " + source_.table +
                                 " WHERE id BETWEEN ? AND ? AND " + source_.condition + " ORDER BY id DESC LIMIT 1");
    if (!rows) return false;
    rows->bind(1, run.rows().first);
    rows->bind(2, run.rows().last);
    const auto row = rows->step();
    if (!row) return false;
    if (!*row) return std::nullopt;
    const auto last = source_.entry(*rows);
    const auto known = run.find(last);
    return known && *known >= last.value();
}

/// Runs whose entries were all forgotten are deleted, oldest first: what begins late is whole all the same, unless it
/// begins late because a file was lost. Who knows what the first lacks? The rows before it.
bool HashIndex::begins_well(Database& database, const HashRun& run, std::int64_t newest_row) const {
    const auto before = largest(database, source_, "id < " + std::to_string(run.rows().first));
    const auto newest = largest(database, source_, "id > " + std::to_string(newest_row - 1000));
    return before && newest && (*before == 0 || *before < *newest - options_.keep);
}

Result<void> HashIndex::load_rows(Database& database, std::int64_t newest_row) {
    auto rows = database.prepare("SELECT id, " + source_.columns + " FROM " + source_.table + " WHERE id > ? AND " +
                                 source_.condition + " ORDER BY id");
    if (!rows) return std::move(rows).error();
    rows->bind(1, covered_);
    last_row_ = covered_;
    for (;;) {
        const auto more = rows->step();
        if (!more) return more.error();
        if (!*more) break;
        last_row_ = rows->integer(0);
        table_.insert(source_.entry(*rows));
        if (table_.size() < options_.table_limit) continue;
        upkeep();
        if (work_.valid()) work_.wait();
        upkeep();
    }
    last_row_ = newest_row;
    return {};
}

Result<std::int64_t> HashIndex::find(const HashEntry& key) const {
    const auto pending = pending_table_.find(key);
    if (pending >= 0) return pending;
    return find_stored(key);
}

void HashIndex::prefetch(const HashEntry& key) const {
    pending_table_.prefetch(key);
    table_.prefetch(key);
    if (frozen_.size() > 0) frozen_.prefetch(key);
    for (const auto& run : runs_) run->prefetch(key);
}

Result<std::int64_t> HashIndex::find_committed(const HashEntry& key) const {
    const MutexLock lock(mutex_);
    return find_stored(key);
}

Result<std::int64_t> HashIndex::find_stored(const HashEntry& key) const {
    auto value = table_.find(key);
    if (value < 0 && frozen_.size() > 0) value = frozen_.find(key);
    for (auto run = runs_.rbegin(); value < 0 && run != runs_.rend(); ++run) {
        auto found = (*run)->find(key);
        if (!found) return found;
        value = *found;
    }
    if (!erased_.empty() && std::binary_search(erased_.begin(), erased_.end(), value)) return -1;
    return value;
}

void HashIndex::add(const HashEntry& entry) {
    pending_.push_back(entry);
    pending_table_.insert(entry);
}

void HashIndex::committed(std::int64_t last_row) {
    {
        const MutexLock lock(mutex_);
        last_row_ = last_row;
        for (const auto& entry : pending_) table_.insert(entry);
        upkeep();
    }
    rolled_back();
}

void HashIndex::rolled_back() {
    pending_.clear();
    pending_table_.clear();
}

/// Takes what the other thread has finished, and gives it more to do.
void HashIndex::upkeep() {
    if (held_) return;
    if (work_.valid()) {
        if (work_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
        take(work_.get());
    }
    const bool full = table_.size() >= options_.table_limit;
    // Runs that are too many come first: the table can wait and grow, but each key is looked for in each run.
    if (!full || runs_.size() >= 2 * kRunsToMerge) merge();
    if (full && !work_.valid()) freeze();
}

void HashIndex::take(Written written) {
    if (!written.run) return;  // no room on the disk, say: the table stays, and is tried again
    std::vector<std::string> replaced;
    const auto first = runs_.begin() + static_cast<std::ptrdiff_t>(written.first);
    if (written.count == 0) {
        runs_.emplace_back(std::move(written.run));
        frozen_.clear();
        return;
    }
    for (auto run = first; run != first + static_cast<std::ptrdiff_t>(written.count); ++run) {
        replaced.push_back((*run)->path());
    }
    const auto at = runs_.erase(first, first + static_cast<std::ptrdiff_t>(written.count));
    runs_.insert(at, std::shared_ptr<const HashRun>(std::move(written.run)));
    std::error_code ignored;
    for (const auto& path : replaced) fs::remove(path, ignored);
}

void HashIndex::freeze() {
    if (frozen_.size() == 0) {
        // Not a new one: memory that is touched for the first time costs more than all else here.
        std::swap(table_, frozen_);
        frozen_rows_ = {covered_ + 1, last_row_};
        covered_ = last_row_;
        forget_old();
    }
    work_ = std::async(std::launch::async,
                       [folder = options_.folder, rows = frozen_rows_, &table = std::as_const(frozen_)] {
                           give_way();
                           auto run = HashRun::write(folder, rows, table.entries());
                           return Written{.run = run ? std::move(*run) : nullptr};
                       });
}

/// Measured from the smallest of many recent numbers: where they are times, a clock that was wrong for a while makes
/// nothing be forgotten.
void HashIndex::forget_old() {
    if (options_.keep == std::numeric_limits<std::int64_t>::max()) return;
    kept_from_ = frozen_.smallest_value() - options_.keep;
    while (!runs_.empty() && runs_.front()->max_value() < kept_from_) {
        std::error_code ignored;
        fs::remove(runs_.front()->path(), ignored);
        runs_.erase(runs_.begin());
    }
}

/// Runs that follow each other become one, unless one of them is larger than all the others: a key is written again
/// only with as many others, and there are never many runs to look into.
void HashIndex::merge() {
    for (std::size_t first = 0; first + kRunsToMerge <= runs_.size(); ++first) {
        const auto begin = runs_.begin() + static_cast<std::ptrdiff_t>(first);
        std::vector<std::shared_ptr<const HashRun>> some(begin, begin + static_cast<std::ptrdiff_t>(kRunsToMerge));
        std::size_t all = 0;
        std::size_t largest = 0;
        for (const auto& run : some) {
            all += run->size();
            largest = std::max(largest, run->size());
        }
        if (2 * largest > all) continue;
        work_ = std::async(
            std::launch::async, [folder = options_.folder, some = std::move(some), first, kept_from = kept_from_] {
                give_way();
                auto run = HashRun::merge(folder, some, kept_from);
                return Written{.run = run ? std::move(*run) : nullptr, .first = first, .count = some.size()};
            });
        return;
    }
}

void HashIndex::forget(std::vector<std::int64_t> erased) {
    const MutexLock lock(mutex_);
    erased_ = std::move(erased);
}

void HashIndex::wait() const {
    if (work_.valid()) work_.wait();
}

void HashIndex::collect() {
    const MutexLock lock(mutex_);
    if (work_.valid()) take(work_.get());
}

void HashIndex::settle() {
    const MutexLock lock(mutex_);
    if (table_.size() + frozen_.size() > 0) freeze();
}

Result<void> HashIndex::rewrite() {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        const auto [first, last] = runs_[i]->rows();
        const auto from = std::lower_bound(erased_.begin(), erased_.end(), first);
        if (from == erased_.end() || *from > last) continue;
        auto run = HashRun::merge(options_.folder, {runs_[i]}, 0, erased_);
        if (!run) return std::move(run).error();
        rewritten_.emplace_back(i, std::move(*run));
    }
    all_rewritten_ = true;
    return {};
}

void HashIndex::release() {
    const MutexLock lock(mutex_);
    for (auto& [at, run] : rewritten_) runs_[at] = std::move(run);
    rewritten_.clear();
    if (std::exchange(all_rewritten_, false)) {
        erase(table_, erased_);
        erase(frozen_, erased_);
        erased_.clear();
    }
    held_ = false;
}

void HashIndex::erase(HashTable& table, const std::vector<std::int64_t>& erased) {
    if (erased.empty() || table.size() == 0) return;
    const auto entries = table.entries();
    table.clear();
    for (const auto& entry : entries) {
        if (!std::binary_search(erased.begin(), erased.end(), entry.value())) table.insert(entry);
    }
}

std::vector<std::string> HashIndex::check(const std::string& folder) {
    std::vector<std::string> problems;
    for (const auto& path : files_in(folder)) {
        if (path.ends_with(".partial"))
            continue;  // a collector that runs is about to finish it, or its next start goes over it
        const auto run = HashRun::open(path);
        std::error_code gone;
        if (!run && fs::exists(path, gone)) problems.push_back(run.error().message + "; the next start makes it again");
    }
    return problems;
}

}  // namespace collector::store::local
