#include "support/curl/http.hpp"

#include <curl/curl.h>

#include <pulsekit/version.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <mutex>
#include <string_view>
#include <utility>

namespace pulsekit::curl {
namespace {

constexpr std::size_t kMaxAnswerBytes = 16 * 1024 * 1024;
constexpr int kPollMs = 5;  // how long keep_waiting may go unasked; a deadline is kept within twice that

struct EasyCleanup {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct MultiCleanup {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct ListFree {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListFree>;

void initialise_library() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

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

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* context) {
    auto& body = *static_cast<std::string*>(context);
    if (body.size() + size * count > kMaxAnswerBytes) return 0;
    body.append(data, size * count);
    return size * count;
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

/// "Failed to connect to a port 1 after 12 ms: ..." without the time: who reports each new problem once compares texts.
std::string without_durations(std::string text) {
    constexpr std::string_view mark = " after ";
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
        const std::size_t number = at + mark.size();
        const std::size_t unit = text.find_first_not_of("0123456789", number);
        if (unit == number || unit == std::string::npos) continue;
        for (const std::string_view name : {" milliseconds", " ms"}) {
            if (text.compare(unit, name.size(), name) != 0) continue;
            text.erase(at, unit + name.size() - at);
            break;
        }
    }
    return text;
}

/// What went wrong, in libcurl's words where it has some, and what to do about it.
std::string explain(CURLcode result, const std::string& said) {
    std::string detail = without_durations(said);
    // An address that libcurl cannot read it repeats whole, with the password.
    if (detail.empty() || detail.find("nsupported proxy") != std::string::npos) detail = curl_easy_strerror(result);
    switch (result) {
        case CURLE_ABORTED_BY_CALLBACK: return "given up before an answer came";
        case CURLE_PEER_FAILED_VERIFICATION:
            if (detail.find("target host name") != std::string::npos)
                return "the certificate is not this host's: " + detail + " (see Options::endpoint)";
            return "certificate verification failed: " + detail +
                   " (see NetworkOptions::ca_bundle, and this machine's clock)";
        case CURLE_SSL_CACERT_BADFILE:
            return "the certificate authorities cannot be read: " + detail + " (see NetworkOptions::ca_bundle)";
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            return "the server's key is not one that is expected: " + detail +
                   " (see NetworkOptions::pinned_public_keys)";
        case CURLE_SSL_CONNECT_ERROR: return "TLS failed: " + detail + " (the server has to speak TLS 1.2 or later)";
        case CURLE_COULDNT_RESOLVE_PROXY: return detail + " (see NetworkOptions::proxy)";
        default: return detail;
    }
}

}  // namespace

struct Session::Impl {
    explicit Impl(NetworkOptions given)
        : network(std::move(given)),
          pins(join(network.pinned_public_keys, ';')),
          user_agent(network.user_agent.empty() ? std::string("pulsekit/") + kVersion : network.user_agent) {}

    NetworkOptions network;
    std::string pins;
    std::string user_agent;
    std::array<char, CURL_ERROR_SIZE> said{};  // before the handle that writes to it
    std::unique_ptr<CURL, EasyCleanup> easy;
    std::unique_ptr<CURLM, MultiCleanup> multi;

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

    void prepare(const HttpRequest& request, curl_slist* headers, HttpResponse& response) {
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
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, &response.body);
        curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(handle, CURLOPT_HEADERDATA, &response);
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

    /// CURLE_OK, or why not; CURLE_ABORTED_BY_CALLBACK when keep_waiting said no.
    CURLcode run(const HttpRequest& request) const {
        for (;;) {
            int running = 0;
            if (curl_multi_perform(multi.get(), &running) != CURLM_OK) return CURLE_FAILED_INIT;
            if (running == 0) break;
            if (request.keep_waiting && !request.keep_waiting()) return CURLE_ABORTED_BY_CALLBACK;
            if (curl_multi_poll(multi.get(), nullptr, 0, kPollMs, nullptr) != CURLM_OK) return CURLE_FAILED_INIT;
        }
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
            if (message->msg == CURLMSG_DONE) return message->data.result;
        }
        return CURLE_FAILED_INIT;
    }
};

Session::Session(NetworkOptions network) : impl_(std::make_unique<Impl>(std::move(network))) {
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
    curl_easy_reset(impl_->easy.get());  // keeps the connection
    if (auto secured = impl_->secure(); !secured) return std::move(secured).error();
    impl_->prepare(request, headers.get(), response);
    if (curl_multi_add_handle(impl_->multi.get(), impl_->easy.get()) != CURLM_OK) {
        return Error{ErrorCode::internal, "libcurl: cannot start a transfer"};
    }
    const CURLcode result = impl_->run(request);
    long status = 0;
    curl_easy_getinfo(impl_->easy.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(impl_->multi.get(), impl_->easy.get());
    if (result != CURLE_OK) { return Error{ErrorCode::unavailable, explain(result, impl_->said.data())}; }
    response.status = static_cast<int>(status);
    return response;
}

}  // namespace pulsekit::curl
