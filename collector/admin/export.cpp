// A project's events as they are stored, one a line.
#include <algorithm>
#include <limits>
#include <utility>

#include "admin/event_json.hpp"
#include "admin/routes.hpp"
#include "http/members.hpp"
#include "store/store.hpp"
#include "support/time_text.hpp"

namespace collector::admin {
namespace {

using pulsekit::Result;

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kDefaultLimit = 10'000;
constexpr std::int64_t kMaxLimit = 1'000'000;  // a page's places are in memory, 8 bytes each
constexpr std::size_t kEventsAPiece = 256;

std::optional<http::Response> read_instant(const http::Request& request, std::string_view name,
                                           std::int64_t rest_of_day, std::int64_t& into) {
    const auto text = request.parameter(name);
    if (!text) return std::nullopt;
    if (const auto midnight = pulsekit::parse_date(*text)) {
        into = *midnight + rest_of_day;
    } else if (const auto time = pulsekit::parse_date_time(*text)) {
        into = *time;
    } else {
        return http::bad_value(name, "must be an ISO 8601 date or date-time");
    }
    return std::nullopt;
}

std::variant<store::Arrivals, http::Response> read_arrivals(const http::Request& request) {
    store::Arrivals wanted{
        .project_id = std::string(request.path_value("id")),
        .range = {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()},
        .after = 0,
        .limit = kDefaultLimit};
    if (auto refused = read_instant(request, "start_at", 0, wanted.range.from_ms)) return *std::move(refused);
    if (auto refused = read_instant(request, "end_at", kDayMs - 1, wanted.range.to_ms)) return *std::move(refused);
    if (wanted.range.from_ms > wanted.range.to_ms) return http::bad_value("start_at", "must not be after end_at");
    if (const auto text = request.parameter("cursor")) {
        const auto after = http::integer_of(*text);
        if (!after || *after < 0) return http::bad_value("cursor", "must be an X-Next-Cursor of this export");
        wanted.after = *after;
    }
    auto limit = http::limit_of(request, wanted.limit, kMaxLimit);
    if (auto* refused = std::get_if<http::Response>(&limit)) return std::move(*refused);
    wanted.limit = std::get<std::int64_t>(limit);
    return wanted;
}

/// The lines of a page, some at a time.
class Lines {
public:
    Lines(store::EventStore& store, std::vector<std::int64_t> places) : store_(store), places_(std::move(places)) {}

    Result<std::string> operator()() {
        std::string lines;
        // Events that were erased meanwhile have no line, and an empty piece would be the end.
        while (lines.empty() && at_ < places_.size()) {
            const auto count = std::min(kEventsAPiece, places_.size() - at_);
            const auto read = store_.read({places_.data() + at_, count}, [&](const model::Event& event) {
                lines += http::to_text(to_json(event)) + "\n";
            });
            if (!read) return read.error();
            at_ += count;
        }
        return lines;
    }

private:
    store::EventStore& store_;
    std::vector<std::int64_t> places_;
    std::size_t at_ = 0;
};

http::Response export_events(Admin& admin, const http::Request& request) {
    auto wanted = read_arrivals(request);
    if (auto* refused = std::get_if<http::Response>(&wanted)) return std::move(*refused);
    const auto id = request.path_value("id");
    if (!admin.catalog.project(id)) return http::not_found("Project", id);
    auto page = admin.store.arrivals(std::get<store::Arrivals>(wanted), {.stop = admin.stop});
    if (!page) return http::failed(page.error());
    http::Response response{.content_type = "application/x-ndjson"};
    if (page->more) response.headers.emplace_back("X-Next-Cursor", std::to_string(page->places.back()));
    response.next_piece = Lines(admin.store, std::move(page->places));
    return response;
}

}  // namespace

std::vector<http::Route> export_routes(Admin& admin) {
    using Type = http::DocumentedParameter::Type;
    const std::string line =
        R"({"project_id":"7f3e8a2c","event_id":"e1","dialect":"analytics","kind":"pageview","name":"pageview",)"
        R"("source_type":"pageview","ts_ms":1772712000000,"received_ms":1772712000100,"visitor_id":"v1",)"
        R"("session_id":"s1","path":"/","interaction":true,"bot":false,"props":{}})";
    auto route = guarded(
        admin, "GET", "/api/admin/projects/{id}/export",
        "Streams a project's events as they are stored, one a line, in the order in which they came; the header "
        "X-Next-Cursor is there while there are more",
        {.answer = line,
         .parameters = {{.name = "start_at",
                         .summary = "Of when events happened; a date is its first instant, or as an end its last",
                         .type = Type::instant,
                         .otherwise = "the first event",
                         .example = "2026-03-01"},
                        {.name = "end_at",
                         .summary = "Included",
                         .type = Type::instant,
                         .otherwise = "the last event",
                         .example = "2026-03-31"},
                        {.name = "cursor", .summary = "The X-Next-Cursor of the page before"},
                        {.name = "limit",
                         .summary = "Events a page, at most 1000000",
                         .type = Type::integer,
                         .otherwise = "10000",
                         .example = "1000"}}},
        [&admin](http::Request& request) { return export_events(admin, request); });
    route.document.answer_type = "application/x-ndjson";
    return {std::move(route)};
}

}  // namespace collector::admin
