// The C interface: a client's life.
#include "src/c_api.hpp"

#include <new>
#include <utility>

#include <pulsekit/version.hpp>

namespace {

using pulsekit::Client;
using pulsekit::Consent;
using pulsekit::Options;
using pulsekit::Property;
using namespace pulsekit::c_api;

// What a caller compiled against the first header has: later members are read only when `size` covers them.
constexpr std::size_t kFirstOptionsSize = offsetof(pulsekit_options, app_build);
constexpr std::size_t kFirstStatsSize = sizeof(pulsekit_stats);
constexpr std::size_t kFirstPreviousRunSize = sizeof(pulsekit_previous_run);

std::chrono::milliseconds ms(std::uint32_t count) { return std::chrono::milliseconds(count); }

/// For calls that cannot fail.
template <typename Call>
pulsekit_status with(pulsekit_client* client, const Call& call) {
    if (!client) return PULSEKIT_INVALID;
    call(client->client);
    return PULSEKIT_OK;
}

pulsekit_status give_id(const std::string& id, char* buffer, std::size_t size) {
    copy_text({}, buffer, size);
    if (!buffer || size < PULSEKIT_ID_SIZE) return PULSEKIT_INVALID;
    copy_text(id, buffer, size);
    return PULSEKIT_OK;
}

}  // namespace

namespace pulsekit::c_api {

pulsekit_status status_of(const Error& error, char* out, std::size_t out_size) {
    copy_text(error.message, out, out_size);
    switch (error.code) {
        case ErrorCode::invalid: return PULSEKIT_INVALID;
        case ErrorCode::limited:
        case ErrorCode::unavailable:
        case ErrorCode::conflict: return PULSEKIT_UNAVAILABLE;
        default: return PULSEKIT_INTERNAL;
    }
}

}  // namespace pulsekit::c_api

const char* pulsekit_version(void) { return pulsekit::kVersion; }

const char* pulsekit_status_text(pulsekit_status status) {
    switch (raw(status)) {
        case PULSEKIT_OK: return "ok";
        case PULSEKIT_INVALID: return "an argument breaks a rule";
        case PULSEKIT_TOO_LARGE: return "the event is too large";
        case PULSEKIT_FULL: return "the journal is full";
        case PULSEKIT_CLOSED: return "the client is closed";
        case PULSEKIT_UNAVAILABLE: return "disk or network cannot serve now, or not everything is delivered yet";
        case PULSEKIT_INTERNAL: return "a fault of the library or of the system";
        case PULSEKIT_DISABLED: return "the client is disabled";
        case PULSEKIT_DENIED: return "the user has denied consent";
        case PULSEKIT_SAMPLED: return "left out by sampling";
        case PULSEKIT_FORKED: return "the client belongs to the parent process";
        default: return "not a status of this version";
    }
}

pulsekit_status pulsekit_open(const pulsekit_options* options, pulsekit_client** client, char* error,
                              std::size_t error_size) {
    copy_text({}, error, error_size);
    if (client) *client = nullptr;
    if (!options || !client || options->size < kFirstOptionsSize) {
        copy_text("options or client is null, or options.size is not set", error, error_size);
        return PULSEKIT_INVALID;
    }
    Options read;
    if (const char* problem = read_options(covered(options), read)) {
        copy_text(problem, error, error_size);
        return PULSEKIT_INVALID;
    }
    auto opened = Client::open(std::move(read));
    if (!opened) return status_of(opened.error(), error, error_size);
    *client = new (std::nothrow) pulsekit_client{std::move(*opened)};
    if (*client) return PULSEKIT_OK;
    copy_text("no memory", error, error_size);
    return PULSEKIT_INTERNAL;
}

pulsekit_status pulsekit_set_global_property(pulsekit_client* client, const pulsekit_property* property, char* error,
                                             std::size_t error_size) {
    copy_text({}, error, error_size);
    Property read;
    if (!client || !property || !read_property(*property, read)) {
        copy_text("client or property is null, or the property breaks a rule", error, error_size);
        return PULSEKIT_INVALID;
    }
    return status_of(client->client.set_global_property(read.name, read.value), error, error_size);
}

pulsekit_status pulsekit_remove_global_property(pulsekit_client* client, const char* name) {
    if (!name) return PULSEKIT_INVALID;
    return with(client, [&](Client& c) { c.remove_global_property(name); });
}

pulsekit_status pulsekit_set_screen(pulsekit_client* client, const char* screen) {
    return with(client, [&](Client& c) { c.set_screen(view_of(screen)); });
}

pulsekit_status pulsekit_set_network_type(pulsekit_client* client, const char* type) {
    return with(client, [&](Client& c) { c.set_network_type(view_of(type)); });
}

pulsekit_status pulsekit_start_session(pulsekit_client* client) {
    return with(client, [](Client& c) { c.start_session(); });
}
pulsekit_status pulsekit_suspend(pulsekit_client* client) {
    return with(client, [](Client& c) { c.suspend(); });
}
pulsekit_status pulsekit_resume(pulsekit_client* client) {
    return with(client, [](Client& c) { c.resume(); });
}
pulsekit_status pulsekit_reset(pulsekit_client* client) {
    return with(client, [](Client& c) { c.reset(); });
}

pulsekit_status pulsekit_clear_device_id(pulsekit_client* client) {
    return client ? status_of(client->client.clear_device_id()) : PULSEKIT_INVALID;
}

pulsekit_status pulsekit_set_consent(pulsekit_client* client, pulsekit_consent consent) {
    if (!client) return PULSEKIT_INVALID;
    switch (raw(consent)) {
        case PULSEKIT_CONSENT_REQUIRED: return status_of(client->client.set_consent(Consent::required));
        case PULSEKIT_CONSENT_GRANTED: return status_of(client->client.set_consent(Consent::granted));
        case PULSEKIT_CONSENT_DENIED: return status_of(client->client.set_consent(Consent::denied));
        default: return PULSEKIT_INVALID;
    }
}

pulsekit_consent pulsekit_get_consent(const pulsekit_client* client) {
    if (!client) return PULSEKIT_CONSENT_UNSET;
    switch (client->client.consent()) {
        case Consent::required: return PULSEKIT_CONSENT_REQUIRED;
        case Consent::granted: return PULSEKIT_CONSENT_GRANTED;
        case Consent::denied: return PULSEKIT_CONSENT_DENIED;
    }
    return PULSEKIT_CONSENT_UNSET;
}

pulsekit_status pulsekit_set_enabled(pulsekit_client* client, int enabled) {
    return with(client, [&](Client& c) { c.set_enabled(enabled != 0); });
}
pulsekit_status pulsekit_pause_uploads(pulsekit_client* client) {
    return with(client, [](Client& c) { c.pause_uploads(); });
}
pulsekit_status pulsekit_resume_uploads(pulsekit_client* client) {
    return with(client, [](Client& c) { c.resume_uploads(); });
}

pulsekit_status pulsekit_session_id(const pulsekit_client* client, char* buffer, std::size_t buffer_size) {
    return client ? give_id(client->client.session_id(), buffer, buffer_size) : PULSEKIT_INVALID;
}

pulsekit_status pulsekit_device_id(const pulsekit_client* client, char* buffer, std::size_t buffer_size) {
    return client ? give_id(client->client.device_id(), buffer, buffer_size) : PULSEKIT_INVALID;
}

pulsekit_status pulsekit_get_previous_run(const pulsekit_client* client, pulsekit_previous_run* run) {
    if (!client || !run || run->size < kFirstPreviousRunSize) return PULSEKIT_INVALID;
    const pulsekit::PreviousRun previous = client->client.previous_run();
    pulsekit_previous_run full = PULSEKIT_PREVIOUS_RUN_INIT;
    switch (previous.end) {
        case pulsekit::PreviousRun::End::none: full.end = PULSEKIT_END_NONE; break;
        case pulsekit::PreviousRun::End::clean: full.end = PULSEKIT_END_CLEAN; break;
        case pulsekit::PreviousRun::End::abnormal: full.end = PULSEKIT_END_ABNORMAL; break;
    }
    full.signal = previous.signal;
    copy_text(previous.session_id, full.session_id, sizeof full.session_id);
    give(full, run);
    return PULSEKIT_OK;
}

pulsekit_status pulsekit_get_stats(const pulsekit_client* client, pulsekit_stats* stats) {
    return pulsekit_get_stats_with(client, stats, nullptr, nullptr);
}

pulsekit_status pulsekit_get_stats_with(const pulsekit_client* client, pulsekit_stats* stats, pulsekit_dropped_fn visit,
                                        void* user_data) {
    if (!client || !stats || stats->size < kFirstStatsSize) return PULSEKIT_INVALID;
    const pulsekit::Stats now = client->client.stats();
    pulsekit_stats full = PULSEKIT_STATS_INIT;
    full.accepted = now.accepted;
    full.delivered = now.delivered;
    full.queued = now.queued;
    full.dropped = now.dropped_total();
    give(full, stats);
    if (visit) {
        for (const auto& [reason, count] : now.dropped) visit(reason.c_str(), count, user_data);
    }
    return PULSEKIT_OK;
}

pulsekit_status pulsekit_flush(pulsekit_client* client, std::uint32_t deadline_ms) {
    return pulsekit_flush_with(client, deadline_ms, nullptr, 0);
}

pulsekit_status pulsekit_flush_with(pulsekit_client* client, std::uint32_t deadline_ms, char* error,
                                    std::size_t error_size) {
    copy_text({}, error, error_size);
    return client ? status_of(client->client.flush(ms(deadline_ms)), error, error_size) : PULSEKIT_INVALID;
}

pulsekit_status pulsekit_close(pulsekit_client* client, std::uint32_t deadline_ms, char* error,
                               std::size_t error_size) {
    copy_text({}, error, error_size);
    return client ? status_of(client->client.close(ms(deadline_ms)), error, error_size) : PULSEKIT_INVALID;
}

pulsekit_status pulsekit_close_and_free(pulsekit_client* client, std::uint32_t deadline_ms) {
    const pulsekit_status closed = pulsekit_close(client, deadline_ms, nullptr, 0);
    delete client;
    return closed;
}

void pulsekit_free(pulsekit_client* client) { delete client; }
