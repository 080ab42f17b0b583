// The ProductGraph dialect: `POST /v1/events` with flat dotted names (docs/protocol.md).
#include "src/wire/encoding.hpp"

namespace pulsekit::wire {
namespace {

constexpr Place kMetadata(Place::Kind::nested);

void make_tail(Tail& tail, const ContextView& context, const Labels& labels) {
    tail.begin(context, kMetadata, kNoNames, {});
    EventWriter out(tail.text());
    char session[36];
    context.session.write(session);
    out.text("}");
    out.member("project_id", std::string_view(labels.app_name));
    out.member("session.id", std::string_view(session, sizeof session));
    out.member("device.id", context.device_id);
    out.member("user.id", context.user_id);
    out.text("}");
}

std::string_view type_of(const RecordView& event, std::string_view vital) {
    switch (event.type) {
        case RecordType::screen: return "page.view";
        case RecordType::identify: return "identify";
        case RecordType::error: return "error";
        case RecordType::journey_step: return "journey.step";
        case RecordType::state_change: return "state.change";
        case RecordType::api_call: return "api.response";
        case RecordType::performance: return vital.empty() ? "custom" : "performance";
        default: return "custom";
    }
}

std::string_view vital_member(std::string_view vital) {
    if (vital == "LCP") return "performance.lcp_ms";
    if (vital == "FCP") return "performance.fcp_ms";
    if (vital == "INP") return "performance.inp_ms";
    if (vital == "TTFB") return "performance.ttfb_ms";
    return "performance.cls";
}

struct TextMember {
    std::string_view field;
    std::string_view member;
};
constexpr TextMember kTextMembers[] = {{field_name::kErrorType, "error.type"},
                                       {field_name::kErrorMessage, "error.message"},
                                       {field_name::kErrorStack, "error.stack"},
                                       {field_name::kJourney, "gen_ai.journey.id"},
                                       {field_name::kStep, "gen_ai.journey.step.id"},
                                       {field_name::kStepName, "gen_ai.journey.step.name"},
                                       {field_name::kStateKey, "ui.state.key"},
                                       {field_name::kStateBefore, "ui.state.before"},
                                       {field_name::kStateAfter, "ui.state.after"},
                                       {field_name::kApiMethod, "api.method"},
                                       {field_name::kApiPath, "api.path"}};

/// The member that the field goes to; empty: to the metadata.
std::string_view member_of(const RecordView& event, std::string_view vital, std::string_view field,
                           const Value& value) {
    const bool is_count = field == field_name::kApiStatus || field == field_name::kDuration;
    if (is_count) return value.type() == Value::Type::integer ? prop_name(event, field) : std::string_view();
    if (field == field_name::kMetricValue) return vital.empty() ? std::string_view() : vital_member(vital);
    if (value.type() != Value::Type::text) return {};
    for (const auto& text : kTextMembers) {
        if (text.field == field) return text.member;
    }
    return {};
}

void append_fields(EventWriter& out, const RecordView& event, std::string_view vital) {
    for_each_field(event, [&](std::string_view field, const Value& value) {
        const std::string_view name = member_of(event, vital, field, value);
        if (name.empty()) return;
        if (value.type() == Value::Type::text) return out.member(name, value.text());
        out.member(name, value);
    });
    out.text(",\"metadata\":{");
    for_each_field(event, [&](std::string_view field, const Value& value) {
        if (!member_of(event, vital, field, value).empty() || is_metric_name(event, field, value)) return;
        out.prop(prop_name(event, field), value);
    });
}

/// A screen is named by its type, so that all of them are one line of a top list.
void append_page(EventWriter& out, const RecordView& event, Names& sent) {
    out.member("page.title", event.name);
    out.text(",\"page.path\":");
    append_path(out.out(), event.name);
    for (const auto& [name, member] :
         {std::pair<std::string_view, std::string_view>{"url", "page.url"}, {"referrer", "page.referrer"}}) {
        const auto value = property_of(event, name);
        if (text_of(value).empty()) continue;
        out.member(member, value->text());
        sent.add(name);
    }
}

void append_event(EventWriter& out, const RecordView& event, const Tail& tail) {
    out.text("{\"event_id\":\"");
    out.id(event.id);
    out.text("\",\"event.timestamp\":\"");
    out.time(event.time_ms);
    out.text("\",\"event.sequence\":");
    out.integer(event.sequence);
    const std::string_view vital = web_vital(event);
    out.text(",\"event.type\":\"");
    out.text(type_of(event, vital));
    out.text("\"");
    if (event.type == RecordType::screen) {
        Names sent;
        append_page(out, event, sent);
        append_fields(out, event, vital);
        return out.props_and_tail(event, kMetadata, sent, tail);
    }
    out.text(",\"event.name\":");
    out.string(event.name);
    append_fields(out, event, vital);
    out.props_and_tail(event, kMetadata, kNoNames, tail);
}

std::string encode(const std::vector<RecordView>& events, const Labels& labels) {
    Tails<1> tails;
    return batch(events, [&](EventWriter& out, const RecordView& event) {
        append_event(out, event,
                     tails.of(event.context, 0, [&](Tail& tail) { make_tail(tail, *event.context, labels); }));
    });
}

std::optional<Verdict> read_success(const HttpResponse& response, std::size_t events) {
    auto reply = PartialReply::read(response.body);
    if (!reply || !reply->adds_up(events)) return std::nullopt;
    return settled(std::move(reply->refused));
}

const char* check(const RecordView& event, const Labels& labels) {
    constexpr std::size_t kAround = std::string_view("{\"events\":[]}").size();
    if (most_json(event, labels) > kMaxEventJson && encode({event}, labels).size() - kAround > kMaxEventJson) {
        return "the productgraph dialect takes events of at most 100 KB of JSON";
    }
    return nullptr;
}

}  // namespace

const Wire productgraph = {"productgraph", "/v1/events", "",           "X-PG-API-Key", "",
                           1'000,          encode,       read_success, nullptr,        check};

}  // namespace pulsekit::wire
