// A program with its own transport, which crosses the library's border in both directions.
#include <cstdio>
#include <memory>

#include <pulsekit/client.hpp>
#include <pulsekit/version.hpp>

namespace {

class Offline : public pulsekit::Transport {
public:
    pulsekit::Result<pulsekit::HttpResponse> send(const pulsekit::HttpRequest&) override {
        return pulsekit::Error{pulsekit::ErrorCode::unavailable, "no network"};
    }
};

}  // namespace

int main(int, char** argv) {
    pulsekit::Options options;
    options.endpoint = "http://127.0.0.1:9";
    options.api_key = "key";
    options.app_name = "find-package";
    options.app_version = pulsekit::kVersion;
    options.storage_dir = argv[1];
    options.transport = std::make_unique<Offline>();
    auto client = pulsekit::Client::open(std::move(options));
    if (!client) {
        std::fprintf(stderr, "%s\n", client.error().message.c_str());
        return 1;
    }
    if (client->track("installed", {{"level", 3}, {"map", "canyon"}}).id_text().size() != 36) return 1;
    if (client->close(std::chrono::milliseconds(200))) return 1;  // what nobody took cannot be settled
    const pulsekit::Stats stats = client->stats();
    std::printf("accepted %d queued %d\n", static_cast<int>(stats.accepted), static_cast<int>(stats.queued));
    return 0;
}
