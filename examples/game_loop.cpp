// A game loop that tracks a handful of events in each frame, and what that costs.
//
//   game_loop ENDPOINT KEY [FRAMES [FRAMES_PER_SECOND]]
#include <pulsekit/client.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr double kBudgetMicroseconds = 1e6 / 60;

/// What happens in one frame, as far as telemetry goes. Returns how many events were refused.
int track_frame(pulsekit::Client& client, std::int64_t frame, double last_frame_ms) {
    const double angle = static_cast<double>(frame) / 30;
    const pulsekit::Tracked tracked[] = {
        client.track("frame", {{"number", frame}, {"ms", last_frame_ms}}),
        client.track("player_moved", {{"x", 100 * std::cos(angle)}, {"y", 100 * std::sin(angle)}, {"on_ground", true}}),
        client.track("shot", {{"weapon", frame % 3 == 0 ? "bow" : "plasma_rifle"}, {"hit", frame % 4 != 0}}),
        client.track("enemy_state", {{"enemy", "drone"}, {"health", 100 - frame % 100}, {"target", "player-1"}}),
    };
    return static_cast<int>(std::count_if(std::begin(tracked), std::end(tracked), [](const auto& t) { return !t; }));
}

void print_cost(const char* what, double microseconds) {
    std::printf("%-7s %9.2f us  %7.3f %% of a frame\n", what, microseconds, 100 * microseconds / kBudgetMicroseconds);
}

}  // namespace

int main(int argc, char** argv) {
    const int frames = argc > 3 ? std::atoi(argv[3]) : 600;
    const int frames_per_second = argc > 4 ? std::atoi(argv[4]) : 60;
    if (argc < 3 || argc > 5 || frames < 1 || frames_per_second < 1) {
        std::fprintf(stderr, "usage: %s ENDPOINT KEY [FRAMES [FRAMES_PER_SECOND]]\n", argv[0]);
        return 2;
    }
    pulsekit::Options options;
    options.endpoint = argv[1];
    options.api_key = argv[2];
    options.app_name = "game loop";
    options.storage_dir = "game-loop-telemetry";
    options.on_diagnostic = [](const pulsekit::Diagnostic& diagnostic) {
        std::fprintf(stderr, "%s\n", diagnostic.message.c_str());
    };
    auto client = pulsekit::Client::open(std::move(options));
    if (!client) {
        std::fprintf(stderr, "%s\n", client.error().message.c_str());
        return 1;
    }
    // A thread's first event makes its ring on the disk. That belongs to the loading screen, not into a frame.
    client->screen("level 1");

    const auto frame_time = std::chrono::nanoseconds(std::chrono::seconds(1)) / frames_per_second;
    std::vector<double> costs;
    costs.reserve(static_cast<std::size_t>(frames));
    int refused = 0;
    double last_frame_ms = 0;
    auto next_frame = SteadyClock::now();
    for (int frame = 0; frame < frames; ++frame) {
        const auto before = SteadyClock::now();
        refused += track_frame(*client, frame, last_frame_ms);
        const std::chrono::duration<double, std::micro> cost = SteadyClock::now() - before;
        costs.push_back(cost.count());

        // Here a game would simulate and draw.
        next_frame += frame_time;
        std::this_thread::sleep_until(next_frame);
        last_frame_ms = std::chrono::duration<double, std::milli>(SteadyClock::now() - before).count();
    }

    std::sort(costs.begin(), costs.end());
    std::printf("%d frames, 4 events each, %d refused; telemetry's share of 16.67 ms:\n", frames, refused);
    print_cost("median", costs[costs.size() / 2]);
    print_cost("p99", costs[costs.size() * 99 / 100]);
    print_cost("worst", costs.back());

    const auto closed = client->close(std::chrono::seconds(10));
    const pulsekit::Stats stats = client->stats();
    std::printf("accepted %llu, delivered %llu, queued %llu\n", static_cast<unsigned long long>(stats.accepted),
                static_cast<unsigned long long>(stats.delivered), static_cast<unsigned long long>(stats.queued));
    if (!closed) std::fprintf(stderr, "%s\n", closed.error().message.c_str());
    return 0;
}
