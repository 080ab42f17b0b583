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
    EXPECT_TRUE(enabled_by_default("events"));
    EXPECT_FALSE(enabled_by_default("funnels"));
    EXPECT_FALSE(enabled_by_default("nothing"));
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
