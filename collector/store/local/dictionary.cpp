#include "store/local/dictionary.hpp"

#include <utility>

namespace collector::store::local {

using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

Result<Dictionary> Dictionary::open(Database& database, std::size_t cache_limit) {
    auto find = database.prepare("SELECT id FROM event_texts WHERE project = ? AND space = ? AND text = ?");
    if (!find) return std::move(find).error();
    auto insert = database.prepare("INSERT INTO event_texts (project, space, text) VALUES (?, ?, ?)");
    if (!insert) return std::move(insert).error();
    return Dictionary(database, cache_limit, std::move(*find), std::move(*insert));
}

Dictionary::Dictionary(Database& database, std::size_t cache_limit, Statement find, Statement insert)
    : database_(&database),
      find_(std::move(find)),
      insert_(std::move(insert)),
      generation_limit_(cache_limit / 2 > 0 ? cache_limit / 2 : 1) {}

Result<std::int64_t> Dictionary::id(std::int64_t project, Space space, std::string_view text) {
    const auto tag = static_cast<char>(space);
    key_.assign(reinterpret_cast<const char*>(&project), sizeof project).append(1, tag).append(text);
    if (const auto found = young_.find(std::string_view(key_)); found != young_.end()) return found->second;
    if (const auto found = old_.find(std::string_view(key_)); found != old_.end()) {
        const std::int64_t known = found->second;
        remember(key_, known);
        return known;
    }
    bool made = false;
    auto id = find_or_insert(project, space, text, made);
    if (!id) return id;
    if (made) fresh_.push_back(key_);
    remember(key_, *id);
    return id;
}

void Dictionary::rolled_back() {
    for (const auto& key : fresh_) {
        young_.erase(key);
        old_.erase(key);
    }
    fresh_.clear();
}

Result<std::int64_t> Dictionary::find_or_insert(std::int64_t project, Space space, std::string_view text, bool& made) {
    find_.bind(1, project);
    find_.bind(2, static_cast<std::int64_t>(space));
    find_.bind(3, text);
    auto found = find_.step();
    const std::int64_t known = found && *found ? find_.integer(0) : 0;
    find_.reset();
    if (!found) return std::move(found).error();
    if (*found) return known;
    insert_.bind(1, project);
    insert_.bind(2, static_cast<std::int64_t>(space));
    insert_.bind(3, text);
    if (auto inserted = insert_.run(); !inserted) return std::move(inserted).error();
    made = true;
    return database_->last_insert_id();
}

void Dictionary::remember(const std::string& key, std::int64_t id) {
    if (young_.size() >= generation_limit_) {
        old_ = std::move(young_);
        young_ = {};
    }
    young_.emplace(key, id);
}

}  // namespace collector::store::local
