#include "src/delivery_report.hpp"

#include <pulsekit/version.hpp>

#include "src/record.hpp"

namespace pulsekit {

bool is_report_due(const QueueState& state) {
    return state.ledger.accepted != state.reported.accepted || state.ledger.delivered != state.reported.delivered ||
           state.ledger.dropped != state.reported.dropped;
}

std::string delivery_report(const QueueState& state, std::string_view context, const Uuid& id, std::int64_t now_ms) {
    const auto integer = [](std::uint64_t value) { return Value(static_cast<std::int64_t>(value)); };
    Properties dropped;
    for (const auto& [reason, count] : state.ledger.dropped) {
        const auto known = state.reported.dropped.find(reason);
        const std::uint64_t before = known == state.reported.dropped.end() ? 0 : known->second;
        if (count != before) dropped.set(reason, integer(count - before));
    }
    Properties properties;
    properties.set("accepted", integer(state.ledger.accepted - state.reported.accepted));
    properties.set("delivered", integer(state.ledger.delivered - state.reported.delivered));
    properties.set("dropped", dropped);
    properties.set("queued", integer(state.ledger.queued()));
    properties.set("sdk_version", kVersion);
    if (const auto view = ContextView::parse(context); view && !view->app_version.empty()) {
        properties.set("app_version", view->app_version);
    }
    RecordHead head;
    head.id = id;
    head.time_ms = now_ms;
    head.name = "pulsekit.delivery";
    head.properties = PropertiesAccess::count(properties);
    std::string event(head.encoded_size(), '\0');
    ByteWriter writer(&event[0]);
    head.encode(writer);
    event += PropertiesAccess::encoded(properties);
    std::string frames;
    append_frame(frames, context);
    append_frame(frames, event);
    return frames;
}

}  // namespace pulsekit
