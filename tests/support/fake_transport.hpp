// A Transport that answers what the test says.
#pragma once

#include <pulsekit/environment.hpp>

#include <functional>
#include <mutex>
#include <vector>

#include "support/gzip.hpp"

namespace pulsekit::test {

class FakeTransport final : public Transport {
public:
    using Answer = std::function<Result<HttpResponse>(const HttpRequest&)>;

    explicit FakeTransport(Answer answer) : answer_(std::move(answer)) {}

    Result<HttpResponse> send(const HttpRequest& request) override {
        {
            const std::lock_guard lock(mutex_);
            requests_.push_back(request);
        }
        return answer_(request);
    }

    std::size_t count() const {
        const std::lock_guard lock(mutex_);
        return requests_.size();
    }

private:
    Answer answer_;
    mutable std::mutex mutex_;
    std::vector<HttpRequest> requests_;
};

/// The body as the collector reads it.
inline std::string plain_body(const HttpRequest& request) {
    for (const auto& [name, value] : request.headers) {
        if (name == "Content-Encoding") return *gzip::inflate(request.body, 100'000'000);
    }
    return request.body;
}

inline std::size_t count_events(const HttpRequest& request) {
    const std::string body = plain_body(request);
    std::size_t count = 0;
    for (std::size_t at = body.find("{\"event_id\":"); at != std::string::npos;
         at = body.find("{\"event_id\":", at + 1))
        ++count;
    return count;
}

/// What a collector says that takes everything.
inline HttpResponse all_accepted(const HttpRequest& request) {
    return {202, {}, "{\"accepted\":" + std::to_string(count_events(request)) + ",\"rejected\":0,\"errors\":[]}"};
}

}  // namespace pulsekit::test
