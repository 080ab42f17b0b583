#include "src/event_editor.hpp"

#include <algorithm>

namespace pulsekit {
namespace {

Property only_property(const Properties& properties) {
    PropertyReader reader(PropertiesAccess::encoded(properties), 1);
    return reader.next().value_or(Property{});
}

}  // namespace

EventEditor::EventEditor(const RecordView& record) : record_(record), name_(record.name) {
    PropertyReader reader(record.properties, record.property_count);
    while (const auto property = reader.next()) {
        members_.push_back({std::string(property->name), Properties{*property}});
    }
}

bool EventEditor::run(const std::function<bool(Event&)>& before_send) {
    Event event(*this);
    return before_send(event);
}

std::string EventEditor::encoded() const {
    RecordHead head{record_.type,    static_cast<std::uint8_t>(record_.field_count),
                    record_.flags,   record_.id,
                    record_.time_ms, record_.sequence,
                    name_,           static_cast<std::uint32_t>(record_.field_count + members_.size())};
    std::string out(head.encoded_size(), '\0');
    ByteWriter writer(&out[0]);
    head.encode(writer);
    out += record_.fields;
    for (const auto& member : members_) out += PropertiesAccess::encoded(member.value);
    return out;
}

std::uint32_t edit_events(std::string& records, const std::function<bool(Event&)>& before_send) {
    std::string kept;
    kept.reserve(records.size());
    std::uint32_t count = 0;
    std::optional<ContextView> context;
    FrameReader frames(records);
    while (const auto frame = frames.next()) {
        if (is_context(*frame)) {
            context = ContextView::parse(*frame);
            append_frame(kept, *frame);
            continue;
        }
        const auto record = context ? RecordView::parse(*frame, &*context) : std::nullopt;
        if (!record) continue;
        EventEditor editor(*record);
        if (!editor.run(before_send)) continue;
        const std::string encoded = editor.encoded();
        append_frame(kept, encoded.size() <= kMaxRecordBytes ? std::string_view(encoded) : *frame);
        ++count;
    }
    records = std::move(kept);
    return count;
}

std::string_view Event::name() const noexcept { return editor_.name_; }
std::string_view Event::user_id() const noexcept { return editor_.record_.context->user_id; }
std::int64_t Event::unix_ms() const noexcept { return editor_.record_.time_ms; }

Value Event::property(std::string_view name) const {
    for (const auto& member : editor_.members_) {
        if (member.name == name) return only_property(member.value).value;
    }
    return Value(nullptr);
}

void Event::for_each(const std::function<void(const Property&)>& visit) const {
    for (const auto& member : editor_.members_) visit(only_property(member.value));
}

void Event::set_name(std::string_view name) {
    if (!name.empty() && name.size() <= kMaxNameBytes) editor_.name_ = std::string(name);
}

void Event::set_property(std::string_view name, const Value& value) {
    if (encoded_size(Property{name, value}) == 0) return;
    Properties encoded{{name, value}};
    const auto found = std::find_if(editor_.members_.begin(), editor_.members_.end(),
                                    [&](const EventEditor::Member& member) { return member.name == name; });
    if (found == editor_.members_.end()) {
        editor_.members_.push_back({std::string(name), std::move(encoded)});
    } else {
        found->value = std::move(encoded);
    }
}

void Event::remove_property(std::string_view name) {
    auto& members = editor_.members_;
    members.erase(std::remove_if(members.begin(), members.end(),
                                 [&](const EventEditor::Member& member) { return member.name == name; }),
                  members.end());
}

}  // namespace pulsekit
