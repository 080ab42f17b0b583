#include "ingest/pipeline.hpp"

namespace collector::ingest {

std::vector<http::Route> routes(Pipeline& pipeline) {
    std::vector<http::Route> all;
    for (const Dialect* dialect : dialects()) {
        for (const Endpoint& endpoint : dialect->endpoints) {
            all.push_back(
                {.method = "POST",
                 .pattern = std::string(endpoint.pattern),
                 .handler =
                     [&pipeline, dialect, batch = endpoint.batch](http::Request request, http::Responder responder) {
                         pipeline.handle(*dialect, batch, std::move(request), std::move(responder));
                     },
                 .envelope = [&pipeline, dialect](int status) { return pipeline.refusal(*dialect, status); },
                 .summary = std::string(endpoint.summary),
                 .access = "ingest",
                 .cross_origin = true,
                 .document = {.key_header = std::string(meta::header_of(dialect->credential)),
                              .key_optional = dialect->credential == meta::KeyPlace::none,
                              .request = std::string(endpoint.request),
                              .answer = std::string(endpoint.answer),
                              .status = endpoint.status}});
        }
    }
    return all;
}

std::vector<std::pair<std::string, http::Envelope>> not_found_envelopes(Pipeline& pipeline) {
    std::vector<std::pair<std::string, http::Envelope>> all;
    for (const Dialect* dialect : dialects()) {
        if (dialect->not_found_prefix.empty()) continue;
        all.emplace_back(dialect->not_found_prefix,
                         [&pipeline, dialect](int status) { return pipeline.refusal(*dialect, status); });
    }
    return all;
}

}  // namespace collector::ingest
