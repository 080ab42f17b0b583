#include "http/server.hpp"

#include <httplib.h>

#include <condition_variable>
#include <exception>
#include <future>
#include <mutex>

#include "http/router.hpp"

namespace collector::http {
namespace {

// cpp-httplib interprets these two before a handler can see them: it inflates without a limit on the result, and caps
// forms at 8 KiB. They travel past it under other names; the bodies are ours to read.
struct Hidden {
    const char* name;
    const char* as;
};
constexpr Hidden kHidden[] = {{"Content-Encoding", "X-Collector-Raw-Content-Encoding"},
                              {"Content-Type", "X-Collector-Raw-Content-Type"}};

void hide(httplib::Headers& headers) {
    for (const auto& [name, as] : kHidden) {
        headers.erase(as);
        const auto [first, last] = headers.equal_range(name);
        if (first == last) continue;
        std::string value = first->second;
        headers.erase(first, last);
        headers.emplace(as, std::move(value));
    }
}

std::string_view shown_name(std::string_view name) {
    for (const auto& hidden : kHidden) {
        if (name == hidden.as) return hidden.name;
    }
    return name;
}

Request to_request(const httplib::Request& in) {
    Request request;
    request.method = in.method;
    request.path = in.path;
    for (const auto& [name, value] : in.headers) {
        if (name != "REMOTE_ADDR" && name != "REMOTE_PORT" && name != "LOCAL_ADDR" && name != "LOCAL_PORT") {
            request.headers.emplace(shown_name(name), value);
        }
    }
    for (const auto& [name, value] : in.params) request.query.emplace_back(name, value);
    request.body = in.body;
    request.remote_address = in.remote_addr;
    return request;
}

void write(const Route* route, const Response& response, httplib::Response& out) {
    out.status = response.status;
    if (route && route->cross_origin) out.set_header("Access-Control-Allow-Origin", "*");
    for (auto& [name, value] : response.headers) out.set_header(name, value);
    if (response.status != 204) out.set_content(response.body, response.content_type);
}

/// Lets the connection's thread wait for an answer that any thread may give.
class Exchange {
public:
    Responder responder() {
        return Responder([answer = answer_](Response response) { answer->set_value(std::move(response)); });
    }
    Response wait() { return answer_->get_future().get(); }

private:
    // Shared by the waiting thread and the Responder: the one that answers may outlive the one that waits by an
    // instant.
    std::shared_ptr<std::promise<Response>> answer_ = std::make_shared<std::promise<Response>>();
};

void listen_options(socket_t socket) {
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, reinterpret_cast<const char*>(&on), sizeof on);
}

}  // namespace

struct Server::Impl {
    Impl(std::vector<Route> list, Options given) : router(std::move(list)), options(std::move(given)) {
        server.new_task_queue = [threads = options.threads] { return new httplib::ThreadPool(threads); };
        server.set_socket_options(listen_options);
        server.set_tcp_nodelay(true);
        server.set_keep_alive_max_count(1'000'000);
        server.set_keep_alive_timeout(5);  // also the longest that stop() waits for an idle connection
        server.set_payload_max_length(options.max_body_bytes);
        server.set_pre_routing_handler([](const httplib::Request& in, httplib::Response&) {
            // The object is the library's own non-const request; its body has not been read yet.
            auto& headers = const_cast<httplib::Request&>(in).headers;
            hide(headers);
            // A request that announces no body has none (RFC 9112, 6.3); the library would wait for one.
            if (!in.has_header("Content-Length") && !in.has_header("Transfer-Encoding"))
                headers.emplace("Content-Length", "0");
            return httplib::Server::HandlerResponse::Unhandled;
        });
        using Hook = httplib::Server::HandlerWithResponse;
        server.set_error_handler(Hook([this](const httplib::Request& in, httplib::Response& out) {
            if (!out.body.empty()) return httplib::Server::HandlerResponse::Unhandled;  // a handler's own answer
            refuse(in, out);
            return httplib::Server::HandlerResponse::Handled;
        }));
        const auto serve = [this](const httplib::Request& in, httplib::Response& out) { handle(in, out); };
        server.Get(".*", serve);
        server.Post(".*", serve);
        server.Put(".*", serve);
        server.Patch(".*", serve);
        server.Delete(".*", serve);
        server.Options(".*", serve);
    }

    void handle(const httplib::Request& in, httplib::Response& out) {
        Request request = to_request(in);
        const auto match = router.find(request);
        if (!match.route) {
            write(match.sibling, no_route(request, match), out);
            return;
        }
        Exchange exchange;
        try {
            match.route->handler(std::move(request), exchange.responder());
        } catch (const std::exception& fault) {
            // The last guard: a stray exception costs its own request a 500 (the Responder's destructor), no other.
            if (options.log) options.log(std::string("unexpected exception in a handler: ") + fault.what());
        }
        write(match.route, exchange.wait(), out);
    }

    Response no_route(const Request& request, const Router::Match& match) const {
        if (match.allow.empty()) return not_found(request.path);
        if (request.method == "OPTIONS") return preflight(match);
        Response response = match.sibling->envelope(405);
        response.headers.emplace_back("Allow", match.allow);
        return response;
    }

    /// What a browser asks before it sends a request of another origin (Fetch standard, CORS protocol).
    static Response preflight(const Router::Match& match) {
        return {.status = 204,
                .headers = {{"Allow", match.allow},
                            {"Access-Control-Allow-Methods", match.allow},
                            {"Access-Control-Allow-Headers",
                             "Content-Type, Content-Encoding, Authorization, X-Pulse-Key, X-PG-API-Key, X-API-Key"},
                            {"Access-Control-Max-Age", "86400"}}};
    }

    Response not_found(const std::string& path) const {
        for (const auto& [prefix, envelope] : options.not_found_envelopes) {
            if (path.compare(0, prefix.size(), prefix) == 0) return envelope(404);
        }
        return plain_envelope(404);
    }

    /// What the library refused by itself: a body over the limit, a request that is not HTTP.
    void refuse(const httplib::Request& in, httplib::Response& out) const {
        Request request;
        request.method = in.method;
        request.path = in.path;
        const auto match = router.find(request);
        const Route* route = match.route ? match.route : match.sibling;
        write(route, route ? route->envelope(out.status) : plain_envelope(out.status), out);
    }

    Router router;
    Options options;
    httplib::Server server;
    std::thread thread;
};

Server::Server(std::vector<Route> routes, Options options)
    : impl_(std::make_unique<Impl>(std::move(routes), std::move(options))) {}

Server::~Server() { stop(); }

pulsekit::Result<int> Server::start() {
    int port = impl_->options.port;
    const std::string& host = impl_->options.host;
    if (port == 0) {
        port = impl_->server.bind_to_any_port(host);
    } else if (!impl_->server.bind_to_port(host, port)) {
        port = -1;
    }
    if (port < 0) {
        return pulsekit::Error{pulsekit::ErrorCode::conflict, "cannot listen on " + host + ":" +
                                                                  std::to_string(impl_->options.port) +
                                                                  ": the address is taken or not this machine's"};
    }
    impl_->thread = std::thread([this] { impl_->server.listen_after_bind(); });
    // The socket listens since the bind; but the library's stop() does nothing until its loop has begun.
    while (!impl_->server.is_running()) std::this_thread::yield();
    return port;
}

void Server::stop() {
    if (!impl_->thread.joinable()) return;
    impl_->server.stop();
    impl_->thread.join();
}

const std::vector<Route>& Server::routes() const { return impl_->router.routes(); }

}  // namespace collector::http
