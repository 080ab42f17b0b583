#include "outbound/poster.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <pulsekit/environment.hpp>
#include <pulsekit/version.hpp>

#include "model/text.hpp"
#include "support/curl/http.hpp"
#include "support/system_environment.hpp"

namespace collector::outbound {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kKeptAnswerBytes = 64 * 1024;
constexpr std::int64_t kLongestWish = 86'400;  // seconds

/// Only the form in seconds: what means to be asked later is a machine, and machines write that.
std::optional<milliseconds> retry_after(const pulsekit::HttpResponse& response) {
    for (const auto& [name, value] : response.headers) {
        if (name != "retry-after") continue;
        std::int64_t seconds = 0;
        const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), seconds);
        if (failed != std::errc() || end != value.data() + value.size() || seconds < 0) return std::nullopt;
        return std::chrono::seconds(std::min(seconds, kLongestWish));
    }
    return std::nullopt;
}

}  // namespace

struct Poster::Impl {
    Impl(Reach where, std::function<bool()> waits)
        : reach(where), keep_waiting(std::move(waits)), session(network(), limits()) {}

    static pulsekit::NetworkOptions network() {
        pulsekit::NetworkOptions options;
        options.user_agent = std::string("pulse-collector/") + pulsekit::kVersion;
        return options;
    }
    pulsekit::curl::SessionLimits limits() {
        pulsekit::curl::SessionLimits bounds{.answer_bytes = kKeptAnswerBytes, .cuts_answers = true};
        if (reach != Reach::anywhere) {
            bounds.may_connect = [this](const std::string& address) { return may_connect(reach, with_tls, address); };
        }
        return bounds;
    }

    const Reach reach;
    std::function<bool()> keep_waiting;
    bool with_tls = true;  ///< of the exchange under way
    pulsekit::SystemClock clock;
    pulsekit::curl::Session session;
};

Poster::Poster(Reach reach, std::function<bool()> keep_waiting)
    : impl_(std::make_unique<Impl>(reach, std::move(keep_waiting))) {}
Poster::~Poster() = default;
Poster::Poster(Poster&&) noexcept = default;
Poster& Poster::operator=(Poster&&) noexcept = default;

pulsekit::Result<Posted> Poster::post(const Post& post) {
    if (!broken_rule(impl_->reach, post.url).empty()) {
        return pulsekit::Error{pulsekit::ErrorCode::forbidden, "the address may not be connected to"};
    }
    impl_->with_tls = model::lower(post.url.substr(0, 8)) == "https://";
    pulsekit::HttpRequest request{.method = "POST",
                                  .url = post.url,
                                  .headers = post.headers,
                                  .body = post.body,
                                  .connect_timeout = post.timeout,
                                  .timeout = post.timeout,
                                  .keep_waiting = impl_->keep_waiting};
    // How long it took is for people to read: the system's time, whatever the tests make of the clock.
    const auto began = impl_->clock.monotonic();
    auto answered = impl_->session.perform(request);
    if (!answered) return std::move(answered).error();
    return Posted{.status = answered->status,
                  .took_ms = std::chrono::duration_cast<milliseconds>(impl_->clock.monotonic() - began).count(),
                  .retry_after = retry_after(*answered),
                  .body = std::move(answered->body)};
}

}  // namespace collector::outbound
