// Deleted projects: nothing of theirs is left in the metadata database, whatever tables it has.
#include "meta/deletions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "meta/catalog.hpp"
#include "meta/database.hpp"
#include "meta/definitions.hpp"
#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::meta {
namespace {

using pulsekit::ErrorCode;
using pulsekit::sqlite::Database;

/// Those that have a project's id and outlive it.
constexpr const char* kSurvivors[] = {"audit_log", "deleted_projects"};

class DeletionsTest : public testing::Test {
protected:
    std::string path() const { return folder_.file("pulse.sqlite"); }
    void reopen() { catalog_ = Catalog::open(path(), clock_, random_).value(); }

    /// Of all rows of the query, its first column.
    std::vector<std::string> texts(const std::string& sql) {
        auto rows = database_.prepare(sql).value();
        std::vector<std::string> found;
        while (rows.step().value()) found.emplace_back(rows.text(0));
        return found;
    }
    bool has_project_id(const std::string& table) {
        return database_
                   .query_integer("SELECT count(*) FROM pragma_table_info('" + table + "') WHERE name = 'project_id'")
                   .value() > 0;
    }
    /// Whether its rows go with those of one of these tables.
    bool cascades(const std::string& table, const std::set<std::string>& from) {
        const auto parents =
            texts("SELECT \"table\" FROM pragma_foreign_key_list('" + table + "') WHERE on_delete = 'CASCADE'");
        return std::any_of(parents.begin(), parents.end(), [&](const auto& parent) { return from.contains(parent); });
    }
    std::int64_t rows_of(const std::string& table, const std::string& project_id) {
        auto count = database_.prepare("SELECT count(*) FROM " + table + " WHERE project_id = ?").value();
        count.bind(1, project_id);
        EXPECT_TRUE(count.step().value());
        return count.integer(0);
    }

    const pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{1'774'195'200'000};
    /// A row whose texts are the project's id and whose numbers are 0.
    void fill(const std::string& table, const std::string& project_id) {
        std::string names;
        std::string values;
        for (const auto& column : texts("SELECT name FROM pragma_table_info('" + table + "') WHERE name <> 'seq'")) {
            const bool is_text = !texts("SELECT 1 FROM pragma_table_info('" + table + "') WHERE name = '" + column +
                                        "' AND type = 'TEXT'")
                                      .empty();
            names += (names.empty() ? "" : ", ") + column;
            values += (values.empty() ? "" : ", ") + (is_text ? "'" + project_id + "'" : std::string("0"));
        }
        ASSERT_TRUE(database_.execute("INSERT INTO " + table + " (" + names + ") VALUES (" + values + ")").ok())
            << table;
    }

    pulsekit::test::CountingRandom random_;
    std::unique_ptr<Catalog> catalog_ = Catalog::open(path(), clock_, random_).value();
    std::unique_ptr<Definitions> definitions_ = Definitions::open(path(), clock_, random_).value();
    std::unique_ptr<Deletions> deletions_ = Deletions::open(path()).value();
    Database database_ = open_database(path()).value();
};

TEST_F(DeletionsTest, EveryTableOfProjectsIsListedOrCascades) {
    std::set<std::string> erased(kProjectTables.begin(), kProjectTables.end());
    erased.insert("projects");
    const std::set<std::string> survivors(std::begin(kSurvivors), std::end(kSurvivors));
    const auto tables = texts("SELECT name FROM sqlite_schema WHERE type = 'table'");
    // A cascade may lead over several tables.
    for (std::size_t before = 0; before != erased.size();) {
        before = erased.size();
        for (const auto& table : tables) {
            if (cascades(table, erased)) erased.insert(table);
        }
    }
    int of_projects = 0;
    for (const auto& table : tables) {
        if (has_project_id(table)) {
            ++of_projects;
            EXPECT_TRUE(erased.contains(table) || survivors.contains(table))
                << table << " has a project_id: add it to kProjectTables in meta/deletions.hpp";
        }
        const auto parents = texts("SELECT \"table\" FROM pragma_foreign_key_list('" + table + "')");
        for (const auto& parent : parents) {
            EXPECT_TRUE(!erased.contains(parent) || erased.contains(table))
                << table << " refers to " << parent << " and would keep its rows from being erased";
        }
    }
    EXPECT_GE(of_projects, 4);
    for (const std::string table : kProjectTables) {
        EXPECT_NE(std::find(tables.begin(), tables.end(), table), tables.end()) << table << " is no table";
    }
}

TEST_F(DeletionsTest, ADeletedProjectIsGoneAtOnceAndThenItsRows) {
    const auto gone = catalog_->create_project("Gone", "gone.example").value();
    const auto kept = catalog_->create_project("Kept", "kept.example").value();
    std::vector<std::string> secrets;
    for (const auto& project : {gone, kept}) {
        secrets.push_back(
            catalog_->create_key({.project_id = project.id, .name = "K", .scopes = {Scope::ingest}}).value().secret);
        ASSERT_TRUE(catalog_->change_modules(project.id, {{.module = 1, .enabled = false}}).ok());
        ASSERT_TRUE(definitions_->create_funnel(project.id, "F", {{.value = "/"}}).ok());
        ASSERT_TRUE(definitions_->create_goal(project.id, "G", {.target = "/"}).ok());
        for (const std::string table : kProjectTables) {
            if (rows_of(table, project.id) == 0) fill(table, project.id);
        }
    }
    ASSERT_TRUE(catalog_->delete_project(gone.id).ok());
    EXPECT_EQ(catalog_->delete_project(gone.id).error().code, ErrorCode::not_found);
    for (const bool reopened : {false, true}) {
        if (reopened) reopen();
        EXPECT_EQ(catalog_->project(gone.id), nullptr);
        ASSERT_EQ(catalog_->projects().size(), 1u);
        EXPECT_EQ(catalog_->find_key(secrets[0]), nullptr);
        EXPECT_TRUE(catalog_->keys(gone.id).empty());
        EXPECT_NE(catalog_->find_key(secrets[1]), nullptr);
    }
    EXPECT_TRUE(deletions_->is_pending(gone.id).value()) << "also after a crash";
    EXPECT_FALSE(deletions_->is_pending(kept.id).value());
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(deletions_->erase_rows(gone.id).ok());
    for (const std::string table : kProjectTables) {
        EXPECT_EQ(rows_of(table, gone.id), 0) << table;
        EXPECT_EQ(rows_of(table, kept.id), 1) << table;
    }
    EXPECT_EQ(texts("SELECT id FROM projects"), std::vector{kept.id});
    EXPECT_EQ(texts("SELECT funnel_id FROM funnel_steps").size(), 1u);
    ASSERT_TRUE(deletions_->note_erased(gone.id).ok());
    EXPECT_FALSE(deletions_->is_pending(gone.id).value());
    ASSERT_EQ(deletions_->pending().value().size(), 1u);
    EXPECT_EQ(deletions_->pending().value()[0].project_id, gone.id);
    EXPECT_EQ(deletions_->pending().value()[0].deleted_ms, clock_.unix_ms());
    EXPECT_TRUE(deletions_->pending().value()[0].erased);
    ASSERT_TRUE(deletions_->forget(gone.id).ok());
    EXPECT_TRUE(deletions_->pending().value().empty());
    EXPECT_FALSE(catalog_->create_key({.project_id = gone.id, .name = "K", .scopes = {Scope::ingest}}).ok());
}

TEST_F(DeletionsTest, WhatComesLaterForADeletedProjectIsRefused) {
    const auto gone = catalog_->create_project("Gone", "gone.example").value();
    ASSERT_TRUE(catalog_->delete_project(gone.id).ok());
    ASSERT_TRUE(deletions_->erase_rows(gone.id).ok());
    EXPECT_FALSE(definitions_->create_goal(gone.id, "G", {.target = "/"}).ok());
    EXPECT_EQ(rows_of("goals", gone.id), 0);
}

}  // namespace
}  // namespace collector::meta
