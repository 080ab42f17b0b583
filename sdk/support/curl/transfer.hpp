// What every transfer by libcurl shares. For this folder alone.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <memory>
#include <string>

namespace pulsekit::curl {

struct EasyCleanup {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct MultiCleanup {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct ListFree {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using EasyHandle = std::unique_ptr<CURL, EasyCleanup>;
using MultiHandle = std::unique_ptr<CURLM, MultiCleanup>;
using List = std::unique_ptr<curl_slist, ListFree>;

/// Before the first handle is made.
void initialise_library();

/// Of the one transfer that was added: CURLE_OK, or why not; CURLE_ABORTED_BY_CALLBACK when keep_waiting, which may be
/// empty, said no.
CURLcode run_transfer(CURLM* multi, const std::function<bool()>& keep_waiting);

/// What went wrong, in libcurl's words where it has some, and what to do about it. The same problem has the same text.
std::string explain(CURLcode result, const std::string& said);

}  // namespace pulsekit::curl
