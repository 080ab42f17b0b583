// The gateway dialect: `POST /api/v1/pulse/events/batch`, and `/events` for one event alone. A batch passes whole or
// not at all.
#include <charconv>

#include "src/wire/encoding.hpp"

namespace pulsekit::wire {
namespace {

constexpr Known kKnown[] = {{"sequence"}};
constexpr Place kProperties(Place::Kind::nested, kKnown);

void make_tail(Tail& tail, const ContextView& context, const Labels& labels) {
    tail.begin(context, kProperties, kNoNames, labels.app_name);
    EventWriter out(tail.text());
    out.text("},\"sessionId\":\"");
    out.id(context.session);
    out.text("\"");
    out.member("deviceId", context.device_id);
    out.member("userId", context.user_id);
    out.text("}");
}

std::string_view name_of(const RecordView& event) {
    switch (event.type) {
        case RecordType::screen: return "page_view";
        case RecordType::error: return "error";
        default: return event.name;
    }
}

constexpr std::string_view kPropertiesMember = "\",\"properties\":";

void append_event(EventWriter& out, const RecordView& event, const Tail& tail) {
    out.text("{\"id\":\"");
    out.id(event.id);
    out.text("\",\"name\":");
    out.string(name_of(event));
    out.text(",\"timestamp\":\"");
    out.time(event.time_ms);
    out.text(kPropertiesMember);
    out.text("{");
    out.sequence(event);
    if (event.type == RecordType::screen) {
        out.text("\"path\":");
        append_path(out.out(), event.name);
        out.text(",");
        out.take("path");
        out.prop("title", event.name);
    }
    append_field_props(out, event);
    out.props_and_tail(event, kProperties, kNoNames, tail);
}

std::string encode(const std::vector<RecordView>& events, const Labels& labels) {
    Tails<1> tails;
    const auto append = [&](EventWriter& out, const RecordView& event) {
        append_event(out, event,
                     tails.of(event.context, 0, [&](Tail& tail) { make_tail(tail, *event.context, labels); }));
    };
    return events.size() == 1 ? single(events[0], append) : batch(events, append);
}

/// `{"success":true,"data":{"ingested":n}}`, or the stored event as data.
std::optional<Verdict> read_success(const HttpResponse& response, std::size_t events) {
    std::optional<bool> success;
    std::optional<std::int64_t> ingested;
    bool has_id = false;
    bool has_name = false;
    json::Reader reader(response.body);
    reader.begin_object();
    while (const auto name = reader.next_member()) {
        if (*name == "success") {
            success = reader.boolean();
        } else if (*name == "data") {
            reader.begin_object();
            while (const auto inner = reader.next_member()) {
                if (*inner == "ingested" && events != 1) {
                    ingested = reader.integer();
                } else if (*inner == "id") {
                    has_id = reader.string().has_value();
                } else if (*inner == "name") {
                    has_name = reader.string().has_value();
                } else {
                    reader.skip_value();
                }
            }
        } else {
            reader.skip_value();
        }
    }
    const bool all = events == 1 ? has_id && has_name : ingested == static_cast<std::int64_t>(events);
    if (!reader.at_end() || success != true || !all) return std::nullopt;
    return settled();
}

/// `{"success":false,"error":{"code":"BAD_REQUEST","message":"events[3]: ..."}}`
std::optional<Verdict> read_refusal(const HttpResponse& response, std::size_t events) {
    if (events == 1 || response.status != 400) return std::nullopt;
    std::string message;
    json::Reader reader(response.body);
    reader.begin_object();
    while (const auto name = reader.next_member()) {
        if (*name != "error") {
            reader.skip_value();
            continue;
        }
        reader.begin_object();
        while (const auto inner = reader.next_member()) {
            if (*inner == "message") {
                message = reader.string().value_or("");
            } else {
                reader.skip_value();
            }
        }
    }
    constexpr std::string_view kBefore = "events[";
    if (!reader.at_end() || message.compare(0, kBefore.size(), kBefore) != 0) return std::nullopt;
    std::size_t index = 0;
    const char* end = message.data() + message.size();
    const auto parsed = std::from_chars(message.data() + kBefore.size(), end, index);
    if (parsed.ec != std::errc() || end - parsed.ptr < 2 || parsed.ptr[0] != ']' || parsed.ptr[1] != ':' ||
        index >= events) {
        return std::nullopt;
    }
    Verdict verdict;
    verdict.kind = Verdict::Kind::split;
    verdict.at = std::max<std::size_t>(1, index);  // those before it; then it is the first, and goes alone
    verdict.message = std::move(message);
    return verdict;
}

const char* check(const RecordView& event, const Labels& labels) {
    if (name_of(event).find_first_not_of(" \t\r\n\v\f") == std::string_view::npos) {
        return "the gateway dialect takes no blank names";
    }
    if (most_json(event, labels) <= kMaxEventJson) return nullptr;
    Tail tail;
    make_tail(tail, *event.context, labels);
    const std::string whole = single(event, [&](EventWriter& out, const RecordView& e) { append_event(out, e, tail); });
    const std::size_t before = whole.find(kPropertiesMember) + kPropertiesMember.size();
    const std::size_t after = tail.after_props() - 1;
    if (whole.size() - before - after > kMaxEventJson) {
        return "the gateway dialect takes at most 100 KB of JSON as properties";
    }
    return nullptr;
}

}  // namespace

const Wire gateway = {"gateway",
                      "/api/v1/pulse/events/batch",
                      "/api/v1/pulse/events",
                      "X-API-Key",
                      "",
                      1'000,
                      encode,
                      read_success,
                      read_refusal,
                      check};

}  // namespace pulsekit::wire
