// Sends through the HTTP stack that an engine already has. Here that stack is a stand-in which needs no network: it
// answers by itself what a collector would.
//
//   custom_transport
#include <pulsekit/client.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace {

/// The stand-in: takes requests and answers them later, on a thread of its own. A real engine has something like it.
class EngineHttp {
public:
    using OnAnswer = std::function<void(int status, const std::string& body)>;

    ~EngineHttp() {
        for (auto& exchange : exchanges_) exchange.join();
    }

    void post(const std::string& url, const std::string& body, OnAnswer on_answer) {
        std::printf("the engine posts %zu bytes to %s\n", body.size(), url.c_str());
        exchanges_.emplace_back([on_answer = std::move(on_answer)] {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            on_answer(200, R"({"status":"success","eventId":"1"})");
        });
    }

private:
    std::vector<std::thread> exchanges_;
};

/// Makes the engine's callbacks into the one call that the client waits for. An engine that calls back inside its game
/// loop must go on turning while close() and flush() wait: call them from another thread then.
class EngineTransport final : public pulsekit::Transport {
public:
    explicit EngineTransport(EngineHttp& engine) : engine_(engine) {}

    pulsekit::Result<pulsekit::HttpResponse> send(const pulsekit::HttpRequest& request) override {
        // Shared with the callback, which may still come when nobody waits any more.
        const auto exchange = std::make_shared<Exchange>();
        // A real one passes on request.headers, too: the key, the type of the body, whether it is compressed.
        engine_.post(request.url, request.body, [exchange](int status, const std::string& body) {
            const std::lock_guard lock(exchange->mutex);
            exchange->answer = pulsekit::HttpResponse{status, {}, body};  // and its headers: Retry-After is heeded
            exchange->changed.notify_all();
        });

        const auto deadline = std::chrono::steady_clock::now() + request.timeout;
        std::unique_lock lock(exchange->mutex);
        while (!exchange->answer) {
            if (std::chrono::steady_clock::now() >= deadline) return no_answer("the engine took too long");
            // This is what lets close() keep its deadline, and what empties the journal meanwhile.
            if (request.keep_waiting && !request.keep_waiting()) return no_answer("given up");
            exchange->changed.wait_for(lock, std::chrono::milliseconds(50));
        }
        return std::move(*exchange->answer);  // whatever its status: the client knows what to do
    }

private:
    struct Exchange {
        std::mutex mutex;
        std::condition_variable changed;
        std::optional<pulsekit::HttpResponse> answer;
    };

    static pulsekit::Error no_answer(const char* why) { return {pulsekit::ErrorCode::unavailable, why}; }

    EngineHttp& engine_;
};

}  // namespace

int main() {
    EngineHttp engine;  // outlives the client
    pulsekit::Options options;
    options.endpoint = "https://telemetry.example.com";
    options.api_key = "pa_live_...";
    options.app_name = "custom-transport";
    options.dialect = pulsekit::Dialect::ingest;  // one event a request: easy to answer for the stand-in
    options.transport = std::make_unique<EngineTransport>(engine);
    options.on_diagnostic = [](const pulsekit::Diagnostic& diagnostic) {
        std::fprintf(stderr, "%s\n", diagnostic.message.c_str());
    };
    auto client = pulsekit::Client::open(std::move(options));
    if (!client) {
        std::fprintf(stderr, "%s\n", client.error().message.c_str());
        return 1;
    }
    client->screen("main menu");
    client->track("level_complete", {{"level", 3}, {"won", true}});
    client->track("purchase", {{"item", "sword"}});

    const auto closed = client->close(std::chrono::seconds(10));
    const pulsekit::Stats stats = client->stats();
    std::printf("accepted %llu, delivered %llu, queued %llu\n", static_cast<unsigned long long>(stats.accepted),
                static_cast<unsigned long long>(stats.delivered), static_cast<unsigned long long>(stats.queued));
    if (!closed) std::fprintf(stderr, "%s\n", closed.error().message.c_str());
    return closed ? 0 : 1;
}
