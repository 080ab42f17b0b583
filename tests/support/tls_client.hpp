// A client that keeps its TLS connection, and may come from any of loopback's addresses.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/http_client.hpp"

namespace pulsekit::test {

/// One thread at a time.
class TlsClient {
public:
    /// `authority` is a file of certificates; `address` is the client's own.
    explicit TlsClient(std::string authority, std::string address = "127.0.0.1", long version = CURL_HTTP_VERSION_2TLS)
        : curl_(curl_easy_init(), curl_easy_cleanup),
          authority_(std::move(authority)),
          address_(std::move(address)),
          version_(version) {}

    HttpReply send(const std::string& method, const std::string& url, const std::vector<std::string>& headers = {},
                   const std::string& body = {}) {
        curl_easy_reset(curl_.get());  // its connections stay
        struct curl_slist* list = curl_slist_append(nullptr, "Expect:");
        for (const auto& header : headers) list = curl_slist_append(list, header.c_str());
        const std::unique_ptr<struct curl_slist, decltype(&curl_slist_free_all)> owner(list, curl_slist_free_all);
        HttpReply reply;
        const auto append = +[](char* data, std::size_t size, std::size_t count, void* out) -> std::size_t {
            static_cast<std::string*>(out)->append(data, size * count);
            return size * count;
        };
        curl_easy_setopt(curl_.get(), CURLOPT_URL, url.c_str());
        curl_easy_setopt(curl_.get(), CURLOPT_PATH_AS_IS, 1L);
        curl_easy_setopt(curl_.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
        curl_easy_setopt(curl_.get(), CURLOPT_HTTPHEADER, list);
        if (method == "POST") {
            curl_easy_setopt(curl_.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
            curl_easy_setopt(curl_.get(), CURLOPT_POSTFIELDS, body.c_str());
        }
        curl_easy_setopt(curl_.get(), CURLOPT_CAINFO, authority_.c_str());
        curl_easy_setopt(curl_.get(), CURLOPT_INTERFACE, ("host!" + address_).c_str());
        curl_easy_setopt(curl_.get(), CURLOPT_HTTP_VERSION, version_);
        curl_easy_setopt(curl_.get(), CURLOPT_WRITEFUNCTION, append);
        curl_easy_setopt(curl_.get(), CURLOPT_WRITEDATA, &reply.body);
        curl_easy_setopt(curl_.get(), CURLOPT_HEADERFUNCTION, append);
        curl_easy_setopt(curl_.get(), CURLOPT_HEADERDATA, &reply.head);
        curl_easy_setopt(curl_.get(), CURLOPT_TIMEOUT, 60L);
        curl_easy_setopt(curl_.get(), CURLOPT_NOSIGNAL, 1L);
        const CURLcode result = curl_easy_perform(curl_.get());
        if (result != CURLE_OK) throw std::runtime_error(method + " " + url + ": " + curl_easy_strerror(result));
        long number = 0;
        curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &number);
        reply.status = static_cast<int>(number);
        curl_easy_getinfo(curl_.get(), CURLINFO_NUM_CONNECTS, &number);
        connects_ += static_cast<int>(number);
        return reply;
    }

    /// How many connections it has opened.
    int connects() const { return connects_; }

private:
    std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
    std::string authority_;
    std::string address_;
    long version_;
    int connects_ = 0;
};

}  // namespace pulsekit::test
