// What became of the events that clients accepted, as their delivery ledgers tell.
#include <algorithm>
#include <compare>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "query/conditions.hpp"
#include "query/module.hpp"

namespace collector::query {
namespace {

using http::Json;
using model::Event;
using pulsekit::Result;

/// Of one version of the app with one version of the SDK.
struct Ledger {
    std::set<std::string> clients;
    std::int64_t accepted = 0;
    std::int64_t delivered = 0;
    std::int64_t queued = 0;
    std::map<std::string, std::int64_t> dropped;  ///< by reason
};
using Versions = std::pair<std::string, std::string>;  ///< of app and SDK; empty: unknown

std::string text_member(const Json& properties, const char* name) {
    const auto found = properties.find(name);
    return found != properties.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A client may write anything; more than a ledger can hold is not added.
std::int64_t count(const Json& value) {
    constexpr std::int64_t kMost = 1'000'000'000'000;
    if (!value.is_number_integer()) return 0;
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{kMost}) return kMost;
    return std::clamp<std::int64_t>(value.get<std::int64_t>(), 0, kMost);
}

std::int64_t count_member(const Json& properties, const char* name) {
    const auto found = properties.find(name);
    return found == properties.end() ? 0 : count(*found);
}

/// Takes ledgers newest first. They tell what changed since the client's last one, save for `queued`: that is as it was
/// then, so that only a client's newest counts.
class Ledgers {
public:
    void add(const Event& event) {
        const auto properties = http::parse_json(event.props).value_or(Json::object());
        if (!properties.is_object()) return;
        auto app_version = text_member(properties, "app_version");
        if (app_version.empty()) app_version = event.app_version;
        auto& ledger = by_versions_[{std::move(app_version), text_member(properties, "sdk_version")}];
        ledger.clients.insert(event.visitor_id);
        ledger.accepted += count_member(properties, "accepted");
        ledger.delivered += count_member(properties, "delivered");
        if (known_.insert(event.visitor_id).second) ledger.queued += count_member(properties, "queued");
        const auto dropped = properties.find("dropped");
        if (dropped == properties.end() || !dropped->is_object()) return;
        for (const auto& [reason, number] : dropped->items()) {
            if (const auto more = count(number)) ledger.dropped[reason] += more;
        }
    }

    /// The most accepting first, then by app version, then by the SDK's.
    Json listed() const {
        std::vector<std::pair<Versions, const Ledger*>> ranked;
        for (const auto& [versions, ledger] : by_versions_) ranked.emplace_back(versions, &ledger);
        std::stable_sort(ranked.begin(), ranked.end(),
                         [](const auto& a, const auto& b) { return a.second->accepted > b.second->accepted; });
        auto list = Json::array();
        for (const auto& [versions, ledger] : ranked) {
            const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
            list.push_back({{"app_version", or_null(versions.first)},
                            {"sdk_version", or_null(versions.second)},
                            {"clients", ledger->clients.size()},
                            {"accepted", ledger->accepted},
                            {"delivered", ledger->delivered},
                            {"queued", ledger->queued},
                            {"dropped", Json(ledger->dropped)}});
        }
        return list;
    }

private:
    std::map<Versions, Ledger> by_versions_;
    std::set<std::string> known_;  ///< clients whose newest ledger has been seen
};

Result<Json> delivery(const Context& context, const Params& params) {
    Ledgers ledgers;
    const auto listed = context.store.list(
        {.of = context.select(params, {kind_is({model::Kind::delivery})}), .counted = {}, .page = {}},
        [&](const Event& event) { ledgers.add(event); }, context.patience);
    if (!listed) return listed.error();
    return Json{{"data", ledgers.listed()}};
}

}  // namespace

extern const Module kDelivery = {.name = "delivery",
                                 .path = "/api/v1/delivery",
                                 .summary = "What clients accepted, delivered, hold and dropped, by version",
                                 .takes = {.range = true},
                                 .example = R"({"data":[{"app_version":"1.4.0","sdk_version":"0.9.0","clients":312,
        "accepted":48210,"delivered":48102,"queued":96,"dropped":{"expired":9,"rejected":3}}]})",
                                 .answer = delivery};

}  // namespace collector::query
