// What a report is: where it is asked for, what it takes, and how it answers. modules.cpp is the list of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <pulsekit/result.hpp>

#include "http/json.hpp"
#include "meta/catalog.hpp"
#include "meta/definitions.hpp"
#include "meta/experiments.hpp"
#include "meta/surveys.hpp"
#include "model/measure.hpp"
#include "query/params.hpp"
#include "query/protocol.hpp"
#include "store/store.hpp"

namespace collector::query {

/// Of whom a report is asked, when, and for how long.
struct Context {
    store::EventStore& store;
    const meta::Definitions& definitions;
    const meta::Experiments& experiments;
    const meta::Surveys& surveys;
    const meta::Project& project;
    std::int64_t now_ms;
    store::Patience patience;
    std::string id;  ///< what stands for `{id}` in the path

    /// The rows of the project that a report sees: those of its range that satisfy `seen`, of the sessions that its
    /// filters keep.
    model::Selection select(const Params& params, model::Where seen) const;
    /// Errors are the store's, or `internal` for a question that contradicts itself.
    pulsekit::Result<model::Answer> ask(const model::AnyQuestion& question) const;
};

/// A column of an export: the member of a row of the report that it holds, and how that is written.
struct CsvColumn {
    std::string_view member;
    enum class As { text, count, decimal } as = As::count;  ///< decimal: with one digit after the point
};

/// One report. Everything but the shape of its answer follows from these values: its route, the checks before it and
/// the errors for what it takes, its export and its place in the API document.
struct Module {
    std::string_view name;  ///< also the folder of its cases in tests/data/queries
    std::string_view path;
    std::string_view summary;          ///< one line for the API document
    std::string_view gate = {};        ///< the module that the project must have switched on; empty: none
    std::string_view key_module = {};  ///< a key that is restricted to modules must list this one; empty: none need
    Takes takes = {};
    std::string_view example = {};  ///< an answer, as JSON, for the API document
    const Protocol* protocol = &kAnalytics;
    std::string_view alias = {};  ///< another path that answers alike

    /// Error `invalid` or `not_found`: its message is for the client. Any other error is the store's.
    using Answer = pulsekit::Result<http::Json> (*)(const Context& context, const Params& params);
    Answer answer = nullptr;

    std::span<const CsvColumn> csv = {};  ///< of its export, which has the module's name; none: it has no export
    Answer csv_rows = nullptr;            ///< the rows of the export; null: `data` of the answer, all of it
};

std::span<const Module* const> modules();

// Those of the list that are also asked on the clock.
extern const Module kStats;
extern const Module kRealtime;

}  // namespace collector::query
