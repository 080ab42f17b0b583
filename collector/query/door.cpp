#include "query/door.hpp"

#include <optional>
#include <utility>
#include <variant>

namespace collector::query {
namespace {

using meta::Access;
using meta::Denial;
using meta::Grant;

http::Response denied(const Protocol& protocol, const Denial& denial) {
    auto response = protocol.denied(denial);
    if (denial.retry_after_s > 0) response.headers.emplace_back("Retry-After", std::to_string(denial.retry_after_s));
    return response;
}

std::variant<Grant, Denial> admit(const Door& door, const http::Request& request, Access& access,
                                  const Sources& sources) {
    const auto key = meta::key_of(request, door.protocol.credential);
    auto admitted = !key && door.protocol.open && !sources.open_project.empty()
                        ? access.admit_without_key(sources.open_project, meta::Traffic::query)
                        : access.admit(key, meta::Scope::query, meta::Traffic::query);
    const auto* grant = std::get_if<Grant>(&admitted);
    if (!grant) return admitted;
    // A core report is open whatever the project's module settings are; the key's own restriction still holds.
    auto refused = door.gate.empty() ? Access::key_allows(*grant, door.key_module)
                                     : Access::module_allows(*grant, door.gate, door.needed);
    if (refused) return *std::move(refused);
    return admitted;
}

}  // namespace

http::Handler behind(const Door& door, Access& access, const Sources& sources, Serve serve) {
    return [door, &access, sources, serve = std::move(serve)](http::Request request, http::Responder responder) {
        const auto admitted = admit(door, request, access, sources);
        if (const auto* denial = std::get_if<Denial>(&admitted)) {
            responder.answer(denied(door.protocol, *denial));
        } else {
            responder.answer(serve(request, *std::get<Grant>(admitted).project));
        }
    };
}

}  // namespace collector::query
