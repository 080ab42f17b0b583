// Who, where from, and under which id.
#include "crypto/hash.hpp"
#include "ingest/steps/step.hpp"

namespace collector::ingest {
namespace {

constexpr std::size_t kVisitorBytes = 16;
constexpr std::size_t kShortCharacters = 8;

}  // namespace

std::string derived_visitor(std::string_view key, std::string_view project_id, std::string_view client_address,
                            std::string_view user_agent) {
    std::string text(project_id);
    text.append(1, '\0').append(client_address).append(1, '\0').append(user_agent);
    return crypto::hex(crypto::hmac_sha256(key, text), kVisitorBytes);
}

std::string EventIds::next(std::int64_t unix_ms) {
    const pulsekit::MutexLock lock(mutex_);
    return generator_.next(unix_ms).text();
}

std::string EventIds::next_short() {
    const pulsekit::MutexLock lock(mutex_);
    return pulsekit::random_token(random_, kShortCharacters);
}

std::optional<Reason> fill_country(Item& item, const Surroundings& around) {
    if (item.event.country.empty()) item.event.country = around.arrival.country;
    return std::nullopt;
}

std::optional<Reason> identify(Item& item, const Surroundings& around) {
    auto& event = item.event;
    event.project_id = around.arrival.grant.project_id();
    event.received_ms = around.arrival.received_ms;
    event.dialect = around.dialect.id;
    if (event.event_id.empty()) {
        const bool is_gateway = around.dialect.id == model::DialectId::gateway;
        event.event_id = is_gateway ? around.ids.next_short() : around.ids.next(event.received_ms);
        event.event_id_is_ours = true;
    }
    if (event.visitor_id.empty()) {
        const auto& arrival = around.arrival;
        event.visitor_id =
            derived_visitor(around.visitor_key, event.project_id, arrival.client_address, arrival.user_agent);
    }
    return std::nullopt;
}

}  // namespace collector::ingest
