#include "support/curl/smtp.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "support/curl/transfer.hpp"

namespace pulsekit::curl {
namespace {

std::size_t on_read(char* into, std::size_t size, std::size_t count, void* context) {
    auto& rest = *static_cast<std::string_view*>(context);
    const auto taken = std::min(size * count, rest.size());
    std::memcpy(into, rest.data(), taken);
    rest.remove_prefix(taken);
    return taken;
}

/// The server's last line but its farewell.
std::size_t on_header(char* data, std::size_t size, std::size_t count, void* context) {
    constexpr std::string_view kFarewell = "221";
    std::string_view line(data, size * count);
    if (line.substr(0, kFarewell.size()) == kFarewell) return size * count;
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    *static_cast<std::string*>(context) = line;
    return size * count;
}

bool is_this_machine(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return false;
    url.remove_prefix(scheme + 3);
    for (const std::string_view host : {"localhost", "127.0.0.1", "[::1]"}) {
        if (url.substr(0, host.size()) == host && (url.size() == host.size() || url[host.size()] == ':')) return true;
    }
    return false;
}

void set_up(CURL* handle, const SmtpServer& server, std::chrono::milliseconds timeout) {
    curl_easy_setopt(handle, CURLOPT_URL, server.url.c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
#else
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS, CURLPROTO_SMTP | CURLPROTO_SMTPS);
#endif
    // A password is shown to nobody who listens.
    const bool needs_tls = !server.user.empty() && !is_this_machine(server.url);
    curl_easy_setopt(handle, CURLOPT_USE_SSL, static_cast<long>(needs_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!server.user.empty()) {
        curl_easy_setopt(handle, CURLOPT_USERNAME, server.user.c_str());
        curl_easy_setopt(handle, CURLOPT_PASSWORD, server.password.c_str());
    }
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
}

}  // namespace

Result<MailReply> send_mail(const SmtpServer& server, const std::string& from, const std::string& to,
                            const std::string& message, std::chrono::milliseconds timeout,
                            const std::function<bool()>& keep_waiting) {
    initialise_library();
    std::array<char, CURL_ERROR_SIZE> said{};  // before the handle that writes to it
    const EasyHandle easy(curl_easy_init());
    const MultiHandle multi(curl_multi_init());
    const List recipients(curl_slist_append(nullptr, to.c_str()));
    if (!easy || !multi || !recipients) return Error{ErrorCode::internal, "libcurl: out of memory"};
    set_up(easy.get(), server, timeout);
    std::string_view rest = message;
    MailReply reply;
    curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, said.data());
    curl_easy_setopt(easy.get(), CURLOPT_MAIL_FROM, from.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(easy.get(), CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy.get(), CURLOPT_READDATA, &rest);
    curl_easy_setopt(easy.get(), CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy.get(), CURLOPT_HEADERDATA, &reply.text);
    if (curl_multi_add_handle(multi.get(), easy.get()) != CURLM_OK) {
        return Error{ErrorCode::internal, "libcurl: cannot start a transfer"};
    }
    const CURLcode result = run_transfer(multi.get(), keep_waiting);
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(multi.get(), easy.get());
    reply.status = static_cast<int>(status);
    if (result == CURLE_OK || status >= 400) return reply;
    return Error{ErrorCode::unavailable, explain(result, said.data())};
}

}  // namespace pulsekit::curl
