#include "http/server.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <variant>

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

/// An answer that goes on.
struct Pulled {
    Token to;
    std::unique_ptr<Rest> rest;
};

using SlowWork = std::variant<Routed, Pulled>;

constexpr const char* kRetryAfterSeconds = "1";

}  // namespace

struct Server::Impl {
    Impl(std::vector<Route> list, Options given)
        : router(std::move(list)),
          options(std::move(given)),
          parking(options.limits,
                  {.arrived = [this](std::vector<Arrived> all) { lane->put(std::move(all)); },
                   .refuse = [this](std::string_view head, int status) { return refusal(head, status); },
                   .pull =
                       [this](Token to, std::unique_ptr<Rest> rest) {
                           put_slow(Pulled{to, std::move(rest)});
                       }}) {
        slow_lane.emplace(options.slow_threads, [this] {
            return [this](SlowWork work) {
                if (auto* routed = std::get_if<Routed>(&work)) {
                    handle(std::move(*routed));
                } else {
                    go_on(std::get<Pulled>(std::move(work)));
                }
            };
        });
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
        return Responder([mailbox = parking.mailbox(), to = arrived.from, form,
                          held = arrived.held](const Response& response) mutable {
            std::unique_ptr<Rest> rest;
            if (response.next_piece && !form.without_body) {
                if (form.is_1_0) form.keep_alive = false;
                rest = std::make_unique<Rest>(
                    Rest{.next_piece = response.next_piece, .chunked = !form.is_1_0, .keep_alive = form.keep_alive});
            }
            mailbox->post({.to = to,
                           .bytes = to_bytes(response, form),
                           .keep_alive = form.keep_alive,
                           .releases = held,
                           .rest = std::move(rest)});
        });
    }

    void put_slow(SlowWork work) {
        std::vector<SlowWork> one;
        one.push_back(std::move(work));
        slow_lane->put(std::move(one));
    }

    /// Makes the next piece of an answer.
    void go_on(Pulled pulled) const {
        Mailbox::Letter letter{.to = pulled.to, .bytes = {}, .rest = nullptr, .cut = true};
        guard([&] {
            auto piece = pulled.rest->next_piece();
            letter.cut = !piece;
            if (!piece) return log_cut(piece.error().message);
            const bool last = piece->empty();
            letter.bytes = piece_bytes(*std::move(piece), pulled.rest->chunked);
            letter.keep_alive = pulled.rest->keep_alive;
            if (!last) letter.rest = std::move(pulled.rest);
        });
        parking.mailbox()->post(std::move(letter));
    }
    void log_cut(const std::string& why) const {
        if (options.log) options.log("an answer was cut off: " + why);
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
            put_slow(std::move(routed));
        } else {
            handle(std::move(routed));
        }
    }

    void handle(Routed routed) const {
        guard([&] { routed.route->handler(std::move(routed.request), std::move(routed.responder)); });
    }
    template <typename Work>
    void guard(const Work& work) const {
        try {
            work();
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
    std::optional<Lane<SlowWork>> slow_lane;
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
