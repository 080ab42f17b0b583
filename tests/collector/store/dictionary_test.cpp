#include "store/local/dictionary.hpp"

#include <gtest/gtest.h>

#include "tests/collector/store/events.hpp"

namespace collector::store::local {
namespace {

class DictionaryTest : public testing::Test {
protected:
    DictionaryTest()
        : database_(store_.database(pulsekit::sqlite::Access::read_write)),
          dictionary_(std::move(*Dictionary::open(
              database_, {.index = {.folder = store_.folder() + "/numbers", .table_limit = 8}, .remembered = 4}))) {}

    std::int64_t id(std::string_view text, Space space = Space::word, std::int64_t project = 1) {
        const auto found = dictionary_.id(project, space, text);
        EXPECT_TRUE(found.ok());
        return found ? *found : 0;
    }
    test::Fixture store_;
    pulsekit::sqlite::Database database_;
    Dictionary dictionary_;
};

TEST_F(DictionaryTest, OneNumberATextInEachSpaceOfEachProject) {
    const auto word = id("x");
    EXPECT_EQ(id("x"), word);
    EXPECT_NE(id("x", Space::visitor), word);
    EXPECT_NE(id("x", Space::word, 2), word);
    EXPECT_NE(id(""), word);
    EXPECT_NE(id(std::string_view("x\0y", 3)), word);
    EXPECT_EQ(*database_.query_integer("SELECT count(*) FROM event_texts"), 5);
}

TEST_F(DictionaryTest, NumbersHoldWhenTheCacheHasForgottenThem) {
    std::vector<std::int64_t> first;
    for (int i = 0; i < 50; ++i) first.push_back(id("text " + std::to_string(i)));
    for (int i = 0; i < 50; ++i) EXPECT_EQ(id("text " + std::to_string(i)), first[static_cast<std::size_t>(i)]);
    EXPECT_EQ(*database_.query_integer("SELECT count(*) FROM event_texts"), 50);
}

TEST_F(DictionaryTest, ARollbackTakesBackWhatItGaveAndNothingElse) {
    const auto kept = id("kept");
    dictionary_.committed();
    ASSERT_TRUE(database_.execute("BEGIN").ok());
    const auto lost = id("lost");
    EXPECT_EQ(id("kept"), kept);
    ASSERT_TRUE(database_.execute("ROLLBACK").ok());
    dictionary_.rolled_back();
    EXPECT_EQ(id("other"), lost);  // SQLite gives the number again
    EXPECT_NE(id("lost"), lost);
    EXPECT_EQ(id("kept"), kept);
}

}  // namespace
}  // namespace collector::store::local
