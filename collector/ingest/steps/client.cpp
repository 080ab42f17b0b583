// What the request's user agent says of a client, where its events do not say it themselves.
#include <charconv>

#include "ingest/steps/step.hpp"

namespace collector::ingest {
namespace {

constexpr int kFirstTabletWidth = 600;  // CSS pixels, as layouts change there
constexpr int kFirstDesktopWidth = 1024;

/// Of `1920x1080`; empty when it is none.
std::string_view device_of_screen(std::string_view screen) {
    int width = 0;
    const auto [end, error] = std::from_chars(screen.data(), screen.data() + screen.size(), width);
    if (error != std::errc() || end == screen.data() + screen.size() || *end != 'x' || width <= 0) return {};
    if (width < kFirstTabletWidth) return "mobile";
    return width < kFirstDesktopWidth ? "tablet" : "desktop";
}

}  // namespace

std::optional<Reason> fill_client(Item& item, const Surroundings& around) {
    auto& event = item.event;
    const Client& client = around.arrival.client;
    if (event.browser.empty()) {
        event.browser = client.browser;
        event.browser_version = client.browser_version;
    }
    if (event.os.empty()) event.os = client.os;
    // An event that names a system of its own says nothing of its version, and the agent of another is no help.
    if (event.os_version.empty() && event.os == client.os) event.os_version = client.os_version;
    if (event.device_type.empty()) event.device_type = client.device_type;
    if (event.device_type.empty()) event.device_type = device_of_screen(event.screen);
    return std::nullopt;
}

std::optional<Reason> mark_crawler(Item& item, const Surroundings& around) {
    if (!around.arrival.client.crawler) return std::nullopt;
    if (around.drops_crawlers) return Reason::filtered;
    item.event.bot = true;
    return std::nullopt;
}

}  // namespace collector::ingest
