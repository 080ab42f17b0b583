// What visitors use and where they are, as shares of all of them.
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "query/conditions.hpp"
#include "query/module.hpp"
#include "query/ratio.hpp"
#include "query/values.hpp"

namespace collector::query {
namespace {

using http::Json;
using model::Attribute;
using model::Column;
using model::Field;
using model::Measure;
using model::Question;
using pulsekit::Result;

constexpr std::string_view kUnknown = "Unknown";

/// The active visitors by what their rows of any kind say of them: the attributes' values, then how many.
Result<model::Answer> visitors_by(const Context& context, const Params& params, std::vector<Attribute> attributes) {
    std::vector<Field> groups;
    for (std::size_t i = 0; i < attributes.size(); ++i) groups.push_back(Field::of_unit(i));
    const auto is_active = Field::of_unit(attributes.size());
    attributes.push_back({.take = Attribute::Take::any, .where = {active()}});
    return context.ask(
        Question{.of = context.select(params, {visible()}),
                 .unit = model::Unit::visitor,
                 .attributes = std::move(attributes),
                 .group_by = std::move(groups),
                 .measures = {{.fold = Measure::Fold::count, .where = {equals(is_active, std::int64_t{1})}}}});
}

/// The three that every client is one of read as names; any other is told as it was sent.
std::string device_name(std::string value) {
    if (value == "desktop") return "Desktop";
    if (value == "mobile") return "Mobile";
    if (value == "tablet") return "Tablet";
    return value;
}

std::string as_it_is(std::string value) { return value; }

/// The shares of the values of one attribute. Ranked here and not by the store: the unknown have their place among
/// equals by the name that is shown.
Json shares(const model::Answer& answer, std::size_t attribute, std::string (*shown)(std::string),
            std::string_view member, const model::Page& page) {
    std::map<std::string, std::int64_t> by_name;
    std::int64_t all = 0;
    for (const auto& row : answer.rows) {
        const auto visitors = integer(row.back());
        if (visitors == 0) continue;  // of those that were not active
        by_name[is_null(row[attribute]) ? std::string(kUnknown) : shown(text(row[attribute]))] += visitors;
        all += visitors;
    }
    std::vector<std::pair<std::string, std::int64_t>> ranked(by_name.begin(), by_name.end());
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    const auto count = static_cast<std::int64_t>(ranked.size());
    const auto first = std::min(page.offset, count);
    const auto last = page.limit < 0 ? count : first + std::min(page.limit, count - first);
    auto list = Json::array();
    for (auto i = first; i < last; ++i) {
        const auto& [name, visitors] = ranked[static_cast<std::size_t>(i)];
        list.push_back({{member, name}, {"visitors", visitors}, {"percentage", ratio(100 * visitors, all, 1)}});
    }
    return list;
}

struct Category {
    std::string_view member;    ///< of the report
    std::string_view category;  ///< of a row of the export
    Column column;
    std::string (*shown)(std::string);
};
constexpr Category kCategories[] = {{"browsers", "browser", Column::browser, as_it_is},
                                    {"operating_systems", "os", Column::os, as_it_is},
                                    {"device_types", "device_type", Column::device_type, device_name}};

/// A visitor's client is that of the latest row.
Result<Json> devices(const Context& context, const Params& params) {
    std::vector<Attribute> latest;
    for (const auto& category : kCategories) {
        latest.push_back({.take = Attribute::Take::last, .where = {}, .field = category.column});
    }
    const auto answer = visitors_by(context, params, std::move(latest));
    if (!answer) return answer.error();
    Json report;
    for (std::size_t i = 0; i < std::size(kCategories); ++i) {
        const auto& category = kCategories[i];
        report[std::string(category.member)] = shares(*answer, i, category.shown, "name", params.page);
    }
    return report;
}

Result<Json> device_rows(const Context& context, const Params& params) {
    const auto report = devices(context, params);
    if (!report) return report.error();
    auto rows = Json::array();
    for (const auto& category : kCategories) {
        for (const auto& share : report->at(std::string(category.member))) {
            rows.push_back(share);
            rows.back()["category"] = category.category;
        }
    }
    return rows;
}

/// A visitor's country is the latest that is known.
Result<Json> geo(const Context& context, const Params& params) {
    const auto answer =
        visitors_by(context, params,
                    {{.take = Attribute::Take::last, .where = {present(Column::country)}, .field = Column::country}});
    if (!answer) return answer.error();
    return Json{{"data", shares(*answer, 0, as_it_is, "country", params.page)}};
}

constexpr CsvColumn kDeviceCsv[] = {{"category", CsvColumn::As::text},
                                    {"name", CsvColumn::As::text},
                                    {"visitors"},
                                    {"percentage", CsvColumn::As::decimal}};
constexpr CsvColumn kGeoCsv[] = {
    {"country", CsvColumn::As::text}, {"visitors"}, {"percentage", CsvColumn::As::decimal}};

}  // namespace

extern const Module kDevices = {.name = "devices",
                                .path = "/api/v1/devices",
                                .summary = "Browsers, operating systems and kinds of device, by visitors",
                                .key_module = "devices",
                                .takes = {.range = true, .filters = true, .limit = 10, .offset = true},
                                .example = R"({"browsers":[{"name":"Chrome","visitors":1842,"percentage":56.8}],
        "operating_systems":[{"name":"Windows","visitors":1456,"percentage":44.9}],
        "device_types":[{"name":"Desktop","visitors":2198,"percentage":67.8}]})",
                                .answer = devices,
                                .csv = kDeviceCsv,
                                .csv_rows = device_rows};

extern const Module kGeo = {.name = "geo",
                            .path = "/api/v1/geo",
                            .summary = "Countries by visitors",
                            .key_module = "geo",
                            .takes = {.range = true, .filters = true, .limit = 10, .offset = true},
                            .example = R"({"data":[{"country":"US","visitors":1567,"percentage":48.3}]})",
                            .answer = geo,
                            .csv = kGeoCsv};

}  // namespace collector::query
