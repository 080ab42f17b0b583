// A program without exceptions and run-time types, with the library's own transport.
#include <cstdio>

#include <pulsekit/client.hpp>

int main(int, char** argv) {
    pulsekit::Options options;
    options.endpoint = "http://127.0.0.1:9";  // nobody listens
    options.api_key = "key";
    options.app_name = "pkg-config";
    options.storage_dir = argv[1];
    auto client = pulsekit::Client::open(std::move(options));
    if (!client) {
        std::fprintf(stderr, "%s\n", client.error().message.c_str());
        return 1;
    }
    pulsekit::Properties properties;
    properties.set("level", 3).set("score", 12.5);
    if (!client->track("installed", properties)) return 1;
    if (client->flush(std::chrono::milliseconds(100))) return 1;
    const pulsekit::Stats stats = client->stats();
    std::printf("accepted %d queued %d\n", static_cast<int>(stats.accepted), static_cast<int>(stats.queued));
    return 0;
}
