#include "ingest/steps/step.hpp"
#include "model/module.hpp"

namespace collector::ingest {

std::optional<Reason> check_size(Item& item, const Surroundings& around) {
    const auto limit = around.dialect.max_event_bytes;
    if (limit != 0 && item.origin.wire_bytes > limit) return Reason::event_size;
    return std::nullopt;
}

std::optional<Reason> check_key_restriction(Item& item, const Surroundings& around) {
    const auto module = model::module_of(item.event.kind);
    if (meta::Access::key_allows(around.arrival.grant, module)) return Reason::module;
    return std::nullopt;
}

}  // namespace collector::ingest
