// Bodies of any bytes at every door. The input: a digit for the dialect, one for the endpoint, and the body.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "http/json.hpp"
#include "ingest/dialect.hpp"
#include "ingest/json.hpp"
#include "ingest/steps/step.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/support/fake_clock.hpp"

namespace {

using namespace collector;
using ingest::Decoded;
using ingest::Dialect;
using model::Event;
using pulsekit::fuzz::require;

constexpr const Dialect* kDialects[] = {&ingest::kPulse, &ingest::kGateway, &ingest::kAnalytics, &ingest::kProductgraph,
                                        &ingest::kIngest};

constexpr std::int64_t kFirstMs = -62'167'219'200'000 - 86'400'000;  // the year 0, in a time zone
constexpr std::int64_t kLastMs = 253'402'300'799'999 + 86'400'000;   // the year 9999, likewise

bool is_finite(const std::optional<double>& number) { return !number || std::isfinite(*number); }

void check(const Event& event) {
    for (const auto text : model::kEventTexts) require(ingest::is_utf8(event.*text), "a text of an event is not UTF-8");
    const auto props = http::parse_json(event.props);
    require(props && props->is_object(), "an event's properties are no object");
    require(event.ts_ms >= kFirstMs && event.ts_ms <= kLastMs, "an event happened in no year of four digits");
    require(is_finite(event.revenue_amount) && is_finite(event.depth) && is_finite(event.click_x) &&
                is_finite(event.click_y),
            "a number of an event is none");
    for (const auto& [name, value] : event.vitals) require(std::isfinite(value), "a vital is no number");
}

void check(const http::Response& response) {
    require(response.status == 204 || http::parse_json(response.body).has_value(), "an answer is not JSON");
}

const ingest::Arrival& arrival() {
    static const ingest::Arrival made = [] {
        auto project = std::make_shared<meta::Project>();
        project->id = "project";
        ingest::Arrival arrival;
        arrival.grant = {.project = std::move(project), .key = std::make_shared<meta::Key>(), .rate = {}};
        arrival.received_ms = 1'774'195'200'000;
        return arrival;
    }();
    return made;
}

void take(const Dialect& dialect, bool batch, Decoded decoded) {
    require(decoded.origins.size() == decoded.events.size(), "events and origins differ in number");
    require(batch || decoded.events.size() + decoded.rejections.size() == 1, "a single event is not one");
    pulsekit::test::SeededRandom random;
    ingest::EventIds ids(random);
    const ingest::Surroundings around{.dialect = dialect, .arrival = arrival(), .visitor_key = "secret", .ids = ids};
    ingest::Outcome outcome{.accepted = decoded.events.size(),
                            .rejections = std::move(decoded.rejections),
                            .batch = batch,
                            .received_ms = arrival().received_ms};
    for (std::size_t i = 0; i < decoded.events.size(); ++i) {
        ingest::Item item{decoded.events[i], decoded.origins[i]};
        check(item.event);
        // Those that read what the sender wrote.
        for (const auto step : {ingest::check_size, ingest::classify, ingest::fill_page, ingest::fill_campaign,
                                ingest::fill_country, ingest::identify}) {
            if (step(item, around)) break;
        }
        check(item.event);
    }
    if (!batch && dialect.echo && !decoded.events.empty()) {
        outcome.echo = dialect.echo(decoded.events.front(), std::move(decoded.echo));
    }
    check(dialect.reply(outcome));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const Dialect& dialect = *kDialects[static_cast<std::uint8_t>(data[0] - '0') % std::size(kDialects)];
    const auto& endpoint = dialect.endpoints[static_cast<std::uint8_t>(data[1] - '0') % dialect.endpoints.size()];
    std::string body(reinterpret_cast<const char*>(data) + 2, size - 2);
    static ingest::JsonParser parser;  // as a collector's: used again
    auto result = dialect.decode(parser, body, arrival(), endpoint.batch);
    if (const auto* refusal = std::get_if<ingest::Refusal>(&result)) {
        check(refusal->response);
        require(refusal->response.status >= 400 && refusal->response.status < 500, "a refusal blames not the sender");
    } else {
        take(dialect, endpoint.batch, std::get<Decoded>(std::move(result)));
    }
    return 0;
}
