// The ingest dialect: `POST /ingest`, one event a request, its properties in `extras`.
#include "src/wire/encoding.hpp"

namespace pulsekit::wire {
namespace {

constexpr std::size_t kMaxText = 255;
constexpr std::size_t kMaxReferrer = 2048;

constexpr Known kKnown[] = {{"sequence"}};
constexpr Place kExtras(Place::Kind::nested, kKnown);

/// The dialect's platform for an operating system; empty when it has none.
std::string_view platform_of(std::string_view os) {
    if (is_one_of(os, {"iOS", "ios", "IOS"})) return "ios";
    if (is_one_of(os, {"Android", "android", "ANDROID"})) return "android";
    if (is_one_of(os, {"Web", "web", "WEB"})) return "web";
    return {};
}

/// A user is required: the installation stands for one, while nobody is known.
std::string_view user_of(const ContextView& context) {
    return context.user_id.empty() ? context.device_id : context.user_id;
}

void make_tail(Tail& tail, const ContextView& context, const Labels& labels) {
    const std::string_view platform = platform_of(context.os);
    Names elsewhere;
    if (!longer(context.app_version, kMaxText)) elsewhere.add("app_version");
    if (!platform.empty()) elsewhere.add("os");
    if (is_device_type(context.device_class)) elsewhere.add("device_class");
    if (is_one_of(context.network_type, {"wifi", "cellular", "unknown"})) elsewhere.add("network_type");
    tail.begin(context, kExtras, elsewhere, labels.app_name);
    EventWriter out(tail.text());
    char session[36];
    context.session.write(session);
    const std::string_view session_text(session, sizeof session);
    const std::string_view user = user_of(context);
    out.text("}");
    out.member("user_id", user.empty() ? session_text : user);
    out.member("session_id", session_text);
    out.member("device_id", context.device_id);
    if (elsewhere.contain("app_version")) out.member("app_version", context.app_version);
    if (elsewhere.contain("device_class")) out.member("device_type", context.device_class);
    out.member("platform", platform);
    if (elsewhere.contain("network_type")) out.member("network_type", context.network_type);
    out.text("}");
}

std::string_view type_of(const RecordView& event, std::string_view vital) {
    switch (event.type) {
        case RecordType::screen: return "page_view";
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
    if (vital == "LCP") return "lcp";
    if (vital == "FCP") return "fcp";
    if (vital == "INP") return "inp";
    if (vital == "TTFB") return "ttfb";
    return "cls";
}

void append_vital(EventWriter& out, const RecordView& event, std::string_view vital) {
    out.text(",\"performance\":{\"");
    out.text(vital_member(vital));
    out.text("\":");
    json::append_value(out.out(), *event.field(field_name::kMetricValue));
    out.text("}");
}

void append_commerce(EventWriter& out, const Revenue& revenue) {
    out.text(",\"commerce\":{\"revenue_amount\":");
    json::append_value(out.out(), *revenue.amount);
    out.member("currency", revenue.currency);
    out.text("}");
}

void append_event(EventWriter& out, const RecordView& event, const Labels& labels, const Tail& tail) {
    const bool is_screen = event.type == RecordType::screen;
    const std::string_view vital = web_vital(event);
    const std::string_view type = type_of(event, vital);
    out.text("{\"event_id\":\"");
    out.id(event.id);
    out.text("\",\"event_type\":\"");
    out.text(type);
    out.text("\",\"event_name\":");
    out.string(is_screen ? type : event.name);
    out.text(",\"event_time\":\"");
    out.time(event.time_ms);
    out.text("\",\"page_name\":");
    const std::string_view page = event.context->page;
    out.string(is_screen ? event.name : page.empty() ? std::string_view(labels.app_name) : page);
    Names sent;
    const Revenue revenue = revenue_of(event, sent);
    if (is_screen) {
        const auto referrer = property_of(event, "referrer");
        const std::string_view text = text_of(referrer);
        if (!text.empty() && !longer(text, kMaxReferrer)) {
            out.member("referrer", text);
            sent.add("referrer");
        }
    }
    if (!vital.empty()) append_vital(out, event, vital);
    if (revenue.amount) append_commerce(out, revenue);
    out.text(",\"extras\":{");
    out.sequence(event);
    for_each_field(event, [&](std::string_view field, const Value& value) {
        if (field == field_name::kRevenueAmount || field == field_name::kRevenueCurrency) return;
        if (!vital.empty() && field == field_name::kMetricValue) return;
        if (!is_metric_name(event, field, value)) out.prop(prop_name(event, field), value);
    });
    out.props_and_tail(event, kExtras, sent, tail);
}

std::string encode(const std::vector<RecordView>& events, const Labels& labels) {
    Tails<1> tails;
    const auto append = [&](EventWriter& out, const RecordView& event) {
        const auto make = [&](Tail& tail) { make_tail(tail, *event.context, labels); };
        append_event(out, event, labels, tails.of(event.context, 0, make));
    };
    return events.size() == 1 ? single(events[0], append) : batch(events, append);
}

/// `{"status":"success","eventId":"..."}`
std::optional<Verdict> read_success(const HttpResponse& response, std::size_t) {
    std::optional<std::string> status;
    std::optional<std::string> id;
    json::Reader reader(response.body);
    reader.begin_object();
    while (const auto name = reader.next_member()) {
        if (*name == "status") {
            status = reader.string();
        } else if (*name == "eventId") {
            id = reader.string();
        } else {
            reader.skip_value();
        }
    }
    if (!reader.at_end() || status != "success" || !id || id->empty()) return std::nullopt;
    return settled();
}

const char* check(const RecordView& event, const Labels& labels) {
    if (longer(user_of(*event.context), kMaxText)) return "the ingest dialect takes user ids of at most 255 characters";
    if (longer(event.name, kMaxText)) return "the ingest dialect takes names of at most 255 characters";
    if (event.type != RecordType::screen && longer(labels.app_name, kMaxText)) {
        return "the ingest dialect takes application names of at most 255 characters";
    }
    return nullptr;
}

}  // namespace

const Wire ingest = {"ingest", "/ingest", "", "X-API-Key", "", 1, encode, read_success, nullptr, check};

}  // namespace pulsekit::wire
