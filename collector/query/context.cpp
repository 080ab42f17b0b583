#include <utility>

#include "model/text.hpp"
#include "query/module.hpp"

namespace collector::query {
namespace {

/// A project's domain as the host that its own pages name as their referrer.
std::string host_of(std::string_view domain) {
    if (const auto scheme = domain.find("://"); scheme != std::string_view::npos) domain.remove_prefix(scheme + 3);
    domain = domain.substr(0, domain.find_first_of("/:?#"));
    std::string host = model::lower(domain);
    return host.starts_with("www.") ? host.substr(4) : host;
}

}  // namespace

model::Selection Context::select(const Params& params, model::Where seen) const {
    return {.project_id = project.id,
            .range = params.range,
            .seen = std::move(seen),
            .filters = params.filters,
            .own_host = host_of(project.domain)};
}

pulsekit::Result<model::Answer> Context::ask(const model::AnyQuestion& question) const {
    auto answer = store.ask(question, patience);
    if (answer || answer.error().code != pulsekit::ErrorCode::invalid) return answer;
    // A question that contradicts itself is the report's mistake, not the client's.
    return pulsekit::Error{pulsekit::ErrorCode::internal, answer.error().message};
}

}  // namespace collector::query
