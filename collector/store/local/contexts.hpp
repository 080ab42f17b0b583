// What many events of one client have in common, its device, app and campaign, is one row that they refer to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <pulsekit/result.hpp>

#include "model/event.hpp"
#include "store/local/dictionary.hpp"
#include "store/local/hash_index.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// The fields of a context that are texts.
struct ContextText {
    const char* column;  ///< of event_contexts
    std::string model::Event::*text;
};
extern const std::vector<ContextText> kContextTexts;

/// Gives contexts their numbers, as Dictionary does texts. The database must outlive it. One thread at a time.
class Contexts {
public:
    static pulsekit::Result<Contexts> open(pulsekit::sqlite::Database& database, const HashIndexOptions& options);

    /// The number of the event's context, new when no event had it. Errors: the database's.
    pulsekit::Result<std::int64_t> id(std::int64_t project, const model::Event& event, Dictionary& dictionary);

    /// As Dictionary's.
    void forget(std::vector<std::int64_t> numbers);
    HashIndex& index() { return *index_; }

    void committed() { index_->committed(last_id_); }
    void rolled_back();

private:
    struct Remembered {
        std::int64_t id = 0;  ///< 0: nothing
        std::string key;
    };
    using Numbers = std::vector<std::int64_t>;

    Contexts(std::unique_ptr<HashIndex> index, pulsekit::sqlite::Statement insert);
    pulsekit::Result<std::int64_t> find_or_insert(const Numbers& numbers);

    std::unique_ptr<HashIndex> index_;
    pulsekit::sqlite::Statement insert_;
    std::vector<Remembered> remembered_;  // as in Dictionary
    std::string key_;                     // of the context looked up: kept for its memory
    std::int64_t last_id_;                // of a context, in this transaction or before
};

}  // namespace collector::store::local
