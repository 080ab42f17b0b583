#include "tests/bench/query_answers.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>

namespace bench {
namespace {

using collector::http::Json;

struct Compared {
    std::string_view report;
    std::vector<std::string_view> members;
    bool has_previous = false;  ///< says the same of the range before, too
};

const std::vector<Compared>& compared() {
    static const std::vector<Compared> kCompared = {
        {"stats", {"pageviews", "visitors", "sessions", "bounce_rate", "avg_duration", "events"}, true},
        {"timeseries", {"date", "pageviews", "visitors", "sessions"}},
        {"pages", {"path", "views", "unique_views", "avg_duration", "total"}},
        {"referrers", {"source", "visitors", "pageviews"}},
        {"funnel4", {"visitors"}},
        {"retention", {"cohort", "initial_visitors", "D1", "D7", "D14", "D30", "D60", "D90"}},
        {"paths", {"next_path", "visitors", "percentage"}},
        {"webvitals", {"p50", "p75", "p99"}},
        {"realtime", {"active_visitors"}},
    };
    return kCompared;
}

const Compared* find(std::string_view report) {
    const auto found =
        std::find_if(compared().begin(), compared().end(), [&](const Compared& each) { return each.report == report; });
    return found == compared().end() ? nullptr : &*found;
}

void collect(const Json& json, const std::vector<std::string_view>& members, std::vector<Leaf>& leaves) {
    for (const auto& [key, value] : json.items()) {
        if (value.is_structured()) {
            collect(value, members, leaves);
        } else if (std::find(members.begin(), members.end(), key) != members.end()) {
            append_leaf(leaves, value);
        }
    }
}

std::string shown(const std::vector<Leaf>& leaves, std::size_t at) {
    if (at >= leaves.size()) return "nothing";
    if (const auto* number = std::get_if<double>(&leaves[at])) return std::to_string(*number);
    if (const auto* text = std::get_if<std::string>(&leaves[at])) return "'" + *text + "'";
    return "null";
}

}  // namespace

bool is_compared(std::string_view report) { return find(report) != nullptr; }

std::vector<Leaf> answer(const Peer& peer, std::string_view report, std::int64_t from_ms, std::int64_t to_ms) {
    auto leaves = peer(report, from_ms, to_ms);
    if (find(report)->has_previous) {
        auto previous = peer(report, from_ms - (to_ms - from_ms) - 1, from_ms - 1);
        std::move(previous.begin(), previous.end(), std::back_inserter(leaves));
    }
    return leaves;
}

std::vector<Leaf> leaves_of(std::string_view report, const std::string& json) {
    std::vector<Leaf> leaves;
    const auto parsed = Json::parse(json, nullptr, false);
    if (parsed.is_discarded()) throw std::runtime_error("no JSON: " + json);
    collect(parsed, find(report)->members, leaves);
    return leaves;
}

void append_leaf(std::vector<Leaf>& leaves, const Json& value) {
    if (value.is_null()) leaves.emplace_back();
    if (value.is_number()) leaves.emplace_back(value.get<double>());
    if (value.is_string()) leaves.emplace_back(value.get<std::string>());
}

std::optional<std::string> difference(const std::vector<Leaf>& peer, const std::vector<Leaf>& report) {
    for (std::size_t i = 0; i < std::max(peer.size(), report.size()); ++i) {
        const auto* one = i < peer.size() ? std::get_if<double>(&peer[i]) : nullptr;
        const auto* other = i < report.size() ? std::get_if<double>(&report[i]) : nullptr;
        const bool same = one && other ? std::abs(*one - *other) < 1e-9
                                       : i < peer.size() && i < report.size() && peer[i] == report[i];
        if (!same) {
            return "value " + std::to_string(i + 1) + " is " + shown(peer, i) + " by the peer and " + shown(report, i) +
                   " by the report";
        }
    }
    return std::nullopt;
}

std::string filled(std::string sql, std::string_view name, const std::string& value) {
    for (auto at = sql.find(name); at != sql.npos; at = sql.find(name, at + value.size())) {
        sql.replace(at, name.size(), value);
    }
    return sql;
}

}  // namespace bench
