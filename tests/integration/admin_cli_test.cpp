// The administration from a terminal: tests/data/command_line/*.txt are transcripts of it, each against a collector of
// its own. In them
//
//   $ projects list        a command, after `pulse-collector admin`; words may be 'quoted'
//   collect {...}          an event that the development project gets
//   ! text                 a line of standard error; other lines are those of standard output
//   = 1                    the exit status, when it is not 0
//   # text                 nothing
//
// and what differs from run to run has other names: ids are <1>, <2>, ... in the order in which they are first seen and
// as wide as they are, instants are all one, keys are masked.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/collector_process.hpp"
#include "tests/support/process.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

using Json = nlohmann::ordered_json;  // what is printed has the order of the answer
using test::CollectorProcess;
using test::Process;
using test::ScriptedServer;
using Words = std::vector<std::string>;

struct Run {
    int status = 0;
    std::string output;
    std::string errors;
};

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Standard input is the file `input`.
Run run(const Words& words, const std::string& input = "/dev/null") {
    const test::TemporaryFolder folder;
    Words command = {"/bin/sh", "-c", R"(input=$1; shift; exec "$@" <"$input")", "sh", input, PULSEKIT_COLLECTOR_BINARY,
                     "admin"};
    command.insert(command.end(), words.begin(), words.end());
    Process process(command, folder.file("errors"));
    Run result;
    for (const auto& line : process.read_lines()) result.output += line + "\n";
    result.status = process.wait();
    result.errors = content_of(folder.file("errors"));
    return result;
}

Words at(const std::string& url, const std::string& token, Words words) {
    words.insert(std::find(words.begin(), words.end(), "--"), {"--url", url, "--token", token});
    return words;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// What differs from run to run, by other names.
class Names {
public:
    std::string hidden(const std::string& text) {
        static const std::regex kId("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
        std::string out;
        std::size_t done = 0;
        for (auto it = std::sregex_iterator(text.begin(), text.end(), kId); it != std::sregex_iterator(); ++it) {
            const auto place = static_cast<std::size_t>(it->position());
            out += text.substr(done, place - done) + name_of(it->str());
            done = place + it->str().size();
        }
        out += text.substr(done);
        out = std::regex_replace(out, std::regex("20[0-2][0-9]-[0-9-]{5}T[0-9:]{8}Z"), "2026-03-22T16:00:00Z");
        out = std::regex_replace(out, std::regex("pa_live_[A-Za-z0-9_-]{24}"), "pa_live_xxxxxxxxxxxxxxxxxxxxxxxx");
        return std::regex_replace(out, std::regex(R"(pa_live_[A-Za-z0-9_-]{4}\.\.\.)"), "pa_live_xxxx...");
    }
    std::string shown(std::string text) const {
        for (const auto& [id, name] : names_) {
            const auto mark = name.substr(0, name.find('>') + 1);
            for (auto place = text.find(mark); place != std::string::npos; place = text.find(mark))
                text.replace(place, mark.size(), id);
        }
        return text;
    }

private:
    std::string name_of(const std::string& id) {
        auto& name = names_[id];
        if (name.empty()) {
            name = "<" + std::to_string(names_.size()) + ">";
            name.resize(id.size(), '.');
        }
        return name;
    }

    std::map<std::string, std::string> names_;
};

Words split(const std::string& line) {
    Words words;
    std::string word;
    bool quoted = false, any = false;
    for (const char c : line + " ") {
        if (c == '\'') {
            quoted = !quoted;
            any = true;
        } else if (c == ' ' && !quoted) {
            if (any) words.push_back(word);
            word.clear();
            any = false;
        } else {
            word += c;
            any = true;
        }
    }
    return words;
}

std::string lines_with(const std::string& prefix, const std::string& text) {
    std::string out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) out += prefix + line + "\n";
    return out;
}

void collect(const CollectorProcess& collector, const std::string& event) {
    const auto reply = test::http("POST", collector.url() + "/api/collect",
                                  {"X-Pulse-Key: " + collector.key("PULSE_INGEST_KEY")}, event);
    ASSERT_EQ(reply.status, 200) << reply.body;
}

class Transcript : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Transcript, IsWhatIsPrinted) {
    const test::TemporaryFolder folder;
    ::setenv("PULSE_RATE_ADMIN", "0", 1);
    const CollectorProcess collector(folder.file("data"));
    Names names;
    std::string heard;
    std::ifstream file(GetParam());
    int commands = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("collect ")) collect(collector, line.substr(8));
        const bool is_command = line.starts_with("$ ");
        if (is_command || line.starts_with("collect ") || line.starts_with("#")) heard += line + "\n";
        if (!is_command) continue;
        ++commands;
        const auto words = split(names.shown(line.substr(2)));
        const auto result = run(at(collector.url(), collector.key("PULSE_ADMIN_TOKEN"), words));
        heard += names.hidden(result.output) + lines_with("! ", names.hidden(result.errors));
        if (result.status != 0) heard += "= " + std::to_string(result.status) + "\n";
    }
    EXPECT_GT(commands, 0);
    EXPECT_EQ(heard, content_of(GetParam().string()));
}

std::vector<std::filesystem::path> files() {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(PULSEKIT_TEST_DATA "/command_line")) {
        if (entry.path().extension() == ".txt") found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}
std::string title(const testing::TestParamInfo<std::filesystem::path>& info) { return info.param.stem().string(); }
INSTANTIATE_TEST_SUITE_P(Files, Transcript, testing::ValuesIn(files()), title);

/// requests.json: what is sent for a command, and what is printed of which answer.
TEST(AdminCommand, SendsWhatItSays) {
    const auto cases = Json::parse(content_of(PULSEKIT_TEST_DATA "/command_line/requests.json"));
    for (const auto& one : cases) {
        const auto words = split(one.at("command"));
        SCOPED_TRACE(one.at("command").get<std::string>());
        ScriptedServer::Received received;
        const auto result = [&] {
            const ScriptedServer server([&](std::size_t, const ScriptedServer::Received& request) {
                received = request;
                const auto answer = one.at("answer");
                return ScriptedServer::answer(one.value("status", 200), answer.is_null() ? "" : answer.dump());
            });
            return run(at(server.url() + "/", "the token", words));
        }();
        EXPECT_EQ(received.head.substr(0, received.head.find(" HTTP/")), one.at("request")) << result.errors;
        EXPECT_TRUE(contains(received.head, "Authorization: Bearer the token"));
        EXPECT_EQ(received.body.empty() ? Json() : Json::parse(received.body), one.value("body", Json()));
        EXPECT_EQ(result.output, one.at("prints"));
        EXPECT_EQ(result.errors, one.value("errors", ""));
        EXPECT_EQ(result.status, one.value("exit", 0));
    }
}

TEST(AdminCommand, JsonIsTheAnswerAsItCame) {
    ScriptedServer server(
        [](std::size_t, const auto&) { return ScriptedServer::answer(200, R"({"data":[ {"id": "\u001b"} ]})"); });
    EXPECT_EQ(run(at(server.url(), "t", {"projects", "list", "--json"})).output,
              "{\"data\":[ {\"id\": \"\\u001b\"} ]}\n");
    EXPECT_EQ(run(at(server.url(), "t", {"projects", "list"})).output,
              "ID    NAME  DOMAIN  CREATED AT\n\\x1b  -     -       -\n")
        << "nobody else moves the cursor";
}

TEST(AdminCommand, AnExportFollowsItsCursors) {
    const auto page = [](const ScriptedServer::Received& request) -> ScriptedServer::Reply {
        const auto target = request.head.substr(4, request.head.find(" HTTP/") - 4);
        const bool many = contains(target, "limit=1000");
        if (!contains(target, "cursor")) return ScriptedServer::answer(200, "{\"n\":1}\n", "X-Next-Cursor: 7\r\n");
        // Larger than what is taken in one piece.
        if (many) return ScriptedServer::answer(200, std::string(17 << 20, 'x'));
        return ScriptedServer::answer(200, contains(target, "cursor=7") ? "{\"n\":2}\n" : "{\"n\":3}\n",
                                      contains(target, "cursor=7") ? "X-Next-Cursor: 9\r\n" : "");
    };
    std::string first;
    const auto result = [&] {
        const ScriptedServer server([&](std::size_t number, const ScriptedServer::Received& request) {
            if (number == 0) first = request.head.substr(0, request.head.find(" HTTP/"));
            return page(request);
        });
        return run(at(server.url(), "t", {"export", "p", "--from", "2026-03-01", "--to=2026-03-31"}));
    }();
    EXPECT_EQ(first, "GET /api/admin/projects/p/export?start_at=2026-03-01&end_at=2026-03-31&limit=1000");
    EXPECT_EQ(result.output, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    EXPECT_EQ(result.errors, "");
    EXPECT_EQ(result.status, 0);
    const ScriptedServer again([&](std::size_t, const auto& request) { return page(request); });
    EXPECT_EQ(run(at(again.url(), "t", {"export", "p", "--cursor", "9"})).output, "{\"n\":3}\n");
}

TEST(AdminCommand, AnExportThatIsCutOffSaysWhereToGoOn) {
    ScriptedServer server([](std::size_t number, const auto&) {
        if (number == 0) return ScriptedServer::answer(200, "{\"n\":1}\n", "X-Next-Cursor: 7\r\n");
        return ScriptedServer::Reply{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"n\":", .close = true};
    });
    const auto result = run(at(server.url(), "t", {"export", "p"}));
    EXPECT_EQ(result.status, 1);
    EXPECT_EQ(result.output, "{\"n\":1}\n") << "no half of a line";
    EXPECT_TRUE(contains(result.errors, "go on with --cursor 7")) << result.errors;
}

TEST(AdminCommand, AnExportHasTheEventsOfTheCollector) {
    const test::TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    for (int i = 0; i < 5; ++i)
        collect(collector, R"({"type":"event","name":"n","event_id":")" + std::to_string(i) + "\"}");
    const auto result =
        run(at(collector.url(), collector.key("PULSE_ADMIN_TOKEN"), {"export", collector.key("PULSE_PROJECT")}));
    EXPECT_EQ(result.status, 0) << result.errors;
    std::istringstream lines(result.output);
    int number = 0;
    for (std::string line; std::getline(lines, line); ++number)
        EXPECT_EQ(Json::parse(line).at("event_id"), std::to_string(number));
    EXPECT_EQ(number, 5);
}

TEST(AdminCommand, WithoutAWordItHelpsAndFails) {
    const auto nothing = run({});
    EXPECT_EQ(nothing.status, 2);
    EXPECT_EQ(nothing.output, run({"--help"}).output);
    EXPECT_EQ(run({"--help"}).status, 0);
    EXPECT_TRUE(contains(run({"projects", "create", "--name"}).errors, "--name needs a value\n"));
    EXPECT_EQ(run({"projects"}).errors,
              "pulse-collector admin: a verb is missing\nTry: pulse-collector admin projects --help\n");
}

TEST(AdminCommand, WithoutACollectorThereIsAnError) {
    std::string gone;
    {
        const ScriptedServer server([](std::size_t, const auto&) { return ScriptedServer::answer(200, "{}"); });
        gone = server.url();
    }
    for (const Words& words : {Words{"projects", "list"}, Words{"export", "p"}}) {
        const auto result = run(at(gone, "t", words));
        EXPECT_EQ(result.status, 1);
        EXPECT_EQ(result.output, "");
        EXPECT_TRUE(contains(result.errors, "pulse-collector admin: ")) << result.errors;
        EXPECT_TRUE(contains(result.errors, "onnect")) << result.errors;
    }
    ScriptedServer other([](std::size_t, const auto&) { return ScriptedServer::answer(200, "<html>"); });
    EXPECT_TRUE(contains(run(at(other.url(), "t", {"projects", "list"})).errors, "is this a collector?"));
    ScriptedServer moved([](std::size_t, const auto&) { return ScriptedServer::answer(502, "<html>"); });
    EXPECT_TRUE(contains(run(at(moved.url(), "t", {"projects", "list"})).errors, "the collector answered 502\n"));
}

TEST(AdminCommand, TheTokenComesFromTheFlagTheEnvironmentOrTheDataDirectory) {
    const test::TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    const Words list = {"projects", "list", "--url", collector.url()};
    const auto with = [&](Words words) {
        words.insert(words.begin(), list.begin(), list.end());
        return run(words);
    };
    const auto wrong = with({"--token", "wrong"});
    EXPECT_EQ(wrong.status, 1);
    EXPECT_EQ(wrong.errors, "pulse-collector admin: the collector answered 401: Invalid admin token.\n");
    EXPECT_EQ(with({"--data", collector.data()}).status, 0);
    EXPECT_EQ(with({"--data=" + collector.data()}).status, 0);
    EXPECT_EQ(with({"--data", collector.data(), "--token=wrong"}).status, 1) << "the flag beats it";
    const auto none = with({"--data", folder.file("nothing")});
    EXPECT_EQ(none.status, 2);
    EXPECT_TRUE(contains(none.errors, "there is no admin token")) << none.errors;
    ::setenv("PULSE_ADMIN_TOKEN", collector.key("PULSE_ADMIN_TOKEN").c_str(), 1);
    ::setenv("PULSE_URL", (collector.url() + "/").c_str(), 1);
    EXPECT_EQ(run({"projects", "list"}).status, 0);
    EXPECT_EQ(run({"projects", "list", "--token", "wrong"}).status, 1);
    ::unsetenv("PULSE_URL");
    ::setenv("PULSE_ADMIN_TOKEN", "wrong", 1);
    EXPECT_EQ(with({"--data", collector.data()}).status, 1) << "the environment beats the data directory";
    ::unsetenv("PULSE_ADMIN_TOKEN");
}

TEST(AdminCommand, ATerminalIsAsked) {
    const ScriptedServer server([](std::size_t, const auto&) { return ScriptedServer::answer(204, ""); });
    for (const std::string answer : {"n\n", "\n", "y\n"}) {
        const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
        ASSERT_EQ(::grantpt(terminal), 0);
        ASSERT_EQ(::unlockpt(terminal), 0);
        ASSERT_EQ(::write(terminal, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
        const auto result = run(at(server.url(), "t", {"projects", "delete", "p"}), ::ptsname(terminal));
        const bool yes = answer == "y\n";
        EXPECT_EQ(server.count(), yes ? 1u : 0u);
        EXPECT_EQ(result.status, yes ? 0 : 1);
        EXPECT_EQ(result.output, yes ? "deleted\n" : "");
        EXPECT_EQ(result.errors, "Delete the project p with all its data? [y/N] " +
                                     std::string(yes ? "" : "pulse-collector admin: nothing was done\n"));
        ::close(terminal);
    }
}

TEST(AdminCommand, WhatCannotBeWrittenIsAnError) {
    ScriptedServer server([](std::size_t, const auto&) { return ScriptedServer::answer(200, "{\"n\":1}\n"); });
    const test::TemporaryFolder folder;
    Process process({"/bin/sh", "-c", R"(exec "$@" >/dev/full)", "sh", PULSEKIT_COLLECTOR_BINARY, "admin", "export",
                     "p", "--url", server.url(), "--token", "t"},
                    folder.file("errors"));
    EXPECT_EQ(process.wait(), 1);
    EXPECT_TRUE(contains(content_of(folder.file("errors")), "cannot write: "));
}

}  // namespace
}  // namespace pulsekit
