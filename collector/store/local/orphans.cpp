#include "store/local/orphans.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "store/local/coded_columns.hpp"
#include "store/local/contexts.hpp"
#include "store/local/statements.hpp"

namespace collector::store::local {

using pulsekit::Result;
using pulsekit::sqlite::Database;

namespace {

std::string context_columns() {
    std::string columns = "id";
    for (const auto& text : kContextTexts) columns += std::string(", ") + text.column;
    return columns;
}

}  // namespace

Result<Orphans> Orphans::read(Database& database) {
    Orphans orphans;
    for (auto* kind : {&orphans.texts, &orphans.contexts}) {
        auto ids =
            database.prepare(std::string("SELECT id FROM orphaned_") + (kind == &orphans.texts ? "texts" : "contexts"));
        if (!ids) return std::move(ids).error();
        if (auto read = for_each_row(*ids, [&] { kind->add(ids->integer(0)); }); !read) return std::move(read).error();
    }
    // What a context refers to goes with it.
    auto columns = database.prepare("SELECT " + context_columns() +
                                    " FROM event_contexts WHERE id IN (SELECT id FROM orphaned_contexts)");
    if (!columns) return std::move(columns).error();
    auto read = for_each_row(*columns, [&] {
        for (int i = 1; i < columns->columns(); ++i) {
            if (!columns->is_null(i)) orphans.texts.add(columns->integer(i));
        }
    });
    if (!read) return std::move(read).error();
    return orphans;
}

Result<void> Orphans::keep_of_rows(Database& database, std::int64_t row, std::int64_t last) {
    for (const std::string table : {"events", "event_details", "event_vitals"}) {
        std::string columns = table == "events" ? "context, project" : "NULL";
        std::string key;
        for (const auto& coded : kCodedColumns) {
            if (coded.table != table) continue;
            key = coded.key;
            columns += ", " + std::string(coded.column);
        }
        auto rows =
            database.prepare("SELECT " + columns + " FROM " + table + " WHERE " + key + " > ? AND " + key + " <= ?");
        if (!rows) return std::move(rows).error();
        rows->bind(1, row);
        rows->bind(2, last);
        auto read = for_each_row(*rows, [&] {
            if (!rows->is_null(0) && contexts.remove(rows->integer(0))) revived_.push_back(rows->integer(0));
            for (int i = 1; i < rows->columns(); ++i) {
                if (!rows->is_null(i)) texts.remove(rows->integer(i));
            }
        });
        if (!read) return read;
    }
    return {};
}

Result<void> Orphans::keep_of_contexts(Database& database, std::int64_t& context) {
    auto rows =
        database.prepare("SELECT " + context_columns() + " FROM event_contexts WHERE id > ?2 OR id IN " + kListed);
    if (!rows) return std::move(rows).error();
    rows->bind(1, json_of(revived_, 0, revived_.size()));
    rows->bind(2, context);
    revived_.clear();
    return for_each_row(*rows, [&] {
        context = std::max(context, rows->integer(0));
        if (contexts.has(rows->integer(0))) return;
        for (int i = 1; i < rows->columns(); ++i) {
            if (!rows->is_null(i)) texts.remove(rows->integer(i));
        }
    });
}

}  // namespace collector::store::local
