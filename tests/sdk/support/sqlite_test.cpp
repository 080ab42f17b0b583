#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "support/sqlite/database.hpp"
#include "support/sqlite/migrate.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit::sqlite {
namespace {

TEST(Sqlite, ATransactionThatIsNotCommittedLeavesNothing) {
    const test::TemporaryFolder folder;
    auto database = Database::open(folder.file("a.sqlite"), Access::create);
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(database->execute("CREATE TABLE t (x)").ok());
    {
        auto transaction = Transaction::begin(*database);
        ASSERT_TRUE(transaction.ok());
        ASSERT_TRUE(database->execute("INSERT INTO t VALUES (1)").ok());
    }
    EXPECT_EQ(*database->query_integer("SELECT count(*) FROM t"), 0);
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(database->execute("INSERT INTO t VALUES (1)").ok());
    ASSERT_TRUE(transaction->commit().ok());
    EXPECT_EQ(*database->query_integer("SELECT count(*) FROM t"), 1);
}

TEST(Sqlite, ErrorsSayWhatToDo) {
    const test::TemporaryFolder folder;
    std::ofstream(folder.file("bad.sqlite")) << std::string(8192, 'x');
    auto damaged = Database::open(folder.file("bad.sqlite"), Access::read_write);
    ASSERT_TRUE(damaged.ok());  // SQLite looks at the file when it is first read
    EXPECT_EQ(damaged->query_integer("SELECT count(*) FROM sqlite_schema").error().code, ErrorCode::corrupt);

    const auto absent = Database::open(folder.file("no/such/dir.sqlite"), Access::create);
    ASSERT_FALSE(absent.ok());
    EXPECT_EQ(absent.error().code, ErrorCode::unavailable);
}

TEST(Migrate, AppliesEachStepOnceAndRefusesANewerFile) {
    const test::TemporaryFolder folder;
    auto database = Database::open(folder.file("a.sqlite"), Access::create);
    ASSERT_TRUE(database.ok());
    const std::vector<Migration> first = {{1, "CREATE TABLE t (x)"}};
    const std::vector<Migration> both = {{1, "CREATE TABLE t (x)"}, {2, "ALTER TABLE t ADD COLUMN y"}};
    ASSERT_TRUE(migrate(*database, "queue", first).ok());
    ASSERT_TRUE(migrate(*database, "queue", both).ok());
    ASSERT_TRUE(migrate(*database, "queue", both).ok());
    EXPECT_TRUE(database->execute("INSERT INTO t (x, y) VALUES (1, 2)").ok());
    const auto older = migrate(*database, "queue", first);
    ASSERT_FALSE(older.ok());
    EXPECT_EQ(older.error().code, ErrorCode::conflict);
}

TEST(Migrate, AFailedStepLeavesTheSchemaAsItWas) {
    const test::TemporaryFolder folder;
    auto database = Database::open(folder.file("a.sqlite"), Access::create);
    ASSERT_TRUE(database.ok());
    EXPECT_FALSE(migrate(*database, "queue", {{1, "CREATE TABLE t (x); CREATE TABLE nonsense("}}).ok());
    EXPECT_EQ(*database->query_integer("SELECT count(*) FROM sqlite_schema WHERE name = 't'"), 0);
}

}  // namespace
}  // namespace pulsekit::sqlite
