// The Pulse Analytics dialect: `POST /api/collect`, one event a request, each type with members of its own.
#include "src/wire/encoding.hpp"

namespace pulsekit::wire {
namespace {

using Rule = Known::Rule;

constexpr std::size_t kMaxPath = 2048;
constexpr std::size_t kMaxScreen = 32;
constexpr std::size_t kMaxLanguage = 35;
constexpr std::size_t kMaxId = 128;
constexpr std::size_t kMaxMessage = 4'096;
constexpr std::size_t kMaxStack = 32'768;

constexpr Known kDataMembers[] = {{"sequence"}};

constexpr Known kPageviewMembers[] = {{"type"},
                                      {"payload"},
                                      {"visitor_id"},
                                      {"session_id"},
                                      {"timestamp"},
                                      {"event_id"},
                                      {"user_id"},
                                      {"sequence"},
                                      {"path"},
                                      {"title"},
                                      {"screen"},
                                      {"language"},
                                      {"url", Rule::text, kMaxPath},
                                      {"referrer", Rule::text, kMaxPath},
                                      {"utm_source", Rule::text, 255},
                                      {"utm_medium", Rule::text, 255},
                                      {"utm_campaign", Rule::text, 255},
                                      {"utm_content", Rule::text, 255},
                                      {"utm_term", Rule::text, 255}};

constexpr Known kIdentifyMembers[] = {
    {"type"},     {"payload"}, {"visitor_id"}, {"session_id"}, {"timestamp"},
    {"event_id"}, {"user_id"}, {"sequence"},   {"traits"},     {"url", Rule::text, kMaxPath}};

constexpr Known kErrorMembers[] = {{"type"},
                                   {"payload"},
                                   {"visitor_id"},
                                   {"session_id"},
                                   {"timestamp"},
                                   {"event_id"},
                                   {"user_id"},
                                   {"sequence"},
                                   {"message"},
                                   {"stack"},
                                   {"url", Rule::text, kMaxPath},
                                   {"path", Rule::text, kMaxPath},
                                   {"filename", Rule::text, kMaxPath},
                                   {"lineno", Rule::count},
                                   {"colno", Rule::count}};

constexpr Known kVitalMembers[] = {{"type"},
                                   {"payload"},
                                   {"visitor_id"},
                                   {"session_id"},
                                   {"timestamp"},
                                   {"event_id"},
                                   {"user_id"},
                                   {"sequence"},
                                   {"name"},
                                   {"value"},
                                   {"rating"},
                                   {"url", Rule::text, kMaxPath},
                                   {"path", Rule::text, kMaxPath}};

struct Form {
    std::string_view type;
    Place place;
};
enum FormIndex : std::size_t { kEvent, kPageview, kIdentify, kError, kVital, kForms };
constexpr Form kForm[kForms] = {{"event", Place(Place::Kind::nested, kDataMembers)},
                                {"pageview", Place(Place::Kind::flat, kPageviewMembers)},
                                {"identify", Place(Place::Kind::flat, kIdentifyMembers)},
                                {"js_error", Place(Place::Kind::flat, kErrorMembers)},
                                {"web_vital", Place(Place::Kind::flat, kVitalMembers)}};

FormIndex form_of(const RecordView& event) {
    switch (event.type) {
        case RecordType::screen: return kPageview;
        case RecordType::identify: return kIdentify;
        case RecordType::error: return kError;
        case RecordType::performance: return web_vital(event).empty() ? kEvent : kVital;
        default: return kEvent;
    }
}

void make_tail(Tail& tail, const ContextView& context, const Labels& labels, FormIndex form) {
    Names elsewhere;
    if (form == kPageview && !longer(context.screen, kMaxScreen)) elsewhere.add("screen");
    if (form == kPageview && !longer(context.locale, kMaxLanguage)) elsewhere.add("locale");
    tail.begin(context, kForm[form].place, elsewhere, labels.app_name);
    EventWriter out(tail.text());
    out.text(kForm[form].place.kind() == Place::Kind::nested ? "},\"session_id\":\"" : "\"session_id\":\"");
    out.id(context.session);
    out.text("\"");
    out.member("visitor_id", context.device_id);
    out.member("user_id", context.user_id);
    if (elsewhere.contain("screen")) out.member("screen", context.screen);
    if (elsewhere.contain("locale")) out.member("language", context.locale);
    out.text("}");
}

/// The error's message, which the dialect requires.
std::string_view message_of(const RecordView& event) {
    const std::string_view message = text_of(event.field(field_name::kErrorMessage));
    return message.empty() ? event.name : message;
}

/// Name, revenue and what else the event has of its own, and the opening of its data.
void append_custom(EventWriter& out, const RecordView& event, Names& sent) {
    out.text("\"name\":");
    out.string(event.name);
    const Revenue revenue = revenue_of(event, sent);
    if (revenue.amount) out.member("revenue_amount", *revenue.amount);
    if (is_currency(revenue.currency)) out.member("revenue_currency", revenue.currency);
    out.text(",\"data\":{");
    out.sequence(event);
    for_each_field(event, [&](std::string_view field, const Value& value) {
        if (field == field_name::kRevenueAmount || field == field_name::kRevenueCurrency) return;
        if (!is_metric_name(event, field, value)) out.prop(prop_name(event, field), value);
    });
}

void append_event(EventWriter& out, const RecordView& event, FormIndex form, const Tail& tail) {
    const Place& place = kForm[form].place;
    out.text("{\"type\":\"");
    out.text(kForm[form].type);
    out.text("\",\"event_id\":\"");
    out.id(event.id);
    out.text("\",\"timestamp\":");
    out.integer(std::clamp<std::int64_t>(event.time_ms, 0, kLastMs));
    out.text(",");
    Names sent;
    if (form == kEvent) {
        append_custom(out, event, sent);
        return out.props_and_tail(event, place, sent, tail);
    }
    out.sequence(event);
    switch (form) {
        case kPageview:
            out.text("\"path\":");
            append_path(out.out(), event.name);
            out.text(",");
            out.prop("title", event.name);
            append_field_props(out, event);
            break;
        case kError:
            out.prop("message", message_of(event));
            for_each_field(event, [&](std::string_view field, const Value& value) {
                if (field != field_name::kErrorMessage) out.prop(prop_name(event, field), value);
            });
            break;
        case kVital:
            out.prop("name", web_vital(event));
            for_each_field(event, [&](std::string_view field, const Value& value) {
                if (field != field_name::kMetric) out.prop(prop_name(event, field), value);
            });
            break;
        default: {
            out.text("\"traits\":{");
            out.own_props(event);
            out.text("},");
            RecordView rest = event;
            rest.properties = {};
            rest.property_count = 0;
            return out.props_and_tail(rest, place, sent, tail);
        }
    }
    out.props_and_tail(event, place, sent, tail);
}

std::string encode(const std::vector<RecordView>& events, const Labels& labels) {
    Tails<kForms> tails;
    const auto append = [&](EventWriter& out, const RecordView& event) {
        const FormIndex form = form_of(event);
        const auto make = [&](Tail& tail) { make_tail(tail, *event.context, labels, form); };
        append_event(out, event, form, tails.of(event.context, form, make));
    };
    return events.size() == 1 ? single(events[0], append) : batch(events, append);
}

/// `{"ok":true}`
std::optional<Verdict> read_success(const HttpResponse& response, std::size_t) {
    std::optional<bool> ok;
    json::Reader reader(response.body);
    reader.begin_object();
    while (const auto name = reader.next_member()) {
        if (*name == "ok") {
            ok = reader.boolean();
        } else {
            reader.skip_value();
        }
    }
    if (!reader.at_end() || ok != true) return std::nullopt;
    return settled();
}

/// A 403 about the event's module: it is off, or the key is restricted to others. Key and address are fine, so that the
/// events of other modules must not wait behind this one.
std::optional<Verdict> read_refusal(const HttpResponse& response, std::size_t events) {
    if (events != 1 || response.status != 403) return std::nullopt;
    std::string message;
    json::Reader reader(response.body);
    reader.begin_object();
    while (const auto name = reader.next_member()) {
        if (*name == "error") {
            message = reader.string().value_or("");
        } else {
            reader.skip_value();
        }
    }
    const auto begins = [&](std::string_view with) { return message.compare(0, with.size(), with) == 0; };
    if (!reader.at_end() || (!begins("Module '") && !begins("API key is not allowed to access module '"))) {
        return std::nullopt;
    }
    std::vector<Verdict::Refused> refused;
    refused.push_back({0, std::move(message)});
    return settled(std::move(refused));
}

const char* check(const RecordView& event, const Labels&) {
    if (longer(event.context->device_id, kMaxId))
        return "the analytics dialect takes device ids of at most 128 characters";
    if (event.type == RecordType::error) {
        if (longer(message_of(event), kMaxMessage)) {
            return "the analytics dialect takes error messages of at most 4,096 characters";
        }
        if (longer(text_of(event.field(field_name::kErrorStack)), kMaxStack)) {
            return "the analytics dialect takes stacks of at most 32,768 characters";
        }
    }
    const std::string_view currency = text_of(event.field(field_name::kRevenueCurrency));
    if (!currency.empty() && !is_currency(currency)) return "the analytics dialect takes currencies of 3 letters";
    return nullptr;
}

}  // namespace

const Wire analytics = {"analytics", "/api/collect", "",           "X-Pulse-Key", "",
                        1,           encode,         read_success, read_refusal,  check};

}  // namespace pulsekit::wire
