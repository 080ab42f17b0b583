#include "support/curl/http.hpp"

#ifdef _WIN32
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#endif

#include <pulsekit/version.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <string_view>
#include <utility>

#include "support/curl/transfer.hpp"

namespace pulsekit::curl {
namespace {

List header_list(const HttpRequest& request) {
    List list;
    const auto append = [&](const std::string& line) {
        if (curl_slist* longer = curl_slist_append(list.get(), line.c_str())) {
            (void)list.release();
            list.reset(longer);
        }
    };
    for (const auto& [name, value] : request.headers) {
        // "Name:" without a value would tell libcurl to send no such header.
        append(value.find_first_not_of(" \t") == std::string::npos ? name + ";" : name + ": " + value);
    }
    append("Expect:");  // a round trip for nothing
    return list;
}

struct Answer {
    HttpResponse& response;
    const SessionLimits& limits;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* context) {
    const auto& [response, limits] = *static_cast<Answer*>(context);
    const std::size_t came = size * count;
    const std::size_t taken = std::min(came, limits.answer_bytes - response.body.size());
    if (taken < came && !limits.cuts_answers) return 0;
    response.body.append(data, taken);
    return came;
}

/// What stands between a name that was resolved and the connection to it.
struct Watch {
    const SessionLimits& limits;
    bool refused = false;
};

std::string text_of(const curl_sockaddr& address) {
    char text[INET6_ADDRSTRLEN] = "";
    if (address.family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address.addr, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    } else if (address.family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address.addr, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    }
    return text;
}

curl_socket_t on_socket(void* context, curlsocktype, curl_sockaddr* address) {
    auto& watch = *static_cast<Watch*>(context);
    if (!watch.limits.may_connect(text_of(*address))) {
        watch.refused = true;
        return CURL_SOCKET_BAD;
    }
#ifdef SOCK_CLOEXEC
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
#else
    return ::socket(address->family, address->socktype, address->protocol);
#endif
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* context) {
    auto& headers = static_cast<HttpResponse*>(context)->headers;
    std::string line(data, size * count);
    if (line.compare(0, 5, "HTTP/") == 0) headers.clear();  // an interim answer came before
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return size * count;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::size_t start = line.find_first_not_of(" \t", colon + 1);
    const std::size_t end = line.find_last_not_of(" \t\r\n");
    headers.emplace_back(std::move(name),
                         start == std::string::npos || start > end ? "" : line.substr(start, end - start + 1));
    return size * count;
}

std::string join(const std::vector<std::string>& texts, char separator) {
    std::string joined;
    for (const auto& text : texts) {
        if (!joined.empty()) joined += separator;
        joined += text;
    }
    return joined;
}

}  // namespace

struct Session::Impl {
    Impl(NetworkOptions given, SessionLimits bounds)
        : network(std::move(given)),
          limits(std::move(bounds)),
          pins(join(network.pinned_public_keys, ';')),
          user_agent(network.user_agent.empty() ? std::string("pulsekit/") + kVersion : network.user_agent) {}

    NetworkOptions network;
    SessionLimits limits;
    std::string pins;
    std::string user_agent;
    std::array<char, CURL_ERROR_SIZE> said{};  // before the handle that writes to it
    EasyHandle easy;
    MultiHandle multi;

    /// What a libcurl that lacks it must not leave out in silence.
    Result<void> secure() const {
        CURL* handle = easy.get();
        const auto refused = [](const char* member) {
            return Error{ErrorCode::unavailable, std::string("this libcurl cannot do NetworkOptions::") + member};
        };
        curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
        curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
        curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        curl_easy_setopt(handle, CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
        curl_easy_setopt(handle, CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
        curl_easy_setopt(handle, CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        if (!network.ca_bundle.empty()) {
            if (curl_easy_setopt(handle, CURLOPT_CAINFO, network.ca_bundle.c_str()) != CURLE_OK)
                return refused("ca_bundle");
            curl_easy_setopt(handle, CURLOPT_PROXY_CAINFO, network.ca_bundle.c_str());
            // Or the system's would be trusted beside it.
            curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
            curl_easy_setopt(handle, CURLOPT_PROXY_CAPATH, nullptr);
        }
        if (!pins.empty() && curl_easy_setopt(handle, CURLOPT_PINNEDPUBLICKEY, pins.c_str()) != CURLE_OK) {
            return refused("pinned_public_keys");
        }
        if (!network.proxy.empty()) {
            const char* proxy = network.proxy == "none" ? "" : network.proxy.c_str();
            if (curl_easy_setopt(handle, CURLOPT_PROXY, proxy) != CURLE_OK) return refused("proxy");
            curl_easy_setopt(handle, CURLOPT_NOPROXY, "");  // or the environment could still name exceptions
        }
        // Headers, the key among them, are for the collector alone; a proxy that tunnels gets none.
        curl_easy_setopt(handle, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
        return {};
    }

    void prepare(const HttpRequest& request, curl_slist* headers, Answer& answer, Watch& watch) {
        CURL* handle = easy.get();
        said[0] = '\0';
        curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, said.data());
        curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
        if (!request.body.empty()) {
            curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
            curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
        }
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
        curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(handle, CURLOPT_HEADERDATA, &answer.response);
        if (limits.may_connect) {
            curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, on_socket);
            curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &watch);
            curl_easy_setopt(handle, CURLOPT_PROXY, "");
        }
        curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
        curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);  // a library must not touch the process's signals
        curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
        curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
        curl_easy_setopt(handle, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
        curl_easy_setopt(handle, CURLOPT_USERAGENT, user_agent.c_str());
        curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
        curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);  // what lies between must not forget an idle connection
#if LIBCURL_VERSION_NUM >= 0x075700
        curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);  // giving up does not wait for a blocked name resolution
#endif
    }
};

Session::Session(NetworkOptions network, SessionLimits limits)
    : impl_(std::make_unique<Impl>(std::move(network), std::move(limits))) {
    initialise_library();
    impl_->easy.reset(curl_easy_init());
    impl_->multi.reset(curl_multi_init());
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Result<HttpResponse> Session::perform(const HttpRequest& request) {
    if (!impl_->easy || !impl_->multi) return Error{ErrorCode::internal, "libcurl: out of memory"};
    const List headers = header_list(request);
    HttpResponse response;
    Answer answer{response, impl_->limits};
    Watch watch{impl_->limits};
    curl_easy_reset(impl_->easy.get());  // keeps the connection
    if (auto secured = impl_->secure(); !secured) return std::move(secured).error();
    impl_->prepare(request, headers.get(), answer, watch);
    if (curl_multi_add_handle(impl_->multi.get(), impl_->easy.get()) != CURLM_OK) {
        return Error{ErrorCode::internal, "libcurl: cannot start a transfer"};
    }
    const CURLcode result = run_transfer(impl_->multi.get(), request.keep_waiting);
    long status = 0;
    curl_easy_getinfo(impl_->easy.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(impl_->multi.get(), impl_->easy.get());
    if (result == CURLE_COULDNT_CONNECT && watch.refused) {
        return Error{ErrorCode::forbidden, "the address may not be connected to"};
    }
    if (result != CURLE_OK) { return Error{ErrorCode::unavailable, explain(result, impl_->said.data())}; }
    response.status = static_cast<int>(status);
    return response;
}

}  // namespace pulsekit::curl
