// Texts as numbers: a name, path or visitor that repeats is stored once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/local/hash_index.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// What a text is. The numbers are stored: append, never renumber.
enum class Space : std::int64_t { project = 0, word = 1, visitor = 2, session = 3, user = 4 };

/// The project of the projects' own ids.
constexpr std::int64_t kNoProject = 0;

/// Gives texts their numbers, within the writer's transaction, and remembers the recent ones. The database must outlive
/// it. One thread at a time, save for find().
class Dictionary {
public:
    struct Options {
        HashIndexOptions index;
        std::size_t remembered = 128 * 1024;  ///< recent texts that are found at once; 8 MB
    };
    static pulsekit::Result<Dictionary> open(pulsekit::sqlite::Database& database, const Options& options);

    /// The number of the text, new when the text is. Errors: the database's.
    pulsekit::Result<std::int64_t> id(std::int64_t project, Space space, std::string_view text);

    /// The number of a text that was committed; -1: none. From any thread. Error `unavailable`: a file cannot be read.
    pulsekit::Result<std::int64_t> find(std::int64_t project, Space space, std::string_view text) const;

    /// Brings what id() looks at first into the processor's cache.
    void prefetch(std::int64_t project, Space space, std::string_view text) const;

    /// The texts with these numbers, ascending, are erased or about to be: whoever sends one again gives it another.
    void forget(std::vector<std::int64_t> numbers);
    HashIndex& index() { return *index_; }

    /// The transaction is through: its numbers hold.
    void committed() { index_->committed(last_id_); }
    /// The transaction is undone, and with it every number it gave: other texts may get them.
    void rolled_back();

private:
    /// One cache line: longer texts are not remembered.
    struct alignas(64) Remembered {
        std::int64_t id = 0;  ///< 0: nothing
        std::uint32_t project = 0;
        std::uint8_t space = 0;
        std::uint8_t size = 0;
        char text[50];

        bool is(std::int64_t a_project, Space a_space, std::string_view a_text) const;
        void put(std::int64_t an_id, std::int64_t a_project, Space a_space, std::string_view a_text);
    };

    Dictionary(std::unique_ptr<HashIndex> index, pulsekit::sqlite::Statement insert, std::size_t remembered);
    std::size_t place_of(std::int64_t project, Space space, std::string_view text) const;
    pulsekit::Result<std::int64_t> find_or_insert(std::int64_t project, Space space, std::string_view text);

    std::unique_ptr<HashIndex> index_;
    pulsekit::sqlite::Statement insert_;
    std::vector<Remembered> remembered_;  // each text has one place, which it shares: the last one to come stays
    std::int64_t last_id_;                // of a text, in this transaction or before
};

}  // namespace collector::store::local
