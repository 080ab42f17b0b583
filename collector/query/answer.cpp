#include "query/answer.hpp"

#include <string>
#include <utility>

#include <pulsekit/result.hpp>

namespace collector::query {

using pulsekit::ErrorCode;

http::Response refusal(const Protocol& protocol, std::string_view path, const pulsekit::Error& error,
                       const Sources& sources, const store::Patience& patience) {
    if (error.code == ErrorCode::invalid) return protocol.failure(400, error.message);
    if (error.code == ErrorCode::not_found) return protocol.failure(404, error.message);
    if (patience.gone.stop_requested()) return protocol.envelope(503);  // nobody reads it
    if (sources.log) sources.log(std::string(path) + ": " + error.message);
    if (error.code == ErrorCode::limited) {
        return protocol.failure(400, "The report is too large to compute. Ask for a shorter range.");
    }
    if (patience.ended() && !patience.stop.stop_requested()) {
        return protocol.failure(503, "The report took longer than " + std::to_string(sources.longest.count()) +
                                         " seconds. Ask for a shorter range.");
    }
    const bool later = error.code == ErrorCode::unavailable || error.code == ErrorCode::conflict;
    if (!later) return protocol.envelope(500);
    auto response = protocol.envelope(503);
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

store::Patience patience_of(const Sources& sources, const http::Request& request) {
    return {.stop = sources.stop,
            .gone = request.gone,
            .clock = &sources.clock,
            .until = sources.clock.monotonic() + sources.longest};
}

http::Response answer(const Module& module, const http::Request& request, const Sources& sources,
                      const meta::Project& project) {
    const Context context{.store = sources.store,
                          .definitions = sources.definitions,
                          .experiments = sources.experiments,
                          .surveys = sources.surveys,
                          .project = project,
                          .now_ms = sources.clock.unix_ms(),
                          .patience = patience_of(sources, request),
                          .id = std::string(request.path_value("id"))};
    const auto params = parse(request, module.takes, context.now_ms);
    if (!params) return refusal(*module.protocol, module.path, params.error(), sources, context.patience);
    auto report = module.answer(context, *params);
    if (!report) return refusal(*module.protocol, module.path, report.error(), sources, context.patience);
    return {.status = 200, .body = http::to_text(module.protocol->answer(*std::move(report)))};
}

}  // namespace collector::query
