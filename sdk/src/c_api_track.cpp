// The C interface: events.
#include <limits>
#include <new>

#include "src/c_api.hpp"

struct pulsekit_timer {
    pulsekit::Timer timer;
};

namespace {

using pulsekit::Client;
using pulsekit::EventOptions;
using pulsekit::Properties;
using pulsekit::Property;
using pulsekit::Refusal;
using pulsekit::Tracked;
using namespace pulsekit::c_api;

constexpr std::size_t kFirstDetailsSize = sizeof(pulsekit_details);
constexpr std::size_t kFirstTrackedSize = sizeof(pulsekit_tracked);
constexpr std::size_t kMaxPlain = 64;
constexpr const char* kBadArgument = "an argument is null, or a property or a detail breaks a rule";

static_assert(static_cast<unsigned>(pulsekit::Latency::now) == PULSEKIT_LATENCY_NOW &&
              static_cast<unsigned>(pulsekit::Latency::deferred) == PULSEKIT_LATENCY_DEFERRED);

pulsekit_status status_of(Refusal refusal) {
    switch (refusal) {
        case Refusal::none: return PULSEKIT_OK;
        case Refusal::invalid: return PULSEKIT_INVALID;
        case Refusal::too_large: return PULSEKIT_TOO_LARGE;
        case Refusal::full: return PULSEKIT_FULL;
        case Refusal::closed: return PULSEKIT_CLOSED;
        case Refusal::disabled: return PULSEKIT_DISABLED;
        case Refusal::denied: return PULSEKIT_DENIED;
        case Refusal::sampled: return PULSEKIT_SAMPLED;
        case Refusal::forked: return PULSEKIT_FORKED;
    }
    return PULSEKIT_INTERNAL;
}

/// Where a call's outcome goes: an id of the plain functions, or a pulsekit_tracked.
class Outcome {
public:
    explicit Outcome(char* id) : id_(id) { copy_text({}, id_, PULSEKIT_ID_SIZE); }
    explicit Outcome(pulsekit_tracked* tracked) : tracked_(tracked) {
        if (!tracked_) return;
        is_valid_ = tracked_->size >= kFirstTrackedSize;
        if (!is_valid_) tracked_ = nullptr;
    }
    bool is_valid() const { return is_valid_; }

    pulsekit_status invalid() const { return tell({Refusal::invalid, {}, kBadArgument}); }
    pulsekit_status tell(const Tracked& tracked) const {
        if (id_ && tracked) copy_text(tracked.id_text(), id_, PULSEKIT_ID_SIZE);
        if (tracked_) {
            pulsekit_tracked full = PULSEKIT_TRACKED_INIT;
            if (tracked) copy_text(tracked.id_text(), full.id, PULSEKIT_ID_SIZE);
            full.reason = tracked.reason;
            give(full, tracked_);
        }
        return status_of(tracked.refusal);
    }

private:
    char* id_ = nullptr;
    pulsekit_tracked* tracked_ = nullptr;
    bool is_valid_ = true;
};

/// Hands the properties to `call` as they are, without an allocation, when they are few.
template <typename Call>
pulsekit_status with_list(const pulsekit_property* list, std::size_t count, const Outcome& outcome, const Call& call) {
    alignas(Property) unsigned char room[sizeof(Property) * kMaxPlain];  // no constructor runs for what is not used
    static_assert(std::is_trivially_destructible_v<Property>);
    auto* plain = reinterpret_cast<Property*>(room);
    for (std::size_t i = 0; i < count; ++i) {
        auto* property = new (room + i * sizeof(Property)) Property;
        if (!list[i].name || !read_value(list[i], property->value)) return outcome.invalid();
        property->name = list[i].name;
    }
    return outcome.tell(call(static_cast<const Property*>(plain)));
}

pulsekit_status track(pulsekit_client* client, const char* name, const pulsekit_property* list, std::size_t count,
                      const pulsekit_properties* more, const EventOptions& options, const Outcome& outcome) {
    if (!client || !name || (!list && count != 0)) return outcome.invalid();
    if (!more && count <= kMaxPlain) {
        return with_list(list, count, outcome,
                         [&](const Property* plain) { return client->client.track(name, plain, count, options); });
    }
    Properties properties = more ? more->properties : Properties();
    if (!read_properties(list, count, properties)) return outcome.invalid();
    return outcome.tell(client->client.track(name, properties, options));
}

/// The details of an event as C++ has them.
struct Details {
    Properties properties;
    EventOptions options;
};

bool read_options(const pulsekit_details& given, EventOptions& options) {
    switch (raw(given.priority)) {
        case PULSEKIT_PRIORITY_NORMAL: options.priority = pulsekit::Priority::normal; break;
        case PULSEKIT_PRIORITY_LOW: options.priority = pulsekit::Priority::low; break;
        case PULSEKIT_PRIORITY_HIGH: options.priority = pulsekit::Priority::high; break;
        default: return false;
    }
    if (raw(given.latency) > PULSEKIT_LATENCY_DEFERRED || raw(given.durability) > PULSEKIT_DURABILITY_POWER)
        return false;
    options.latency = static_cast<pulsekit::Latency>(raw(given.latency));
    options.durability = raw(given.durability) == PULSEKIT_DURABILITY_POWER ? pulsekit::Durability::power
                                                                            : pulsekit::Durability::process;
    return true;
}

bool read_details(const pulsekit_details* given, Details& details) {
    if (!given) return true;
    if (given->size < kFirstDetailsSize) return false;
    const pulsekit_details full = covered(given);
    if (full.more) details.properties = full.more->properties;
    return read_properties(full.properties, full.property_count, details.properties) &&
           read_options(full, details.options);
}

/// For every kind of event but the plain one.
template <typename Call>
pulsekit_status with_details(pulsekit_client* client, const pulsekit_details* given, pulsekit_tracked* tracked,
                             bool arguments_are_valid, const Call& call) {
    const Outcome outcome(tracked);
    Details details;
    if (!outcome.is_valid() || !client || !arguments_are_valid || !read_details(given, details))
        return outcome.invalid();
    return outcome.tell(call(client->client, details.properties, details.options));
}

template <typename Call>
pulsekit_status with_properties(pulsekit_client* client, const pulsekit_property* list, std::size_t count, char* id,
                                const Call& call) {
    const Outcome outcome(id);
    Properties properties;
    if (!client || !read_properties(list, count, properties)) return outcome.invalid();
    return outcome.tell(call(client->client, properties));
}

std::chrono::milliseconds ms(std::uint64_t count) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(count, kMost)));
}

}  // namespace

pulsekit_status pulsekit_track(pulsekit_client* client, const char* name, const pulsekit_property* properties,
                               std::size_t count, char* id) {
    return track(client, name, properties, count, nullptr, {}, Outcome(id));
}

pulsekit_status pulsekit_screen(pulsekit_client* client, const char* name, const pulsekit_property* properties,
                                std::size_t count, char* id) {
    return with_properties(client, properties, count, id,
                           [&](Client& c, const Properties& p) { return c.screen(view_of(name), p); });
}

pulsekit_status pulsekit_identify(pulsekit_client* client, const char* user_id, const pulsekit_property* traits,
                                  std::size_t count, char* id) {
    return with_properties(client, traits, count, id,
                           [&](Client& c, const Properties& p) { return c.identify(view_of(user_id), p); });
}

pulsekit_status pulsekit_track_with(pulsekit_client* client, const char* name, const pulsekit_details* details,
                                    pulsekit_tracked* tracked) {
    const Outcome outcome(tracked);
    if (!outcome.is_valid()) return PULSEKIT_INVALID;
    if (!details) return track(client, name, nullptr, 0, nullptr, {}, outcome);
    if (details->size < kFirstDetailsSize) return outcome.invalid();
    const pulsekit_details full = covered(details);
    EventOptions options;
    if (!read_options(full, options)) return outcome.invalid();
    return track(client, name, full.properties, full.property_count, full.more, options, outcome);
}

pulsekit_status pulsekit_screen_with(pulsekit_client* client, const char* name, const pulsekit_details* details,
                                     pulsekit_tracked* tracked) {
    return with_details(client, details, tracked, name != nullptr,
                        [&](Client& c, const Properties& p, const EventOptions& o) { return c.screen(name, p, o); });
}

pulsekit_status pulsekit_identify_with(pulsekit_client* client, const char* user_id, const pulsekit_details* details,
                                       pulsekit_tracked* tracked) {
    return with_details(client, details, tracked, true, [&](Client& c, const Properties& p, const EventOptions& o) {
        return c.identify(view_of(user_id), p, o);
    });
}

pulsekit_status pulsekit_error(pulsekit_client* client, const char* message, const char* type, const char* stack,
                               const pulsekit_details* details, pulsekit_tracked* tracked) {
    return with_details(client, details, tracked, message != nullptr,
                        [&](Client& c, const Properties& p, const EventOptions& o) {
                            return c.error({message, view_of(type), view_of(stack)}, p, o);
                        });
}

pulsekit_status pulsekit_timed(pulsekit_client* client, const char* name, std::uint64_t duration_ms,
                               const pulsekit_details* details, pulsekit_tracked* tracked) {
    return with_details(
        client, details, tracked, name != nullptr,
        [&](Client& c, const Properties& p, const EventOptions& o) { return c.timed(name, ms(duration_ms), p, o); });
}

pulsekit_timer* pulsekit_timer_start(const pulsekit_client* client) {
    return client ? new (std::nothrow) pulsekit_timer{client->client.start_timer()} : nullptr;
}
std::uint64_t pulsekit_timer_elapsed_ms(const pulsekit_timer* timer) {
    return timer ? static_cast<std::uint64_t>(timer->timer.elapsed().count()) : 0;
}
void pulsekit_timer_free(pulsekit_timer* timer) { delete timer; }

pulsekit_status pulsekit_revenue(pulsekit_client* client, const char* name, double amount, const char* currency,
                                 const pulsekit_details* details, pulsekit_tracked* tracked) {
    return with_details(client, details, tracked, name && currency,
                        [&](Client& c, const Properties& p, const EventOptions& o) {
                            return c.revenue(name, {amount, currency}, p, o);
                        });
}

pulsekit_status pulsekit_journey_step(pulsekit_client* client, const char* journey, const char* step,
                                      const char* step_name, const pulsekit_details* details,
                                      pulsekit_tracked* tracked) {
    return with_details(client, details, tracked, journey && step,
                        [&](Client& c, const Properties& p, const EventOptions& o) {
                            return c.journey_step({journey, step, view_of(step_name)}, p, o);
                        });
}

pulsekit_status pulsekit_state_change(pulsekit_client* client, const char* key, const char* before, const char* after,
                                      const pulsekit_details* details, pulsekit_tracked* tracked) {
    return with_details(client, details, tracked, key != nullptr,
                        [&](Client& c, const Properties& p, const EventOptions& o) {
                            return c.state_change({key, view_of(before), view_of(after)}, p, o);
                        });
}

pulsekit_status pulsekit_api_call(pulsekit_client* client, const char* method, const char* path, int http_status,
                                  std::uint64_t duration_ms, const pulsekit_details* details,
                                  pulsekit_tracked* tracked) {
    return with_details(client, details, tracked, method && path,
                        [&](Client& c, const Properties& p, const EventOptions& o) {
                            return c.api_call({method, path, http_status, ms(duration_ms)}, p, o);
                        });
}

pulsekit_status pulsekit_performance(pulsekit_client* client, const char* metric, double value,
                                     const pulsekit_details* details, pulsekit_tracked* tracked) {
    return with_details(
        client, details, tracked, metric != nullptr,
        [&](Client& c, const Properties& p, const EventOptions& o) { return c.performance(metric, value, p, o); });
}
