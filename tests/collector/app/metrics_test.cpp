#include "app/metrics.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>

#include <pulsekit/version.hpp>

#include "app/exposition.hpp"
#include "meta/catalog.hpp"
#include "tests/support/exposition.hpp"
#include "tests/support/fake_store.hpp"
#include "tests/support/fixed_clock.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::app {
namespace {

using ingest::Reason;
using model::DialectId;
using pulsekit::test::Metrics;

class MetricsText : public testing::Test {
protected:
    Metrics read() {
        return Metrics(metrics_text({counters, writer, limits, *outbox, folder.path().string(), &server}));
    }

    pulsekit::test::TemporaryFolder folder;
    ingest::Counters counters;
    http::ServerCounters server;
    test::FakeStore store;
    store::Writer::Limits limits{.max_queued_events = 100};
    store::Writer writer{store, limits};
    pulsekit::test::TemporaryFolder elsewhere;
    pulsekit::test::FixedClock clock{0};
    pulsekit::test::SeededRandom random{1};
    std::unique_ptr<outbound::Outbox> outbox =
        outbound::Outbox::open(elsewhere.file("pulse.sqlite"), clock, random).value();
};

TEST_F(MetricsText, SaysWhatBecameOfEvents) {
    counters.received(DialectId::productgraph, 10);
    counters.stored(DialectId::productgraph, 4);
    counters.duplicate(DialectId::productgraph, 3);
    counters.dropped(DialectId::productgraph, Reason::filtered, 2);
    counters.dropped(DialectId::productgraph, Reason::field, 1);
    const auto metrics = read();
    const Metrics::Labels dialect = {{"dialect", "productgraph"}};
    EXPECT_EQ(metrics.at("pulse_events_received_total", dialect), 10);
    EXPECT_EQ(metrics.at("pulse_events_stored_total", dialect), 4);
    EXPECT_EQ(metrics.at("pulse_events_duplicate_total", dialect), 3);
    EXPECT_EQ(metrics.at("pulse_events_filtered_total", dialect), 2);
    EXPECT_EQ(metrics.at("pulse_events_rejected_total", {{"dialect", "productgraph"}, {"reason", "field"}}), 1);
    EXPECT_EQ(metrics.sum("pulse_events_rejected_total"), 1);
    EXPECT_EQ(metrics.at("pulse_events_received_total", {{"dialect", "analytics"}}), 0);
}

TEST_F(MetricsText, SaysWhatTheWriterDid) {
    store.hold();
    store.fail_next(1);
    writer.submit({model::Event{}}, [](store::Writer::Outcome) {});
    store.wait_for_append(1);
    writer.submit(std::vector<model::Event>(7), [](store::Writer::Outcome) {});
    writer.submit(std::vector<model::Event>(101), [](store::Writer::Outcome) {});
    const auto held = read();
    EXPECT_EQ(held.at("pulse_queued_events"), 8);
    EXPECT_EQ(held.at("pulse_queued_events_limit"), 100);
    EXPECT_GE(held.at("pulse_queued_bytes"), 8 * sizeof(model::Event));
    EXPECT_EQ(held.at("pulse_queued_bytes_limit"), static_cast<double>(limits.max_queued_bytes));
    EXPECT_EQ(held.at("pulse_refused_events_total"), 101);
    store.release();
    writer.drain();
    const auto drained = read();
    EXPECT_EQ(drained.at("pulse_commits_failed_total"), 1);
    EXPECT_EQ(drained.at("pulse_commits_total"), 1);
    EXPECT_EQ(drained.at("pulse_committed_events_total"), 7);
    EXPECT_EQ(drained.at("pulse_commit_events_count"), 1);
    EXPECT_EQ(drained.at("pulse_commit_events_sum"), 7);
    EXPECT_EQ(drained.at("pulse_commit_events_bucket", {{"le", "5"}}), 0);
    EXPECT_EQ(drained.at("pulse_commit_events_bucket", {{"le", "10"}}), 1);
    EXPECT_EQ(drained.at("pulse_commit_duration_seconds_count"), 1);
    EXPECT_GT(drained.at("pulse_commit_duration_seconds_sum"), 0);
    EXPECT_EQ(drained.at("pulse_queued_events"), 0);
    EXPECT_EQ(drained.at("pulse_queued_bytes"), 0);
}

TEST_F(MetricsText, SaysWhatTheOutboxDid) {
    auto catalog = meta::Catalog::open(elsewhere.file("pulse.sqlite"), clock, random).value();
    const auto project = catalog->create_project("P", "p.example").value().id;
    const auto mail = [&](const std::string& to) {
        return outbound::Message{.project_id = project, .channel = outbound::Channel::email, .target = to};
    };
    ASSERT_TRUE(outbox->add({mail("a"), mail("b"), mail("c"), mail("d")}).ok());
    for (const auto outcome : {outbound::Attempt::Outcome::delivered, outbound::Attempt::Outcome::hopeless,
                               outbound::Attempt::Outcome::later}) {
        ASSERT_TRUE(outbox->settle(outbox->next_due().value().value(), {.outcome = outcome}).ok());
    }
    const auto metrics = read();
    const Metrics::Labels email = {{"channel", "email"}};
    EXPECT_EQ(metrics.at("pulse_outbox_messages_total", email), 4);
    EXPECT_EQ(metrics.at("pulse_outbox_delivered_total", email), 1);
    EXPECT_EQ(metrics.at("pulse_outbox_failed_total", email), 1);
    EXPECT_EQ(metrics.at("pulse_outbox_retries_total", email), 1);
    EXPECT_EQ(metrics.at("pulse_outbox_waiting", email), 2);
    EXPECT_EQ(metrics.at("pulse_outbox_waiting", {{"channel", "webhook"}}), 0);
}

TEST_F(MetricsText, SaysWhatTheProcessAndItsDataTake) {
    std::ofstream(folder.file("a")) << std::string(1000, 'a');
    std::filesystem::create_directory(folder.file("inner"));
    std::ofstream(folder.file("inner") + "/b") << std::string(500, 'b');
    const auto metrics = read();
    EXPECT_EQ(metrics.at("pulse_data_bytes"), 1500);
    EXPECT_GT(metrics.at("pulse_data_free_bytes"), 0);
    EXPECT_EQ(metrics.at("pulse_build_info", {{"version", pulsekit::kVersion}}), 1);
    const auto now = static_cast<double>(std::time(nullptr));
    EXPECT_GT(metrics.at("process_start_time_seconds"), now - 3600);
    EXPECT_LE(metrics.at("process_start_time_seconds"), now + 60);  // the kernel's boot time is rounded
    EXPECT_GT(metrics.at("process_resident_memory_bytes"), 1 << 20);
    EXPECT_GT(metrics.at("process_virtual_memory_bytes"), metrics.at("process_resident_memory_bytes"));
    EXPECT_GE(metrics.at("process_threads"), 2);  // this one and the writer's
    EXPECT_GE(metrics.at("process_open_fds"), 3);
    EXPECT_GT(metrics.at("process_max_fds"), metrics.at("process_open_fds"));
}

TEST_F(MetricsText, IsWhatTheOperatorsGuideSays) {
    std::ifstream file(PULSEKIT_OPERATING);
    const std::string guide((std::istreambuf_iterator<char>(file)), {});
    std::map<std::string, std::string> told;
    const std::regex row(R"(\n\| `((?:pulse|process)_[a-z_]+)` \| (counter|gauge|histogram) \|)");
    for (auto it = std::sregex_iterator(guide.begin(), guide.end(), row); it != std::sregex_iterator(); ++it)
        told[(*it)[1]] = (*it)[2];
    std::map<std::string, std::string> served;
    const auto metrics = read();
    for (const auto& [name, family] : metrics.families()) served[name] = family.type;
    EXPECT_EQ(served, told);
    for (std::size_t i = 0; i < ingest::kReasons; ++i) {
        const auto reason = "`" + std::string(ingest::name_of(static_cast<Reason>(i))) + "`";
        EXPECT_NE(guide.find(reason), std::string::npos) << reason;
    }
}

TEST_F(MetricsText, HasWhatTheGuidesAlertsAskFor) {
    std::ifstream file(PULSEKIT_OPERATING);
    const std::string guide((std::istreambuf_iterator<char>(file)), {});
    const auto begin = guide.find("\n```yaml\n");
    ASSERT_NE(begin, std::string::npos);
    const std::string rules = guide.substr(begin, guide.find("\n```\n", begin) - begin);
    const auto metrics = read();
    const std::regex name("(pulse|process)_[a-z_]+");
    int names = 0;
    for (auto it = std::sregex_iterator(rules.begin(), rules.end(), name); it != std::sregex_iterator();
         ++it, ++names) {
        const auto family = std::regex_replace(it->str(), std::regex("_(bucket|sum|count)$"), "");
        EXPECT_TRUE(metrics.families().count(family)) << it->str();
    }
    EXPECT_GE(names, 5);
}

TEST(Exposition, AddsBucketsUpAndEscapesLabels) {
    Exposition out;
    out.family("wait_seconds", Exposition::Type::histogram, "How long.");
    out.histogram(std::vector<double>{0.001, 0.5, 10}, std::vector<std::uint64_t>{2, 0, 3, 1}, 31.25);
    out.family("odd", Exposition::Type::gauge, "Odd.");
    out.sample({{"text", "a\"b\\c\nd"}}, -0.5);
    const auto text = out.take();
    EXPECT_EQ(text,
              "# HELP wait_seconds How long.\n"
              "# TYPE wait_seconds histogram\n"
              "wait_seconds_bucket{le=\"0.001\"} 2\n"
              "wait_seconds_bucket{le=\"0.5\"} 2\n"
              "wait_seconds_bucket{le=\"10\"} 5\n"
              "wait_seconds_bucket{le=\"+Inf\"} 6\n"
              "wait_seconds_sum 31.25\n"
              "wait_seconds_count 6\n"
              "# HELP odd Odd.\n"
              "# TYPE odd gauge\n"
              "odd{text=\"a\\\"b\\\\c\\nd\"} -0.5\n");
    EXPECT_EQ(Metrics(text).at("odd", {{"text", "a\"b\\c\nd"}}), -0.5);
}

TEST(ExpositionReader, RefusesWhatAScraperWould) {
    const std::string head = "# HELP a_total A.\n# TYPE a_total counter\n";
    const std::string wait = "# HELP w W.\n# TYPE w histogram\n";
    EXPECT_NO_THROW(Metrics(head + "a_total 1\n"));
    for (const std::string& text :
         {std::string("a_total 1\n"),
          head,
          head + "a_total 1",
          head + "b_total 1\n",
          head + "a_total x\n",
          head + "a_total 1\na_total 2\n",
          head + "a_total -1\n",
          head + "a_total{x=1} 1\n",
          head + "a_total{x=\"1} 1\n",
          head + "a_total{x=\"1\",x=\"2\"} 1\n",
          head + "a_total{1x=\"1\"} 1\n",
          head + "a_total{x=\"\\t\"} 1\n",
          head + "a_total 1\n" + head + "a_total 1\n",
          std::string("# HELP a A.\n# TYPE a counter\na 1\n"),
          std::string("# TYPE a gauge\na 1\n"),
          wait + "w_bucket{le=\"1\"} 1\nw_sum 1\nw_count 1\n",
          wait + "w_bucket{le=\"2\"} 1\nw_bucket{le=\"1\"} 1\nw_bucket{le=\"+Inf\"} 1\nw_sum 1\nw_count 1\n",
          wait + "w_bucket{le=\"1\"} 2\nw_bucket{le=\"+Inf\"} 1\nw_sum 1\nw_count 1\n",
          wait + "w_bucket{le=\"+Inf\"} 1\nw_sum 1\nw_count 2\n",
          wait + "w_bucket{le=\"+Inf\"} 1\nw_count 1\n"}) {
        EXPECT_THROW(Metrics{text}, std::runtime_error) << text;
    }
}

}  // namespace
}  // namespace collector::app
