#include "send/line.hpp"

#include <optional>
#include <utility>
#include <variant>

#include "send/json.hpp"

namespace pulsekit::send {
namespace {

using Kind = JsonReader::Kind;

bool read_property(JsonReader& json, const std::string& name, Properties& out) {
    switch (json.peek()) {
        case Kind::text:
            if (const auto text = json.text()) out.set(name, *text);
            break;
        case Kind::number:
            if (const auto number = json.number()) {
                std::visit([&](auto value) { out.set(name, value); }, *number);
            }
            break;
        case Kind::boolean:
            if (const auto boolean = json.boolean()) out.set(name, *boolean);
            break;
        case Kind::null:
            if (json.null()) out.set(name, nullptr);
            break;
        case Kind::object:
        case Kind::array: return json.fail("the property '" + name + "' is an object or an array");
        case Kind::other: return json.skip_value();
    }
    return !json.failed();
}

bool read_properties(JsonReader& json, Properties& out) {
    json.begin_object();
    while (const auto name = json.next_member()) {
        if (!read_property(json, *name, out)) return false;
    }
    return !json.failed();
}

}  // namespace

Result<Line> parse_line(std::string_view text) {
    JsonReader json(text);
    Line line;
    bool named = false;
    // What is wrong with a member is told only of a line that is JSON to its end.
    std::string problem;
    const Kind kind = json.peek();
    if (kind != Kind::object) {
        if (json.skip_value() && json.at_end()) problem = "it is not an object";
    } else {
        json.begin_object();
        while (const auto member = json.next_member()) {
            if (*member == "name" && json.peek() == Kind::text) {
                if (auto name = json.text()) line.name = std::move(*name);
                named = true;
            } else if (*member == "name") {
                problem = "its name is no text";
                json.skip_value();
            } else if (*member == "properties" && json.peek() == Kind::object) {
                line.properties = {};
                read_properties(json, line.properties);
            } else if (*member == "properties") {
                problem = "its properties are no object";
                json.skip_value();
            } else {
                json.skip_value();
            }
        }
    }
    if (!json.failed() && !json.at_end()) json.fail("something follows the object");
    if (json.failed()) return Error{ErrorCode::invalid, json.problem()};
    if (problem.empty() && !named) problem = "it has no name";
    if (!problem.empty()) return Error{ErrorCode::invalid, problem};
    return line;
}

}  // namespace pulsekit::send
