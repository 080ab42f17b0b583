// A route: which requests a handler serves, and how it answers them, now or later.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.hpp"
#include "http/route_document.hpp"

namespace collector::http {

/// The right and the duty to answer one request, once, from any thread: at once, or after the request's handler has
/// returned. A Responder that is dropped unanswered answers 500. Move-only.
class Responder {
public:
    using Send = std::function<void(Response)>;

    explicit Responder(Send send) : send_(std::move(send)) {}
    Responder(Responder&& other) noexcept : send_(std::exchange(other.send_, nullptr)) {}
    Responder& operator=(Responder&&) = delete;
    ~Responder();

    void answer(Response response);

private:
    Send send_;
};

/// The request's lifetime is the handler's to decide: it owns it.
using Handler = std::function<void(Request request, Responder responder)>;

/// Body of an error that arises before or beside the handler: 404, 405, 413, 500. The envelope is the dialect's.
using Envelope = std::function<Response(int status)>;

struct Route {
    std::string method;   ///< GET also serves HEAD
    std::string pattern;  ///< `/api/v1/funnels/{id}`: a `{name}` matches one segment
    Handler handler;
    Envelope envelope;
    std::string summary;        ///< one line for the API document
    std::string access;         ///< none, ingest, query or admin: which credential it takes
    bool cross_origin = false;  ///< web pages of any origin may read the answers
    bool slow = false;          ///< may take long: keeps no thread from requests that do not
    bool takes_rest = false;    ///< the last placeholder stands for all that follows, its slashes included
    RouteDocument document;
};

/// `{"error":"..."}`, the envelope of the analytics dialect, admin and unknown paths.
Response plain_error(int status, std::string_view text);
Response plain_envelope(int status);

}  // namespace collector::http
