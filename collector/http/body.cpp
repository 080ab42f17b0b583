#include "http/body.hpp"

#include <utility>

#include "model/text.hpp"
#include "support/gzip.hpp"

namespace collector::http {

std::variant<std::string, BodyProblem> take_body(Request& request) {
    const std::string encoding = model::lower(request.header("Content-Encoding").value_or(""));
    if (encoding == "gzip") {
        auto inflated = pulsekit::gzip::inflate(request.body, kMaxBodyBytes);
        if (inflated) return *std::move(inflated);
        return inflated.error().code == pulsekit::ErrorCode::limited ? BodyProblem::too_large : BodyProblem::damaged;
    }
    if (!encoding.empty() && encoding != "identity") return BodyProblem::encoding;
    if (request.body.size() > kMaxBodyBytes) return BodyProblem::too_large;
    return std::move(request.body);
}

}  // namespace collector::http
