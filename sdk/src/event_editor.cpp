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
    PropertyReader fields(record.fields, record.field_count);
    while (const auto field = fields.next()) {
        members_.push_back({std::string(field->name), Properties{*field}, true});
    }
    PropertyReader properties(record.properties, record.property_count);
    while (const auto property = properties.next()) {
        members_.push_back({std::string(property->name), Properties{*property}, false});
    }
}

EventEditor::Member* EventEditor::find(std::string_view name) {
    const auto found =
        std::find_if(members_.rbegin(), members_.rend(), [&](const Member& member) { return member.name == name; });
    return found == members_.rend() ? nullptr : &*found;
}

bool EventEditor::run(const std::function<bool(Event&)>& before_send) {
    Event event(*this);
    return before_send(event);
}

std::string EventEditor::encoded() const {
    const auto fields = std::count_if(members_.begin(), members_.end(), [](const Member& m) { return m.is_field; });
    const RecordHead head{record_.type,    static_cast<std::uint8_t>(fields),
                          record_.flags,   record_.id,
                          record_.time_ms, record_.sequence,
                          name_,           static_cast<std::uint32_t>(members_.size())};
    std::string out(head.encoded_size(), '\0');
    ByteWriter writer(&out[0]);
    head.encode(writer);
    for (const bool is_field : {true, false}) {
        for (const auto& member : members_) {
            if (member.is_field == is_field) out += PropertiesAccess::encoded(member.value);
        }
    }
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
        if (encoded.size() > kMaxRecordBytes) continue;  // not as it was: something may just have been taken out
        append_frame(kept, encoded);
        ++count;
    }
    records = std::move(kept);
    return count;
}

std::string_view Event::name() const noexcept { return editor_.name_; }
std::string_view Event::user_id() const noexcept { return editor_.record_.context->user_id; }
std::int64_t Event::unix_ms() const noexcept { return editor_.record_.time_ms; }

Value Event::property(std::string_view name) const {
    const auto* member = editor_.find(name);
    return member ? only_property(member->value).value : Value(nullptr);
}

void Event::for_each(const std::function<void(const Property&)>& visit) const {
    for (const auto& member : editor_.members_) visit(only_property(member.value));
}

void Event::set_name(std::string_view name) {
    if (!name.empty() && name.size() <= kMaxNameBytes) editor_.name_ = std::string(name);
}

void Event::set_property(std::string_view name, const Value& value) {
    if (encoded_size(Property{name, value}) == 0) return;
    EventEditor::Member member{std::string(name), Properties{{name, value}}, false};
    // What the kind of event brought stays that, also where the application has a property of the same name.
    for (const auto& known : editor_.members_) member.is_field |= known.is_field && known.name == member.name;
    remove_property(member.name);
    editor_.members_.push_back(std::move(member));
}

void Event::remove_property(std::string_view name) {
    auto& members = editor_.members_;
    const std::string doomed(name);  // a text of the event itself would move under us
    members.erase(std::remove_if(members.begin(), members.end(),
                                 [&](const EventEditor::Member& member) { return member.name == doomed; }),
                  members.end());
}

}  // namespace pulsekit
