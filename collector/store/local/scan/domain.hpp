// The values that a column has in a whole snapshot, as numbers that segments have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/local/scan/condition.hpp"
#include "store/local/scan/meaning.hpp"
#include "store/local/segments/numbering.hpp"
#include "support/mutex.hpp"

namespace collector::store::local {

/// Numbers values from 1; 0 is null. Thread safe, and a question's threads share it.
class Domain {
public:
    /// The numbers that a segment's codes stand for, by code.
    std::vector<std::uint32_t> numbers_of(const Meaning& meaning) PULSEKIT_EXCLUDES(mutex_);
    std::size_t size() const PULSEKIT_EXCLUDES(mutex_);  ///< the largest number

    /// Texts of numbers are looked up.
    model::Value value(std::uint32_t number, Texts& texts) const PULSEKIT_EXCLUDES(mutex_);
    bool holds(const PreparedTest& test, std::uint32_t number, Texts& texts) const PULSEKIT_EXCLUDES(mutex_);

private:
    std::uint32_t number_of(const Meaning& meaning, std::size_t entry) PULSEKIT_REQUIRES(mutex_);
    std::uint32_t number_of(std::string_view text) PULSEKIT_REQUIRES(mutex_);

    mutable pulsekit::Mutex mutex_;
    Entries are_ PULSEKIT_GUARDED_BY(mutex_) = Entries::integers;
    Numbering values_ PULSEKIT_GUARDED_BY(mutex_);
    std::deque<std::string> texts_ PULSEKIT_GUARDED_BY(mutex_);
    std::unordered_map<std::string_view, std::uint32_t> numbers_ PULSEKIT_GUARDED_BY(mutex_);  // of texts_, from 1
    std::vector<std::uint32_t> of_common_ PULSEKIT_GUARDED_BY(mutex_);  // by the numbers that segments have in common
};

}  // namespace collector::store::local
