#include "http/mailbox.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace collector::http {

Mailbox::Mailbox() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
Mailbox::~Mailbox() { ::close(fd_); }

void Mailbox::wake() {
    const std::uint64_t one = 1;
    (void)!::write(fd_, &one, sizeof one);
}

void Mailbox::post(Letter letter) {
    bool first = false;
    {
        const pulsekit::MutexLock lock(mutex_);
        first = letters_.empty();
        letters_.push_back(std::move(letter));
    }
    if (first) wake();  // the others lie with the first: a commit answers many at once
}

std::vector<Mailbox::Letter> Mailbox::take() {
    const pulsekit::MutexLock lock(mutex_);
    return std::exchange(letters_, {});
}

}  // namespace collector::http
