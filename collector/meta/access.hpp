// Who may do what: credentials, scopes, module rules and rate limits, the same for every dialect and API.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <pulsekit/environment.hpp>

#include "http/message.hpp"
#include "meta/catalog.hpp"
#include "meta/rate_limit.hpp"

namespace collector::meta {

/// Where a protocol documents its key. When that place is empty the other header forms are tried; when it holds a bad
/// key there is no second try.
enum class KeyPlace {
    bearer,        ///< Authorization: Bearer, or ?api_key= (pulse)
    x_pulse_key,   ///< X-Pulse-Key, or ?key= (analytics)
    x_pg_api_key,  ///< X-PG-API-Key (productgraph)
    x_api_key,     ///< X-API-Key (ingest)
    none,          ///< nowhere in particular (gateway)
};

/// The name of that place's header; empty for none.
std::string_view header_of(KeyPlace place);

/// The key that a request carries. A header beats a query parameter.
std::optional<std::string> key_of(const http::Request& request, KeyPlace documented);

/// What a valid key stands for. The project and the key are shared with the catalog, which may have others in their
/// place meanwhile: a request goes on with what it was admitted by.
struct Grant {
    std::shared_ptr<const Project> project;
    std::shared_ptr<const Key> key;  ///< null: the open gateway's, which needs none
    std::optional<RateState> rate;   ///< for pulse, when its rate is limited

    const std::string& project_id() const { return project->id; }
};

/// Why a request is not served.
struct Denial {
    enum class Why {
        missing_key,    // 401
        invalid_key,    // 401: unknown, revoked or expired
        scope,          // 403
        key_module,     // 403: the key is restricted to other modules
        module_off,     // 403
        module_access,  // 403: the module does not allow reads, or writes
        rate_limited,   // 429
    } why = Why::missing_key;
    std::string subject;                           ///< the scope or module in question
    std::string access;                            ///< `read` or `write`, for module_access
    int retry_after_s = 0;                         ///< for rate_limited, at least 1
    std::optional<RateState> rate = std::nullopt;  ///< for rate_limited, of pulse
};

int status_of(const Denial& denial);
/// The analytics dialect's text; the others have their own.
std::string text_of(const Denial& denial);
/// With that text, in the envelope of the analytics dialect, and when to come again.
http::Response response_to(const Denial& denial);

/// The buckets are apart: a flood of reads never keeps a write out.
enum class Traffic { analytics_ingest, pulse_ingest, event_ingest, query, admin };

struct RateLimits {       ///< requests per second, 0 = off (the burst is one second's worth)
    double ingest = 100;  ///< analytics per project, pulse per key
    double events = 0;    ///< gateway, productgraph and ingest, per project
    double query = 100;   ///< per project
    double admin = 20;    ///< per admin token
};

/// Thread safe.
class Access {
public:
    Access(Catalog& catalog, pulsekit::Clock& clock, RateLimits limits);
    ~Access();

    /// Credentials, then scope, then rate limit: the first that fails is the answer. The scope `admin` passes for every
    /// other.
    std::variant<Grant, Denial> admit(const std::optional<std::string>& key, Scope scope, Traffic traffic);

    /// The two halves of admit(), for those who check something between them.
    std::variant<Grant, Denial> identify(const std::optional<std::string>& key, Scope scope);
    std::optional<Denial> limit(Traffic traffic, const std::string& bucket);

    /// A request without a key, on a project that somebody has opened. `bucket` is whose rate counts.
    std::variant<Grant, Denial> admit_without_key(const std::string& project_id, Traffic traffic,
                                                  const std::string& bucket);
    std::variant<Grant, Denial> admit_without_key(const std::string& project_id, Traffic traffic) {
        return admit_without_key(project_id, traffic, project_id);
    }

    /// Whether the key's restriction allows the module. Nothing: yes; the empty module is nobody's to forbid.
    static std::optional<Denial> key_allows(const Grant& grant, std::string_view module);

    /// Whether the key and then the project let the module be used so; `needed` is read or write. Nothing: yes.
    static std::optional<Denial> module_allows(const Grant& grant, std::string_view module, model::ModuleAccess needed);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace collector::meta
