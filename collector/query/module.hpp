// What a report is: where it is asked for, what it takes, and how it answers. modules.cpp is the list of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <pulsekit/result.hpp>

#include "http/json.hpp"
#include "query/params.hpp"
#include "store/store.hpp"

namespace collector::query {

/// Of whom a report is asked, and when.
struct Context {
    store::EventStore& store;
    std::string project_id;
    std::int64_t now_ms;
};

/// One report. Everything but the shape of its answer follows from these values: its route, the checks before it and
/// the errors for what it takes.
struct Module {
    std::string_view name;  ///< also the folder of its cases in tests/data/queries
    std::string_view path;
    std::string_view summary;     ///< one line for the API document
    std::string_view key_module;  ///< a key that is restricted to modules must list this one
    Takes takes;

    /// Error `invalid`: its message is for the client. Any other error is the store's.
    pulsekit::Result<http::Json> (*answer)(const Context& context, const Params& params);
};

std::span<const Module* const> modules();

}  // namespace collector::query
