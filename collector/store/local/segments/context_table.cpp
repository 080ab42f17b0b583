#include "store/local/segments/context_table.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "store/local/contexts.hpp"

namespace collector::store::local {

using pulsekit::MutexLock;
using pulsekit::Result;

namespace {

constexpr std::array<std::string_view, 5> kTags = {"utm_source", "utm_medium", "utm_campaign", "utm_content",
                                                   "utm_term"};

bool is_tag(std::size_t column) {
    return std::find(kTags.begin(), kTags.end(), kContextTexts[column].column) != kTags.end();
}

}  // namespace

std::size_t context_column(std::string_view name) {
    const auto found = std::find_if(kContextTexts.begin(), kContextTexts.end(),
                                    [&](const ContextText& text) { return text.column == name; });
    return static_cast<std::size_t>(found - kContextTexts.begin());  // the last is "tagged"
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
        columns_.resize(kContextTexts.size() + 1);
        const auto put = [&](std::size_t column, std::int64_t value) {
            auto& [of_context, values] = columns_[column];
            of_context.resize(static_cast<std::size_t>(loaded_));
            if (value != 0) of_context.back() = values.number(value) + 1;
        };
        bool is_tagged = false;
        for (std::size_t i = 0; i < kContextTexts.size(); ++i) {
            const auto number = statement->integer(static_cast<int>(i) + 1);  // null is 0
            put(i, number);
            is_tagged = is_tagged || (number != 0 && is_tag(i));
        }
        put(kContextTexts.size(), is_tagged ? 1 : 0);
    }
}

ContextValues ContextTable::values_of(std::size_t column, std::span<const std::int64_t> contexts) const {
    const MutexLock lock(mutex_);
    ContextValues found{std::vector<std::uint32_t>(contexts.size()), std::vector<std::int64_t>(contexts.size())};
    if (column >= columns_.size()) return found;
    const auto& [of_context, values] = columns_[column];
    for (std::size_t i = 0; i < contexts.size(); ++i) {
        const auto at = static_cast<std::uint64_t>(contexts[i]) - 1;
        if (at >= of_context.size() || of_context[at] == 0) continue;
        found.numbers[i] = of_context[at];
        found.values[i] = values.keys()[found.numbers[i] - 1];
    }
    return found;
}

}  // namespace collector::store::local
