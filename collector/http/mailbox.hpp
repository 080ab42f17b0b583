// Where answers are left for the thread that sends them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <pulsekit/result.hpp>

#include "support/mutex.hpp"

namespace collector::http {

/// Which connection, and which of those that had its number.
struct Token {
    int fd = -1;
    std::uint32_t generation = 0;  ///< of connections from 1 on
};

/// What is still to come of an answer. It goes to and fro between the connection and the thread that makes the next
/// piece.
struct Rest {
    std::function<pulsekit::Result<std::string>()> next_piece;
    bool chunked = true;  ///< else the end of the connection is the end of the answer
    bool keep_alive = true;
};

/// Thread safe.
class Mailbox {
public:
    struct Letter {
        Token to;
        std::string bytes;
        bool keep_alive = true;
        std::size_t releases = 0;    ///< bytes of the request that this answers: they are held no longer
        std::unique_ptr<Rest> rest;  ///< null: this is the end of the answer
        bool cut = false;            ///< the answer cannot be finished
    };

    Mailbox();
    ~Mailbox();
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;

    void post(Letter letter);
    std::vector<Letter> take();
    /// Makes fd() readable.
    void wake();
    int fd() const { return fd_; }

private:
    int fd_;
    pulsekit::Mutex mutex_;
    std::vector<Letter> letters_ PULSEKIT_GUARDED_BY(mutex_);
};

}  // namespace collector::http
