#include "support/curl/transfer.hpp"

#include <mutex>
#include <string_view>

namespace pulsekit::curl {
namespace {

constexpr int kPollMs = 5;  // how long keep_waiting may go unasked; a deadline is kept within twice that

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

}  // namespace

void initialise_library() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

CURLcode run_transfer(CURLM* multi, const std::function<bool()>& keep_waiting) {
    for (;;) {
        int running = 0;
        if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
        if (running == 0) break;
        if (keep_waiting && !keep_waiting()) return CURLE_ABORTED_BY_CALLBACK;
        if (curl_multi_poll(multi, nullptr, 0, kPollMs, nullptr) != CURLM_OK) return CURLE_FAILED_INIT;
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
        if (message->msg == CURLMSG_DONE) return message->data.result;
    }
    return CURLE_FAILED_INIT;
}

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

}  // namespace pulsekit::curl
