#include <utility>

#include "model/source.hpp"
#include "query/module.hpp"

namespace collector::query {

model::Selection Context::select(const Params& params, model::Where seen) const {
    return {.project_id = project.id,
            .range = params.range,
            .seen = std::move(seen),
            .filters = params.filters,
            .own_host = model::source_of(project.domain)};
}

pulsekit::Result<model::Answer> Context::ask(const model::AnyQuestion& question) const {
    auto answer = store.ask(question, patience);
    if (answer || answer.error().code != pulsekit::ErrorCode::invalid) return answer;
    // A question that contradicts itself is the report's mistake, not the client's.
    return pulsekit::Error{pulsekit::ErrorCode::internal, answer.error().message};
}

}  // namespace collector::query
