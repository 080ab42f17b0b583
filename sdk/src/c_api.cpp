#include <pulsekit/pulsekit.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

#include <pulsekit/client.hpp>
#include <pulsekit/version.hpp>

struct pulsekit_client {
    pulsekit::Client client;
};

namespace {

using pulsekit::Client;
using pulsekit::Options;
using pulsekit::Properties;
using pulsekit::Refusal;
using pulsekit::Tracked;
using pulsekit::Value;

// What a caller compiled against the first header has: later members are read only when `size` covers them.
constexpr std::size_t kFirstOptionsSize = sizeof(pulsekit_options);
constexpr std::size_t kFirstStatsSize = sizeof(pulsekit_stats);

std::string text_of(const char* text) { return text ? text : ""; }

void copy_text(const std::string& text, char* out, std::size_t size) {
    if (!out || size == 0) return;
    const std::size_t length = std::min(text.size(), size - 1);
    std::memcpy(out, text.data(), length);
    out[length] = '\0';
}

Value value_of(const pulsekit_property& property) {
    switch (property.type) {
        case PULSEKIT_BOOL: return Value(property.value.boolean != 0);
        case PULSEKIT_INT: return Value(property.value.integer);
        case PULSEKIT_DOUBLE: return Value(property.value.real);
        case PULSEKIT_STRING: return property.value.string ? Value(property.value.string) : Value(nullptr);
        case PULSEKIT_NULL: break;
    }
    return Value(nullptr);
}

pulsekit_status status_of(const Tracked& tracked, char* id) {
    switch (tracked.refusal) {
        case Refusal::none:
            if (id) copy_text(tracked.id_text(), id, PULSEKIT_ID_SIZE);
            return PULSEKIT_OK;
        case Refusal::invalid: return PULSEKIT_INVALID;
        case Refusal::too_large: return PULSEKIT_TOO_LARGE;
        case Refusal::full: return PULSEKIT_FULL;
        case Refusal::closed:
        case Refusal::disabled:
        case Refusal::denied:
        case Refusal::sampled:
        case Refusal::forked: return PULSEKIT_CLOSED;
    }
    return PULSEKIT_INTERNAL;
}

Options options_of(const pulsekit_options& given) {
    Options options;
    options.endpoint = text_of(given.endpoint);
    options.api_key = text_of(given.api_key);
    options.app_name = text_of(given.app_name);
    options.app_version = text_of(given.app_version);
    options.storage_dir = text_of(given.storage_dir);
    if (given.flush_interval_ms != 0) options.flush_interval = std::chrono::milliseconds(given.flush_interval_ms);
    if (given.max_queue_bytes != 0) options.max_queue_bytes = given.max_queue_bytes;
    if (given.log) {
        options.on_diagnostic = [log = given.log, user_data = given.user_data](const pulsekit::Diagnostic& diagnostic) {
            log(static_cast<pulsekit_level>(diagnostic.level), diagnostic.message.c_str(), user_data);
        };
    }
    return options;
}

/// Checks the arguments, gathers the properties and hands both to `call`.
template <typename Call>
pulsekit_status with_properties(pulsekit_client* client, const pulsekit_property* list, std::size_t count, char* id,
                                const Call& call) {
    if (!client || (!list && count != 0)) return PULSEKIT_INVALID;
    Properties properties;
    for (std::size_t i = 0; i < count; ++i) {
        if (!list[i].name) return PULSEKIT_INVALID;
        properties.set(list[i].name, value_of(list[i]));
    }
    return status_of(call(properties), id);
}

}  // namespace

const char* pulsekit_version(void) { return pulsekit::kVersion; }

pulsekit_status pulsekit_open(const pulsekit_options* options, pulsekit_client** client, char* error,
                              std::size_t error_size) {
    if (client) *client = nullptr;
    if (!options || !client || options->size < kFirstOptionsSize) {
        copy_text("options or client is null, or options.size is not set", error, error_size);
        return PULSEKIT_INVALID;
    }
    auto opened = Client::open(options_of(*options));
    if (!opened) {
        copy_text(opened.error().message, error, error_size);
        return opened.error().code == pulsekit::ErrorCode::invalid ? PULSEKIT_INVALID : PULSEKIT_INTERNAL;
    }
    *client = new (std::nothrow) pulsekit_client{std::move(*opened)};
    return *client ? PULSEKIT_OK : PULSEKIT_INTERNAL;
}

pulsekit_status pulsekit_track(pulsekit_client* client, const char* name, const pulsekit_property* properties,
                               std::size_t count, char* id) {
    if (!name) return PULSEKIT_INVALID;
    return with_properties(client, properties, count, id,
                           [&](const Properties& p) { return client->client.track(name, p); });
}

pulsekit_status pulsekit_screen(pulsekit_client* client, const char* name, const pulsekit_property* properties,
                                std::size_t count, char* id) {
    if (!name) return PULSEKIT_INVALID;
    return with_properties(client, properties, count, id,
                           [&](const Properties& p) { return client->client.screen(name, p); });
}

pulsekit_status pulsekit_identify(pulsekit_client* client, const char* user_id, const pulsekit_property* traits,
                                  std::size_t count, char* id) {
    return with_properties(client, traits, count, id,
                           [&](const Properties& p) { return client->client.identify(user_id ? user_id : "", p); });
}

pulsekit_status pulsekit_flush(pulsekit_client* client, std::uint32_t deadline_ms) {
    if (!client) return PULSEKIT_INVALID;
    return client->client.flush(std::chrono::milliseconds(deadline_ms)) ? PULSEKIT_OK : PULSEKIT_UNAVAILABLE;
}

pulsekit_status pulsekit_get_stats(const pulsekit_client* client, pulsekit_stats* stats) {
    if (!client || !stats || stats->size < kFirstStatsSize) return PULSEKIT_INVALID;
    const pulsekit::Stats now = client->client.stats();
    stats->accepted = now.accepted;
    stats->delivered = now.delivered;
    stats->queued = now.queued;
    stats->dropped = now.dropped_total();
    return PULSEKIT_OK;
}

pulsekit_status pulsekit_close_and_free(pulsekit_client* client, std::uint32_t deadline_ms) {
    if (!client) return PULSEKIT_INVALID;
    const auto closed = client->client.close(std::chrono::milliseconds(deadline_ms));
    delete client;
    return closed ? PULSEKIT_OK : PULSEKIT_UNAVAILABLE;
}
