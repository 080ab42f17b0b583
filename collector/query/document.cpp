#include "query/document.hpp"

#include <string>

#include "query/export.hpp"

namespace collector::query {
namespace {

using http::DocumentedParameter;
using Type = DocumentedParameter::Type;

void add_range(const Takes& takes, std::vector<DocumentedParameter>& all) {
    const std::string start = takes.all_time || takes.so_far ? "the beginning" : "30 days before `end_at`";
    const std::string end = takes.all_time ? "the end of time" : "now";
    all.push_back({.name = "start_at",
                   .summary = "The first instant of the range, or the date of its first day in UTC. Absent: " + start,
                   .type = Type::instant,
                   .example = "2026-03-01"});
    all.push_back({.name = "end_at",
                   .summary = "The last instant of the range, or the date of its last day in UTC. Absent: " + end,
                   .type = Type::instant,
                   .example = "2026-03-22"});
}

void add_page(const Takes& takes, std::vector<DocumentedParameter>& all) {
    if (takes.limit > 0) {
        all.push_back({.name = "limit",
                       .summary = "How many rows at most, up to " + std::to_string(takes.max_limit),
                       .type = Type::integer,
                       .otherwise = std::to_string(takes.limit),
                       .example = "5"});
    }
    if (takes.offset) {
        all.push_back({.name = "offset",
                       .summary = "How many rows to leave out before the first",
                       .type = Type::integer,
                       .otherwise = "0",
                       .example = "0"});
    }
}

DocumentedParameter documented(const Parameter& own) {
    return {.name = std::string(own.name),
            .summary = std::string(own.summary),
            .required = own.required,
            .one_of = {own.one_of.begin(), own.one_of.end()},
            .otherwise = std::string(own.otherwise),
            .example = std::string(own.example)};
}

}  // namespace

std::vector<DocumentedParameter> documented(const Takes& takes) {
    std::vector<DocumentedParameter> all;
    for (const auto& own : takes.own) all.push_back(documented(own));
    if (takes.range || takes.all_time || takes.so_far) add_range(takes, all);
    add_page(takes, all);
    if (takes.filters) {
        all.push_back({.name = "filter",
                       .summary =
                           "`<dimension>:<value>`: only sessions that have it. Dimensions: `path`, `name`, `source`,"
                           " `country`, `browser`, `os`, `device_type`, `utm_source`, `utm_medium`,"
                           " `utm_campaign`, `app_version`, `user_id` and `trait.<name>`",
                       .repeated = true,
                       .example = "country:DE"});
    }
    return all;
}

http::RouteDocument document_of(const Module& module) {
    return {.key_header = std::string(meta::header_of(module.protocol->credential)),
            .key_optional = module.protocol->open,
            .parameters = documented(module.takes),
            .answer = module.protocol->answer(http::parse_json(module.example).value_or(http::Json())).dump()};
}

http::RouteDocument export_document() {
    DocumentedParameter type{.name = "type", .summary = "Which report", .required = true, .example = "pages"};
    for (const Module* module : exports()) type.one_of.emplace_back(module->name);
    std::vector<DocumentedParameter> parameters{std::move(type)};
    add_range(kExportTakes, parameters);
    return {.key_header = std::string(meta::header_of(kAnalytics.credential)),
            .parameters = std::move(parameters),
            .answer = "path,views,unique_views,avg_duration\n/pricing,2314,1820,92.7\n",
            .answer_type = "text/csv"};
}

}  // namespace collector::query
