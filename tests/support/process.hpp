// A program under test, as a process of its own.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

extern char** environ;

namespace pulsekit::test {

/// Runs from construction; killed with it.
class Process {
public:
    /// Standard output is read by the test, standard error goes to `error_log` (appended), or where the test's goes.
    explicit Process(std::vector<std::string> arguments, const std::string& error_log = {}) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) return;
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        if (!error_log.empty()) {
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, error_log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                             0600);
        }
        std::vector<char*> argv;
        for (auto& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        if (::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
        posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        output_ = ends[0];
    }
    ~Process() {
        if (pid_ > 0) signal(SIGKILL);
        if (pid_ > 0) wait();
        if (output_ >= 0) ::close(output_);
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    pid_t id() const { return pid_; }

    void signal(int number) const {
        if (pid_ > 0) ::kill(pid_, number);
    }

    /// Its exit status, or 128 and the signal that ended it.
    int wait() {
        int status = 0;
        if (pid_ <= 0 || ::waitpid(pid_, &status, 0) != pid_) return -1;
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    /// The next line of its standard output; nothing at its end, or when none comes in time.
    std::optional<std::string> read_line(std::chrono::milliseconds patience = std::chrono::seconds(60)) {
        const auto until = std::chrono::steady_clock::now() + patience;
        for (;;) {
            if (const auto end = buffer_.find('\n'); end != std::string::npos) {
                std::string line = buffer_.substr(0, end);
                buffer_.erase(0, end + 1);
                return line;
            }
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
            pollfd wanted{output_, POLLIN, 0};
            if (left.count() <= 0 || ::poll(&wanted, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
            char chunk[65'536];
            const auto n = ::read(output_, chunk, sizeof chunk);
            if (n <= 0) return std::nullopt;
            buffer_.append(chunk, static_cast<std::size_t>(n));
        }
    }

    /// Everything that is left of its standard output.
    std::vector<std::string> read_lines() {
        std::vector<std::string> lines;
        while (auto line = read_line()) lines.push_back(std::move(*line));
        return lines;
    }

private:
    pid_t pid_ = -1;
    int output_ = -1;
    std::string buffer_;
};

}  // namespace pulsekit::test
