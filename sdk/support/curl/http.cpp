#include "support/curl/http.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <mutex>

namespace pulsekit::curl {
namespace {

constexpr std::size_t kMaxAnswerBytes = 16 * 1024 * 1024;
constexpr int kPollMs = 10;  // how long keep_waiting may go unasked, and so how late a deadline may be kept

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
    for (const auto& [name, value] : request.headers) append(name + ": " + value);
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

}  // namespace

struct Session::Impl {
    std::unique_ptr<CURL, EasyCleanup> easy;
    std::unique_ptr<CURLM, MultiCleanup> multi;

    void prepare(const HttpRequest& request, curl_slist* headers, HttpResponse& response) const {
        CURL* handle = easy.get();
        curl_easy_reset(handle);  // keeps the connection
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
        curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
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

Session::Session() : impl_(std::make_unique<Impl>()) {
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
    impl_->prepare(request, headers.get(), response);
    if (curl_multi_add_handle(impl_->multi.get(), impl_->easy.get()) != CURLM_OK) {
        return Error{ErrorCode::internal, "libcurl: cannot start a transfer"};
    }
    const CURLcode result = impl_->run(request);
    long status = 0;
    curl_easy_getinfo(impl_->easy.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(impl_->multi.get(), impl_->easy.get());
    if (result != CURLE_OK) {
        return Error{ErrorCode::unavailable, result == CURLE_ABORTED_BY_CALLBACK ? "given up before an answer came"
                                                                                 : curl_easy_strerror(result)};
    }
    response.status = static_cast<int>(status);
    return response;
}

}  // namespace pulsekit::curl
