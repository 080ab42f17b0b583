// Reports again, in plain C++ over a list of events, against the store.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/open.hpp"
#include "support/time_text.hpp"
#include "tests/collector/query/asking.hpp"
#include "tests/collector/query/defining.hpp"
#include "tests/collector/query/session_filters.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::query::test {

inline std::int64_t stretched(std::int64_t ts_ms, int stretch) { return kStart + (ts_ms - kStart) * stretch; }

/// A question of one project, and all that may be answered with.
struct Asked {
    std::string project;
    Defined* defined = nullptr;  ///< a family adds what it asks for
    Rows all;                    ///< of the project: see kept()
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::int64_t now = 0;
    int limit = 0;
    int offset = 0;
    std::vector<SessionFilter> filters;

    std::string range() const {
        std::string text =
            "start_at=" + pulsekit::date_time_ms_text(from) + "&end_at=" + pulsekit::date_time_ms_text(to);
        for (const auto& filter : filters) text += "&filter=" + filter.text;
        return text;
    }
    std::string page() const { return "&limit=" + std::to_string(limit) + "&offset=" + std::to_string(offset); }

    /// Rows in range of the sessions that the filters keep, in order, without the ledgers.
    Rows rows(std::int64_t first, std::int64_t last) const {
        std::map<std::string, Rows> sessions;
        for (const auto& row : all) {
            const bool seen = row.ts_ms >= first && row.ts_ms <= last && row.kind != Kind::delivery;
            if (seen) sessions[row.session_id].push_back(row);
        }
        const auto is_kept = [&](const Event& row) {
            const auto found = sessions.find(row.session_id);
            return found != sessions.end() && std::all_of(filters.begin(), filters.end(), [&](const auto& filter) {
                       return filter.keeps(found->second, last);
                   });
        };
        Rows found;
        for (const auto& row : all) {
            const bool seen = row.ts_ms >= first && row.ts_ms <= last && row.kind != Kind::delivery;
            if (seen && is_kept(row)) found.push_back(row);
        }
        return found;
    }
    Rows rows() const { return rows(from, to); }

    std::map<std::string, Rows> sessions() const {
        std::map<std::string, Rows> found;
        for (const auto& row : rows()) found[row.session_id].push_back(row);
        return found;
    }
    std::map<std::string, Rows> visitors() const {
        std::map<std::string, Rows> found;
        for (const auto& row : rows()) found[row.visitor_id].push_back(row);
        return found;
    }

    template <typename T>
    std::vector<T> page_of(std::vector<T> list) const {
        list.erase(list.begin(), list.begin() + std::min<std::ptrdiff_t>(offset, std::ssize(list)));
        if (std::ssize(list) > limit) list.resize(static_cast<std::size_t>(limit));
        return list;
    }
    /// Greatest value first, then by the bytes of the name; then the page is cut.
    template <typename Entry, typename Value>
    std::vector<std::pair<std::string, Entry>> ranked(const std::map<std::string, Entry>& entries, Value value) const {
        std::vector<std::pair<std::string, Entry>> list(entries.begin(), entries.end());
        std::stable_sort(list.begin(), list.end(),
                         [&](const auto& a, const auto& b) { return value(a.second) > value(b.second); });
        return page_of(std::move(list));
    }
};

/// `stretch` as of compare().
inline Asked random_question(SeededRandom& random, const Rows& sent, const std::string& project, int stretch) {
    Asked asked;
    asked.project = project;
    asked.all = kept(sent, project);
    asked.from = kStart + random.below(4 * 24 * 4) * (kHour / 4);
    if (random.below(3) == 0) asked.from -= asked.from % kDay;  // whole days now and then
    asked.to = asked.from + random.below(3 * 24 * 4) * (kHour / 4) - (random.below(2) ? 0 : 1);
    asked.to = std::max(asked.from, asked.to);
    asked.from = stretched(asked.from, stretch);
    asked.to = stretched(asked.to, stretch);
    asked.now = asked.to + (stretch > 1 ? random.below(100) * kDay : 0);
    asked.limit = 1 + random.below(8);
    asked.offset = random.below(4);
    for (int i = random.below(2) ? 0 : random.below(3); i > 0; --i) {
        asked.filters.push_back(random_filter(random, asked.all));
    }
    return asked;
}

/// Puts `target` to the store, at the asked `now`.
using Expect = std::function<void(const std::string& target, const Json& expected)>;
using Family = void (*)(const Asked& asked, const Expect& expect);

/// A store in a folder, and what was sent to it.
class ComparedStore {
public:
    ComparedStore(SeededRandom& random, Family family, int stretch)
        : random_(random), family_(family), stretch_(stretch) {}

    /// Opens the store, or opens it again, as after a restart.
    void open() {
        store_.reset();
        auto opened =
            store::open_store({.data_directory = folder_.path().string(), .sync = store::Sync::normal}, random_);
        ASSERT_TRUE(opened.ok());
        store_ = *std::move(opened);
    }

    void append(const Rows& events) {
        ASSERT_TRUE(store_->append(events).ok());
        for (const auto& event : events) {
            const bool is_repeat_of_an_erased_one = erased_.contains({event.project_id, event.event_id});
            if (!is_repeat_of_an_erased_one) sent_.push_back(event);
        }
    }

    /// A visitor, a user or what is old; repeats of what was erased do not come back.
    void erase() {
        using Of = store::Erasure::Of;
        store::Erasure erasure{.project_id = random_.below(4) ? "p" : "q"};
        erasure.of = random_.below(4) == 0 ? Of::old_events : random_.below(2) ? Of::user : Of::visitor;
        erasure.id =
            erasure.of == Of::user ? "u" + std::to_string(random_.below(4)) : "v" + std::to_string(random_.below(12));
        erasure.before_ms = stretched(kStart + random_.below(3 * 24) * kHour, stretch_);
        std::set<std::pair<std::string, std::string>> stored;
        std::int64_t expected = 0;
        for (const auto& event : sent_) {
            const std::pair id(event.project_id, event.event_id);
            if (!stored.insert(id).second || event.project_id != erasure.project_id) continue;
            const bool is_meant = erasure.of == Of::user      ? event.user_id == erasure.id
                                  : erasure.of == Of::visitor ? event.visitor_id == erasure.id
                                                              : event.ts_ms < erasure.before_ms;
            expected += is_meant;
            if (is_meant) erased_.insert(id);
        }
        std::erase_if(sent_, [&](const Event& event) { return erased_.contains({event.project_id, event.event_id}); });
        const auto erased = store_->erase(erasure, {});
        ASSERT_TRUE(erased.ok()) << erased.error().message;
        ASSERT_EQ(*erased, expected);
    }

    void compare() {
        const std::string id = random_.below(4) ? "p" : "q";
        auto asked = random_question(random_, sent_, id, stretch_);
        asked.defined = &defined_;
        family_(asked, [&](const std::string& target, const Json& expected) {
            const auto reply = ask(*store_, defined_, asked.now, project(id), target);
            ASSERT_TRUE(reply) << target;
            EXPECT_EQ(reply->status, 200) << target << "\n" << reply->response.body;
            EXPECT_EQ(reply->body, expected) << target << "\n" << Json::diff(expected, reply->body);
        });
    }

private:
    SeededRandom& random_;
    const Family family_;
    const int stretch_;
    const pulsekit::test::TemporaryFolder folder_;
    Defined defined_{folder_.file("definitions.sqlite")};
    std::unique_ptr<store::EventStore> store_;
    Rows sent_;                                             // without what was erased
    std::set<std::pair<std::string, std::string>> erased_;  // project and id
};

/// Asks between appends of any size, and after a restart or an erasure now and then: what comes late belongs to what
/// was known, and what was erased was never sent.
inline void compare_once(SeededRandom& random, Family family, int stretch) {
    ComparedStore store(random, family, stretch);
    store.open();
    auto events = random_events(random);
    for (auto& event : events) event.ts_ms = stretched(event.ts_ms, stretch);
    for (auto next = events.begin(); next != events.end();) {
        const auto end = next + std::min<std::ptrdiff_t>(1 + random.below(60), events.end() - next);
        store.append({next, end});
        next = end;
        if (random.below(2) == 0) store.compare();
        if (random.below(6) == 0) store.open();
        if (random.below(8) == 0) store.erase();
    }
    for (int i = 0; i < 5; ++i) store.compare();
}

#if defined(PULSEKIT_SANITIZED)
inline constexpr unsigned kStores = 8;  // which takes a sanitizer as long as many more take without
#else
inline constexpr unsigned kStores = 25;
#endif

/// Of many random stores, or of the one of PULSEKIT_TEST_SEED. Their events spread over six days, or over so many times
/// as many as `stretch` says, with ranges that are as much longer.
inline void compare(Family family, int stretch = 1) {
    const char* chosen = std::getenv("PULSEKIT_TEST_SEED");
    const std::uint64_t first = chosen ? std::strtoull(chosen, nullptr, 10) : std::random_device{}();
    for (std::uint64_t seed = first; seed < first + (chosen ? 1u : kStores) && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("PULSEKIT_TEST_SEED=" + std::to_string(seed));
        SeededRandom random(seed);
        compare_once(random, family, stretch);
    }
}

}  // namespace collector::query::test
