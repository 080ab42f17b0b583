// What fails again and again, told once.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <pulsekit/result.hpp>

namespace collector::watch {

/// One thread.
class Complaints {
public:
    explicit Complaints(std::function<void(std::string_view text)> warn) : warn_(std::move(warn)) {}

    /// How it went with the subject. A failure is told unless it was the last that was told of it and nothing has gone
    /// well since.
    void note(const std::string& subject, const pulsekit::Result<void>& done);

private:
    const std::function<void(std::string_view)> warn_;
    std::map<std::string, std::string> told_;  ///< by subject
};

}  // namespace collector::watch
