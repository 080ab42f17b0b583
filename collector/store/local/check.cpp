#include "store/local/check.hpp"

#include <string_view>
#include <utility>

#include "store/local/coded_columns.hpp"
#include "store/local/contexts.hpp"
#include "store/local/hash_index.hpp"
#include "store/local/local_store.hpp"
#include "store/local/rows.hpp"
#include "store/local/segments/segment_folder.hpp"

namespace collector::store::local {
namespace {

using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Access;
using pulsekit::sqlite::Database;

Result<void> check_pages(Database& database, std::vector<std::string>& problems) {
    auto statement = database.prepare("PRAGMA integrity_check");
    if (!statement) return std::move(statement).error();
    while (true) {
        const auto row = statement->step();
        if (!row) return row.error();
        if (!*row) return {};
        if (statement->text(0) != "ok") problems.push_back("pulse.sqlite: " + std::string(statement->text(0)));
    }
}

/// `sql` counts what must not be there.
Result<void> check_none(Database& database, const std::string& sql, const std::string& what,
                        std::vector<std::string>& problems) {
    const auto count = database.query_integer(sql);
    if (!count) return count.error();
    if (*count > 0) problems.push_back(std::to_string(*count) + " " + what);
    return {};
}

Result<void> check_references(Database& database, std::vector<std::string>& problems) {
    std::vector<CodedColumn> coded(kCodedColumns.begin(), kCodedColumns.end());
    for (const auto& text : kContextTexts) coded.push_back({"event_contexts", "", text.column});
    for (const auto* table : {"events", "event_contexts", "session_spans"}) coded.push_back({table, "", "project"});
    coded.push_back({"session_spans", "", "visitor"});
    coded.push_back({"session_spans", "", "session"});
    for (const auto& [table, key, column] : coded) {
        const std::string from(table);
        const std::string name(column);
        auto checked =
            check_none(database,
                       "SELECT count(*) FROM " + from + " AS x WHERE x." + name +
                           " IS NOT NULL AND NOT EXISTS (SELECT 1 FROM event_texts WHERE id = x." + name + ")",
                       "rows of " + from + " whose " + name + " is an unknown text", problems);
        if (!checked) return checked;
    }
    // One that is done, or that is of a whole project, may be all that is left of it.
    if (auto checked = check_none(database,
                                  "SELECT count(*) FROM erasures AS x WHERE done = 0 AND "
                                  "coalesce(before_ms, 0) < 9223372036854775807 AND NOT EXISTS "
                                  "(SELECT 1 FROM event_texts WHERE id = x.project)",
                                  "rows of erasures whose project is an unknown text", problems);
        !checked) {
        return checked;
    }
    for (const std::string side : {"event_details", "event_vitals"}) {
        auto checked = check_none(
            database,
            "SELECT count(*) FROM " + side + " AS x WHERE NOT EXISTS (SELECT 1 FROM events WHERE id = x.event)",
            "rows of " + side + " without their event", problems);
        if (!checked) return checked;
    }
    if (auto checked = check_none(database,
                                  "SELECT count(*) FROM events AS x "
                                  "WHERE NOT EXISTS (SELECT 1 FROM event_contexts WHERE id = x.context)",
                                  "rows of events whose context is unknown", problems);
        !checked) {
        return checked;
    }
    // No index of the database's own holds it.
    return check_none(
        database, "SELECT count(*) FROM (SELECT 1 FROM event_texts GROUP BY project, space, text HAVING count(*) > 1)",
        "texts that have several numbers", problems);
}

}  // namespace

Result<std::vector<std::string>> check(const std::string& data_directory) {
    auto database = Database::open(database_path(data_directory), Access::read_only);
    if (!database) return std::move(database).error();
    // One snapshot: a collector that runs meanwhile must not look like damage.
    if (auto begun = database->execute("BEGIN"); !begun) return std::move(begun).error();
    std::vector<std::string> problems;
    const auto note = [&](Result<void> result) -> Result<void> {
        if (!result && result.error().code == ErrorCode::corrupt) {
            problems.push_back("pulse.sqlite: " + result.error().message);
            return {};
        }
        return result;
    };
    if (auto done = note(check_pages(*database, problems)); !done) return std::move(done).error();
    if (!problems.empty()) return problems;
    if (auto done = note(check_references(*database, problems)); !done) return std::move(done).error();
    for (const auto& folder : index_folders(data_directory)) {
        for (auto& problem : HashIndex::check(folder)) problems.push_back(std::move(problem));
    }
    for (auto& problem : check_segments(data_directory)) problems.push_back(std::move(problem));
    return problems;
}

}  // namespace collector::store::local
