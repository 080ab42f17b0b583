#include "http/router.hpp"

#include <algorithm>

namespace collector::http {
namespace {

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> segments;
    segments.reserve(8);
    std::size_t start = 0;
    while (start <= path.size()) {
        const std::size_t end = std::min(path.find('/', start), path.size());
        segments.push_back(path.substr(start, end - start));
        start = end + 1;
    }
    return segments;
}

bool is_placeholder(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string_view>& path) {
    return std::equal(
        pattern.begin(), pattern.end(), path.begin(), path.end(),
        [](const auto& wanted, const auto& got) { return is_placeholder(wanted) ? !got.empty() : wanted == got; });
}

/// The last of so many takes those beyond.
std::vector<std::string_view> joined(std::vector<std::string_view> segments, std::size_t count) {
    if (segments.size() <= count) return segments;
    auto& last = segments[count - 1];
    const char* end = segments.back().data() + segments.back().size();
    last = {last.data(), static_cast<std::size_t>(end - last.data())};
    segments.resize(count);
    return segments;
}

bool serves(const Route& route, std::string_view method) {
    return route.method == method || (route.method == "GET" && method == "HEAD");
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
    // A literal segment beats a placeholder: /surveys/active before /surveys/{id}.
    std::stable_sort(routes_.begin(), routes_.end(), [](const Route& a, const Route& b) {
        return std::count(a.pattern.begin(), a.pattern.end(), '{') <
               std::count(b.pattern.begin(), b.pattern.end(), '{');
    });
    for (const auto& route : routes_) {
        const auto segments = split(route.pattern);
        segments_.emplace_back(segments.begin(), segments.end());
    }
}

Router::Match Router::find(Request& request) const {
    const auto segments = split(request.path);
    Match match;
    std::vector<std::string_view> allowed;
    for (std::size_t i = 0; i < routes_.size(); ++i) {
        const auto path = routes_[i].takes_rest ? joined(segments, segments_[i].size()) : segments;
        if (!matches(segments_[i], path)) continue;
        if (serves(routes_[i], request.method)) {
            match.route = &routes_[i];
            for (std::size_t s = 0; s < path.size(); ++s) {
                const auto& wanted = segments_[i][s];
                if (is_placeholder(wanted)) request.path_values[wanted.substr(1, wanted.size() - 2)] = path[s];
            }
            return match;
        }
        if (!match.sibling) match.sibling = &routes_[i];
        allowed.push_back(routes_[i].method);
        if (routes_[i].method == "GET") allowed.emplace_back("HEAD");
    }
    std::sort(allowed.begin(), allowed.end());
    allowed.erase(std::unique(allowed.begin(), allowed.end()), allowed.end());
    for (const auto method : allowed) match.allow += (match.allow.empty() ? "" : ", ") + std::string(method);
    return match;
}

}  // namespace collector::http
