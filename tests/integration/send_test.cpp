// pulse-send as its user meets it, against the real collector.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "support/gzip.hpp"
#include "tests/integration/collector_process.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/variable.hpp"

namespace pulsekit {
namespace {

using Json = nlohmann::json;
using test::CollectorProcess;
using test::TemporaryFolder;

/// A running pulse-send whose standard input is the test's.
class Send {
public:
    Send(const TemporaryFolder& folder, const std::vector<std::string>& arguments)
        : errors_(folder.file("errors-" + std::to_string(++count_))) {
        const std::string fifo = folder.file("input-" + std::to_string(count_));
        if (::mkfifo(fifo.c_str(), 0600) != 0) throw std::runtime_error("no fifo");
        std::vector<std::string> command = {"/bin/sh", "-c", R"(input=$1; shift; exec "$@" <"$input")",
                                            "sh",      fifo, PULSEKIT_SEND_BINARY};
        command.insert(command.end(), arguments.begin(), arguments.end());
        process_ = std::make_unique<test::Process>(command, errors_);
        input_ = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC);
    }
    ~Send() { end_input(); }
    Send(const Send&) = delete;
    Send& operator=(const Send&) = delete;

    void write(const std::string& text) {
        for (std::size_t done = 0; done < text.size();) {
            const auto n = ::write(input_, text.data() + done, text.size() - done);
            if (n <= 0) throw std::runtime_error(std::string("write: ") + std::strerror(errno));
            done += static_cast<std::size_t>(n);
        }
    }
    void end_input() {
        if (input_ >= 0) ::close(input_);
        input_ = -1;
    }
    test::Process& process() { return *process_; }
    int finish() {
        end_input();
        return process_->wait();
    }
    std::string errors() const {
        std::ifstream file(errors_);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    /// The last line of standard error.
    Json ledger() const {
        auto text = errors();
        if (!text.empty()) text.pop_back();
        return Json::parse(text.substr(text.rfind('\n') + 1));
    }

private:
    static inline int count_ = 0;
    std::string errors_;
    std::unique_ptr<test::Process> process_;
    int input_ = -1;
};

std::vector<std::string> arguments_for(const CollectorProcess& collector, const TemporaryFolder& folder,
                                       const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {
        "--endpoint", collector.url(), "--key", collector.key("PULSE_INGEST_KEY"), "--storage", folder.file("storage")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

std::string line(const std::string& name, int number) {
    return Json{{"name", name}, {"properties", {{"number", number}}}}.dump() + "\n";
}

Json ledger(int accepted, int delivered, int queued) {
    return {{"accepted", accepted}, {"delivered", delivered}, {"queued", queued}, {"dropped", Json::object()}};
}

void expect_each_once(const CollectorProcess& collector, const std::set<std::string>& receipts) {
    const auto ids = collector.stored_ids();
    for (const auto& id : receipts) EXPECT_EQ(ids.count(id), 1u) << id;
    for (const auto& [id, times] : ids) EXPECT_EQ(times, 1) << id;
}

TEST(Send, WhatThePipeSaysIsWhatTheCollectorAnswers) {
    const TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    Send send(folder, arguments_for(collector, folder, {"--project", "my-shell", "--receipts"}));
    std::string input;
    for (int i = 0; i < 2'000; ++i) input += line("shot", i);
    send.write(input);
    send.write(R"({"name":"plain"})");  // the last line needs no newline
    send.end_input();
    std::set<std::string> receipts;
    for (auto& id : send.process().read_lines()) {
        EXPECT_EQ(id.size(), 36u);
        receipts.insert(std::move(id));
    }
    EXPECT_EQ(send.finish(), 0) << send.errors();
    EXPECT_EQ(send.ledger(), ledger(2'001, 2'001, 0)) << send.errors();
    EXPECT_EQ(receipts.size(), 2'001u);
    EXPECT_EQ(collector.stored_ids().size(), 2'001u);
    expect_each_once(collector, receipts);
    const auto events = collector.ask("events")["data"];
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0]["name"], "shot");
    EXPECT_EQ(events[0]["count"], 2'000);
    EXPECT_EQ(events[1]["name"], "plain");
}

TEST(Send, PropertiesArriveWithTheirTypes) {
    const TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    Send send(folder, arguments_for(collector, folder));
    const std::string properties =
        R"({"text":"a \"b\" \u00e4\ud83d\ude00\n","integer":-9007199254740993,"big":1e3,"real":0.25,"yes":true,"none":null})";
    send.write(R"( { "other" : [1, {"a": []}], "properties" : )" + properties + R"(, "name" : "t\u0079pes" } )" +
               "\r\n");
    EXPECT_EQ(send.finish(), 0) << send.errors();
    const auto found = collector.stored_properties("types");
    ASSERT_EQ(found.size(), 1u) << send.errors();
    const auto sent = Json::parse(properties);
    for (const auto& [name, value] : sent.items()) {
        if (value.is_null()) continue;
        ASSERT_TRUE(found[0].contains(name)) << found[0];
        EXPECT_EQ(found[0][name], value) << name;
    }
}

TEST(Send, NestedPropertiesArriveAsTheyAre) {
    const TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    Send send(folder, arguments_for(collector, folder));
    std::string deepest = "1";  // in the properties, which are the first of 16
    for (int depth = 2; depth <= 16; ++depth) deepest = R"({"in":)" + deepest + "}";
    const std::string properties =
        R"({"empty":{"object":{},"array":[]},"list":[1,-0.5,"two",null,true,[2,[3]],{"four":4}],)"
        R"("cart":{"items":[{"sku":"a-1","count":2},{"sku":"b-2","count":1}],"gift":null},"deep":)" +
        deepest + "}";
    send.write(R"({"properties":)" + properties + R"(,"name":"nested"})" + "\n");
    send.write(R"({"name":"too_deep","properties":{"deep":{"in":)" + deepest + "}}}\n");
    EXPECT_EQ(send.finish(), 0) << send.errors();
    const auto found = collector.stored_properties("nested");
    ASSERT_EQ(found.size(), 1u) << send.errors();
    const auto sent = Json::parse(properties);
    for (const auto& [name, value] : sent.items()) EXPECT_EQ(found[0].value(name, Json()), value) << name;
    EXPECT_NE(send.errors().find("line 2: its properties nest deeper than 16\n"), std::string::npos) << send.errors();
    EXPECT_EQ(send.ledger(), ledger(1, 1, 0));
}

/// What each protocol looks like on the wire: how its requests begin, the header with the key, and a collector's yes to
/// N events.
struct SpokenWire {
    const char* name;
    const char* request;
    const char* key;
    const char* answer;
};
constexpr SpokenWire kSpoken[] = {
    {"productgraph", "POST /v1/events ", "X-PG-API-Key: the-key", R"({"accepted":N,"rejected":0,"errors":[]})"},
    {"pulse", "POST /collect", "Authorization: Bearer the-key",
     R"({"success":true,"accepted":N,"rejected":0,"errors":[],"timestamp":1705314600123})"},
    {"gateway", "POST /api/v1/pulse/events", "X-API-Key: the-key",
     R"({"success":true,"data":{"id":"a","ingested":N}})"},
    {"analytics", "POST /api/collect ", "X-Pulse-Key: the-key", R"({"ok":true})"},
    {"ingest", "POST /ingest ", "X-API-Key: the-key", R"({"status":"success","eventId":"a"})"},
};
void PrintTo(const SpokenWire& wire, std::ostream* out) { *out << wire.name; }
std::string name_of(const testing::TestParamInfo<SpokenWire>& tested) { return tested.param.name; }

class SendWire : public testing::TestWithParam<SpokenWire> {};

TEST_P(SendWire, IsSpoken) {
    const auto& wire = GetParam();
    const TemporaryFolder folder;
    std::mutex mutex;
    int shots = 0;
    test::ScriptedServer server([&](std::size_t, const auto& received) {
        const bool packed = received.head.find("Content-Encoding: gzip") != std::string::npos;
        const std::string body = packed ? *gzip::inflate(received.body, 1'000'000) : received.body;
        const std::lock_guard lock(mutex);
        EXPECT_EQ(received.head.substr(0, std::strlen(wire.request)), wire.request);
        EXPECT_NE(received.head.find(std::string("\r\n") + wire.key + "\r\n"), std::string::npos) << received.head;
        const bool has_shot = body.find(R"("weapon":"bow")") != std::string::npos;
        const bool has_report = body.find("pulsekit.delivery") != std::string::npos;  // the ledger's own
        shots += has_shot;
        std::string answer = wire.answer;
        if (const auto count = answer.find('N'); count != std::string::npos)
            answer[count] = has_shot && has_report ? '2' : '1';
        return test::ScriptedServer::answer(200, answer);
    });
    Send send(folder, {"--endpoint", server.url(), "--key", "the-key", "--storage", folder.file("storage"), "--wire",
                       wire.name});
    send.write(R"({"name":"shot","properties":{"weapon":"bow"}})");
    EXPECT_EQ(send.finish(), 0) << send.errors();
    EXPECT_EQ(send.ledger(), ledger(1, 1, 0)) << send.errors();
    const std::lock_guard lock(mutex);
    EXPECT_EQ(shots, 1);
}

INSTANTIATE_TEST_SUITE_P(Each, SendWire, testing::ValuesIn(kSpoken), name_of);

/// Those that the collector speaks.
class SendWireToCollector : public testing::TestWithParam<const char*> {};

TEST_P(SendWireToCollector, WhatThePipeSaysIsStored) {
    const TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    Send send(folder, arguments_for(collector, folder, {"--wire", GetParam(), "--receipts"}));
    for (int i = 0; i < 20; ++i) send.write(line("shot", i));
    send.write(R"({"name":"chest_opened","properties":{"loot":{"gold":12,"items":["sword"]}}})");
    send.end_input();
    std::set<std::string> receipts;
    for (auto& id : send.process().read_lines()) receipts.insert(std::move(id));
    EXPECT_EQ(send.finish(), 0) << send.errors();
    EXPECT_EQ(send.ledger(), ledger(21, 21, 0)) << send.errors();
    EXPECT_EQ(receipts.size(), 21u);
    EXPECT_EQ(collector.stored_ids().size(), 21u);
    expect_each_once(collector, receipts);
    std::set<int> numbers;
    for (const auto& shot : collector.stored_properties("shot")) numbers.insert(shot.value("number", -1));
    EXPECT_EQ(numbers.size(), 20u);
    EXPECT_EQ(numbers.count(-1), 0u);
    const auto chests = collector.stored_properties("chest_opened");
    ASSERT_EQ(chests.size(), 1u);
    EXPECT_EQ(chests[0].value("loot", Json()), Json::parse(R"({"gold":12,"items":["sword"]})")) << chests[0];
}

INSTANTIATE_TEST_SUITE_P(Each, SendWireToCollector, testing::Values("productgraph", "analytics"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST(Send, TheKeyMayComeFromTheEnvironment) {
    const TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    const auto run = [&](const std::vector<std::string>& more) {
        std::vector<std::string> arguments = {"--endpoint",           collector.url(),    "--storage",
                                              folder.file("storage"), "--close-deadline", "30"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        Send send(folder, arguments);
        send.write(line("step", 1));
        const int status = send.finish();
        return std::pair(status, send.errors());
    };
    {
        const test::Variable key("PULSE_SEND_KEY", collector.key("PULSE_INGEST_KEY"));
        const auto [status, errors] = run({});
        EXPECT_EQ(status, 0) << errors;
    }
    {
        // What is said on the command line counts.
        const test::Variable key("PULSE_SEND_KEY", "wrong");
        const auto [status, errors] = run({"--key", collector.key("PULSE_INGEST_KEY")});
        EXPECT_EQ(status, 0) << errors;
        const auto [refused, why] = run({});
        EXPECT_EQ(refused, 3) << why;
    }
    const test::Variable empty("PULSE_SEND_KEY", "");
    Send send(folder, {"--endpoint", collector.url(), "--storage", folder.file("storage")});
    EXPECT_EQ(send.finish(), 2);
    EXPECT_NE(send.errors().find("--key or PULSE_SEND_KEY is required"), std::string::npos) << send.errors();
    EXPECT_EQ(collector.stored_properties("step").size(), 2u);
}

TEST(Send, WithoutItsStorageFolderItReadsNothing) {
    const TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    std::ofstream(folder.file("file")) << "no folder";
    std::filesystem::create_directories(folder.file("taken/0"));
    std::ofstream(folder.file("taken/0/journal")) << "no folder either";
    for (const std::string& storage : {std::string("/dev/null/storage"), folder.file("file"), folder.file("taken")}) {
        Send send(folder, {"--endpoint", collector.url(), "--key", collector.key("PULSE_INGEST_KEY"), "--storage",
                           storage, "--receipts"});
        send.write(line("lost", 1));
        EXPECT_EQ(send.process().read_lines().size(), 0u);
        EXPECT_EQ(send.finish(), 1);
        EXPECT_NE(send.errors().find("pulse-send: nothing was read: without the storage folder " + storage + " "),
                  std::string::npos)
            << send.errors();
    }
    EXPECT_TRUE(collector.stored_ids().empty());
}

TEST(Send, BadLinesAreToldByNumberAndSkipped) {
    const TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    Send send(folder, arguments_for(collector, folder));
    send.write(
        "{\"name\":\"one\"}\n"
        "nonsense\n"
        "[1,2]\n"
        "{\"properties\":{}}\n"
        "\n"
        "{\"name\":7}\n"
        "{\"name\":\"x\",\"properties\":[]}\n"
        "{\"name\":\"x\"} y\n"
        "{\"name\":\"\"}\n"
        "{\"name\":\"x\",\"properties\":{\"\":1}}\n"
        "{\"name\":\"x\",\"properties\":{\"a\":01}}\n"
        "{\"name\":\"x\",\"properties\":{\"a\":1e999}}\n");
    send.write(Json{{"name", "x"}, {"properties", {{"a", std::string(200'000, 'a')}}}}.dump() + "\n");
    send.write(std::string(2'000'000, 'a') + "\n");
    send.write("{\"name\":\"last\"}\n");
    EXPECT_EQ(send.finish(), 0);
    const auto errors = send.errors();
    for (const char* wanted : {"line 2: it is not JSON, at byte 1\n", "line 3: it is not an object\n",
                               "line 4: it has no name\n", "line 6: its name is no text\n",
                               "line 7: its properties are no object\n", "line 8: something follows the object\n",
                               "line 9: refused: ", "line 10: refused: ", "line 11: it is not JSON, at byte 32\n",
                               "line 12: the number 1e999 is too large\n", "line 13: refused: an event has at most",
                               "line 14: it is longer than 1 MiB\n"}) {
        EXPECT_NE(errors.find(std::string("pulse-send: ") + wanted), std::string::npos) << wanted << "\n" << errors;
    }
    EXPECT_EQ(errors.find("line 5:"), std::string::npos);
    EXPECT_EQ(errors.find("line 15:"), std::string::npos);
    EXPECT_EQ(send.ledger(), ledger(2, 2, 0)) << errors;
    const auto events = collector.ask("events")["data"];
    EXPECT_EQ(events.size(), 2u) << events;
}

TEST(Send, WhatWasNotDeliveredIsByTheNextRun) {
    const TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    collector.kill();
    {
        Send send(folder, arguments_for(collector, folder, {"--close-deadline", "1.5"}));
        for (int i = 0; i < 100; ++i) send.write(line("offline", i));
        EXPECT_EQ(send.finish(), 3) << send.errors();
        EXPECT_EQ(send.ledger(), ledger(100, 0, 100));
    }
    collector.restart();
    Send send(folder, arguments_for(collector, folder));
    send.write(line("online", 1));
    EXPECT_EQ(send.finish(), 0) << send.errors();
    EXPECT_EQ(send.ledger(), ledger(101, 101, 0));
    EXPECT_EQ(collector.stored_properties("offline").size(), 100u);
    EXPECT_EQ(collector.stored_properties("online").size(), 1u);
}

TEST(Send, ASignalIsTheEndOfTheInput) {
    for (const int number : {SIGTERM, SIGINT}) {
        const TemporaryFolder folder;
        CollectorProcess collector(folder.file("data"));
        Send send(folder, arguments_for(collector, folder, {"--receipts"}));
        send.write(line("step", 1));
        ASSERT_TRUE(send.process().read_line());  // from now on it waits for more
        send.write(line("step", 2) + line("step", 3) + R"({"name":"cut","prop)");
        send.process().signal(number);
        EXPECT_EQ(send.process().wait(), 0) << send.errors();  // the test still holds the pipe open
        EXPECT_EQ(send.ledger(), ledger(3, 3, 0)) << send.errors();
        EXPECT_EQ(send.errors().find("line 4"), std::string::npos) << send.errors();
        EXPECT_EQ(collector.stored_properties("step").size(), 3u);
    }
}

TEST(Send, ASignalEndsAnInputThatNeverPauses) {
    const TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    Send send(folder, arguments_for(collector, folder, {"--receipts"}));
    ::signal(SIGPIPE, SIG_IGN);
    std::thread writer([&] {
        try {
            for (int i = 0;; ++i) send.write(line("step", i));
        } catch (const std::runtime_error&) {  // nobody reads any more
        }
    });
    std::set<std::string> receipts;
    while (receipts.size() < 1'000) {
        const auto id = send.process().read_line();
        if (!id) break;
        receipts.insert(*id);
    }
    send.process().signal(SIGTERM);
    for (auto& id : send.process().read_lines()) receipts.insert(std::move(id));
    EXPECT_EQ(send.process().wait(), 0) << send.errors();
    writer.join();
    const auto total = static_cast<int>(receipts.size());
    EXPECT_GE(total, 1'000);
    EXPECT_EQ(send.ledger(), ledger(total, total, 0)) << send.errors();
    expect_each_once(collector, receipts);
}

TEST(Send, ReceiptsOutliveSigkill) {
    const TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    std::set<std::string> receipts;
    {
        Send send(folder, arguments_for(collector, folder, {"--receipts"}));
        std::string input;
        for (int i = 0; i < 500; ++i) input += line("step", i);
        send.write(input);
        for (int i = 0; i < 250; ++i) {
            const auto id = send.process().read_line();
            ASSERT_TRUE(id);
            receipts.insert(*id);
        }
        send.process().signal(SIGKILL);
        for (auto& id : send.process().read_lines()) {
            if (id.size() == 36) receipts.insert(std::move(id));  // the last line may be cut
        }
        EXPECT_EQ(send.process().wait(), 128 + SIGKILL);
    }
    Send send(folder, arguments_for(collector, folder, {"--receipts"}));
    send.write(line("step", 500));
    const auto id = send.process().read_line();
    ASSERT_TRUE(id);
    receipts.insert(*id);
    EXPECT_EQ(send.finish(), 0) << send.errors();
    EXPECT_GE(receipts.size(), 251u);
    expect_each_once(collector, receipts);
}

TEST(Send, MoreThanTheJournalHoldsIsNotLost) {
    const TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    std::ofstream file(folder.file("input"));
    const std::string padding(4'000, 'x');
    for (int i = 0; i < 5'000; ++i) file << R"({"name":"large","properties":{"padding":")" << padding << "\"}}\n";
    file.close();
    // Not through a pipe: as fast as it can read.
    std::vector<std::string> command = {
        "/bin/sh", "-c", R"(input=$1; shift; exec "$@" <"$input")", "sh", folder.file("input"), PULSEKIT_SEND_BINARY};
    for (const auto& argument : arguments_for(collector, folder, {"--receipts", "--close-deadline", "120"})) {
        command.push_back(argument);
    }
    test::Process send(command, folder.file("errors"));
    std::set<std::string> receipts;
    for (auto& id : send.read_lines()) receipts.insert(std::move(id));
    EXPECT_EQ(send.wait(), 0);
    EXPECT_EQ(receipts.size(), 5'000u);
    EXPECT_EQ(collector.stored_ids().size(), 5'000u);
    expect_each_once(collector, receipts);
}

TEST(Send, WrongUsageIsExplained) {
    const TemporaryFolder folder;
    const auto run = [&](std::vector<std::string> arguments, std::string* output = nullptr) {
        Send send(folder, arguments);
        send.end_input();
        for (const auto& text : send.process().read_lines()) {
            if (output) *output += text + "\n";
        }
        const int status = send.finish();
        if (output) *output += send.errors();
        return status;
    };
    const std::vector<std::string> good = {"--endpoint", "http://127.0.0.1:1", "--key",
                                           "k",          "--storage",          folder.file("storage")};
    const auto with = [&](const std::vector<std::string>& more) {
        auto all = good;
        all.insert(all.end(), more.begin(), more.end());
        return all;
    };
    std::string help;
    EXPECT_EQ(run({"--help"}, &help), 0);
    EXPECT_NE(help.find("--close-deadline SECONDS"), std::string::npos);
    std::string version;
    EXPECT_EQ(run({"--version"}, &version), 0);
    EXPECT_EQ(version.substr(0, 11), "pulse-send ");
    EXPECT_EQ(run({}), 2);
    EXPECT_EQ(run({"--endpoint", "http://127.0.0.1:1", "--key", "k"}), 2);
    EXPECT_EQ(run(with({"--colour"})), 2);
    EXPECT_EQ(run(with({"--project"})), 2);
    EXPECT_EQ(run(with({"--wire", "morse"})), 2);
    EXPECT_EQ(run(with({"--close-deadline", "soon"})), 2);
    EXPECT_EQ(run(with({"--endpoint", "nowhere"})), 2);
    EXPECT_FALSE(std::filesystem::exists(folder.file("storage")));
    EXPECT_EQ(run(good), 0);
}

}  // namespace
}  // namespace pulsekit
