// An application to be killed: tracks events for ever and prints the id of each, once track() has returned. With a
// count it tracks so many, delivers everything, and exits 0 when nothing is left.
//
//   tracking_app ENDPOINT KEY STORAGE [COUNT]
#include <pulsekit/client.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    pulsekit::Options options;
    options.endpoint = argv[1];
    options.api_key = argv[2];
    options.storage_dir = argv[3];
    options.app_name = "tracking-app";
    options.flush_interval = std::chrono::milliseconds(5);
    options.retry_base = std::chrono::milliseconds(5);
    options.retry_cap = std::chrono::milliseconds(50);
    auto client = pulsekit::Client::open(std::move(options));
    if (!client) return 1;
    const long count = argc > 4 ? std::strtol(argv[4], nullptr, 10) : -1;
    for (long i = 0; i != count; ++i) {
        const auto tracked = client->track("step", {{"number", static_cast<std::int64_t>(i)}});
        if (tracked) {
            std::printf("%s\n", tracked.id_text().c_str());
            std::fflush(stdout);
        }
    }
    return client->flush(std::chrono::seconds(60)) ? 0 : 1;
}
