// Read-only connections, so that a question never waits for the writer nor the writer for a question.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <pulsekit/result.hpp>

#include "support/mutex.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// Opens connections as they are needed and keeps them; never more than `limit` are out, whoever comes then waits.
/// Thread safe. Must outlive what it lends.
class Readers {
public:
    Readers(std::string database_path, std::size_t limit) : path_(std::move(database_path)), limit_(limit) {}

    /// One connection, for one thread; goes back when it dies.
    class Lease {
    public:
        Lease(Readers& readers, std::unique_ptr<pulsekit::sqlite::Database> database)
            : readers_(readers), database_(std::move(database)) {}
        Lease(Lease&&) noexcept = default;
        Lease& operator=(Lease&&) = delete;
        ~Lease();

        pulsekit::sqlite::Database& operator*() { return *database_; }
        pulsekit::sqlite::Database* operator->() { return database_.get(); }

    private:
        Readers& readers_;
        std::unique_ptr<pulsekit::sqlite::Database> database_;
    };

    pulsekit::Result<Lease> borrow();

private:
    void give_back(std::unique_ptr<pulsekit::sqlite::Database> database);

    const std::string path_;
    const std::size_t limit_;
    pulsekit::Mutex mutex_;
    std::condition_variable returned_;
    std::vector<std::unique_ptr<pulsekit::sqlite::Database>> idle_ PULSEKIT_GUARDED_BY(mutex_);
    std::size_t lent_ PULSEKIT_GUARDED_BY(mutex_) = 0;
};

}  // namespace collector::store::local
