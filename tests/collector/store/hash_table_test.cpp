#include "store/local/hash_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace collector::store::local {
namespace {

HashEntry entry(int key, std::int64_t value) { return hash_entry("key " + std::to_string(key), value); }

void fill(HashTable& table, int count) {
    for (int i = 0; i < count; ++i) table.insert(entry(i, 10 + i));
}

TEST(HashTable, FindsWhatItWasGivenBeyondTheRoomThatItBeganWith) {
    HashTable table(100);
    fill(table, 20'000);
    EXPECT_EQ(table.size(), 20'000u);
    for (int i = 0; i < 20'000; ++i) ASSERT_EQ(table.find(entry(i, 0)), 10 + i);
    EXPECT_EQ(table.find(entry(20'000, 0)), -1);
    EXPECT_EQ(table.smallest_value(), 10);
    const auto all = table.entries();
    EXPECT_EQ(all.size(), 20'000u);
    EXPECT_TRUE(std::all_of(all.begin(), all.end(), [](const HashEntry& one) { return one.value() >= 10; }));
}

TEST(HashTable, TheLastNumberOfAKeyStays) {
    HashTable table;
    table.insert(entry(1, 7));
    table.insert(entry(1, 5));
    EXPECT_EQ(table.size(), 1u);
    EXPECT_EQ(table.find(entry(1, 0)), 5);
}

TEST(HashTable, IsEmptyOnceClearedHoweverMuchItHeld) {
    HashTable table;
    for (const int count : {20'000, 100, 20'000, 1}) {
        fill(table, count);
        table.clear();
        EXPECT_EQ(table.size(), 0u);
        EXPECT_EQ(table.find(entry(0, 0)), -1);
        EXPECT_TRUE(table.entries().empty());
        EXPECT_GT(table.smallest_value(), 20'000);
    }
}

}  // namespace
}  // namespace collector::store::local
