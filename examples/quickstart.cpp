// The smallest useful program: three events and a screen, delivered now or at the next start.
//
//   quickstart ENDPOINT KEY
#include <pulsekit/client.hpp>

#include <cstdio>

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s ENDPOINT KEY\n", argv[0]);
        return 2;
    }
    pulsekit::Options options;
    options.endpoint = argv[1];
    options.api_key = argv[2];
    options.app_name = "quickstart";
    options.app_version = "1.0";
    options.storage_dir = "quickstart-telemetry";
    options.on_diagnostic = [](const pulsekit::Diagnostic& diagnostic) {
        std::fprintf(stderr, "%s\n", diagnostic.message.c_str());
    };

    auto client = pulsekit::Client::open(std::move(options));
    if (!client) {
        std::fprintf(stderr, "%s\n", client.error().message.c_str());
        return 1;
    }
    client->identify("user-42", {{"plan", "pro"}});
    client->screen("main menu");
    client->track("level_complete", {{"level", 3}, {"score", 1234.5}, {"won", true}});
    client->track("purchase", {{"item", "sword"}, {"revenue_amount", 4.99}});

    const auto closed = client->close(std::chrono::seconds(10));
    const pulsekit::Stats stats = client->stats();
    std::printf("accepted %llu, delivered %llu, queued %llu\n", static_cast<unsigned long long>(stats.accepted),
                static_cast<unsigned long long>(stats.delivered), static_cast<unsigned long long>(stats.queued));
    if (!closed) std::fprintf(stderr, "%s\n", closed.error().message.c_str());
    return 0;
}
