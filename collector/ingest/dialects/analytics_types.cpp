#include "ingest/dialects/analytics_types.hpp"

#include <algorithm>
#include <limits>
#include <span>

#include "ingest/fields.hpp"
#include "ingest/steps/step.hpp"
#include "model/text.hpp"
#include "model/vitals.hpp"
#include "support/time_text.hpp"

namespace collector::ingest::analytics {
namespace {

using model::Event;

struct TextRule {
    std::string_view name;
    std::size_t max_length;
    std::string Event::*into = nullptr;  ///< null: it stays among the properties
    bool required = false;
};

struct NumberRule {
    std::string_view name;
    std::string_view rule;
    double least = 0;
    double most = std::numeric_limits<double>::max();
    std::optional<double> Event::*real = nullptr;
    std::optional<std::int64_t> Event::*integer = nullptr;
    bool required = false;
};

/// The rule that is broken, or nothing.
using Broken = std::optional<std::string>;

std::string field_rule(std::string_view name, std::string_view rule) {
    return "field '" + std::string(name) + "' must be " + std::string(rule) + ".";
}
std::string missing(std::string_view name) { return "missing required field '" + std::string(name) + "'."; }

/// The member, unless it is as good as absent.
const Value* present(const Body& body, std::string_view name) {
    const Value* value = body.find(name);
    return value && text_of(*value) != "" ? value : nullptr;
}

/// Of a member that the protocol does not know but clients send: empty when it is no text.
std::string_view text_beside(const Body& body, std::string_view name) {
    const Value* value = body.find(name);
    return value ? text_of(*value).value_or("") : std::string_view();
}

Broken read_text(const Body& body, const TextRule& rule, Event& event) {
    const Value* value = present(body, rule.name);
    if (!value) return rule.required ? Broken(missing(rule.name)) : std::nullopt;
    const auto text = text_of(*value);
    if (!text) return field_rule(rule.name, "a string");
    if (model::code_points(*text) > rule.max_length) {
        return field_rule(rule.name, "at most " + std::to_string(rule.max_length) + " characters");
    }
    if (rule.into) event.*rule.into = *text;
    return std::nullopt;
}

Broken read_number(const Body& body, const NumberRule& rule, Event& event) {
    const Value* value = present(body, rule.name);
    if (!value) return rule.required ? Broken(missing(rule.name)) : std::nullopt;
    const auto number = number_of(*value);
    const auto integer = integer_of(*value);
    if (!number || *number < rule.least || *number > rule.most || (rule.integer && !integer)) {
        return field_rule(rule.name, rule.rule);
    }
    if (rule.real) event.*rule.real = number;
    if (rule.integer) event.*rule.integer = integer;
    return std::nullopt;
}

Broken read_object(const Body& body, std::string_view name, bool required, Members& into) {
    const Value* value = present(body, name);
    if (!value) return required ? Broken(missing(name)) : std::nullopt;
    auto object = object_of(*value);
    if (!object) return field_rule(name, "an object");
    into = *std::move(object);
    return std::nullopt;
}

Broken read_timestamp(const Body& body, Event& event) {
    const Value* value = present(body, "timestamp");
    if (!value) return std::nullopt;
    const auto text = text_of(*value);
    const auto ms = text ? pulsekit::parse_date_time(*text) : integer_of(*value);
    if (!ms || *ms < 0 || *ms > kLastMs) {
        return field_rule("timestamp", "an ISO 8601 date-time or integer milliseconds since 1970");
    }
    event.ts_ms = *ms;
    return std::nullopt;
}

// What the tables of rules cannot say of a type.

Broken read_revenue(const Body& body, Event& event) {
    if (const Value* amount = present(body, "revenue_amount")) {
        event.revenue_amount = number_of(*amount);
        if (!event.revenue_amount) return field_rule("revenue_amount", "a finite number");
    }
    const Value* currency = present(body, "revenue_currency");
    if (!currency) return std::nullopt;
    event.revenue_currency = currency_of(text_of(*currency).value_or(""));
    if (event.revenue_currency.empty()) return field_rule("revenue_currency", "a currency code of 3 letters");
    return std::nullopt;
}

Broken read_vital(const Body& body, Event& event) {
    const Value* name = present(body, "name");
    if (!name) return missing("name");
    const auto* vital = model::vital_named(text_of(*name).value_or(""));
    if (!vital) return field_rule("name", "one of: LCP, FCP, CLS, INP, TTFB");
    const Value* value = present(body, "value");
    if (!value) return missing("value");
    const auto number = number_of(*value);
    if (!number || *number < 0) return field_rule("value", "a number of at least 0");
    event.vitals.emplace_back(vital->name, *number);
    const Value* rating = present(body, "rating");
    if (!rating) return std::nullopt;
    const auto word = text_of(*rating).value_or("");
    if (word == "good" || word == "needs-improvement" || word == "poor") return std::nullopt;
    return field_rule("rating", "one of: good, needs-improvement, poor");
}

bool is_answer(const Value& value) {
    const auto members = object_of(value);
    if (!members) return false;
    const Value* question = members->find("question_id");
    return question && !text_of(*question).value_or("").empty() && members->find("value");
}

Broken read_answers(const Body& body, Event& event) {
    const Value* answers = present(body, "answers");
    if (!answers) return missing("answers");
    simdjson::dom::array list;
    if (answers->get_array().get(list) ||
        !std::all_of(list.begin(), list.end(), [](const Value answer) { return is_answer(answer); })) {
        return field_rule("answers", "an array of objects with question_id and value");
    }
    event.completed = true;
    if (const Value* completed = present(body, "completed")) {
        bool flag = false;
        if (completed->get_bool().get(flag)) return field_rule("completed", "a boolean");
        event.completed = flag;
    }
    return std::nullopt;
}

constexpr TextRule kAnyType[] = {{"visitor_id", 128, &Event::visitor_id},
                                 {"session_id", 128, &Event::session_id},
                                 {"event_id", 128, &Event::event_id},
                                 {"user_id", 255, &Event::user_id}};
constexpr TextRule kUrl = {"url", 2048, &Event::url};
constexpr TextRule kPath = {"path", 2048, &Event::path};
constexpr TextRule kRequiredPath = {"path", 2048, &Event::path, true};

constexpr TextRule kPageviewTexts[] = {kRequiredPath,
                                       {"title", 512, &Event::title},
                                       {"referrer", 2048, &Event::referrer},
                                       {"screen", 32, &Event::screen},
                                       {"language", 35, &Event::language},
                                       {"utm_source", 255, &Event::utm_source},
                                       {"utm_medium", 255, &Event::utm_medium},
                                       {"utm_campaign", 255, &Event::utm_campaign},
                                       {"utm_content", 255, &Event::utm_content},
                                       {"utm_term", 255, &Event::utm_term},
                                       kUrl};
constexpr TextRule kEventTexts[] = {{"name", 255, &Event::name, true}, kPath, kUrl};
constexpr TextRule kPageTexts[] = {kPath, kUrl};
constexpr TextRule kScrollTexts[] = {kRequiredPath, kUrl};
constexpr TextRule kSearchTexts[] = {{"query", 512, &Event::query, true}, kPath, kUrl};
constexpr TextRule kOutlinkTexts[] = {{"url", 2048, &Event::url, true}, {"link_type", 64}, kPath};
constexpr TextRule kErrorTexts[] = {{"message", 4096, &Event::error_message, true},
                                    {"stack", 32'768, &Event::error_stack},
                                    {"filename", 2048, &Event::error_filename},
                                    kPath,
                                    kUrl};
constexpr TextRule kClickTexts[] = {kRequiredPath, {"element_selector", 1024, &Event::selector}, kUrl};
constexpr TextRule kSurveyTexts[] = {{"survey_id", 255, &Event::survey_id, true}, kPath, kUrl};

constexpr std::string_view kCount = "an integer of at least 0";
constexpr std::string_view kSize = "an integer greater than 0";
constexpr NumberRule kScrollNumbers[] = {
    {.name = "max_depth", .rule = "a number from 0 to 100", .most = 100, .real = &Event::depth, .required = true}};
constexpr NumberRule kSearchNumbers[] = {{.name = "results_count", .rule = kCount, .integer = &Event::results_count}};
constexpr NumberRule kErrorNumbers[] = {{.name = "lineno", .rule = kCount, .integer = &Event::error_lineno},
                                        {.name = "colno", .rule = kCount, .integer = &Event::error_colno}};
constexpr NumberRule kClickNumbers[] = {
    {.name = "x", .rule = "a number of at least 0", .real = &Event::click_x, .required = true},
    {.name = "y", .rule = "a number of at least 0", .real = &Event::click_y, .required = true},
    {.name = "viewport_width", .rule = kSize, .least = 1, .integer = &Event::viewport_w},
    {.name = "viewport_height", .rule = kSize, .least = 1, .integer = &Event::viewport_h}};

constexpr std::string_view kRevenueNames[] = {"revenue_amount", "revenue_currency"};
constexpr std::string_view kVitalNames[] = {"name", "value"};
constexpr std::string_view kSurveyNames[] = {"completed"};

}  // namespace

struct Type {
    std::string_view name;
    std::span<const TextRule> texts;
    std::span<const NumberRule> numbers = {};
    Broken (*special)(const Body& body, Event& event) = nullptr;
    std::span<const std::string_view> special_names = {};  ///< members that `special` keeps elsewhere
    std::string_view free_object = {};                     ///< a member whose own members are the properties
    bool object_required = false;
};

namespace {

constexpr Type kTypes[] = {
    {.name = "pageview", .texts = kPageviewTexts},
    {.name = "event",
     .texts = kEventTexts,
     .special = read_revenue,
     .special_names = kRevenueNames,
     .free_object = "data"},
    {.name = "identify", .texts = kPageTexts, .free_object = "traits", .object_required = true},
    {.name = "web_vital", .texts = kPageTexts, .special = read_vital, .special_names = kVitalNames},
    {.name = "scroll_depth", .texts = kScrollTexts, .numbers = kScrollNumbers},
    {.name = "search_query", .texts = kSearchTexts, .numbers = kSearchNumbers},
    {.name = "outlink", .texts = kOutlinkTexts},
    {.name = "js_error", .texts = kErrorTexts, .numbers = kErrorNumbers},
    {.name = "click_event", .texts = kClickTexts, .numbers = kClickNumbers},
    {.name = "survey_response", .texts = kSurveyTexts, .special = read_answers, .special_names = kSurveyNames},
};

template <typename Rules>
bool names(const Rules& rules, std::string_view name) {
    return std::any_of(rules.begin(), rules.end(), [&](const auto& rule) { return rule.name == name; });
}

/// Whether the member has a field of its own.
bool is_mapped(const Type& type, std::string_view name) {
    const auto* text = std::find_if(type.texts.data(), type.texts.data() + type.texts.size(),
                                    [&](const TextRule& rule) { return rule.name == name; });
    if (text != type.texts.data() + type.texts.size()) return text->into != nullptr;
    const auto& special = type.special_names;
    return name == "timestamp" || name == type.free_object || names(std::span(kAnyType), name) ||
           names(type.numbers, name) || std::find(special.begin(), special.end(), name) != special.end();
}

/// Members that have no field of their own, then those of `free` that no such member hides.
std::string props_of(const Type& type, const Body& body, const Members& free, const Event& event) {
    ObjectText props;
    std::vector<std::string_view> kept;
    body.for_each([&](const Member& member) {
        if (is_mapped(type, member.name)) return;
        props.add(member.name, member.value);
        kept.push_back(member.name);
    });
    const Names hidden(std::move(kept));
    for (const auto& member : free) {
        if (!hidden.contain(member.name)) props.add(member.name, member.value);
    }
    std::string text = props.take();
    if (event.kind == model::Kind::web_vital && !present(body, "rating")) {
        const auto& [name, value] = event.vitals.front();
        const std::string rating = "\"rating\":\"" + std::string(rating_of(*model::vital_named(name), value)) + "\"}";
        text.pop_back();
        text += (text.size() > 1 ? "," : "") + rating;
    }
    return text;
}

}  // namespace

Body::Body(Members outer) : outer_(std::move(outer)) {
    const Value* payload = outer_.find("payload");
    auto inner = payload ? object_of(*payload) : std::nullopt;
    wrapped_ = inner.has_value();
    if (inner) inner_ = *std::move(inner);
}

const Type* type_named(std::string_view name) {
    const auto* found =
        std::find_if(std::begin(kTypes), std::end(kTypes), [&](auto& type) { return type.name == name; });
    return found == std::end(kTypes) ? nullptr : found;
}

std::optional<std::string> read(const Type& type, const Body& body, Event& event) {
    event.kind = kind_of(event.dialect, type.name, {});
    Broken broken;
    for (const auto& rule : type.texts) {
        if (!broken) broken = read_text(body, rule, event);
    }
    for (const auto& rule : type.numbers) {
        if (!broken) broken = read_number(body, rule, event);
    }
    if (!broken && type.special) broken = type.special(body, event);
    Members free;
    if (!broken && !type.free_object.empty()) broken = read_object(body, type.free_object, type.object_required, free);
    for (const auto& rule : kAnyType) {
        if (!broken) broken = read_text(body, rule, event);
    }
    if (!broken) broken = read_timestamp(body, event);
    if (broken) return broken;
    if (type.name == "event") event.app_version = text_member(free, "app_version");
    if (event.app_version.empty()) event.app_version = text_beside(body, "app_version");
    if (event.kind == model::Kind::js_error) event.error_type = text_beside(body, "error_type");
    event.props = props_of(type, body, free, event);
    return std::nullopt;
}

}  // namespace collector::ingest::analytics
