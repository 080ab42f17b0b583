#include "http/server.hpp"

#include <exception>
#include <optional>

#include "http/cross_origin.hpp"
#include "http/head.hpp"
#include "http/lane.hpp"
#include "http/router.hpp"

namespace collector::http {
namespace {

/// A request that has found its route.
struct Routed {
    const Route* route = nullptr;
    Request request;
    Responder responder;
};

constexpr const char* kRetryAfterSeconds = "1";

}  // namespace

struct Server::Impl {
    Impl(std::vector<Route> list, Options given)
        : router(std::move(list)),
          options(std::move(given)),
          parking(options.limits,
                  {.arrived = [this](std::vector<Arrived> all) { lane->put(std::move(all)); },
                   .refuse = [this](std::string_view head, int status) { return refusal(head, status); }}) {
        slow_lane.emplace(options.slow_threads,
                          [this] { return [this](Routed routed) { handle(std::move(routed)); }; });
        lane.emplace(options.threads, [this] {
            // Shared by the copies of one thread's function, which has no other home for it.
            return [this, reader = std::make_shared<HeadReader>()](Arrived arrived) {
                serve(*reader, std::move(arrived));
            };
        });
    }

    Responder responder(const Arrived& arrived, bool cross_origin) const {
        AnswerForm form = arrived.form;
        form.cross_origin = cross_origin;
        return Responder(
            [mailbox = parking.mailbox(), to = arrived.from, form, held = arrived.held](const Response& response) {
                mailbox->post(
                    {.to = to, .bytes = to_bytes(response, form), .keep_alive = form.keep_alive, .releases = held});
            });
    }

    void serve(HeadReader& reader, Arrived arrived) {
        Request request;
        if (const int status = reader.read(arrived.head, request); status != 0) {
            arrived.form.keep_alive = false;
            responder(arrived, false).answer(plain_envelope(status));
            return;
        }
        request.body = std::move(arrived.body);
        request.remote_address = std::move(arrived.remote_address);
        request.gone = std::move(arrived.gone);
        const auto match = router.find(request);
        const Route* known = match.route ? match.route : match.sibling;
        Routed routed{match.route, std::move(request), responder(arrived, known && known->cross_origin)};
        if (!match.route) {
            routed.responder.answer(no_route(routed.request, match));
        } else if (match.route->slow) {
            std::vector<Routed> one;
            one.push_back(std::move(routed));
            slow_lane->put(std::move(one));
        } else {
            handle(std::move(routed));
        }
    }

    void handle(Routed routed) const {
        try {
            routed.route->handler(std::move(routed.request), std::move(routed.responder));
        } catch (const std::exception& fault) {
            // The last guard: a stray exception costs its own request a 500 (the Responder's destructor), no other.
            log_fault(fault.what());
        } catch (...) { log_fault("not one of the standard library's"); }
    }
    void log_fault(std::string_view what) const {
        if (options.log) options.log("unexpected exception in a handler: " + std::string(what));
    }

    Response no_route(const Request& request, const Router::Match& match) const {
        if (match.allow.empty()) return not_found(request.path);
        if (request.method == "OPTIONS") return preflight(match.allow);
        Response response = match.sibling->envelope(405);
        response.headers.emplace_back("Allow", match.allow);
        return response;
    }

    Response not_found(const std::string& path) const {
        for (const auto& [prefix, envelope] : options.not_found_envelopes) {
            if (path.compare(0, prefix.size(), prefix) == 0) return envelope(404);
        }
        return plain_envelope(404);
    }

    /// How a request is answered that was refused while it was read: in its route's envelope, where there is a route.
    std::string refusal(std::string_view head, int status) {
        Request request;
        const bool readable = !head.empty() && refusal_reader.read(head, request) == 0;
        const auto match = readable ? router.find(request) : Router::Match{};
        const Route* route = match.route ? match.route : match.sibling;
        Response response = route ? route->envelope(status) : plain_envelope(status);
        if (status == 503) response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
        return to_bytes(response, {.keep_alive = false, .cross_origin = route && route->cross_origin});
    }

    Router router;
    Options options;
    HeadReader refusal_reader;  // the parking's thread's
    Parking parking;
    std::optional<Lane<Routed>> slow_lane;
    std::optional<Lane<Arrived>> lane;  // after what it uses, and gone before it
};

Server::Server(std::vector<Route> routes, Options options)
    : impl_(std::make_unique<Impl>(std::move(routes), std::move(options))) {}

Server::~Server() { stop(); }

pulsekit::Result<int> Server::start() { return impl_->parking.start(impl_->options.host, impl_->options.port); }

void Server::stop() {
    impl_->parking.stop();
    if (impl_->options.give_up) impl_->options.give_up();
    impl_->lane.reset();
    impl_->slow_lane.reset();
}

const std::vector<Route>& Server::routes() const { return impl_->router.routes(); }
const ServerCounters& Server::counters() const { return impl_->parking.counters(); }

}  // namespace collector::http
