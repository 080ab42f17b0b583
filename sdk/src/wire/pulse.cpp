// The PULSE dialect: `POST /collect/batch`, and `/collect` for one event alone. What it has no member for stands beside
// its members.
#include "src/wire/encoding.hpp"

namespace pulsekit::wire {
namespace {

constexpr std::size_t kMaxLabel = 64;
constexpr std::size_t kMaxUrl = 2048;

constexpr Known kKnown[] = {{"site_id"},
                            {"event_type"},
                            {"timestamp"},
                            {"session_id"},
                            {"user_id"},
                            {"event_id"},
                            {"device_id"},
                            {"device_type"},
                            {"sequence"},
                            {"url", Known::Rule::text, kMaxUrl},
                            {"country", Known::Rule::country},
                            {"referrer", Known::Rule::text, kMaxUrl}};
constexpr Place kEvent(Place::Kind::flat, kKnown);

void make_tail(Tail& tail, const ContextView& context, const Labels& labels) {
    const bool has_type = is_device_type(context.device_class);
    tail.begin(context, kEvent, has_type ? Names{"device_class"} : kNoNames, {});
    EventWriter out(tail.text());
    out.text("\"site_id\":");
    out.string(labels.app_name);
    out.text(",\"session_id\":\"");
    out.id(context.session);
    out.text("\"");
    out.member("device_id", context.device_id);
    out.member("user_id", context.user_id);
    if (has_type) out.member("device_type", context.device_class);
    out.text("}");
}

std::string_view type_of(const RecordView& event) {
    switch (event.type) {
        case RecordType::screen: return "page_view";
        case RecordType::error: return "error";
        default: return event.name;
    }
}

void append_event(EventWriter& out, const RecordView& event, const Tail& tail) {
    out.text("{\"event_id\":\"");
    out.id(event.id);
    out.text("\",\"event_type\":");
    out.string(type_of(event));
    out.text(",\"timestamp\":");
    out.integer(std::clamp<std::int64_t>(event.time_ms, 0, kLastMs));
    out.text(",");
    out.sequence(event);
    if (event.type == RecordType::screen) {
        out.text("\"url\":");
        append_path(out.out(), event.name);
        out.text(",");
        out.take("url");
    }
    append_field_props(out, event);
    out.props_and_tail(event, kEvent, kNoNames, tail);
}

std::string encode(const std::vector<RecordView>& events, const Labels& labels) {
    Tails<1> tails;
    const auto append = [&](EventWriter& out, const RecordView& event) {
        append_event(out, event,
                     tails.of(event.context, 0, [&](Tail& tail) { make_tail(tail, *event.context, labels); }));
    };
    return events.size() == 1 ? single(events[0], append) : batch(events, append);
}

std::optional<Verdict> read_success(const HttpResponse& response, std::size_t events) {
    auto reply = PartialReply::read(response.body);
    if (!reply || reply->success != true) return std::nullopt;
    if (events == 1) return reply->has_timestamp ? std::optional<Verdict>(settled()) : std::nullopt;
    if (!reply->adds_up(events)) return std::nullopt;
    return settled(std::move(reply->refused));
}

/// A batch of which no event passed. Any other 400 is about the request.
std::optional<Verdict> read_refusal(const HttpResponse& response, std::size_t events) {
    if (events == 1 || response.status != 400) return std::nullopt;
    auto reply = PartialReply::read(response.body);
    if (!reply || !reply->adds_up(events) || reply->refused.size() != events) return std::nullopt;
    return settled(std::move(reply->refused));
}

const char* check(const RecordView& event, const Labels& labels) {
    if (longer(labels.app_name, kMaxLabel)) return "the pulse dialect takes application names of at most 64 characters";
    if (longer(event.context->user_id, kMaxLabel)) return "the pulse dialect takes user ids of at most 64 characters";
    if (longer(type_of(event), kMaxLabel)) return "the pulse dialect takes names of at most 64 characters";
    return nullptr;
}

}  // namespace

const Wire pulse = {"pulse", "/collect/batch", "/collect",   "Authorization", "Bearer ",
                    1'000,   encode,           read_success, read_refusal,    check};

}  // namespace pulsekit::wire
