// Answers of any server to any wire. The input: a digit for the wire, one for the status, the value of Retry-After up
// to the first line feed, and the body.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/events.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pulsekit;
    if (size < 2) return 0;
    constexpr int kStatuses[] = {200, 202, 207, 400, 401, 404, 413, 422, 429, 500, 503};
    constexpr std::int64_t kNow = 1'700'000'000'000;
    const wire::Wire& wire =
        wire::wire_of(fuzz::kDialects[static_cast<std::uint8_t>(data[0] - '0') % std::size(fuzz::kDialects)]);
    std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
    HttpResponse response;
    response.status = kStatuses[static_cast<std::uint8_t>(data[1] - '0') % std::size(kStatuses)];
    const std::size_t line = rest.find('\n');
    if (line != std::string_view::npos) {
        if (line != 0) response.headers.emplace_back("retry-after", std::string(rest.substr(0, line)));
        rest.remove_prefix(line + 1);
    }
    response.body = std::string(rest);
    for (const std::size_t events : {std::size_t{1}, std::size_t{3}, wire.max_events}) {
        const auto verdict = wire::judge(wire, response, events, kNow);
        for (const auto& refused : verdict.rejections) {
            fuzz::require(refused.index < events, "a rejection is about no event of the request");
        }
        fuzz::require(verdict.rejections.empty() || verdict.kind == wire::Verdict::Kind::settled,
                      "rejections without a settlement");
        fuzz::require(verdict.rejections.size() <= events, "more rejections than events");
        fuzz::require(verdict.at <= events, "a split into more than there was");
        fuzz::require(!verdict.retry_after || verdict.retry_after->count() >= 0, "a wait before now");
        const bool passed = response.status >= 200 && response.status < 300;
        fuzz::require(passed || response.status == 400 || verdict.kind != wire::Verdict::Kind::settled,
                      "a failure settles events");
    }
    return 0;
}
