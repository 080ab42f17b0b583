// A TLS server on a real socket, with a certificate of its own authority, made in memory.
#pragma once

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/socket_server.hpp"

namespace pulsekit::test {

template <auto Free>
struct OpensslFree {
    template <typename T>
    void operator()(T* owned) const {
        Free(owned);
    }
};
using PrivateKey = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, OpensslFree<X509_free>>;

/// A certificate authority of its own, and a server's key and certificate from it.
class TlsIdentity {
public:
    /// `names`: whom the certificate is for, in OpenSSL's words: "DNS:localhost,IP:127.0.0.1".
    explicit TlsIdentity(const std::string& names = "DNS:localhost,IP:127.0.0.1") {
        const PrivateKey authority_key(EVP_EC_gen("P-256"));
        authority_ =
            certificate("Test authority ", authority_key.get(), nullptr, authority_key.get(),
                        {{NID_basic_constraints, "critical,CA:TRUE"}, {NID_key_usage, "critical,keyCertSign"}});
        key_.reset(EVP_EC_gen("P-256"));
        certificate_ = certificate("Test server ", key_.get(), authority_.get(), authority_key.get(),
                                   {{NID_subject_alt_name, names}});
    }

    EVP_PKEY* key() const { return key_.get(); }
    X509* certificate() const { return certificate_.get(); }

    std::string authority_pem() const {
        const std::unique_ptr<BIO, OpensslFree<BIO_free>> out(BIO_new(BIO_s_mem()));
        PEM_write_bio_X509(out.get(), authority_.get());
        char* data = nullptr;
        const long size = BIO_get_mem_data(out.get(), &data);
        return {data, static_cast<std::size_t>(size)};
    }

    /// As libcurl wants it: sha256//BASE64 of the public key.
    std::string pin() const {
        unsigned char* der = nullptr;
        const int size = i2d_PUBKEY(key_.get(), &der);
        std::array<unsigned char, 32> hash{};
        EVP_Digest(der, static_cast<std::size_t>(size), hash.data(), nullptr, EVP_sha256(), nullptr);
        OPENSSL_free(der);
        std::array<unsigned char, 45> text{};
        EVP_EncodeBlock(text.data(), hash.data(), static_cast<int>(hash.size()));
        return std::string("sha256//") + reinterpret_cast<const char*>(text.data());
    }

private:
    struct Extension {
        int id;
        std::string value;
    };

    /// Without an issuer it is self-signed.
    static Certificate certificate(const std::string& name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                                   const std::vector<Extension>& extensions) {
        static std::atomic<long> last_serial{0};
        const long serial = ++last_serial;
        const std::string unique_name = name + std::to_string(serial);  // or one authority would be taken for another
        Certificate made(X509_new());
        X509_set_version(made.get(), 2);  // v3
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
        X509_set_pubkey(made.get(), key);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(unique_name.c_str()), -1, -1, 0);
        X509_set_issuer_name(made.get(), X509_get_subject_name(issuer ? issuer : made.get()));
        X509V3_CTX context{};
        X509V3_set_ctx(&context, issuer ? issuer : made.get(), made.get(), nullptr, nullptr, 0);
        for (const auto& extension : extensions) {
            const std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>> value(
                X509V3_EXT_conf_nid(nullptr, &context, extension.id, extension.value.c_str()));
            X509_add_ext(made.get(), value.get(), -1);
        }
        X509_sign(made.get(), issuer_key, EVP_sha256());
        return made;
    }

    PrivateKey key_;
    Certificate authority_;
    Certificate certificate_;
};

/// Answers each request with 200 and keeps its head.
class TlsServer {
public:
    explicit TlsServer(const TlsIdentity& identity) : context_(SSL_CTX_new(TLS_server_method())) {
        SSL_CTX_use_certificate(context_.get(), identity.certificate());
        SSL_CTX_use_PrivateKey(context_.get(), identity.key());
        server_ = std::make_unique<SocketServer>([this](SocketServer& server, int fd) { serve(server, fd); });
    }

    std::uint16_t port() const { return server_->port(); }
    std::string url() const { return "https://127.0.0.1:" + std::to_string(port()); }
    std::size_t connections() const { return server_->connections(); }
    std::vector<std::string> heads() const {
        const std::lock_guard lock(mutex_);
        return heads_;
    }

private:
    void serve(SocketServer& server, int fd) {
        // OpenSSL writes without MSG_NOSIGNAL. In this thread alone: the client's has to do without.
        sigset_t broken_pipe;
        sigemptyset(&broken_pipe);
        sigaddset(&broken_pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
        const std::unique_ptr<SSL, OpensslFree<SSL_free>> tls(SSL_new(context_.get()));
        SSL_set_fd(tls.get(), fd);
        if (server.readable(fd) && SSL_accept(tls.get()) == 1) answer_all(server, fd, tls.get());
        ERR_clear_error();
    }

    void answer_all(SocketServer& server, int fd, SSL* tls) {
        constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        std::string bytes;
        for (;;) {
            const auto end = bytes.find("\r\n\r\n");
            if (end == std::string::npos) {
                std::array<char, 4096> chunk{};
                if (SSL_pending(tls) == 0 && !server.readable(fd)) return;
                const int got = SSL_read(tls, chunk.data(), static_cast<int>(chunk.size()));
                if (got <= 0) return;
                bytes.append(chunk.data(), static_cast<std::size_t>(got));
                continue;
            }
            {
                const std::lock_guard lock(mutex_);
                heads_.push_back(bytes.substr(0, end));
            }
            bytes.erase(0, end + 4);  // requests without a body
            if (SSL_write(tls, answer.data(), static_cast<int>(answer.size())) <= 0) return;
        }
    }

    std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>> context_;
    mutable std::mutex mutex_;
    std::vector<std::string> heads_;
    std::unique_ptr<SocketServer> server_;  // last: its threads use the others
};

}  // namespace pulsekit::test
