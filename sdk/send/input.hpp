// Standard input, line by line, until it ends or the process is asked to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <pulsekit/result.hpp>

namespace pulsekit::send {

struct InputLine {
    std::uint64_t number = 0;  ///< from 1
    std::string text;          ///< without its newline
    bool too_long = false;     ///< more than Input::kMaxLine bytes: `text` is empty
    bool may_be_cut = false;   ///< the last one, without its newline, and a signal ended the input
};

/// From construction on SIGTERM and SIGINT end the input instead of the process; the second of a kind ends the process.
/// What lay in the pipe when the signal came is still read. One for the process, used by one thread.
class Input {
public:
    static constexpr std::size_t kMaxLine = 1024 * 1024;

    Input();
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

    /// The next line; nothing at the end. `unavailable` when reading failed.
    Result<std::optional<InputLine>> next();

private:
    enum class More { yes, no, failed };
    More fill();
    bool wait_for_input();
    void note_signal();
    std::optional<InputLine> take_line();

    int signal_pipe_ = -1;
    bool stopped_ = false;
    bool ended_ = false;
    bool at_end_of_file_ = false;
    std::size_t still_wanted_ = 0;  // after the signal: bytes that lay in the pipe by then
    std::string buffer_;
    std::size_t start_ = 0;    // of the line that is being read
    std::size_t scanned_ = 0;  // no newline before this
    bool skipping_ = false;    // the rest of an overlong line
    std::uint64_t number_ = 0;
};

}  // namespace pulsekit::send
