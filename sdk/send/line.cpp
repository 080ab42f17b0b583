#include "send/line.hpp"

#include <functional>
#include <optional>
#include <utility>
#include <variant>

#include "send/json.hpp"

namespace pulsekit::send {
namespace {

using Kind = JsonReader::Kind;

constexpr int kMaxDepth = 16;  // as the SDK nests, the properties themselves counted

bool read_properties(JsonReader& json, Properties& out, int depth);

/// Reads the next value and hands it to `take`, whatever its kind.
bool read_value(JsonReader& json, int depth, const std::function<void(const Value&)>& take) {
    switch (json.peek()) {
        case Kind::text:
            if (const auto text = json.text()) take(Value(*text));
            break;
        case Kind::number:
            if (const auto number = json.number()) {
                std::visit([&](auto value) { take(Value(value)); }, *number);
            }
            break;
        case Kind::boolean:
            if (const auto boolean = json.boolean()) take(Value(*boolean));
            break;
        case Kind::null:
            if (json.null()) take(Value(nullptr));
            break;
        case Kind::object: {
            if (depth == kMaxDepth) return json.fail("its properties nest deeper than 16");
            Properties object;
            if (read_properties(json, object, depth + 1)) take(Value(object));
            break;
        }
        case Kind::array: {
            if (depth == kMaxDepth) return json.fail("its properties nest deeper than 16");
            Array array;
            json.begin_array();
            while (json.next_element()) {
                if (!read_value(json, depth + 1, [&](const Value& value) { array.add(value); })) return false;
            }
            if (!json.failed()) take(Value(array));
            break;
        }
        case Kind::other: return json.skip_value();
    }
    return !json.failed();
}

bool read_properties(JsonReader& json, Properties& out, int depth) {
    json.begin_object();
    while (const auto name = json.next_member()) {
        if (!read_value(json, depth, [&](const Value& value) { out.set(*name, value); })) return false;
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
                read_properties(json, line.properties, 1);
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
