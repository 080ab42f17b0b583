#include "tests/bench/ingest_events.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "support/gzip.hpp"

namespace bench {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

// The members that differ from event to event come first, each of a fixed length: where they are follows from where the
// event begins.
constexpr std::string_view kBeginning = R"({"event_id":"00000000-0000-0000-0000-000000000000",)"
                                        R"("session.id":"00000000-0000-0000-0000-000000000000",)"
                                        R"("device.id":"00000000-0000-0000-0000-000000000000",)"
                                        R"("user.id":"u0000000",)"
                                        R"("event.timestamp":"2024-01-15T10:30:00.000Z","project_id":"shop",)";

constexpr std::size_t value_at(std::string_view name) { return kBeginning.find(name) + name.size(); }

constexpr std::size_t kIdAt = value_at("\"event_id\":\"");
constexpr std::size_t kSessionAt = value_at("\"session.id\":\"");
constexpr std::size_t kDeviceAt = value_at("\"device.id\":\"");
constexpr std::size_t kUserAt = value_at("\"user.id\":\"");
constexpr std::size_t kTimeAt = value_at("\"event.timestamp\":\"");
constexpr std::size_t kMillisecondsAt = kTimeAt + 20;

constexpr char kHex[] = "0123456789abcdef";

void write_uuid(char* out, std::uint64_t high, std::uint64_t low) {
    const auto write = [&out](std::uint64_t value, int digits) {
        for (int i = 0; i < digits; ++i) *out++ = kHex[(value >> (4 * (digits - 1 - i))) & 15];
    };
    write(high >> 32, 8);
    *out++ = '-';
    write(high >> 16, 4);
    *out++ = '-';
    write(high, 4);
    *out++ = '-';
    write(low >> 48, 4);
    *out++ = '-';
    write(low, 12);
}

void write_digits(char* out, std::uint64_t value, int digits) {
    for (int i = digits - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

std::string head(const std::string& key, std::size_t length, std::string_view more) {
    return "POST /v1/events HTTP/1.1\r\nHost: collector\r\nUser-Agent: PulseKit/0.1 (Linux; x86_64)\r\n"
           "Content-Type: application/json\r\nX-PG-API-Key: " +
           key + "\r\n" + std::string(more) + "Content-Length: " + std::to_string(length) + std::string(kHeadEnd);
}

}  // namespace

std::uint64_t Dice::roll() {
    state_ += 0xa0761d6478bd642f;
    const auto product = __uint128_t{state_} * (state_ ^ 0xe7037ed1a0b428db);
    return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
}

Events::Events(Ids ids) : ids_(ids) {
    double sum = 0;
    for (std::size_t rank = 1; rank <= kPaths; ++rank) path_odds_.push_back(sum += 1.0 / static_cast<double>(rank));
    for (auto& odds : path_odds_) odds /= sum;
    for (auto& visit : visits_) {
        begin(visit, 1'700'000'000'000);
        visit.left = 1 + dice_.below(kEventsPerVisit);  // they did not all begin at once
    }
}

std::string Events::event() {
    static constexpr const char* kActions[] = {"level_complete", "purchase", "item_found",  "tutorial_step", "share",
                                               "match_started",  "death",    "match_ended", "ad_shown",      "login"};
    static constexpr const char* kMaps[] = {"canyon_night", "harbour", "old_town", "ice_field", "station"};
    const auto number = [this](std::uint64_t limit) { return std::to_string(dice_.below(limit)); };
    const double at = static_cast<double>(dice_.below(1u << 30)) / (1u << 30);
    const auto path = std::lower_bound(path_odds_.begin(), path_odds_.end(), at) - path_odds_.begin();
    const std::string page = "/catalog/item-" + std::to_string(path);
    std::string text(kBeginning);
    const auto kind = dice_.below(10);
    if (kind < 5) {
        text += R"("event.type":"page.view","page.path":")" + page + R"(","page.title":"Item )" + std::to_string(path) +
                R"(","page.url":"https://shop.example)" + page + "\"";
    } else if (kind < 7) {
        text += R"("event.type":"ui.click","page.path":")" + page + R"(","page.title":"Item )" + std::to_string(path) +
                R"(","ui.element":"button")";
    } else {
        text += R"("event.type":"custom","event.name":")" + std::string(kActions[dice_.below(std::size(kActions))]) +
                R"(","page.path":")" + page + "\"";
    }
    text += R"(,"metadata":{"level":)" + number(60) + R"(,"score":)" + number(10'000) + "." + number(10) +
            R"(,"map":")" + kMaps[dice_.below(std::size(kMaps))] + R"(","fps":)" + number(144) + R"(,"won":)" +
            (dice_.below(2) ? "true" : "false") + R"(,"ping":)" + number(300) + R"(,"build":"1.42.0","plan":")" +
            (dice_.below(5) ? "free" : "pro") + R"(","theme":"dark","cart":)" + number(9) + "}}";
    return text;
}

Prepared Events::prepare(std::size_t count, const std::string& key) {
    Prepared request;
    std::string body = R"({"events":[)";
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) body += ',';
        request.events.push_back(body.size());
        body += event();
    }
    body += "]}";
    const auto start = head(key, body.size(), "");
    for (auto& at : request.events) at += start.size();
    request.bytes = start + body;
    return request;
}

void Events::renew(Prepared& request, std::int64_t now_ms) {
    std::int64_t ms = now_ms - static_cast<std::int64_t>(request.events.size());
    std::time_t rendered = -1;
    char time[32] = "";
    for (const auto at : request.events) {
        ++ms;
        const std::time_t second = ms / 1000;
        if (second != rendered) {
            rendered = second;
            std::tm parts{};
            gmtime_r(&rendered, &parts);
            std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
        }
        char* event = request.bytes.data() + at;
        auto& visit = visits_[dice_.below(kVisits)];
        if (visit.left-- == 0) begin(visit, ms);
        write_id(event + kIdAt, ids_, ms);
        std::memcpy(event + kSessionAt, visit.session.data(), visit.session.size());
        std::memcpy(event + kDeviceAt, visit.device.data(), visit.device.size());
        std::memcpy(event + kUserAt, visit.user.data(), visit.user.size());
        std::memcpy(event + kTimeAt, time, 24);
        write_digits(event + kMillisecondsAt, static_cast<std::uint64_t>(ms % 1000), 3);
    }
}

void Events::begin(Visit& visit, std::int64_t now_ms) {
    const std::uint64_t visitor = dice_.below(kVisitors);
    write_id(visit.session.data(), Ids::ordered, now_ms);
    write_uuid(visit.device.data(), (mix(visitor) & ~0xf000ull) | 0x4000, (mix(~visitor) >> 2) | (1ull << 63));
    visit.user[0] = 'u';
    write_digits(visit.user.data() + 1, visitor, 7);
    visit.left = 2 * dice_.below(kEventsPerVisit);
}

void Events::write_id(char* out, Ids kind, std::int64_t ms) {
    const std::uint64_t random = dice_.roll();
    const std::uint64_t high = kind == Ids::ordered ? (static_cast<std::uint64_t>(ms) << 16) | 0x7000 | (random & 0xfff)
                                                    : (dice_.roll() & ~0xf000ull) | 0x4000;
    write_uuid(out, high, (dice_.roll() >> 2) | (1ull << 63));
}

std::string compressed(const Prepared& request) {
    const std::string_view whole = request.bytes;
    const auto body_at = whole.find(kHeadEnd) + kHeadEnd.size();
    auto packed = pulsekit::gzip::compress(whole.substr(body_at));
    if (!packed) {
        std::fprintf(stderr, "ingest: %s\n", packed.error().message.c_str());
        std::exit(1);
    }
    std::string start(whole.substr(0, whole.find("Content-Length:")));
    return start + "Content-Encoding: gzip\r\nContent-Length: " + std::to_string(packed->size()) +
           std::string(kHeadEnd) + *packed;
}

}  // namespace bench
