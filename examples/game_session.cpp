// A small game that is played by commands on standard input, for the demonstration of what happens to its telemetry:
//
//   play N     plays until N more events are tracked, and says so
//   deliver    sends everything, or says what is left
//   quit       closes within two seconds; the end of input does the same
//
// The answer to each command is one line. `ledger` lines have the counters over the life of the storage folder.
//
//   game_session ENDPOINT KEY STORAGE
#include <pulsekit/client.hpp>

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>

namespace {

constexpr const char* kScreens[] = {"main menu", "level 1", "level 2", "shop", "level 3"};
constexpr const char* kWeapons[] = {"plasma_rifle", "sword", "bow"};

/// Plays on; every call tracks one event.
class Game {
public:
    explicit Game(pulsekit::Client& client) : client_(client) {}

    bool step() {
        ++tick_;
        if (tick_ % 50 == 1) return bool(client_.screen(kScreens[tick_ / 50 % 5]));
        if (tick_ % 50 == 0)
            return bool(client_.track(
                "level_complete",
                {{"level", tick_ / 50}, {"score", 12.5 * static_cast<double>(tick_)}, {"won", tick_ % 100 == 0}}));
        if (tick_ % 10 == 0)
            return bool(client_.track("enemy_defeated", {{"enemy", "drone"}, {"weapon", kWeapons[tick_ / 10 % 3]}}));
        return bool(client_.track("shot", {{"weapon", kWeapons[tick_ % 3]}, {"hit", tick_ % 4 != 0}, {"fps", 59.94}}));
    }

private:
    pulsekit::Client& client_;
    std::int64_t tick_ = 0;
};

void print_ledger(const pulsekit::Client& client) {
    const pulsekit::Stats stats = client.stats();
    std::cout << "ledger accepted=" << stats.accepted << " delivered=" << stats.delivered << " queued=" << stats.queued
              << " dropped=" << stats.dropped_total() << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: " << argv[0] << " ENDPOINT KEY STORAGE\n";
        return 2;
    }
    pulsekit::Options options;
    options.endpoint = argv[1];
    options.api_key = argv[2];
    options.storage_dir = argv[3];
    options.app_name = "space game";
    options.app_version = "1.4.2";
    options.flush_interval = std::chrono::milliseconds(500);
    options.on_diagnostic = [](const pulsekit::Diagnostic& diagnostic) {
        std::cerr << "  game: " << diagnostic.message << std::endl;
    };
    auto client = pulsekit::Client::open(std::move(options));
    if (!client) {
        std::cerr << client.error().message << std::endl;
        return 1;
    }
    client->identify("player-1", {{"difficulty", "hard"}});
    Game game(*client);
    for (std::string line; std::getline(std::cin, line) && line != "quit";) {
        std::istringstream words(line);
        std::string command;
        int count = 0;
        words >> command >> count;
        if (command == "play") {
            int tracked = 0;
            while (tracked < count) game.step() ? void(++tracked) : std::this_thread::yield();
            std::cout << "played " << tracked << std::endl;
        } else if (command == "deliver") {
            const auto delivered = client->flush(std::chrono::seconds(30));
            std::cout << (delivered ? "everything is delivered" : delivered.error().message) << std::endl;
        } else {
            std::cout << "unknown command" << std::endl;
        }
    }
    const auto closed = client->close(std::chrono::seconds(2));
    print_ledger(*client);
    if (!closed) std::cerr << "  game: " << closed.error().message << std::endl;
    return 0;
}
