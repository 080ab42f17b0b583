// The texts of numbers, and the order of rows of one time, for one question.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/local/segments/snapshot.hpp"
#include "support/mutex.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// Where a row is in a snapshot.
struct RowPlace {
    std::int64_t time = 0;
    std::uint32_t segment = 0;  ///< its index in the snapshot
    std::uint32_t row = 0;
};

/// Reads from the database, and remembers. Thread safe: a question's threads share it. The first error is kept, and
/// after it nothing it says matters.
class Texts {
public:
    Texts(pulsekit::sqlite::Database& database, const Snapshot& snapshot) : database_(database), snapshot_(snapshot) {}
    ~Texts();
    Texts(const Texts&) = delete;
    Texts& operator=(const Texts&) = delete;

    std::string text(std::int64_t number) PULSEKIT_EXCLUDES(mutex_);
    /// Whether the row comes before the other one, by (time, event_id).
    bool precedes(const RowPlace& place, const RowPlace& other) PULSEKIT_EXCLUDES(mutex_);
    /// Whether the identify row's properties have a member of that name and value.
    enum class Trait { absent, other, equal };
    Trait trait(const std::string& properties, const std::string& name, const std::string& value)
        PULSEKIT_EXCLUDES(mutex_);

    pulsekit::Result<void> result() const PULSEKIT_EXCLUDES(mutex_);
    void fail(pulsekit::Error error) PULSEKIT_EXCLUDES(mutex_);

private:
    bool same_session(const RowPlace& place, const RowPlace& other) const;
    std::string event_id(std::int64_t row) PULSEKIT_REQUIRES(mutex_);
    pulsekit::sqlite::Statement* prepared(const std::string& sql) PULSEKIT_REQUIRES(mutex_);
    void note(const pulsekit::Error& error) PULSEKIT_REQUIRES(mutex_);

    pulsekit::sqlite::Database& database_;
    const Snapshot& snapshot_;
    mutable pulsekit::Mutex mutex_;
    std::unordered_map<std::string, pulsekit::sqlite::Statement> statements_ PULSEKIT_GUARDED_BY(mutex_);
    std::unordered_map<std::int64_t, std::string> texts_ PULSEKIT_GUARDED_BY(mutex_);
    std::unordered_map<std::int64_t, std::string> event_ids_ PULSEKIT_GUARDED_BY(mutex_);
    std::vector<pulsekit::Error> errors_ PULSEKIT_GUARDED_BY(mutex_);
};

}  // namespace collector::store::local
