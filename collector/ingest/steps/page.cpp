// The page an event happened on, and the campaign that its URL names.
#include <algorithm>

#include "ingest/json.hpp"
#include "ingest/steps/step.hpp"

namespace collector::ingest {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// As written when the escapes do not make UTF-8: every text of an event is valid UTF-8.
std::string decode_component(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return is_utf8(out) ? out : std::string(text);
}

struct Parameter {
    std::string_view name;
    std::string model::Event::*into;
};
constexpr Parameter kCampaign[] = {{"utm_source", &model::Event::utm_source},
                                   {"utm_medium", &model::Event::utm_medium},
                                   {"utm_campaign", &model::Event::utm_campaign},
                                   {"utm_content", &model::Event::utm_content},
                                   {"utm_term", &model::Event::utm_term}};

std::string_view query_of(std::string_view url) {
    url = url.substr(0, url.find('#'));
    const auto mark = url.find('?');
    return mark == std::string_view::npos ? std::string_view() : url.substr(mark + 1);
}

}  // namespace

std::string path_of(std::string_view url) {
    url = url.substr(0, url.find_first_of("?#"));
    const auto scheme = url.find("://");
    if (scheme != std::string_view::npos && url.find('/') > scheme) {
        url.remove_prefix(scheme + 3);
        const auto slash = url.find('/');
        url = slash == std::string_view::npos ? std::string_view() : url.substr(slash);
    }
    return url.empty() ? "/" : std::string(url);
}

// An outbound link's URL is where the visitor went, not where it was.
std::optional<Reason> fill_page(Item& item, const Surroundings&) {
    auto& event = item.event;
    if (event.path.empty() && event.kind == model::Kind::outlink) return std::nullopt;
    const std::string& page = event.path.empty() ? event.url : event.path;
    if (!page.empty()) event.path = path_of(page);
    return std::nullopt;
}

std::optional<Reason> fill_campaign(Item& item, const Surroundings&) {
    if (item.event.kind == model::Kind::outlink) return std::nullopt;
    std::string_view rest = query_of(item.event.url);
    while (!rest.empty()) {
        const auto pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos) continue;
        for (const auto& [name, into] : kCampaign) {
            auto& field = item.event.*into;
            if (field.empty() && pair.substr(0, equals) == name) field = decode_component(pair.substr(equals + 1));
        }
    }
    return std::nullopt;
}

}  // namespace collector::ingest
