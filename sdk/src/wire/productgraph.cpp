// The ProductGraph dialect: `POST /v1/events` with flat dotted names (docs/protocol.md).
#include "src/json_reader.hpp"
#include "src/json_writer.hpp"
#include "src/wire/wire.hpp"
#include "support/time_text.hpp"

namespace pulsekit::wire {
namespace {

void member(std::string& out, std::string_view name, std::string_view text) {
    out += ",\"";
    out += name;
    out += "\":";
    json::append_string(out, text);
}

void append_metadata(std::string& out, const RecordView& event) {
    out += ",\"metadata\":{";
    bool first = true;
    const auto separate = [&] {
        if (!first) out += ',';
        first = false;
    };
    PropertyReader properties(event.properties, event.property_count);
    while (const auto property = properties.next()) {
        separate();
        json::append_string(out, property->name);
        out += ':';
        json::append_value(out, property->value);
    }
    if (!event.context->app_version.empty()) {
        separate();
        out += "\"app_version\":";
        json::append_string(out, event.context->app_version);
    }
    out += '}';
}

void append_event(std::string& out, const RecordView& event, const Labels& labels) {
    char id[36];
    event.id.write(id);
    out += "{\"event_id\":\"";
    out.append(id, sizeof id);
    out += '"';
    member(out, "project_id", labels.app_name);
    event.context->session.write(id);
    member(out, "session.id", std::string_view(id, sizeof id));
    char time[24];
    write_date_time_ms(event.time_ms, time);
    member(out, "event.timestamp", std::string_view(time, sizeof time));
    if (!event.context->device_id.empty()) member(out, "device.id", event.context->device_id);
    if (!event.context->user_id.empty()) member(out, "user.id", event.context->user_id);
    switch (event.type) {
        case RecordType::track: member(out, "event.type", "custom"); break;
        case RecordType::identify: member(out, "event.type", "identify"); break;
        case RecordType::screen:
            member(out, "event.type", "page.view");
            member(out, "page.title", event.name);
            member(out, "page.path",
                   event.name.substr(0, 1) == "/" ? std::string(event.name) : "/" + std::string(event.name));
            break;
        default: member(out, "event.type", "custom"); break;
    }
    // A page view is named by its type, so that all of them are one line of a top list.
    if (event.type != RecordType::screen) member(out, "event.name", event.name);
    append_metadata(out, event);
    out += '}';
}

std::string encode(const std::vector<RecordView>& events, const Labels& labels) {
    std::string out;
    out.reserve(events.size() * 512);
    out += "{\"events\":[";
    for (const auto& event : events) {
        if (&event != events.data()) out += ',';
        append_event(out, event, labels);
    }
    out += "]}";
    return out;
}

std::optional<Verdict::Refused> read_refused(json::Reader& reader) {
    Verdict::Refused refused{0, {}};
    bool has_index = false;
    reader.begin_object();
    while (const auto name = reader.next_member()) {
        if (*name == "index") {
            const auto index = reader.integer();
            if (!index || *index < 0) return std::nullopt;
            refused.index = static_cast<std::size_t>(*index);
            has_index = true;
        } else if (*name == "error") {
            auto message = reader.string();
            if (!message) return std::nullopt;
            refused.message = std::move(*message);
        } else {
            reader.skip_value();
        }
    }
    if (reader.failed() || !has_index) return std::nullopt;
    return refused;
}

/// `{"accepted":n,"rejected":m,"errors":[{"index":i,"error":"..."}]}`; the counts must add up.
std::optional<Verdict> read_success(const HttpResponse& response, std::size_t events) {
    Verdict verdict;
    verdict.kind = Verdict::Kind::settled;
    std::optional<std::int64_t> accepted;
    std::optional<std::int64_t> rejected;
    json::Reader reader(response.body);
    reader.begin_object();
    while (const auto name = reader.next_member()) {
        if (*name == "accepted") {
            accepted = reader.integer();
        } else if (*name == "rejected") {
            rejected = reader.integer();
        } else if (*name == "errors") {
            reader.begin_array();
            while (reader.next_element()) {
                auto refused = read_refused(reader);
                if (!refused || refused->index >= events) return std::nullopt;
                verdict.rejections.push_back(std::move(*refused));
            }
        } else {
            reader.skip_value();
        }
    }
    const auto refused = static_cast<std::int64_t>(verdict.rejections.size());
    if (!reader.at_end() || !accepted || !rejected || *rejected != refused ||
        *accepted + *rejected != static_cast<std::int64_t>(events)) {
        return std::nullopt;
    }
    return verdict;
}

}  // namespace

const Wire productgraph = {"productgraph", "/v1/events", "", "X-PG-API-Key", "", 1'000, encode, read_success,
                           nullptr, [](const RecordView&, const Labels&) -> const char* { return nullptr; }};

}  // namespace pulsekit::wire
