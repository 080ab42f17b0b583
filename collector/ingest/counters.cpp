#include "ingest/counters.hpp"

#include <numeric>

namespace collector::ingest {

std::string_view name_of(Reason reason) {
    switch (reason) {
        case Reason::credentials: return "credentials";
        case Reason::scope: return "scope";
        case Reason::rate: return "rate";
        case Reason::module: return "module";
        case Reason::content_type: return "content_type";
        case Reason::encoding: return "encoding";
        case Reason::too_large: return "too_large";
        case Reason::json: return "json";
        case Reason::batch: return "batch";
        case Reason::field: return "field";
        case Reason::event_size: return "event_size";
        case Reason::unavailable: return "unavailable";
        case Reason::filtered: return "filtered";
    }
    return "field";
}

std::uint64_t Counters::Dialect::rejected_in_all() const {
    return std::accumulate(rejected.begin(), rejected.end(), std::uint64_t{0});
}

void Counters::received(model::DialectId dialect, std::uint64_t events) { of(dialect).received += events; }
void Counters::stored(model::DialectId dialect, std::uint64_t events) { of(dialect).stored += events; }
void Counters::duplicate(model::DialectId dialect, std::uint64_t events) { of(dialect).duplicate += events; }

void Counters::dropped(model::DialectId dialect, Reason reason, std::uint64_t events) {
    auto& live = of(dialect);
    if (reason == Reason::filtered) {
        live.filtered += events;
    } else {
        live.rejected[static_cast<std::size_t>(reason)] += events;
    }
}

Counters::Dialect Counters::snapshot(model::DialectId dialect) const {
    const auto& live = live_[static_cast<std::size_t>(dialect)];
    Dialect copy{
        .received = live.received, .stored = live.stored, .duplicate = live.duplicate, .filtered = live.filtered};
    for (std::size_t i = 0; i < kReasons; ++i) copy.rejected[i] = live.rejected[i];
    return copy;
}

}  // namespace collector::ingest
