// Query strings of any bytes: parameters and filters that a report can be asked with, or the client's error.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "query/params.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using pulsekit::fuzz::require;
namespace http = collector::http;
namespace query = collector::query;

constexpr std::string_view kWords[] = {"day", "week"};
constexpr query::Parameter kOwn[] = {{.name = "path", .summary = "", .required = true},
                                     {.name = "by", .summary = "", .one_of = kWords, .otherwise = "week"}};
constexpr query::Takes kTakes[] = {
    {.range = true, .filters = true, .limit = 10, .offset = true},
    {.all_time = true, .limit = 100, .max_limit = 1000, .strict_limit = true, .offset = true},
    {.range = true, .filters = true, .own = kOwn}};

http::Request request_of(std::string_view text) {
    http::Request request;
    while (!text.empty()) {
        const auto pair = text.substr(0, text.find('&'));
        const auto equals = pair.find('=');
        request.query.emplace_back(pair.substr(0, equals),
                                   equals == std::string_view::npos ? "" : pair.substr(equals + 1));
        text.remove_prefix(std::min(pair.size() + 1, text.size()));
    }
    return request;
}

void parse(const http::Request& request, const query::Takes& takes) {
    const auto params = query::parse(request, takes, 1'772'712'000'000);
    if (!params) {
        const auto& [code, message] = params.error();
        require(code == pulsekit::ErrorCode::invalid, "an error that is not the client's");
        require(message.starts_with("Invalid value for '") || message.starts_with("Missing required query parameter '"),
                "an error of another form");
        return;
    }
    require(params->range.from_ms <= params->range.to_ms, "a range that ends before it starts");
    require(params->page.offset >= 0, "an offset before the first row");
    if (takes.limit > 0) {
        require(params->page.limit >= 1 && params->page.limit <= takes.max_limit, "a limit out of its bounds");
    }
    require(params->filters.size() >= (takes.filters ? request.parameters("filter").size() : 0), "a filter is lost");
    for (const auto& filter : params->filters) require(!filter.of_session.where.empty(), "a filter of any row");
    if (!takes.own.empty()) require(!params->text("path").empty(), "what is required is missing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto request = request_of({reinterpret_cast<const char*>(data), size});
    for (const auto& takes : kTakes) parse(request, takes);
    return 0;
}
