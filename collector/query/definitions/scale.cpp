#include "query/definitions/scale.hpp"

#include <cmath>

#include "http/members.hpp"

namespace collector::query {
namespace {

constexpr Scale kPromoter{0, 10};
constexpr std::int64_t kFirstPassive = 7;  // of the net promoter score: below it are detractors
constexpr std::int64_t kFirstPromoter = 9;

bool is_promoter(const Scale& scale) { return scale.min == kPromoter.min && scale.max == kPromoter.max; }

}  // namespace

std::optional<Scale> scale_of(const http::Json& question) {
    const auto* type = http::member_of(question, "type");
    if (!type || *type != "rating") return std::nullopt;
    Scale scale;
    const auto read = [&](const char* name, std::int64_t& end) {
        const auto* value = http::member_of(question, name);
        if (!value) return true;
        constexpr double kLargest = 1e9;
        const double number = value->is_number() ? value->get<double>() : NAN;
        if (!(std::abs(number) <= kLargest) || std::trunc(number) != number) return false;
        end = static_cast<std::int64_t>(number);
        return true;
    };
    if (!read("min", scale.min) || !read("max", scale.max)) return std::nullopt;
    if (scale.min >= scale.max || scale.max - scale.min > kMaxSteps) return std::nullopt;
    return scale;
}

std::vector<std::string> buckets_of(const Scale& scale) {
    if (is_promoter(scale)) return {"0-6", "7-8", "9-10"};
    std::vector<std::string> names;
    for (auto value = scale.min; value <= scale.max; ++value) names.push_back(std::to_string(value));
    return names;
}

std::size_t bucket_of(const Scale& scale, double answer) {
    const auto value = static_cast<std::int64_t>(std::floor(answer));
    if (!is_promoter(scale)) return static_cast<std::size_t>(value - scale.min);
    return value < kFirstPassive ? 0 : value < kFirstPromoter ? 1 : 2;
}

}  // namespace collector::query
