// Texts as numbers: a name, path or visitor that repeats is stored once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <pulsekit/result.hpp>

#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// What a text is. The numbers are stored: append, never renumber.
enum class Space : std::int64_t { project = 0, word = 1, visitor = 2, session = 3, user = 4 };

/// The project of the projects' own ids.
constexpr std::int64_t kNoProject = 0;

/// Gives texts their numbers, within the writer's transaction, and remembers the recent ones. The database must outlive
/// it. One thread at a time.
class Dictionary {
public:
    /// Remembers at most `cache_limit` texts.
    static pulsekit::Result<Dictionary> open(pulsekit::sqlite::Database& database, std::size_t cache_limit);

    /// The number of the text, new when the text is.
    pulsekit::Result<std::int64_t> id(std::int64_t project, Space space, std::string_view text);

    /// The transaction is through: its numbers hold.
    void committed() { fresh_.clear(); }
    /// The transaction is undone, and with it every number it gave: SQLite may give them to other texts.
    void rolled_back();

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
    };
    using Cache = std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>>;

    Dictionary(pulsekit::sqlite::Database& database, std::size_t cache_limit, pulsekit::sqlite::Statement find,
               pulsekit::sqlite::Statement insert);
    pulsekit::Result<std::int64_t> find_or_insert(std::int64_t project, Space space, std::string_view text, bool& made);
    void remember(const std::string& key, std::int64_t id);

    pulsekit::sqlite::Database* database_;
    pulsekit::sqlite::Statement find_;
    pulsekit::sqlite::Statement insert_;
    // Two generations: when the young one is full it becomes the old one, and the old one is forgotten. A text that is
    // met again moves to the young one, so what is in use stays.
    std::size_t generation_limit_;
    Cache young_;
    Cache old_;
    std::string key_;                 // of the text looked up: kept for its memory
    std::vector<std::string> fresh_;  // keys of texts that this transaction inserted
};

}  // namespace collector::store::local
