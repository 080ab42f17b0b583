#include "model/module.hpp"

#include <gtest/gtest.h>

#include <set>

namespace collector::model {
namespace {

TEST(Modules, AreTwentyThreeInFiveCategoriesInTheOrderOfTheApi) {
    ASSERT_EQ(modules().size(), 23u);
    EXPECT_EQ(modules().front().name, "pageviews");
    EXPECT_EQ(modules()[7].name, "utm");
    EXPECT_EQ(modules().back().name, "scroll_depth");
    std::set<std::string_view> names, categories;
    for (const auto& module : modules()) {
        names.insert(module.name);
        categories.insert(module.category);
        EXPECT_EQ(module.on_by_default, module.category == "core") << module.name;
        EXPECT_EQ(module.default_access, module.category == "core" ? ModuleAccess::all : ModuleAccess::read);
        EXPECT_EQ(module_named(module.name), &module);
    }
    EXPECT_EQ(names.size(), 23u);
    EXPECT_EQ(categories.size(), 5u);
    EXPECT_EQ(module_named("Pageviews"), nullptr);
    EXPECT_EQ(index_of_module("utm"), 7u);
    EXPECT_EQ(index_of_module("nothing"), 23u);
    for (const auto access : {ModuleAccess::read, ModuleAccess::write, ModuleAccess::all}) {
        EXPECT_EQ(module_access_named(name_of(access)), access);
    }
    EXPECT_EQ(module_access_named("full"), std::nullopt);
}

TEST(Modules, EveryKindIsGatedByAModuleOrByNone) {
    for (int kind = 0; kind <= static_cast<int>(Kind::delivery); ++kind) {
        const auto name = module_of(static_cast<Kind>(kind));
        EXPECT_TRUE(name.empty() || module_named(name)) << name;
    }
    EXPECT_EQ(module_of(Kind::outlink), "events");
    EXPECT_EQ(module_of(Kind::search_query), "search");
    EXPECT_EQ(module_of(Kind::identify), "");
    EXPECT_EQ(module_of(Kind::delivery), "");
}

}  // namespace
}  // namespace collector::model
