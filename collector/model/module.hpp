// The modules: the feature sets that a project switches and that a key may be restricted to (docs/protocol.md).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "model/event.hpp"

namespace collector::model {

enum class ModuleAccess { read, write, all };

std::string_view name_of(ModuleAccess access);
std::optional<ModuleAccess> module_access_named(std::string_view name);

struct Module {
    std::string_view name;
    std::string_view category;
    bool on_by_default = false;
    ModuleAccess default_access = ModuleAccess::read;
};

/// All of them, in the order in which the API lists them.
std::span<const Module> modules();

/// Its place in modules(), or as many as there are.
std::size_t index_of_module(std::string_view name);

/// Null when there is none of that name.
const Module* module_named(std::string_view name);

/// The module that an event of this kind belongs to; empty when the kind belongs to none and nothing gates it.
std::string_view module_of(Kind kind);

}  // namespace collector::model
