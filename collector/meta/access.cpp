#include "meta/access.hpp"

#include <algorithm>

#include "http/route.hpp"

namespace collector::meta {
namespace {

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

std::string_view bearer_token(std::string_view header) {
    constexpr std::string_view kScheme = "bearer ";
    if (!equals_ignoring_case(header.substr(0, kScheme.size()), kScheme)) return {};
    header.remove_prefix(kScheme.size());
    header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
    return header;
}

/// Empty when the request has no key in that place's header.
std::string_view in_header(const http::Request& request, KeyPlace place) {
    if (place == KeyPlace::none) return {};
    const auto value = request.header(header_of(place)).value_or("");
    return place == KeyPlace::bearer ? bearer_token(value) : value;
}

std::string_view in_query(const http::Request& request, KeyPlace place) {
    if (place == KeyPlace::bearer) return request.parameter("api_key").value_or("");
    if (place == KeyPlace::x_pulse_key) return request.parameter("key").value_or("");
    return {};
}

constexpr KeyPlace kPlaces[] = {KeyPlace::bearer, KeyPlace::x_pulse_key, KeyPlace::x_pg_api_key, KeyPlace::x_api_key};

bool permits(const Key& key, Scope scope) {
    return std::any_of(key.scopes.begin(), key.scopes.end(),
                       [&](Scope own) { return own == scope || own == Scope::admin; });
}

}  // namespace

std::string_view header_of(KeyPlace place) {
    switch (place) {
        case KeyPlace::bearer: return "Authorization";
        case KeyPlace::x_pulse_key: return "X-Pulse-Key";
        case KeyPlace::x_pg_api_key: return "X-PG-API-Key";
        case KeyPlace::x_api_key: return "X-API-Key";
        case KeyPlace::none: break;
    }
    return {};
}

std::optional<std::string> key_of(const http::Request& request, KeyPlace documented) {
    if (const auto key = in_header(request, documented); !key.empty()) return std::string(key);
    for (const KeyPlace other : kPlaces) {
        if (const auto key = in_header(request, other); !key.empty()) return std::string(key);
    }
    if (const auto key = in_query(request, documented); !key.empty()) return std::string(key);
    return std::nullopt;
}

int status_of(const Denial& denial) {
    switch (denial.why) {
        case Denial::Why::missing_key:
        case Denial::Why::invalid_key: return 401;
        case Denial::Why::scope:
        case Denial::Why::key_module:
        case Denial::Why::module_off:
        case Denial::Why::module_access: return 403;
        case Denial::Why::rate_limited: return 429;
    }
    return 500;
}

std::string text_of(const Denial& denial) {
    const auto& subject = denial.subject;
    switch (denial.why) {
        case Denial::Why::missing_key:
            return "Missing API key. Provide it via X-Pulse-Key header or ?key= query parameter.";
        case Denial::Why::invalid_key: return "Invalid API key.";
        case Denial::Why::scope: return "API key does not have the required '" + subject + "' scope for this endpoint.";
        case Denial::Why::key_module: return "API key is not allowed to access module '" + subject + "'.";
        case Denial::Why::module_off: return "Module '" + subject + "' is not enabled for this project.";
        case Denial::Why::module_access:
            return "Module '" + subject + "' does not allow " + denial.access + " access for this project.";
        case Denial::Why::rate_limited:
            return "Rate limit exceeded. Retry after " + std::to_string(denial.retry_after_s) +
                   (denial.retry_after_s == 1 ? " second." : " seconds.");
    }
    return {};
}

http::Response response_to(const Denial& denial) {
    auto response = http::plain_error(status_of(denial), text_of(denial));
    if (denial.retry_after_s > 0) response.headers.emplace_back("Retry-After", std::to_string(denial.retry_after_s));
    return response;
}

struct Access::Impl {
    Impl(Catalog& keys, pulsekit::Clock& time, RateLimits limits)
        : catalog(keys),
          clock(time),
          analytics_ingest(time, limits.ingest),
          pulse_ingest(time, limits.ingest),
          event_ingest(time, limits.events),
          query(time, limits.query),
          admin(time, limits.admin) {}

    RateLimiter& limiter(Traffic traffic) {
        switch (traffic) {
            case Traffic::analytics_ingest: return analytics_ingest;
            case Traffic::pulse_ingest: return pulse_ingest;
            case Traffic::event_ingest: return event_ingest;
            case Traffic::query: return query;
            case Traffic::admin: return admin;
        }
        return query;
    }

    Catalog& catalog;
    pulsekit::Clock& clock;
    RateLimiter analytics_ingest, pulse_ingest, event_ingest, query, admin;
};

Access::Access(Catalog& catalog, pulsekit::Clock& clock, RateLimits limits)
    : impl_(std::make_unique<Impl>(catalog, clock, limits)) {}

Access::~Access() = default;

std::variant<Grant, Denial> Access::identify(const std::optional<std::string>& key, Scope scope) {
    if (!key) return Denial{.why = Denial::Why::missing_key};
    auto found = impl_->catalog.find_key(*key);
    if (!found || (found->expires_ms && *found->expires_ms <= impl_->clock.unix_ms())) {
        return Denial{.why = Denial::Why::invalid_key};
    }
    if (!permits(*found, scope)) return Denial{.why = Denial::Why::scope, .subject = std::string(name_of(scope))};
    auto project = impl_->catalog.project(found->project_id);
    if (!project) return Denial{.why = Denial::Why::invalid_key};
    return Grant{.project = std::move(project), .key = std::move(found)};
}

std::optional<Denial> Access::limit(Traffic traffic, const std::string& bucket) {
    const auto wait = impl_->limiter(traffic).take(bucket);
    if (!wait) return std::nullopt;
    return Denial{.why = Denial::Why::rate_limited, .retry_after_s = *wait};
}

std::variant<Grant, Denial> Access::admit(const std::optional<std::string>& key, Scope scope, Traffic traffic) {
    auto identified = identify(key, scope);
    if (auto* grant = std::get_if<Grant>(&identified)) {
        if (traffic == Traffic::pulse_ingest) {
            const auto wait = impl_->limiter(traffic).take(grant->key->id, &grant->rate);
            if (wait) return Denial{.why = Denial::Why::rate_limited, .retry_after_s = *wait, .rate = grant->rate};
            return identified;
        }
        const auto& bucket = traffic == Traffic::admin ? grant->key->id : grant->project_id();
        if (auto denial = limit(traffic, bucket)) return *std::move(denial);
    }
    return identified;
}

std::variant<Grant, Denial> Access::admit_without_key(const std::string& project_id, Traffic traffic,
                                                      const std::string& bucket) {
    auto project = impl_->catalog.project(project_id);
    if (!project) return Denial{.why = Denial::Why::missing_key};
    if (auto denial = limit(traffic, bucket)) return *std::move(denial);
    return Grant{.project = std::move(project)};
}

std::optional<Denial> Access::key_allows(const Grant& grant, std::string_view module) {
    if (!grant.key || module.empty()) return std::nullopt;
    const auto& allowed = grant.key->allowed_modules;
    if (allowed.empty()) return std::nullopt;
    if (std::find(allowed.begin(), allowed.end(), module) != allowed.end()) return std::nullopt;
    return Denial{.why = Denial::Why::key_module, .subject = std::string(module)};
}

std::optional<Denial> Access::module_allows(const Grant& grant, std::string_view module, model::ModuleAccess needed) {
    if (auto denial = key_allows(grant, module)) return denial;
    const auto index = model::index_of_module(module);
    if (index >= grant.project->modules.size()) return std::nullopt;
    const auto& setting = grant.project->modules[index];
    if (!setting.enabled) return Denial{.why = Denial::Why::module_off, .subject = std::string(module)};
    if (setting.access == model::ModuleAccess::all || setting.access == needed) return std::nullopt;
    return Denial{.why = Denial::Why::module_access,
                  .subject = std::string(module),
                  .access = std::string(model::name_of(needed))};
}

}  // namespace collector::meta
