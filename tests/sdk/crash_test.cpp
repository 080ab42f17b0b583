// How a run ended, as the next one learns it, and what of a run that was killed the next one brings to the collector.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "tests/support/app.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using End = PreviousRun::End;
using test::JsonValue;

int report_to = -1;

class CrashTest : public test::AppTest {
protected:
    /// Runs `body` in a process of its own, which it does not survive. What it says and how it ended.
    template <typename Body>
    std::pair<std::string, int> in_child(const Body& body) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe(ends.data()), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            report_to = ends[1];
            body();
            ::_exit(0);  // not exit(): what that would run is the parent's
        }
        ::close(ends[1]);
        std::string said;
        std::array<char, 256> some{};
        for (ssize_t n = 0; (n = ::read(ends[0], some.data(), some.size())) > 0;) {
            said.append(some.data(), static_cast<std::size_t>(n));
        }
        ::close(ends[0]);
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        return {said, WIFSIGNALED(status) ? WTERMSIG(status) : 0};
    }
    static void say(const std::string& text) { (void)!::write(report_to, text.data(), text.size()); }
    static void handle(int number, void (*handler)(int)) {
        struct sigaction action {};
        action.sa_handler = handler;
        ::sigaction(number, &action, nullptr);
    }
    /// In children alone: once there, the handlers stay.
    Options noting_signals() {
        auto given = options();
        given.note_fatal_signals = true;
        return given;
    }
};

TEST_F(CrashTest, TheFirstRunHasNoneBeforeIt) {
    for (const bool on_disk : {true, false, false}) {
        auto given = options();
        if (!on_disk) given.storage_dir.clear();
        const auto client = open(std::move(given));
        EXPECT_EQ(client.previous_run().end, End::none);
        EXPECT_EQ(client.previous_run().session_id, "");
        EXPECT_EQ(client.previous_run().signal, 0);
    }
}

TEST_F(CrashTest, ACloseAndADestructorAreClean) {
    std::string last_session;
    for (int run = 0; run < 3; ++run) {
        auto client = open();
        const PreviousRun previous = client.previous_run();
        EXPECT_EQ(previous.end, run == 0 ? End::none : End::clean);
        EXPECT_EQ(previous.session_id, last_session);  // the last of the run, not the first
        client.start_session();
        last_session = client.session_id();
        if (run == 0) (void)client.close(milliseconds(0));
        EXPECT_EQ(client.previous_run().session_id, previous.session_id);
    }
}

TEST_F(CrashTest, AKillIsAbnormalAndNamesTheSession) {
    const auto [session, signal] = in_child([&] {
        auto client = open(noting_signals());
        client.start_session();
        say(client.session_id());
        ::raise(SIGKILL);
    });
    EXPECT_EQ(signal, SIGKILL);
    EXPECT_EQ(session.size(), 36u);
    {
        const auto client = open();
        EXPECT_EQ(client.previous_run().end, End::abnormal);
        EXPECT_EQ(client.previous_run().session_id, session);
        EXPECT_EQ(client.previous_run().signal, 0);  // nobody can note this one
    }
    EXPECT_EQ(open().previous_run().end, End::clean);
}

TEST_F(CrashTest, AnAbortIsNotedAndTheApplicationsHandlerStillRuns) {
    const auto [said, signal] = in_child([&] {
        handle(SIGABRT, [](int) { say("handled"); });
        auto client = open(noting_signals());
        ::abort();
    });
    EXPECT_EQ(said, "handled");
    EXPECT_EQ(signal, SIGABRT);
    {
        const auto client = open();
        EXPECT_EQ(client.previous_run().end, End::abnormal);
        EXPECT_EQ(client.previous_run().signal, SIGABRT);
    }
    EXPECT_EQ(open().previous_run().signal, 0);  // it was the run before that
}

TEST_F(CrashTest, WithoutNotingTheSignalIsNotKnownAndItsHandlerIsTheApplications) {
    const auto [said, signal] = in_child([&] {
        handle(SIGABRT, [](int) { say("handled"); });
        auto client = open();
        ::abort();
    });
    EXPECT_EQ(said, "handled");
    EXPECT_EQ(signal, SIGABRT);
    const auto client = open();
    EXPECT_EQ(client.previous_run().end, End::abnormal);
    EXPECT_EQ(client.previous_run().signal, 0);
}

TEST_F(CrashTest, EachClientOfTheProcessNotesIt) {
    const std::string other = folder_.file("other");
    const auto in_other = [&](Options given) {
        given.storage_dir = other;
        return given;
    };
    const auto ended = in_child([&] {
        auto one = open(noting_signals());
        auto two = open(in_other(noting_signals()));
        ::abort();
    });
    EXPECT_EQ(ended.second, SIGABRT);
    EXPECT_EQ(open().previous_run().signal, SIGABRT);
    EXPECT_EQ(open(in_other(options())).previous_run().signal, SIGABRT);
}

TEST_F(CrashTest, ASignalThatTheApplicationSurvivesWasNotFatal) {
    const auto ended = in_child([&] {
        handle(SIGFPE, [](int) { say("survived, "); });
        auto client = open(noting_signals());
        ::raise(SIGFPE);
        (void)client.close(milliseconds(0));
        say("closed");
    });
    EXPECT_EQ(ended, std::make_pair(std::string("survived, closed"), 0));
    const auto client = open();
    EXPECT_EQ(client.previous_run().end, End::clean);
    EXPECT_EQ(client.previous_run().signal, 0);
}

TEST_F(CrashTest, EventsOfADeadRunKeepTheirContextsAndAreShownToBeforeSend) {
    const auto [session_of_then, signal] = in_child([&] {
        auto given = options();
        given.before_send = [](Event&) -> bool {  // what is tracked stays in the rings: nothing brings it to the queue
            for (;;) ::pause();
        };
        auto client = open(std::move(given));
        client.track("1", {{"secret", "hunter2"}});
        client.identify("ann");
        client.error({"the secret"});
        client.track("doomed");
        say(client.session_id());
        ::raise(SIGKILL);
    });
    ASSERT_EQ(signal, SIGKILL);
    std::set<std::string> seen;
    auto given = options();
    given.before_send = [&](Event& event) {
        seen.insert(std::string(event.user_id()) + "/" + std::string(event.name()));
        event.remove_property("secret");
        if (event.name() == "error") event.set_property("error.message", "redacted");
        return event.name() != "doomed";
    };
    auto client = open(std::move(given));
    client.identify("bob");
    deliver(client);
    EXPECT_EQ(seen, (std::set<std::string>{"/1", "ann/identify", "ann/error", "ann/doomed", "bob/identify"}));
    EXPECT_EQ(collector_.count(), 4u);
    const JsonValue first = collector_.event("1");
    EXPECT_EQ(session(first), session_of_then);
    EXPECT_EQ(user(first), "");
    EXPECT_EQ(number(first), 1);
    EXPECT_FALSE(first["metadata"].has("secret"));
    const JsonValue error = collector_.event("error");
    EXPECT_EQ(session(error), session_of_then);
    EXPECT_EQ(user(error), "ann");
    EXPECT_EQ(error["error.message"].text, "redacted");
    EXPECT_EQ(dropped(client, "before_send"), 1u);
    expect_balanced(client.stats());
    EXPECT_EQ(client.stats().accepted, 5u);
}

}  // namespace
}  // namespace pulsekit
