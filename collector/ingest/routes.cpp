#include "ingest/pipeline.hpp"

namespace collector::ingest {
namespace {

Problem problem_of(int status) {
    switch (status) {
        case 400: return Problem::bad_request;
        case 404: return Problem::not_found;
        case 405: return Problem::method_not_allowed;
        case 413: return Problem::too_large;
        default: return Problem::internal;
    }
}

}  // namespace

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
                 .envelope = [dialect](int status) { return dialect->refuse(problem_of(status)); },
                 .summary = std::string(endpoint.summary),
                 .access = "ingest",
                 .cross_origin = true});
        }
    }
    return all;
}

}  // namespace collector::ingest
