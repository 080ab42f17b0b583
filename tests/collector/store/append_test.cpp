#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <limits>
#include <thread>

#include "store/open.hpp"
#include "tests/collector/store/events.hpp"

namespace collector::store {
namespace {

using enum Stored;
using pulsekit::ErrorCode;
using test::event;
using test::Fixture;
using test::kDay;
using test::kNoon;
using Outcome = std::vector<Stored>;

TEST(Append, StoresOnceAndTellsWhatItHadAlready) {
    Fixture store;
    EXPECT_EQ(*store->append({event("a"), event("b"), event("a")}), (Outcome{fresh, fresh, duplicate}));
    EXPECT_EQ(*store->append({event("c"), event("b")}), (Outcome{fresh, duplicate}));
    EXPECT_EQ(store.count(), 3);
    EXPECT_EQ(*store->append({}), Outcome{});
}

TEST(Append, TheFirstOfTwoStays) {
    Fixture store;
    auto first = event("a");
    first.path = "/first";
    auto second = event("a");
    second.path = "/second";
    second.session_id = "other";
    ASSERT_TRUE(store->append({first}).ok());
    ASSERT_TRUE(store->append({second}).ok());
    EXPECT_EQ(store.text("SELECT text FROM events JOIN event_texts t ON t.id = path"), "/first");
    EXPECT_EQ(store.session_of("a"), "s");
}

TEST(Append, ProjectsShareNoIds) {
    Fixture store;
    auto other = event("a");
    other.project_id = "q";
    EXPECT_EQ(*store->append({event("a"), other}), (Outcome{fresh, fresh}));
    EXPECT_EQ(store.count("p"), 1);
    EXPECT_EQ(store.count("q"), 1);
    EXPECT_EQ(store.count("nobody"), 0);
}

TEST(Append, IdsThatWeMadeAreNotSearched) {
    Fixture store;
    auto ours = event("a");
    ours.event_id_is_ours = true;
    EXPECT_EQ(*store->append({ours, ours}), (Outcome{fresh, fresh}));
    EXPECT_EQ(store.count(), 2);
}

TEST(Append, AnIdIsKnownForTheWindowAfterItWasFirstReceived) {
    Fixture store(/*dedupe_days=*/2);
    const auto at = [](std::int64_t received_ms) {
        auto made = event("a");
        made.received_ms = received_ms;
        return made;
    };
    EXPECT_EQ(*store->append({at(kNoon)}), Outcome{fresh});
    EXPECT_EQ(*store->append({at(kNoon + kDay)}), Outcome{duplicate});
    EXPECT_EQ(*store->append({at(kNoon + 2 * kDay)}), Outcome{duplicate});  // the repeat of a day later renewed nothing
    EXPECT_EQ(*store->append({at(kNoon + 2 * kDay + 1)}), Outcome{fresh});
    EXPECT_EQ(*store->append({at(kNoon + 4 * kDay + 1)}), Outcome{duplicate});
    EXPECT_EQ(store.count(), 2);
}

model::Event full_event() {
    auto full = event("full");
    full.dialect = model::DialectId::ingest;
    full.kind = model::Kind::survey_response;
    full.interaction = true;
    full.received_ms = kNoon + 7;
    full.user_id = "u";
    full.app_id = "app";
    full.app_version = "1.2";
    full.path = "/p";
    full.url = "https://x/p?q";
    full.title = "T";
    full.referrer = "https://r";
    full.utm_source = "us";
    full.utm_medium = "um";
    full.utm_campaign = "uc";
    full.utm_content = "uo";
    full.utm_term = "ut";
    full.browser = "Chrome";
    full.browser_version = "122";
    full.os = "Windows";
    full.os_version = "11";
    full.device_type = "Desktop";
    full.screen = "1x2";
    full.language = "en";
    full.country = "DE";
    full.revenue_amount = 1.5;
    full.revenue_currency = "EUR";
    full.duration_ms = 3;
    full.error_message = "em";
    full.error_type = "et";
    full.error_stack = "es";
    full.error_filename = "ef";
    full.error_lineno = 4;
    full.error_colno = 5;
    full.click_x = 6.5;
    full.click_y = 7.5;
    full.selector = "#a";
    full.viewport_w = 8;
    full.viewport_h = 9;
    full.vitals = {{"LCP", 10.5}, {"CLS", 0.25}};
    full.depth = 11.5;
    full.query = "qu";
    full.results_count = 0;
    full.survey_id = "sv";
    full.completed = false;
    full.source_type = "ct";
    full.props = R"({"k":"v"})";
    return full;
}

TEST(Append, EveryFieldIsKept) {
    Fixture store;
    ASSERT_TRUE(store->append({full_event()}).ok());
    const std::string words =
        "SELECT group_concat(coalesce((SELECT text FROM event_texts WHERE id = v), 'lost'), '|') FROM (SELECT "
        "json_each.value AS v FROM events JOIN event_contexts c ON c.id = context JOIN event_details ON event = "
        "events.id, json_each(json_array(events.project, visitor, session, name, source_type, user, site, "
        "app, app_version, events.path, title, utm_source, utm_medium, utm_campaign, utm_content, utm_term, browser, "
        "browser_version, os, os_version, device_type, screen, language, country, revenue_currency, error_type, "
        "error_filename, selector, survey)))";
    EXPECT_EQ(store.text(words),
              "p|v|s|click|ct|u|https://x|app|1.2|/"
              "p|T|us|um|uc|uo|ut|Chrome|122|Windows|11|Desktop|1x2|en|DE|EUR|et|ef|#a|sv");
    EXPECT_EQ(
        store.text("SELECT json_array(ts_ms, ts_ms + delay_ms, dialect, kind, interaction, event_id_is_ours, "
                   "revenue_amount, duration_ms, error_lineno, error_colno, click_x, click_y, viewport_w, "
                   "viewport_h, depth, results_count, completed) FROM events JOIN event_contexts c ON c.id = context "
                   "JOIN event_details ON event = events.id"),
        "[1772712000000,1772712000007,4,9,1,0,1.5,3,4,5,6.5,7.5,8,9,11.5,0,0]");
    EXPECT_EQ(store.text("SELECT json_array(event_id, url, referrer, query, error_message, error_stack, json(props)) "
                         "FROM events JOIN event_details ON event = id"),
              R"(["full","?q","https://r","qu","em","es",{"k":"v"}])");
    EXPECT_EQ(store.text("SELECT group_concat(text || '=' || value) FROM (SELECT text, value FROM event_vitals v "
                         "JOIN event_texts t ON t.id = v.name ORDER BY ordinal)"),
              "LCP=10.5,CLS=0.25");
}

TEST(Append, AUrlIsKeptWholeHoweverItIsTakenApart) {
    const std::pair<const char*, const char*> cases[] = {
        {"https://x.org/a/b?q=1#f", "/a/b"},
        {"https://x.org/a", "/a"},
        {"https://x.org", "/"},
        {"https://x.org/", "/"},
        {"https://x.org/a?u=/b", "/b"},
        {"https://x.org/a", ""},
        {"/only/path", "/only/path"},
        {"app://screen/home", "/home"},
        {"no url", "/p"},
        {"https://x.org/a%20b", "/a b"},
        {"://", "/"},
    };
    Fixture store;
    std::vector<model::Event> events;
    std::string urls;
    for (const auto& [url, path] : cases) {
        auto one = event("id " + std::to_string(events.size()));
        one.url = url;
        one.path = path;
        events.push_back(one);
        urls += (urls.empty() ? "" : " ") + std::string(url);
    }
    ASSERT_TRUE(store->append(events).ok());
    EXPECT_EQ(store.text("SELECT group_concat(url, ' ') FROM (SELECT url FROM readable_events ORDER BY id)"), urls);
}

TEST(Append, AUuidIsKeptAsItWasSent) {
    const std::string ids[] = {"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B",
                               "0190a1b2c3d47e5f8a9b0c1d2e3f4a5b", "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5g",
                               "0190a1b2-c3d4-7e5f-8a9b00c1d2e3f4a5b"};
    Fixture store;
    std::string all;
    for (const auto& id : ids) {
        ASSERT_EQ(*store->append({event(id)}), Outcome{fresh});
        ASSERT_EQ(*store->append({event(id)}), Outcome{duplicate});
        all += (all.empty() ? "" : " ") + id;
    }
    EXPECT_EQ(store.text("SELECT group_concat(event_id, ' ') FROM (SELECT event_id FROM readable_events ORDER BY id)"),
              all);
    EXPECT_EQ(store.text("SELECT group_concat(typeof(event_id), ' ') FROM (SELECT event_id FROM events ORDER BY id)"),
              "blob text text text text");
    std::filesystem::remove_all(local::index_folders(store.folder())[2]);
    store.reopen();
    for (const auto& id : ids) EXPECT_EQ(*store->append({event(id)}), Outcome{duplicate});
}

TEST(Append, AbsentIsNotEmptyNorZero) {
    Fixture store;
    ASSERT_TRUE(store->append({event("bare")}).ok());
    EXPECT_EQ(
        store.text("SELECT count(*) FROM events JOIN event_contexts c ON c.id = context WHERE coalesce(user, path, "
                   "url, title, referrer, source_type, props, app, browser, country) IS NULL"),
        "1");
    EXPECT_EQ(store.text("SELECT count(*) FROM event_details"), "0");
}

TEST(Append, EventsOutliveTheStore) {
    Fixture store;
    ASSERT_TRUE(store->append({event("a"), event("b")}).ok());
    store.reopen();
    EXPECT_EQ(store.count(), 2);
    EXPECT_EQ(*store->append({event("b"), event("c")}), (Outcome{duplicate, fresh}));
    EXPECT_EQ(store.text("SELECT count(*) FROM event_texts WHERE text = 'click'"), "1");
}

TEST(Append, AFailedAppendLeavesNeitherRowsNorTextsThatTheNextOneTrusts) {
    Fixture store;
    ASSERT_TRUE(store->append({event("a")}).ok());
    auto file = store.database(pulsekit::sqlite::Access::read_write);
    ASSERT_TRUE(file.execute("CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.event_id = 'poison' "
                             "BEGIN SELECT raise(ABORT, 'refused'); END")
                    .ok());
    auto first = event("b");
    first.path = "/new";
    first.visitor_id = "new visitor";
    const auto failed = store->append({first, event("poison")});
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(store.count(), 1);
    EXPECT_EQ(store.text("SELECT count(*) FROM event_texts WHERE text IN ('/new', 'new visitor')"), "0");
    // Other texts take the numbers that were given back.
    auto second = event("c");
    second.path = "/other";
    second.visitor_id = "other visitor";
    ASSERT_TRUE(store->append({second}).ok());
    EXPECT_EQ(*store->append({first}), Outcome{fresh});
    EXPECT_EQ(store.text("SELECT group_concat(text) FROM (SELECT text FROM events JOIN event_texts t ON t.id = path "
                         "ORDER BY events.id)"),
              "/other,/new");
    EXPECT_EQ(store.text("SELECT count(DISTINCT visitor) FROM events"), "3");
}

TEST(Append, AFullDiskIsAnErrorAndThenOverWithRoomAgain) {
    Fixture store;
    ASSERT_TRUE(store->append({event("a")}).ok());
    auto big = event("big");
    big.props = "{\"x\":\"" + std::string(2'000'000, 'x') + "\"}";
    std::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit then fails with EFBIG
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit small = before;
    small.rlim_cur = 1'000'000;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto failed = store->append({event("b"), big});
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
    EXPECT_EQ(store.count(), 1);
    EXPECT_EQ(*store->append({event("b"), big}), (Outcome{fresh, fresh}));
    EXPECT_EQ(store.count(), 3);
    store.reopen();
    EXPECT_EQ(store.count(), 3);
}

TEST(Append, AQuestionSeesWholeAppendsAndWaitsForNone) {
    Fixture store;
    constexpr int kAppends = 60;
    constexpr int kEach = 50;
    std::atomic<bool> done = false;
    std::vector<std::jthread> asking;
    for (int i = 0; i < 6; ++i) {  // more than there are connections
        asking.emplace_back([&] {
            std::int64_t last = 0;
            while (!done) {
                const std::int64_t now = store.count();
                EXPECT_GE(now, last);
                EXPECT_EQ(now % kEach, 0);
                last = now;
            }
        });
    }
    for (int i = 0; i < kAppends; ++i) {
        std::vector<model::Event> events;
        for (int j = 0; j < kEach; ++j) events.push_back(event(std::to_string(i) + "-" + std::to_string(j)));
        ASSERT_TRUE(store->append(events).ok());
        EXPECT_EQ(store.count(), (i + 1) * kEach);  // visible when append returns
    }
    done = true;
    asking.clear();
    EXPECT_TRUE(store->probe().ok());
}

TEST(OpenStore, NamesWhatItHasWhenAskedForAnother) {
    const pulsekit::test::TemporaryFolder folder;
    pulsekit::test::SeededRandom random(1);
    const auto refused = open_store({.kind = "clickhouse", .data_directory = folder.path().string()}, random);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_EQ(refused.error().message, "unknown store 'clickhouse': this build has 'local'");
    EXPECT_FALSE(open_store({.data_directory = folder.path().string(), .dedupe_days = 0}, random).ok());
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    const std::string nested = folder.file("a/b");
    const auto opened = open_store({.data_directory = nested, .sync = Sync::normal}, random);
    ASSERT_TRUE(opened.ok());
    EXPECT_TRUE((*opened)->append({event("a")}).ok());
    EXPECT_TRUE(std::filesystem::exists(nested + "/pulse.sqlite"));
}

/// The ids of the events there, of any time.
std::vector<std::string> ids_of(EventStore& store, Arrivals arrivals, ArrivalPage& page) {
    arrivals.range = {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
    auto found = store.arrivals(arrivals, {});
    EXPECT_TRUE(found.ok());
    page = found ? *std::move(found) : ArrivalPage();
    std::vector<std::string> ids;
    EXPECT_TRUE(store.read(page.places, [&](const model::Event& event) { ids.push_back(event.event_id); }).ok());
    return ids;
}

TEST(Arrivals, AreOfOneProjectOrOfAllAndOfOneProtocolOrOfAny) {
    using Ids = std::vector<std::string>;
    Fixture store;
    ArrivalPage page;
    EXPECT_EQ(ids_of(*store, {.project_id = {}, .range = {}, .limit = 10}, page), Ids());
    EXPECT_EQ(page.newest, 0);
    std::vector<model::Event> events;
    for (const auto* id : {"a", "b", "c", "d", "e"}) events.push_back(event(id));
    events[1].project_id = "q";
    events[2].dialect = model::DialectId::ingest;
    events[3].bot = true;
    events[4].kind = model::Kind::delivery;
    ASSERT_TRUE(store->append(events).ok());
    EXPECT_EQ(ids_of(*store, {.project_id = {}, .range = {}, .limit = 10}, page), (Ids{"a", "b", "c", "d", "e"}));
    EXPECT_EQ(page.newest, 5);
    EXPECT_FALSE(page.more);
    EXPECT_EQ(ids_of(*store, {.project_id = "p", .range = {}, .limit = 10}, page), (Ids{"a", "c", "d", "e"}));
    EXPECT_EQ(ids_of(*store, {.project_id = "none", .range = {}, .limit = 10}, page), Ids());
    EXPECT_EQ(ids_of(*store, {.project_id = {}, .range = {}, .only_reported = true, .limit = 10}, page),
              (Ids{"a", "b", "c"}));
    EXPECT_EQ(ids_of(*store, {.project_id = {}, .range = {}, .dialect = model::DialectId::ingest, .limit = 10}, page),
              Ids{"c"});
    EXPECT_EQ(ids_of(*store,
                     {.project_id = "p",
                      .range = {},
                      .dialect = model::DialectId::productgraph,
                      .only_reported = true,
                      .after = 1,
                      .limit = 10},
                     page),
              Ids());
    EXPECT_EQ(page.newest, 5);
    EXPECT_EQ(ids_of(*store, {.project_id = {}, .range = {}, .after = 1, .limit = 2}, page), (Ids{"b", "c"}));
    EXPECT_TRUE(page.more);
    ASSERT_TRUE(store->erase({.project_id = "p", .of = Erasure::Of::visitor, .id = "v"}, {}).ok());
    EXPECT_EQ(ids_of(*store, {.project_id = {}, .range = {}, .limit = 10}, page), Ids{"b"});
    EXPECT_EQ(page.newest, 5);  // no place is given twice
}

}  // namespace
}  // namespace collector::store
