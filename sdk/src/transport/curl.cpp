#include "src/transport/transport.hpp"
#include "support/curl/http.hpp"

namespace pulsekit {
namespace {

class CurlTransport final : public Transport {
public:
    explicit CurlTransport(const NetworkOptions& network) : session_(network) {}

    Result<HttpResponse> send(const HttpRequest& request) override { return session_.perform(request); }

private:
    curl::Session session_;
};

}  // namespace

std::unique_ptr<Transport> make_default_transport(const NetworkOptions& network) {
    return std::make_unique<CurlTransport>(network);
}

}  // namespace pulsekit
