#include "model/module.hpp"

#include <algorithm>

namespace collector::model {
namespace {

constexpr Module core(std::string_view name) {
    return {.name = name, .category = "core", .on_by_default = true, .default_access = ModuleAccess::all};
}
constexpr Module optional(std::string_view category, std::string_view name) {
    return {.name = name, .category = category};
}

constexpr Module kModules[] = {
    core("pageviews"),
    core("events"),
    core("sessions"),
    core("referrers"),
    core("devices"),
    core("geo"),
    core("realtime"),
    optional("engagement", "utm"),
    optional("engagement", "funnels"),
    optional("engagement", "goals"),
    optional("engagement", "retention"),
    optional("engagement", "cohorts"),
    optional("engagement", "paths"),
    optional("performance", "webvitals"),
    optional("performance", "error_tracking"),
    optional("performance", "heatmaps"),
    optional("experimentation", "ab_testing"),
    optional("experimentation", "surveys"),
    optional("experimentation", "search"),
    optional("platform", "exports"),
    optional("platform", "sharing"),
    optional("platform", "alerts"),
    optional("platform", "scroll_depth"),
};

}  // namespace

std::span<const Module> modules() { return kModules; }

std::string_view name_of(ModuleAccess access) {
    switch (access) {
        case ModuleAccess::read: return "read";
        case ModuleAccess::write: return "write";
        case ModuleAccess::all: return "all";
    }
    return "read";
}

std::optional<ModuleAccess> module_access_named(std::string_view name) {
    for (const auto access : {ModuleAccess::read, ModuleAccess::write, ModuleAccess::all}) {
        if (name_of(access) == name) return access;
    }
    return std::nullopt;
}

std::size_t index_of_module(std::string_view name) {
    const auto* found = std::find_if(std::begin(kModules), std::end(kModules),
                                     [&](const Module& module) { return module.name == name; });
    return static_cast<std::size_t>(found - std::begin(kModules));
}

const Module* module_named(std::string_view name) {
    const auto index = index_of_module(name);
    return index == std::size(kModules) ? nullptr : &kModules[index];
}

std::string_view module_of(Kind kind) {
    switch (kind) {
        case Kind::pageview: return "pageviews";
        case Kind::event:
        case Kind::outlink: return "events";
        case Kind::web_vital: return "webvitals";
        case Kind::scroll_depth: return "scroll_depth";
        case Kind::search_query: return "search";
        case Kind::js_error: return "error_tracking";
        case Kind::click_event: return "heatmaps";
        case Kind::survey_response: return "surveys";
        case Kind::identify:
        case Kind::delivery: return {};
    }
    return {};
}

}  // namespace collector::model
