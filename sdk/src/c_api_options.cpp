// The C interface: options, and a transport made of functions.
#include <limits>
#include <utility>

#include "src/c_api.hpp"

/// The answer that a transport puts together.
struct pulsekit_response {
    pulsekit::HttpResponse response;
    std::string error;
};

namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::HttpRequest;
using pulsekit::HttpResponse;
using pulsekit::Options;
using pulsekit::Result;
using std::chrono::milliseconds;
using namespace pulsekit::c_api;

constexpr std::size_t kFirstEnvironmentSize = sizeof(pulsekit_environment);
constexpr std::size_t kFirstNetworkSize = sizeof(pulsekit_network);
constexpr std::size_t kFirstTransportSize = sizeof(pulsekit_transport);

// No padding at the end: there a later member would begin inside what `size` covers already.
static_assert(sizeof(void*) != 8 || sizeof(pulsekit_options) == offsetof(pulsekit_options, before_send) + 8);
static_assert(sizeof(void*) != 8 || offsetof(pulsekit_options, app_build) == offsetof(pulsekit_options, user_data) + 8);
static_assert(sizeof(void*) != 8 || sizeof(pulsekit_details) == offsetof(pulsekit_details, reserved) + 4);
static_assert(sizeof(void*) != 8 || sizeof(pulsekit_tracked) == offsetof(pulsekit_tracked, id) + PULSEKIT_ID_SIZE);
static_assert(sizeof(void*) != 8 ||
              sizeof(pulsekit_previous_run) == offsetof(pulsekit_previous_run, session_id) + PULSEKIT_ID_SIZE);

/// What a transport of C is handed, with the way back to the request.
struct Request {
    pulsekit_request shown;  // first: keep_waiting gets its address
    const HttpRequest* request;
};

int keep_waiting(const pulsekit_request* shown) {
    if (!shown) return 0;
    const HttpRequest& request = *reinterpret_cast<const Request*>(shown)->request;
    return !request.keep_waiting || request.keep_waiting() ? 1 : 0;
}

std::uint32_t count_ms(milliseconds time) {
    constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time.count(), 0, kMost));
}

class CTransport final : public pulsekit::Transport {
public:
    explicit CTransport(const pulsekit_transport& functions) : functions_(functions) {}

    Result<HttpResponse> send(const HttpRequest& request) override {
        std::vector<pulsekit_header> headers;
        headers.reserve(request.headers.size());
        for (const auto& [name, value] : request.headers) headers.push_back({name.c_str(), value.c_str()});
        Request handed{};
        handed.request = &request;
        handed.shown.size = sizeof handed.shown;
        handed.shown.method = request.method.c_str();
        handed.shown.url = request.url.c_str();
        handed.shown.headers = headers.data();
        handed.shown.header_count = headers.size();
        handed.shown.body = request.body.data();
        handed.shown.body_size = request.body.size();
        handed.shown.connect_timeout_ms = count_ms(request.connect_timeout);
        handed.shown.timeout_ms = count_ms(request.timeout);
        handed.shown.keep_waiting = keep_waiting;
        pulsekit_response response;
        const pulsekit_status sent = functions_.send(&handed.shown, &response, functions_.user_data);
        if (raw(sent) == PULSEKIT_OK && response.response.status != 0) return std::move(response.response);
        return Error{ErrorCode::unavailable, response.error.empty() ? "no answer" : std::move(response.error)};
    }

private:
    pulsekit_transport functions_;
};

void set_ms(milliseconds& option, std::uint32_t given) {
    if (given != 0) option = milliseconds(given == PULSEKIT_NONE ? 0 : given);
}

bool set_switch(bool& option, const pulsekit_switch& given) {
    if (raw(given) == PULSEKIT_ON) option = true;
    if (raw(given) == PULSEKIT_OFF) option = false;
    return raw(given) <= PULSEKIT_OFF;
}

/// For enumerations that count alike in C and C++, up to `last`.
template <typename To, typename From>
bool set_enum(To& option, const From& given, From last) {
    if (raw(given) > raw(last)) return false;
    option = static_cast<To>(raw(given));
    return true;
}

bool set_consent(Options& options, const pulsekit_consent& given) {
    switch (raw(given)) {
        case PULSEKIT_CONSENT_UNSET: return true;
        case PULSEKIT_CONSENT_REQUIRED: options.consent = pulsekit::Consent::required; return true;
        case PULSEKIT_CONSENT_GRANTED: options.consent = pulsekit::Consent::granted; return true;
        case PULSEKIT_CONSENT_DENIED: options.consent = pulsekit::Consent::denied; return true;
        default: return false;
    }
}

bool set_environment(pulsekit::Environment& environment, const pulsekit_environment* given) {
    if (!given) return true;
    if (given->size < kFirstEnvironmentSize) return false;
    const pulsekit_environment full = covered(given);
    environment.os = text_of(full.os);
    environment.os_version = text_of(full.os_version);
    environment.arch = text_of(full.arch);
    environment.locale = text_of(full.locale);
    environment.time_zone = text_of(full.time_zone);
    environment.screen = text_of(full.screen);
    environment.device_class = text_of(full.device_class);
    environment.network_type = text_of(full.network_type);
    return true;
}

bool set_network(pulsekit::NetworkOptions& network, const pulsekit_network* given) {
    if (!given) return true;
    if (given->size < kFirstNetworkSize) return false;
    const pulsekit_network full = covered(given);
    if ((!full.pinned_public_keys && full.pinned_public_key_count != 0) || (!full.headers && full.header_count != 0))
        return false;
    network.ca_bundle = text_of(full.ca_bundle);
    network.proxy = text_of(full.proxy);
    network.user_agent = text_of(full.user_agent);
    for (std::size_t i = 0; i < full.pinned_public_key_count; ++i) {
        if (!full.pinned_public_keys[i]) return false;
        network.pinned_public_keys.emplace_back(full.pinned_public_keys[i]);
    }
    for (std::size_t i = 0; i < full.header_count; ++i) {
        if (is_empty(full.headers[i].name)) return false;
        network.headers.emplace_back(full.headers[i].name, text_of(full.headers[i].value));
    }
    return true;
}

void read_callbacks(const pulsekit_options& given, Options& options) {
    if (given.log) {
        options.on_diagnostic = [log = given.log, user_data = given.user_data](const pulsekit::Diagnostic& diagnostic) {
            log(static_cast<pulsekit_level>(diagnostic.level), diagnostic.message.c_str(), user_data);
        };
    }
    if (given.on_rejected) {
        options.on_rejected = [on_rejected = given.on_rejected,
                               user_data = given.user_data](const pulsekit::Rejection& rejection) {
            const pulsekit_rejection told{sizeof told, rejection.event_id.c_str(), rejection.name.c_str(),
                                          rejection.message.c_str()};
            on_rejected(&told, user_data);
        };
    }
    read_before_send(given, options);
}

}  // namespace

namespace pulsekit::c_api {

const char* read_options(const pulsekit_options& given, Options& options) {
    options.endpoint = text_of(given.endpoint);
    options.api_key = text_of(given.api_key);
    options.app_name = text_of(given.app_name);
    options.app_version = text_of(given.app_version);
    options.app_build = text_of(given.app_build);
    options.storage_dir = text_of(given.storage_dir);
    if (!set_enum(options.log_level, given.log_level, PULSEKIT_ERROR)) return "log_level is not a level";
    if (!set_enum(options.dialect, given.dialect, PULSEKIT_DIALECT_INGEST)) return "dialect is not a dialect";
    if (!set_enum(options.durability, given.durability, PULSEKIT_DURABILITY_POWER))
        return "durability is not a durability";
    if (!set_enum(options.overflow, given.overflow, PULSEKIT_OVERFLOW_BY_PRIORITY))
        return "overflow is not an overflow policy";
    if (!set_consent(options, given.consent)) return "consent is not a consent";
    if (!set_switch(options.enabled, given.enabled) || !set_switch(options.collect_context, given.collect_context) ||
        !set_switch(options.report_delivery, given.report_delivery) ||
        !set_switch(options.note_fatal_signals, given.note_fatal_signals))
        return "a switch is neither default nor on nor off";
    set_ms(options.flush_interval, given.flush_interval_ms);
    set_ms(options.power_window, given.power_window_ms);
    set_ms(options.deferred_interval, given.deferred_interval_ms);
    set_ms(options.session_timeout, given.session_timeout_ms);
    set_ms(options.connect_timeout, given.connect_timeout_ms);
    set_ms(options.request_timeout, given.request_timeout_ms);
    set_ms(options.retry_base, given.retry_base_ms);
    set_ms(options.retry_cap, given.retry_cap_ms);
    set_ms(options.close_deadline, given.close_deadline_ms);
    if (given.max_batch_events != 0) options.max_batch_events = given.max_batch_events;
    if (given.max_queue_bytes != 0) options.max_queue_bytes = given.max_queue_bytes;
    if (given.journal_bytes_per_thread != 0) {
        options.journal_bytes_per_thread = static_cast<std::size_t>(
            std::min<std::uint64_t>(given.journal_bytes_per_thread, std::numeric_limits<std::size_t>::max()));
    }
    if (!given.sampling && given.sampling_count != 0) return "sampling is null, sampling_count is not 0";
    for (std::size_t i = 0; i < given.sampling_count; ++i) {
        options.sampling.push_back({text_of(given.sampling[i].name), given.sampling[i].rate});
    }
    if (!read_properties(given.global_properties, given.global_property_count, options.global_properties))
        return "a global property breaks a rule";
    if (!set_environment(options.environment, given.environment)) return "environment.size is not set";
    if (!set_network(options.network, given.network)) return "network.size is not set, or a member of it is null";
    if (given.transport) {
        if (given.transport->size < kFirstTransportSize || !given.transport->send)
            return "transport.size is not set, or send is null";
        options.transport = std::make_unique<CTransport>(covered(given.transport));
    }
    read_callbacks(given, options);
    return nullptr;
}

}  // namespace pulsekit::c_api

pulsekit_status pulsekit_response_set(pulsekit_response* response, int http_status, const void* body,
                                      std::size_t body_size) {
    if (!response || http_status < 100 || http_status > 999 || (!body && body_size != 0)) return PULSEKIT_INVALID;
    response->response.status = http_status;
    response->response.body.assign(body ? static_cast<const char*>(body) : "", body_size);
    return PULSEKIT_OK;
}

pulsekit_status pulsekit_response_add_header(pulsekit_response* response, const char* name, const char* value) {
    if (!response || is_empty(name) || !value) return PULSEKIT_INVALID;
    std::string lower = name;
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    response->response.headers.emplace_back(std::move(lower), value);
    return PULSEKIT_OK;
}

pulsekit_status pulsekit_response_set_error(pulsekit_response* response, const char* message) {
    if (!response || !message) return PULSEKIT_INVALID;
    response->error = message;
    return PULSEKIT_OK;
}
