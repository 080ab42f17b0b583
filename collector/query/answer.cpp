#include "query/answer.hpp"

#include <pulsekit/result.hpp>

#include "http/route.hpp"

namespace collector::query {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;

http::Response refusal(const Module& module, const Error& error, const Sources& sources) {
    if (error.code == ErrorCode::invalid) return http::plain_error(400, error.message);
    if (sources.log) sources.log(std::string(module.path) + ": " + error.message);
    const bool later = error.code == ErrorCode::unavailable || error.code == ErrorCode::conflict;
    if (!later) return http::plain_envelope(500);
    auto response = http::plain_error(503, "Service unavailable. Retry after 1 second.");
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

}  // namespace

http::Response answer(const Module& module, const http::Request& request, const Sources& sources,
                      const std::string& project_id) {
    const Context context{.store = sources.store, .project_id = project_id, .now_ms = sources.clock.unix_ms()};
    const auto params = parse(request, module.takes, context.now_ms);
    if (!params) return refusal(module, params.error(), sources);
    const auto report = module.answer(context, *params);
    if (!report) return refusal(module, report.error(), sources);
    return {.status = 200, .body = http::to_text(*report)};
}

}  // namespace collector::query
