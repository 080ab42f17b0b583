#include "store/local/segments/context_table.hpp"

#include <algorithm>
#include <string>

#include "store/local/contexts.hpp"

namespace collector::store::local {

using pulsekit::MutexLock;
using pulsekit::Result;

std::size_t context_column(std::string_view name) {
    const auto found = std::find_if(kContextTexts.begin(), kContextTexts.end(),
                                    [&](const ContextText& text) { return text.column == name; });
    return static_cast<std::size_t>(found - kContextTexts.begin());
}

Result<void> ContextTable::load(pulsekit::sqlite::Database& database) {
    std::string sql = "SELECT id";
    for (const auto& text : kContextTexts) sql += std::string(", ") + text.column;
    auto statement = database.prepare(sql + " FROM event_contexts WHERE id > ? ORDER BY id");
    if (!statement) return std::move(statement).error();
    statement->bind(1, loaded_);
    while (true) {
        const auto more = statement->step();
        if (!more) return more.error();
        if (!*more) return {};
        const MutexLock lock(mutex_);
        loaded_ = statement->integer(0);
        numbers_.resize(kContextTexts.size());
        for (std::size_t i = 0; i < kContextTexts.size(); ++i) {
            numbers_[i].resize(static_cast<std::size_t>(loaded_));
            numbers_[i].back() = statement->integer(static_cast<int>(i) + 1);  // null is 0
        }
    }
}

std::vector<std::int64_t> ContextTable::numbers(std::size_t column, std::span<const std::int64_t> contexts) const {
    const MutexLock lock(mutex_);
    std::vector<std::int64_t> found(contexts.size());
    if (column >= numbers_.size()) return found;
    const auto& numbers = numbers_[column];
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto at = static_cast<std::uint64_t>(contexts[i]) - 1;
        if (at < numbers.size()) found[i] = numbers[at];
    }
    return found;
}

}  // namespace collector::store::local
