// What a load balancer asks.
#include "admin/routes.hpp"
#include "store/store.hpp"

namespace collector::admin {

std::vector<http::Route> health_routes(store::EventStore& store) {
    const auto health = [](http::Request, http::Responder responder) {
        responder.answer({.body = R"({"status":"ok"})"});
    };
    const auto ready = [&store](http::Request, http::Responder responder) {
        if (store.probe()) {
            responder.answer({.body = R"({"status":"ready"})"});
        } else {
            responder.answer({.status = 503, .body = R"({"status":"not_ready"})"});
        }
    };
    return {{.method = "GET",
             .pattern = "/health",
             .handler = health,
             .envelope = http::plain_envelope,
             .summary = "Whether the process runs",
             .access = "none",
             .document = {.answer = R"({"status":"ok"})"}},
            {.method = "GET",
             .pattern = "/ready",
             .handler = ready,
             .envelope = http::plain_envelope,
             .summary = "Whether the storage answers",
             .access = "none",
             .document = {.answer = R"({"status":"ready"})"}}};
}

}  // namespace collector::admin
