// Reads rows of the database for segments.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

#include <pulsekit/result.hpp>

#include "store/local/segments/segment_builder.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// What decides where a row goes.
struct SourceRow {
    std::int64_t id, project, visitor, session, ts_ms;
};

/// One thread at a time. The database must outlive it.
class RowSource {
public:
    static pulsekit::Result<RowSource> open(pulsekit::sqlite::Database& database);

    /// Adds the rows after `after`, at most `limit` of them, in the order of their ids, each to the builder that
    /// `builder_for` names; crawlers' rows are left out. Answers the id of the last row read, or `after`.
    using BuilderFor = std::function<pulsekit::Result<SegmentBuilder*>(const SourceRow& row)>;
    pulsekit::Result<std::int64_t> read(std::int64_t after, std::int64_t limit, const BuilderFor& builder_for);

    /// The order of rows of one time.
    pulsekit::Result<bool> precedes(std::int64_t row, std::int64_t other_row);

private:
    struct Statements {
        pulsekit::sqlite::Statement events, details, vitals, text, event_id;
    };
    /// A statement whose rows have an event's id first, read alongside the events.
    class Beside;

    explicit RowSource(Statements statements) : statements_(std::move(statements)) {}
    pulsekit::Result<void> add_event(SegmentBuilder& builder);
    pulsekit::Result<void> add_link(SegmentBuilder& builder);
    pulsekit::Result<void> add_details(SegmentBuilder& builder, std::int64_t id, Beside& details);
    pulsekit::Result<void> add_vitals(SegmentBuilder& builder, std::int64_t id, Beside& vitals);
    pulsekit::Result<std::string> text_of(std::int64_t number);
    pulsekit::Result<std::string> event_id_of_row(std::int64_t row);

    Statements statements_;
    std::unordered_map<std::int64_t, std::string> texts_;      // sites, paths of links and names of vitals
    std::unordered_map<std::int64_t, std::string> event_ids_;  // of rows that were compared
};

}  // namespace collector::store::local
