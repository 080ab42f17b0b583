// Whole events, read back from their rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include <pulsekit/result.hpp>

#include "model/event.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// One thread at a time. The database must outlive it.
class EventReader {
public:
    static pulsekit::Result<EventReader> open(pulsekit::sqlite::Database& database);

    /// The event of the row; nothing when there is no such row. Errors: the database's.
    pulsekit::Result<std::optional<model::Event>> read(std::int64_t row);

private:
    struct Statements {
        pulsekit::sqlite::Statement event, vitals, text;
    };
    explicit EventReader(Statements statements) : statements_(std::move(statements)) {}
    pulsekit::Result<void> fill(model::Event& event);
    pulsekit::Result<void> fill_vitals(model::Event& event, std::int64_t row);
    pulsekit::Result<std::string> text_of(std::int64_t number);

    Statements statements_;
    std::unordered_map<std::int64_t, std::string> texts_;
};

}  // namespace collector::store::local
