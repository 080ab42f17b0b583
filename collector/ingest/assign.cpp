#include "ingest/assign.hpp"

#include <string>
#include <utility>
#include <variant>

#include "http/members.hpp"

namespace collector::ingest {
namespace {

using http::Json;
using http::Request;
using http::Response;

constexpr std::size_t kMaxVisitorLength = 128;  // as of the events of the same visitor

/// What the body says; empty: nothing, nor does a request without a body.
std::variant<std::string, Response> sent_visitor(Request& request) {
    if (request.body.empty()) return std::string();
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<Response>(&body)) return std::move(*refused);
    return http::optional_text(std::get<Json>(body), "visitor_id", kMaxVisitorLength);
}

Response assign(meta::Experiments& experiments, const Pipeline& pipeline, Request& request, const meta::Grant& grant) {
    const std::string id(request.path_value("id"));
    auto sent = sent_visitor(request);
    if (auto* refused = std::get_if<Response>(&sent)) return std::move(*refused);
    auto& visitor = std::get<std::string>(sent);
    if (visitor.empty()) visitor = pipeline.visitor_of(request, grant.project_id());
    const auto variant = experiments.assign(grant.project_id(), id, visitor);
    if (variant) return {.body = http::to_text({{"experiment_id", id}, {"variant", *variant}})};
    switch (variant.error().code) {
        case pulsekit::ErrorCode::not_found: return http::not_found("Experiment", id);
        case pulsekit::ErrorCode::invalid: return http::plain_error(400, variant.error().message);
        default: return http::failed(variant.error());
    }
}

/// In the order of Pipeline::handle().
Response serve(meta::Access& access, meta::Experiments& experiments, const Pipeline& pipeline, Request& request) {
    const auto admitted = access.admit(meta::key_of(request, meta::KeyPlace::x_pulse_key), meta::Scope::ingest,
                                       meta::Traffic::analytics_ingest);
    if (const auto* denial = std::get_if<meta::Denial>(&admitted)) return meta::response_to(*denial);
    const auto& grant = std::get<meta::Grant>(admitted);
    if (const auto denial = meta::Access::module_allows(grant, "ab_testing", model::ModuleAccess::write)) {
        return meta::response_to(*denial);
    }
    return assign(experiments, pipeline, request, grant);
}

}  // namespace

http::Route assign_route(meta::Access& access, meta::Experiments& experiments, const Pipeline& pipeline) {
    return {.method = "POST",
            .pattern = "/api/v1/experiments/{id}/assign",
            .handler =
                [&access, &experiments, &pipeline](Request request, http::Responder responder) {
                    responder.answer(serve(access, experiments, pipeline, request));
                },
            .envelope = http::plain_envelope,
            .summary = "The variant that a visitor sees, the same at each call",
            .access = "ingest",
            .cross_origin = true,
            .slow = true,  // the first call of a visitor waits for the disk
            .document = {.key_header = std::string(meta::header_of(meta::KeyPlace::x_pulse_key)),
                         .request = R"({"visitor_id":"visitor-1"})",
                         .answer = R"({"experiment_id":"e1a2b3c4","variant":"variant_green"})"}};
}

}  // namespace collector::ingest
