#include "src/transport/transport.hpp"
#include "support/curl/http.hpp"

namespace pulsekit {
namespace {

class CurlTransport final : public Transport {
public:
    Result<HttpResponse> send(const HttpRequest& request) override { return session_.perform(request); }

private:
    curl::Session session_;
};

}  // namespace

std::unique_ptr<Transport> make_default_transport() { return std::make_unique<CurlTransport>(); }

}  // namespace pulsekit
