// Events and questions for the store's tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/event.hpp"
#include "model/measure.hpp"
#include "store/local/local_store.hpp"
#include "support/sqlite/database.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::store::test {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kNoon = 1'772'712'000'000;  // 2026-03-05T12:00:00Z

inline model::Event event(std::string id, std::int64_t ts_ms = kNoon) {
    model::Event made;
    made.project_id = "p";
    made.event_id = std::move(id);
    made.name = "click";
    made.source_type = "click";
    made.visitor_id = "v";
    made.session_id = "s";
    made.ts_ms = ts_ms;
    made.received_ms = ts_ms;
    return made;
}

/// How many rows the project has.
inline model::Question count_of(std::string project = "p") {
    return {.of = {.project_id = std::move(project), .range = {0, 10 * kNoon}},
            .measures = {{.fold = model::Measure::Fold::count}}};
}

/// A local store in a folder of its own, and a second look at its file.
class Fixture {
public:
    explicit Fixture(int dedupe_days = 30, std::size_t index_table_limit = local::HashIndexOptions().table_limit)
        : dedupe_days_(dedupe_days), index_table_limit_(index_table_limit) {
        reopen();
    }

    void close() { store_.reset(); }
    void reopen() {
        close();
        auto opened = local::LocalStore::open({.data_directory = folder_.path().string(),
                                               .dedupe_days = dedupe_days_,
                                               .index_table_limit = index_table_limit_},
                                              random_);
        if (opened) store_ = std::move(*opened);
    }
    local::LocalStore& operator*() { return *store_; }
    local::LocalStore* operator->() { return store_.get(); }

    std::string folder() const { return folder_.path().string(); }
    pulsekit::sqlite::Database database(pulsekit::sqlite::Access access = pulsekit::sqlite::Access::read_only) const {
        return std::move(*pulsekit::sqlite::Database::open(local::database_path(folder()), access));
    }
    /// The one value that the SQL answers, as text.
    std::string text(const std::string& sql) const {
        auto file = database();
        auto statement = file.prepare(sql);
        if (!statement) return statement.error().message;
        const auto row = statement->step();
        return row && *row ? std::string(statement->text(0)) : "no row";
    }
    /// The session that the event with this id has.
    std::string session_of(const std::string& event_id) const {
        return text("SELECT t.text FROM events e JOIN event_texts t ON t.id = e.session WHERE e.event_id = '" +
                    event_id + "' ORDER BY e.id DESC");
    }
    std::int64_t count(const std::string& project = "p") {
        const auto answer = store_->ask(count_of(project));
        return answer ? std::get<std::int64_t>(answer->rows.at(0).at(0)) : -1;
    }

private:
    const pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::SeededRandom random_{1};
    int dedupe_days_;
    std::size_t index_table_limit_;
    std::unique_ptr<local::LocalStore> store_;
};

}  // namespace collector::store::test
