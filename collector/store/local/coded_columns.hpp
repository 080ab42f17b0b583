// Where the numbers of texts are: whoever asks what refers to a text asks these.
#pragma once

#include <array>
#include <string_view>

namespace collector::store::local {

/// A column that holds event_texts ids. Those of contexts are kContextTexts; the rows' projects are not here: a project
/// keeps its number when its last row goes, as the ids that were seen are known by it.
struct CodedColumn {
    std::string_view table;
    std::string_view key;  ///< the table's column that says which event it is of
    std::string_view column;
};

inline constexpr std::array<CodedColumn, 14> kCodedColumns = {{
    {"events", "id", "visitor"},
    {"events", "id", "session"},
    {"events", "id", "name"},
    {"events", "id", "path"},
    {"events", "id", "source_type"},
    {"events", "id", "user"},
    {"events", "id", "title"},
    {"events", "id", "site"},
    {"event_details", "event", "revenue_currency"},
    {"event_details", "event", "error_type"},
    {"event_details", "event", "error_filename"},
    {"event_details", "event", "selector"},
    {"event_details", "event", "survey"},
    {"event_vitals", "event", "name"},
}};

}  // namespace collector::store::local
