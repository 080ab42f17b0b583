// What erased rows referred to, and perhaps no other row does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <pulsekit/result.hpp>

#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// Numbers that may be erased.
class Candidates {
public:
    void add(std::int64_t number) {
        const auto at = static_cast<std::size_t>(number);
        if (at >= flags_.size()) flags_.resize(at + 1);
        if (!flags_[at]) ++count_;
        flags_[at] = true;
    }
    /// Whether it was one.
    bool remove(std::int64_t number) {
        if (!has(number)) return false;
        flags_[static_cast<std::size_t>(number)] = false;
        --count_;
        return true;
    }
    bool has(std::int64_t number) const {
        const auto at = static_cast<std::size_t>(number);
        return at < flags_.size() && flags_[at];
    }
    std::size_t count() const { return count_; }
    std::vector<std::int64_t> all() const {
        std::vector<std::int64_t> numbers;
        for (std::size_t i = 0; i < flags_.size(); ++i) {
            if (flags_[i]) numbers.push_back(static_cast<std::int64_t>(i));
        }
        return numbers;
    }

private:
    std::vector<bool> flags_;
    std::size_t count_ = 0;
};

/// Texts and contexts that erased rows referred to and no other row is known to. One thread.
class Orphans {
public:
    /// Those that were noted while rows were erased. Errors: those of the database, as of all that follows.
    static pulsekit::Result<Orphans> read(pulsekit::sqlite::Database& database);

    std::size_t count() const { return texts.count() + contexts.count(); }

    /// Takes out what the rows after `row` up to `last` refer to.
    pulsekit::Result<void> keep_of_rows(pulsekit::sqlite::Database& database, std::int64_t row, std::int64_t last);
    /// Takes out what contexts refer to that are no orphans: those after `context`, and those that were taken out last.
    pulsekit::Result<void> keep_of_contexts(pulsekit::sqlite::Database& database, std::int64_t& context);

    Candidates texts, contexts;

private:
    Orphans() = default;

    std::vector<std::int64_t> revived_;
};

}  // namespace collector::store::local
