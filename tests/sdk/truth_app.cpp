// An application to be killed, with a collector that is a file: each request that arrives is appended to it. Replies
// get lost, and sometimes the process dies in the middle of a request.
//
//   truth_app STORAGE ARRIVALS SEED COUNT   tracks COUNT events, prints the id of each once track() has returned, and
//                                           ends without waiting for what is left
//   truth_app STORAGE ARRIVALS SEED last    delivers what there is, tracks one more, delivers that, prints the ledger:
//                                           accepted, delivered, queued, dropped
//
// A line of ARRIVALS: `event ID`, or `report ID ACCEPTED DELIVERED DROPPED`.
#include <pulsekit/client.hpp>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/support/fake_transport.hpp"
#include "tests/support/json_value.hpp"
#include "tests/support/seeded_random.hpp"

namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::HttpRequest;
using pulsekit::HttpResponse;
using pulsekit::Result;

std::string arrivals_in(const HttpRequest& request) {
    const auto json = pulsekit::test::JsonValue::parse(pulsekit::test::plain_body(request));
    std::string lines;
    if (!json) return lines;
    for (const auto& event : (*json)["events"].elements) {
        const std::string& id = event["event_id"].text;
        if (event["event.name"].text != "pulsekit.delivery") {
            lines += "event " + id + "\n";
            continue;
        }
        const auto& report = event["metadata"];
        double dropped = 0;
        for (const auto& [reason, count] : report["dropped"].members) dropped += count.number;
        lines += "report " + id + " " + report["accepted"].text + " " + report["delivered"].text + " " +
                 std::to_string(static_cast<long long>(dropped)) + "\n";
    }
    return lines;
}

/// What happens to a request of a process that may die.
Result<HttpResponse> hostile(const HttpRequest& request, int arrivals, pulsekit::test::SeededRandom& random) {
    const int mishap = random.below(30);
    if (mishap == 0) ::raise(SIGKILL);
    const std::string lines = arrivals_in(request);
    // In one piece: other processes write, too.
    if (::write(arrivals, lines.data(), lines.size()) != static_cast<ssize_t>(lines.size())) std::abort();
    if (mishap == 1) ::raise(SIGKILL);
    if (mishap < 8) return Error{ErrorCode::unavailable, "the reply is lost"};
    return pulsekit::test::all_accepted(request);
}

Result<HttpResponse> calm(const HttpRequest& request, int arrivals) {
    const std::string lines = arrivals_in(request);
    if (::write(arrivals, lines.data(), lines.size()) != static_cast<ssize_t>(lines.size())) std::abort();
    return pulsekit::test::all_accepted(request);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) return 2;
    const bool is_last = std::strcmp(argv[4], "last") == 0;
    const int arrivals = ::open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    pulsekit::test::SeededRandom random(std::strtoull(argv[3], nullptr, 10));
    pulsekit::Options options;
    options.endpoint = "http://collector";
    options.api_key = "key";
    options.app_name = "truth-app";
    options.storage_dir = argv[1];
    options.flush_interval = std::chrono::milliseconds(2);
    options.max_batch_events = 20;
    options.retry_base = std::chrono::milliseconds(1);
    options.retry_cap = std::chrono::milliseconds(4);
    options.close_deadline = std::chrono::milliseconds(0);
    options.transport = std::make_unique<pulsekit::test::FakeTransport>([&](const HttpRequest& request) {
        return is_last ? calm(request, arrivals) : hostile(request, arrivals, random);
    });
    auto client = pulsekit::Client::open(std::move(options));
    if (!client) return 1;
    pulsekit::EventOptions patient;
    patient.wait_for_room = std::chrono::seconds(60);
    const long count = is_last ? 0 : std::strtol(argv[4], nullptr, 10);
    for (long i = 0; i < count; ++i) {
        patient.priority = static_cast<pulsekit::Priority>(random.below(3));
        const auto tracked = client->track("step", {{"number", static_cast<std::int64_t>(i)}}, patient);
        if (!tracked) return 3;
        std::printf("%s\n", tracked.id_text().c_str());
        std::fflush(stdout);
    }
    if (!is_last) return 0;
    if (!client->flush(std::chrono::seconds(60)) || !client->track("last") || !client->flush(std::chrono::seconds(60)))
        return 4;
    const auto stats = client->stats();
    std::printf("%llu %llu %llu %llu\n", static_cast<unsigned long long>(stats.accepted),
                static_cast<unsigned long long>(stats.delivered), static_cast<unsigned long long>(stats.queued),
                static_cast<unsigned long long>(stats.dropped_total()));
}
