#include "ingest/fields.hpp"

#include <algorithm>

#include "ingest/steps/step.hpp"
#include "model/text.hpp"

namespace collector::ingest {
namespace {

bool are_letters(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return model::is_letter(c); });
}

}  // namespace

std::string_view text_member(const Members& members, std::string_view name) {
    const Value* value = members.find(name);
    return value ? text_of(*value).value_or("") : std::string_view();
}

std::optional<double> number_member(const Members& members, std::initializer_list<std::string_view> names) {
    for (const auto name : names) {
        const Value* value = members.find(name);
        if (const auto number = value ? number_of(*value) : std::nullopt) return number;
    }
    return std::nullopt;
}

std::string currency_of(std::string_view code) {
    return code.size() == 3 && are_letters(code) ? model::upper(code) : std::string();
}

std::string country_of(std::string_view code) {
    return code.size() == 2 && are_letters(code) ? model::upper(code) : std::string();
}

void read_free_properties(const Members& properties, model::Event& event) {
    event.app_version = text_member(properties, "app_version");
    event.revenue_amount = number_member(properties, {"revenue_amount", "revenue"});
    if (event.revenue_amount) {
        event.revenue_currency = currency_of(text_member(properties, "revenue_currency"));
        if (event.revenue_currency.empty()) event.revenue_currency = currency_of(text_member(properties, "currency"));
    }
    if (kind_of(event.dialect, event.source_type, event.name) != model::Kind::js_error) return;
    event.error_message = text_member(properties, "message");
    event.error_type = text_member(properties, "error_type");
    event.error_stack = text_member(properties, "stack");
}

}  // namespace collector::ingest
