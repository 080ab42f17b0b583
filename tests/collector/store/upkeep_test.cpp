#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "store/local/backup.hpp"
#include "store/local/check.hpp"
#include "store/local/migrations.hpp"
#include "tests/collector/store/events.hpp"

namespace collector::store::local {
namespace {

using pulsekit::ErrorCode;
using test::event;
using test::Fixture;

std::vector<model::Event> many(int count) {
    std::vector<model::Event> events;
    for (int i = 0; i < count; ++i) {
        auto one = event(std::to_string(i), test::kNoon + i);
        one.props = "{\"x\":\"" + std::string(500, 'x') + "\"}";
        one.vitals = {{"LCP", 1}};
        one.dialect = model::DialectId::analytics;  // leaves spans
        events.push_back(std::move(one));
    }
    return events;
}

TEST(Check, FindsNothingInWholeData) {
    Fixture store;
    ASSERT_TRUE(store->append(many(100)).ok());
    const auto problems = check(store.folder());  // beside the running store
    ASSERT_TRUE(problems.ok());
    EXPECT_TRUE(problems->empty());
    store.close();
    EXPECT_TRUE(check(store.folder())->empty());  // and of a collector that is not running
}

TEST(Check, NamesWhatIsMissing) {
    Fixture store;
    ASSERT_TRUE(store->append(many(3)).ok());
    auto file = store.database(pulsekit::sqlite::Access::read_write);
    ASSERT_TRUE(file.execute("DELETE FROM event_texts WHERE text = 'LCP'; UPDATE events SET path = 99 WHERE id = 1;"
                             "DELETE FROM event_vitals WHERE event = 3; DELETE FROM events WHERE id = 3")
                    .ok());
    const auto problems = check(store.folder());
    ASSERT_TRUE(problems.ok());
    EXPECT_EQ(*problems, (std::vector<std::string>{"1 rows of events whose path is an unknown text",
                                                   "2 rows of event_vitals whose name is an unknown text"}));
    ASSERT_TRUE(
        file.execute("UPDATE events SET context = 99, path = NULL; INSERT INTO event_details (event) VALUES (7);"
                     "INSERT INTO event_texts (project, space, text) VALUES (1, 1, 'LCP');"
                     "INSERT INTO event_texts (project, space, text) SELECT project, space, text FROM event_texts; "
                     "DELETE FROM event_vitals")
            .ok());
    EXPECT_EQ(*check(store.folder()), (std::vector<std::string>{"1 rows of event_details without their event",
                                                                "2 rows of events whose context is unknown",
                                                                "5 texts that have several numbers"}));
}

TEST(Migration, KeepsTheRowsAndIdsOfTheFirstSchema) {
    Fixture store;
    store.close();
    std::filesystem::remove_all(store.folder());
    std::filesystem::create_directory(store.folder());
    {
        auto file = store.database(pulsekit::sqlite::Access::create);
        ASSERT_TRUE(migrate(file, "events", {migrations().front()}).ok());
        const auto made = file.execute(
            "INSERT INTO event_texts (id, project, space, text) VALUES (1, 0, 0, 'p'), (2, 1, 2, 'v'), (3, 1, 3, 's'), "
            "(4, 1, 1, 'click'), (5, 1, 1, 'Firefox'), (6, 1, 1, '#a'), (7, 1, 1, 'type');"
            "INSERT INTO events (id, project, ts_ms, kind, interaction, visitor, session, name, event_id, "
            "event_id_is_ours, received_ms, dialect, source_type, browser, selector, props) VALUES "
            "(1, 1, 1772712000000, 1, 0, 2, 3, 4, 'a', 0, 1772712000000, 4, 4, 5, NULL, '{}'),"
            "(2, 1, 1772712000001, 1, 1, 2, 3, 4, 'b', 0, 1772712000000, 4, 7, NULL, 6, '{\"k\":1}'),"
            "(4, 1, 1772712000002, 1, 1, 2, 3, 4, 'c', 0, 1772712000000, 4, 4, 5, NULL, '{}')");
        ASSERT_TRUE(made.ok()) << made.error().message;
    }
    store.reopen();
    EXPECT_EQ(store.count(), 3);
    EXPECT_EQ(store.text("SELECT count(*) FROM event_contexts"), "2");
    EXPECT_EQ(
        store.text("SELECT json_group_array(json_array(e.id, event_id, source_type, browser, selector, json(props))) "
                   "FROM (SELECT * FROM events ORDER BY id) e JOIN event_contexts c ON c.id = context "
                   "LEFT JOIN event_details ON event = e.id"),
        R"([[1,"a",null,5,null,null],[2,"b",7,null,6,{"k":1}],[4,"c",null,5,null,null]])");
    EXPECT_EQ(*store->append({event("a"), event("new")}), (std::vector{Stored::duplicate, Stored::fresh}));
    EXPECT_EQ(store.text("SELECT visitor || ' ' || session || ' ' || name FROM events WHERE event_id = 'new'"),
              "2 3 4");
    EXPECT_TRUE(check(store.folder())->empty());
}

TEST(Check, KnowsEveryColumnOfTexts) {
    Fixture store;
    auto full = event("a");
    ASSERT_TRUE(store->append({full}).ok());
    // A column that holds a text's number and is not looked at would be damage that nobody finds: the schema's comments
    // say which they are.
    const auto coded = std::stoi(
        store.text("SELECT sum((length(sql) - length(replace(sql, '-- T' || char(10), ''))) / 5) FROM sqlite_schema"));
    auto file = store.database(pulsekit::sqlite::Access::read_write);
    ASSERT_TRUE(
        file.execute(
                "UPDATE events SET "
                "project=99,visitor=99,session=99,name=99,path=99,source_type=99,user=99,title=99,site=99;"
                "UPDATE event_contexts SET project=99,app=99,app_version=99,utm_source=99,utm_medium=99,"
                "utm_campaign=99,utm_content=99,utm_term=99,browser=99,browser_version=99,os=99,os_version=99,"
                "device_type=99,screen=99,language=99,country=99;"
                "INSERT INTO event_details (event, revenue_currency, error_type, error_filename, selector, survey) "
                "VALUES (1, 99, 99, 99, 99, 99);"
                "INSERT INTO event_vitals VALUES (1,0,99,1);"
                "INSERT INTO session_spans VALUES (99,99,0,99,0);"
                "INSERT INTO erasures (token, project, last_row) VALUES (1, 99, 0)")
            .ok());
    const auto problems = check(store.folder());
    ASSERT_TRUE(problems.ok());
    EXPECT_EQ(problems->size(), static_cast<std::size_t>(coded)) << testing::PrintToString(*problems);
}

TEST(Check, ADamagedFileIsAProblemAndNoFileAnError) {
    Fixture store;
    ASSERT_TRUE(store->append(many(2000)).ok());
    const std::string copy = store.folder() + "/copy";
    std::filesystem::create_directory(copy);
    ASSERT_TRUE(backup(store.folder(), copy + "/pulse.sqlite", {}).ok());
    ASSERT_TRUE(check(copy)->empty());
    {
        std::fstream file(copy + "/pulse.sqlite", std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(100 * 4096);
        file << std::string(20 * 4096, '\xff');
    }
    const auto problems = check(copy);
    ASSERT_TRUE(problems.ok());
    EXPECT_FALSE(problems->empty());
    EXPECT_EQ(check(store.folder() + "/absent").error().code, ErrorCode::unavailable);
}

TEST(Backup, IsAWholeCopyOfARunningStore) {
    Fixture store;
    ASSERT_TRUE(store->append(many(3000)).ok());
    const pulsekit::test::TemporaryFolder to;
    std::atomic<bool> done = false;
    std::atomic<int> appended = 0;
    std::jthread appending([&] {
        for (int i = 0; !done || i < 5; ++i) {
            ASSERT_TRUE(
                store->append({event("late-a-" + std::to_string(i)), event("late-b-" + std::to_string(i))}).ok());
            ++appended;
        }
    });
    while (appended == 0) std::this_thread::yield();
    std::vector<std::pair<std::int64_t, std::int64_t>> reports;
    const auto copied = backup(store.folder(), to.file("pulse.sqlite"),
                               [&](std::int64_t bytes, std::int64_t of) { reports.emplace_back(bytes, of); });
    done = true;
    appending.join();
    ASSERT_TRUE(copied.ok()) << copied.error().message;
    ASSERT_FALSE(reports.empty());
    EXPECT_EQ(reports.back().first, reports.back().second);
    EXPECT_EQ(reports.back().first, static_cast<std::int64_t>(std::filesystem::file_size(to.file("pulse.sqlite"))));
    EXPECT_FALSE(std::filesystem::exists(to.file("pulse.sqlite.partial")));
    EXPECT_TRUE(check(to.path().string())->empty());

    pulsekit::test::SeededRandom random(2);
    auto restored = LocalStore::open({.data_directory = to.path().string()}, random);
    ASSERT_TRUE(restored.ok());
    const auto answer = (*restored)->ask(test::count_of());
    const auto rows = std::get<std::int64_t>(answer->rows[0][0]);
    EXPECT_GE(rows, 3002);
    EXPECT_EQ(rows % 2, 0);  // whole appends only
    EXPECT_EQ(*(*restored)->append({event("0")}), std::vector<Stored>{Stored::duplicate});
}

TEST(Backup, OverwritesNothingAndLeavesNothingBehindWhenItFails) {
    Fixture store;
    ASSERT_TRUE(store->append(many(10)).ok());
    const pulsekit::test::TemporaryFolder to;
    std::ofstream(to.file("old")) << "precious";
    EXPECT_EQ(backup(store.folder(), to.file("old"), {}).error().code, ErrorCode::conflict);
    EXPECT_EQ(std::filesystem::file_size(to.file("old")), 8u);
    EXPECT_FALSE(backup(store.folder(), to.file("no/such/folder"), {}).ok());
    EXPECT_FALSE(backup(to.path().string(), to.file("new"), {}).ok());
    EXPECT_FALSE(std::filesystem::exists(to.file("new")));
    std::ofstream(to.file("new.partial")) << "of a backup that was cut off";
    EXPECT_TRUE(backup(store.folder(), to.file("new"), {}).ok());
}

}  // namespace
}  // namespace collector::store::local
