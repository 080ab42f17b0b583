// nginx or Caddy with the configuration that is shipped, in front of a collector, without privileges and in a folder of
// its own.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit::test {

class ProxyProcess {
public:
    enum class Kind { nginx, caddy };

    /// `upstream` is the collector's HOST:PORT. Throws when the proxy does not come to serve.
    ProxyProcess(Kind kind, std::string upstream) : kind_(kind), upstream_(std::move(upstream)) {
        make_certificate();
        // A port that is free now may be taken by the time that the proxy binds it: it then ends, and the next is
        // tried.
        for (int attempt = 0; attempt < 5; ++attempt) {
            port_ = free_port();
            start();
            if (serves()) return;
        }
        throw std::runtime_error("the proxy does not serve: " + text_of(folder_.file("log")));
    }

    std::string url() const { return "https://localhost:" + std::to_string(port_); }
    std::string authority() const { return folder_.file("certificate.pem"); }

private:
    static std::string text_of(const std::string& path) {
        std::ifstream file(path);
        if (!file) throw std::runtime_error("cannot read " + path);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }

    /// What stands in the shipped file once, and is the operator's to name.
    static void replace(std::string& text, const std::string& from, const std::string& to) {
        const auto at = text.find(from);
        if (at == std::string::npos || text.find(from, at + 1) != std::string::npos)
            throw std::runtime_error("the configuration has not exactly one '" + from + "'");
        text.replace(at, from.size(), to);
    }

    static int free_port() {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                           ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
        ::close(fd);
        if (!bound) throw std::runtime_error("no free port");
        return ntohs(address.sin_port);
    }

    void make_certificate() const {
        Process openssl({PULSEKIT_OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                         "-keyout", folder_.file("key.pem"), "-out", folder_.file("certificate.pem")},
                        folder_.file("log"));
        if (openssl.wait() != 0) throw std::runtime_error("no certificate: " + text_of(folder_.file("log")));
    }

    void start() {
        process_.reset();
        const auto port = std::to_string(port_);
        if (kind_ == Kind::nginx) {
            auto site = text_of(PULSEKIT_PACKAGING "/nginx/pulse-collector.conf");
            replace(site, "server 127.0.0.1:8080;", "server " + upstream_ + ";");
            replace(site, "listen 443 ssl http2;", "listen 127.0.0.1:" + port + " ssl http2;");
            replace(site, "/etc/ssl/certs/telemetry.example.com.pem", folder_.file("certificate.pem"));
            replace(site, "/etc/ssl/private/telemetry.example.com.key", folder_.file("key.pem"));
            std::ofstream(folder_.file("site.conf")) << site;
            // One process: nothing is left of it when the test ends, however it ends.
            std::ofstream out(folder_.file("nginx.conf"));
            out << "daemon off;\nmaster_process off;\nerror_log stderr;\npid " << folder_.file("pid") << ";\n"
                << "events {}\nhttp {\n";
            for (const char* kept : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
                out << kept << "_temp_path " << folder_.file(kept) << ";\n";
            out << "include " << folder_.file("site.conf") << ";\n}\n";
            out.close();
            run({PULSEKIT_NGINX, "-e", "stderr", "-p", folder_.path().string(), "-c", folder_.file("nginx.conf")});
        } else {
            auto file = text_of(PULSEKIT_PACKAGING "/caddy/Caddyfile");
            replace(file, "\tservers {", "\tadmin off\n\tauto_https disable_redirects\n\tservers {");
            replace(file, "telemetry.example.com {",
                    "https://localhost:" + port + " {\n\tbind 127.0.0.1\n\ttls " + folder_.file("certificate.pem") +
                        " " + folder_.file("key.pem"));
            replace(file, "reverse_proxy 127.0.0.1:8080 {", "reverse_proxy " + upstream_ + " {");
            std::ofstream(folder_.file("Caddyfile")) << file;
            const auto home = folder_.path().string();
            run({"/usr/bin/env", "HOME=" + home, "XDG_DATA_HOME=" + home, "XDG_CONFIG_HOME=" + home, PULSEKIT_CADDY,
                 "run", "--adapter", "caddyfile", "--config", folder_.file("Caddyfile")});
        }
    }

    void run(std::vector<std::string> command) {
        process_ = std::make_unique<Process>(std::move(command), folder_.file("log"));
    }

    bool serves() const {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (std::chrono::steady_clock::now() < until) {
            const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            address.sin_port = htons(static_cast<std::uint16_t>(port_));
            const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
            ::close(fd);
            if (::waitid(P_PID, static_cast<id_t>(process_->id()), &ended_, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                ended_.si_pid != 0)
                return false;
            if (connected) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return false;
    }

    Kind kind_;
    std::string upstream_;
    TemporaryFolder folder_;
    int port_ = 0;
    mutable siginfo_t ended_{};
    std::unique_ptr<Process> process_;
};

}  // namespace pulsekit::test
