#include "watch/complaints.hpp"

namespace collector::watch {

void Complaints::note(const std::string& subject, const pulsekit::Result<void>& done) {
    if (done) {
        told_.erase(subject);
        return;
    }
    auto& told = told_[subject];
    if (told == done.error().message) return;
    told = done.error().message;
    warn_(subject + ": " + told);
}

}  // namespace collector::watch
