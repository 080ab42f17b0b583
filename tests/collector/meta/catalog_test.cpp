#include "meta/catalog.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::meta {
namespace {

using pulsekit::ErrorCode;

class CatalogTest : public testing::Test {
protected:
    CatalogTest() { reopen(); }

    void reopen() {
        catalog_.reset();
        auto opened = Catalog::open(folder_.file("pulse.sqlite"), clock_, random_);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        catalog_ = *std::move(opened);
    }
    std::string project() { return catalog_->create_project("P", "p.example").value().id; }
    CreatedKey key(const std::string& project_id) {
        return catalog_->create_key({.project_id = project_id, .name = "K", .scopes = {Scope::ingest}}).value();
    }

    pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{1'774'195'200'000};
    pulsekit::test::CountingRandom random_;
    std::unique_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, ProjectsAndKeysSurviveAReopen) {
    const auto first = catalog_->create_project("First", "a.example").value();
    const auto second = catalog_->create_project("Second", "b.example").value();
    const NewKey wanted{.project_id = first.id,
                        .name = "All of it",
                        .scopes = {Scope::query, Scope::admin},
                        .allowed_modules = {"pageviews", "funnels"},
                        .expires_ms = 1'800'000'000'000};
    const auto created = catalog_->create_key(wanted).value();
    const std::string secret = catalog_->server_secret();
    EXPECT_EQ(secret.size(), 32u);
    reopen();
    EXPECT_EQ(catalog_->server_secret(), secret);
    const auto projects = catalog_->projects();
    ASSERT_EQ(projects.size(), 2u);
    EXPECT_EQ(projects[0].id, first.id);
    EXPECT_EQ(projects[0].name, "First");
    EXPECT_EQ(projects[0].domain, "a.example");
    EXPECT_EQ(projects[0].created_ms, clock_.unix_ms());
    EXPECT_EQ(catalog_->project(second.id)->name, "Second");
    EXPECT_EQ(catalog_->project("nobody"), nullptr);
    const auto found = catalog_->find_key(created.secret);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->id, created.key.id);
    EXPECT_EQ(found->project_id, first.id);
    EXPECT_EQ(found->name, "All of it");
    EXPECT_EQ(found->scopes, wanted.scopes);
    EXPECT_EQ(found->allowed_modules, wanted.allowed_modules);
    EXPECT_EQ(found->expires_ms, wanted.expires_ms);
    EXPECT_EQ(found->created_ms, clock_.unix_ms());
}

TEST_F(CatalogTest, AKeyHasTheDocumentedFormAndIsKeptNowhere) {
    const auto created = key(project());
    EXPECT_EQ(created.secret.size(), 32u);
    EXPECT_EQ(created.secret.substr(0, 8), "pa_live_");
    EXPECT_EQ(created.secret.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"),
              std::string::npos);
    EXPECT_EQ(created.key.key_prefix, created.secret.substr(0, 12) + "...");
    EXPECT_EQ(created.key.id.substr(0, 4), "key-");
    catalog_.reset();
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
        std::ifstream in(file.path(), std::ios::binary);
        std::stringstream bytes;
        bytes << in.rdbuf();
        EXPECT_EQ(bytes.str().find(created.secret.substr(12)), std::string::npos) << file.path();
    }
}

TEST_F(CatalogTest, AnImportedKeyKeepsItsShape) {
    const auto id = project();
    const NewKey imported{
        .project_id = id, .name = "old", .scopes = {Scope::ingest}, .secret = "pulse_prod_abcdefghijklmnop"};
    const auto created = catalog_->create_key(imported);
    ASSERT_TRUE(created.ok());
    EXPECT_EQ(created->secret, imported.secret);
    EXPECT_EQ(created->key.key_prefix, "pulse_prod_a...");
    EXPECT_TRUE(catalog_->find_key(imported.secret));
    EXPECT_EQ(catalog_->create_key(imported).error().code, ErrorCode::conflict);
    const auto short_one =
        catalog_->create_key({.project_id = id, .name = "s", .scopes = {Scope::ingest}, .secret = "hunter42"});
    EXPECT_EQ(short_one->key.key_prefix, "hunt...");
}

TEST_F(CatalogTest, AKeyNeedsItsProject) {
    const auto created = catalog_->create_key({.project_id = "nobody", .name = "K", .scopes = {Scope::ingest}});
    ASSERT_FALSE(created.ok());
    EXPECT_EQ(created.error().code, ErrorCode::not_found);
}

TEST_F(CatalogTest, ARevokedKeyIsDeadAtOnceAndAfterAReopen) {
    const auto id = project();
    const auto kept = key(id);
    const auto gone = key(id);
    EXPECT_EQ(catalog_->revoke_key("another", gone.key.id).error().code, ErrorCode::not_found);
    ASSERT_TRUE(catalog_->find_key(gone.secret));
    ASSERT_TRUE(catalog_->revoke_key(id, gone.key.id).ok());
    EXPECT_FALSE(catalog_->find_key(gone.secret));
    EXPECT_EQ(catalog_->revoke_key(id, gone.key.id).error().code, ErrorCode::not_found);
    reopen();
    EXPECT_FALSE(catalog_->find_key(gone.secret));
    EXPECT_TRUE(catalog_->find_key(kept.secret));
    ASSERT_EQ(catalog_->keys(id).size(), 1u);
}

TEST_F(CatalogTest, LastUseIsKnownAtOnceAndWrittenBehind) {
    const auto id = project();
    const auto created = key(id);
    EXPECT_EQ(catalog_->keys(id).at(0).last_used_ms, std::nullopt);
    clock_.advance(std::chrono::seconds(5));
    const auto used = clock_.unix_ms();
    ASSERT_TRUE(catalog_->find_key(created.secret));
    EXPECT_EQ(catalog_->keys(id).at(0).last_used_ms, used);
    reopen();
    EXPECT_EQ(catalog_->keys(id).at(0).last_used_ms, used) << "closing writes it";
}

TEST_F(CatalogTest, LastUseReachesTheDiskByAFlushOrAListingAMinuteLater) {
    const auto id = project();
    const auto created = key(id);
    const auto on_disk = [&] {
        auto other = Catalog::open(folder_.file("pulse.sqlite"), clock_, random_);
        return (*other)->keys(id).at(0).last_used_ms;
    };
    (void)catalog_->find_key(created.secret);
    (void)catalog_->keys(id);
    EXPECT_EQ(on_disk(), std::nullopt);
    ASSERT_TRUE(catalog_->flush().ok());
    EXPECT_EQ(on_disk(), clock_.unix_ms());
    clock_.advance(std::chrono::seconds(61));
    (void)catalog_->find_key(created.secret);
    (void)catalog_->keys(id);
    EXPECT_EQ(on_disk(), clock_.unix_ms());
}

TEST_F(CatalogTest, ListsAreOldestFirstWithinOneMillisecondToo) {
    const auto id = project();
    std::vector<std::string> ids;
    for (int i = 0; i < 20; ++i) ids.push_back(key(id).key.id);
    key(project());
    reopen();
    std::vector<std::string> listed;
    for (const auto& key : catalog_->keys(id)) listed.push_back(key.id);
    EXPECT_EQ(listed, ids);
}

TEST_F(CatalogTest, KeysMayBeMadeUsedListedAndRevokedAtOnce) {
    const auto id = project();
    const auto steady = key(id);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 15; ++i) {
                const auto mine = key(id);
                EXPECT_TRUE(catalog_->find_key(mine.secret));
                EXPECT_TRUE(catalog_->revoke_key(id, mine.key.id).ok());
                EXPECT_FALSE(catalog_->find_key(mine.secret));
            }
        });
    }
    threads.emplace_back([&] {
        for (int i = 0; i < 2000; ++i) EXPECT_TRUE(catalog_->find_key(steady.secret));
    });
    threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) {
            clock_.advance(std::chrono::seconds(61));
            EXPECT_GE(catalog_->keys(id).size(), 1u);
        }
    });
    threads.clear();
    EXPECT_EQ(catalog_->keys(id).size(), 1u);
}

TEST(Catalog, AFileThatIsNoDatabaseIsRefused) {
    const pulsekit::test::TemporaryFolder folder;
    std::ofstream(folder.file("pulse.sqlite")) << std::string(8192, 'x');
    pulsekit::test::ManualClock clock(0);
    pulsekit::test::CountingRandom random;
    const auto opened = Catalog::open(folder.file("pulse.sqlite"), clock, random);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
}

TEST_F(CatalogTest, AProjectIsRenamed) {
    const auto id = project();
    const auto changed = catalog_->change_project(id, {.name = "New", .domain = std::nullopt}).value();
    EXPECT_EQ(changed.name, "New");
    EXPECT_EQ(changed.domain, "p.example");
    ASSERT_TRUE(catalog_->change_project(id, {.name = std::nullopt, .domain = "new.example"}).ok());
    EXPECT_EQ(catalog_->change_project("nobody", {.name = "N"}).error().code, ErrorCode::not_found);
    for (const bool reopened : {false, true}) {
        if (reopened) reopen();
        EXPECT_EQ(catalog_->project(id)->name, "New");
        EXPECT_EQ(catalog_->project(id)->domain, "new.example");
        EXPECT_EQ(catalog_->project(id)->created_ms, clock_.unix_ms());
    }
}

TEST_F(CatalogTest, ARotatedKeyHasASuccessorLikeIt) {
    const auto id = project();
    const std::int64_t expires = clock_.unix_ms() + 10'000;
    const NewKey wanted{.project_id = id,
                        .name = "Old",
                        .scopes = {Scope::query, Scope::ingest},
                        .allowed_modules = {"funnels"},
                        .expires_ms = expires};
    const auto old = catalog_->create_key(wanted).value();
    EXPECT_TRUE(catalog_->find_key(old.secret));
    const auto made = catalog_->rotate_key(id, old.key.id, 5).value();
    EXPECT_NE(made.key.id, old.key.id);
    EXPECT_NE(made.secret, old.secret);
    EXPECT_EQ(made.key.key_prefix, made.secret.substr(0, 12) + "...");
    for (const bool reopened : {false, true}) {
        if (reopened) reopen();
        const auto keys = catalog_->keys(id);
        ASSERT_EQ(keys.size(), 2u);
        EXPECT_EQ(keys[0].id, old.key.id);
        EXPECT_EQ(keys[0].expires_ms, clock_.unix_ms() + 5'000);
        EXPECT_EQ(keys[0].last_used_ms, clock_.unix_ms());
        EXPECT_EQ(keys[1].name, "Old");
        EXPECT_EQ(keys[1].scopes, wanted.scopes);
        EXPECT_EQ(keys[1].allowed_modules, wanted.allowed_modules);
        EXPECT_EQ(keys[1].expires_ms, expires);
        EXPECT_EQ(keys[1].last_used_ms, std::nullopt);
        EXPECT_EQ(catalog_->find_key(old.secret)->expires_ms, clock_.unix_ms() + 5'000);
    }
    const auto again = catalog_->rotate_key(id, made.key.id, 3'600).value();
    EXPECT_EQ(catalog_->find_key(made.secret)->expires_ms, expires) << "an overlap prolongs nothing";
    EXPECT_EQ(again.key.expires_ms, expires);
}

TEST_F(CatalogTest, WithoutOverlapTheOldKeyIsDeadAtOnce) {
    const auto id = project();
    const auto old = key(id);
    const auto made = catalog_->rotate_key(id, old.key.id, 0).value();
    for (const bool reopened : {false, true}) {
        if (reopened) reopen();
        EXPECT_EQ(catalog_->find_key(old.secret), nullptr);
        ASSERT_EQ(catalog_->keys(id).size(), 1u);
        EXPECT_EQ(catalog_->find_key(made.secret)->id, made.key.id);
        EXPECT_EQ(catalog_->find_key(made.secret)->expires_ms, std::nullopt);
    }
    EXPECT_EQ(catalog_->rotate_key(id, old.key.id, 0).error().code, ErrorCode::not_found);
    EXPECT_EQ(catalog_->rotate_key(project(), made.key.id, 0).error().code, ErrorCode::not_found);
    const auto overlapping = catalog_->rotate_key(id, made.key.id, 60).value();
    clock_.advance(std::chrono::seconds(60));
    EXPECT_EQ(catalog_->rotate_key(id, made.key.id, 0).error().code, ErrorCode::invalid) << "it has expired";
    EXPECT_TRUE(catalog_->rotate_key(id, overlapping.key.id, 0).ok());
}

}  // namespace
}  // namespace collector::meta
