// What dialects have in common when they read an event's members. For ingest's own sources.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/json.hpp"
#include "model/event.hpp"

namespace collector::ingest {

/// 9999-12-31T23:59:59.999Z: the latest instant that an event may have.
inline constexpr std::int64_t kLastMs = 253'402'300'799'999;

/// The documented members of an object, each at its field's place in the table.
template <std::size_t N>
class Known {
public:
    Known(Members&&, const NameTable<N>&) = delete;  // it points into them
    Known(const Members& members, const NameTable<N>& names) {
        for (const auto& member : members) {
            const auto field = names.find(member.name);
            if (field != names.kNone && !member.value.is_null()) values_[field] = &member.value;
        }
    }

    /// Null when absent, as Members::find.
    const Value* operator[](std::size_t field) const { return values_[field]; }

private:
    std::array<const Value*, N> values_{};
};

/// Empty when there is no such member, or when it is no text.
std::string_view text_member(const Members& members, std::string_view name);
/// The first of the names that has a number.
std::optional<double> number_member(const Members& members, std::initializer_list<std::string_view> names);

/// The members that `kept` picks, then those of `inner` that none of these hides.
template <typename Kept>
std::string props_of(const Members& members, const Members& inner, Kept kept) {
    ObjectText props;
    std::vector<std::string_view> names;
    for (const auto& member : members) {
        if (!kept(member)) continue;
        props.add(member.name, member.value);
        names.push_back(member.name);
    }
    const bool any_hidden = !names.empty();
    const Names hidden(std::move(names));
    for (const auto& member : inner) {
        if (!any_hidden || !hidden.contain(member.name)) props.add(member.name, member.value);
    }
    return props.take();
}

/// A currency code in upper case; empty when it is none.
std::string currency_of(std::string_view code);
/// A country code in upper case; empty when it is none.
std::string country_of(std::string_view code);

/// What free properties mean in every dialect that has no members for it: the version of the application, revenue with
/// its currency, and of an error (source_type must be known) its message, type and stack.
void read_free_properties(const Members& properties, model::Event& event);

}  // namespace collector::ingest
