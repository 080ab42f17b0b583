#include "store/local/scan/traits.hpp"

#include <string>
#include <variant>

#include "store/local/segments/segment.hpp"

namespace collector::store::local {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using Trait = Texts::Trait;

struct Latest {
    bool known = false;
    bool equal = false;
    RowPlace place;
};

/// What the entries of a segment's properties say, each asked once.
std::vector<Trait> said_by(Texts& texts, const EntryView& entries, const std::string& name, const std::string& value) {
    std::vector<Trait> said;
    for (std::size_t i = 0; i < entries.size(); ++i)
        said.push_back(texts.trait(std::string(entries.text(i)), name, value));
    return said;
}

}  // namespace

Result<std::vector<bool>> visitors_with_trait(const Scan& scan, const std::vector<model::Value>& values) {
    const auto* name = values.size() == 2 ? std::get_if<std::string>(&values[0]) : nullptr;
    const auto* value = values.size() == 2 ? std::get_if<std::string>(&values[1]) : nullptr;
    if (!name || !value) return Error{ErrorCode::invalid, "a trait is a name and a value"};
    std::vector<Latest> latest(scan.snapshot.visitors);
    for (std::uint32_t index = 0; index < scan.snapshot.segments.size(); ++index) {
        if (scan.patience.ended()) return Error{ErrorCode::unavailable, "the question took too long"};
        const auto& live = scan.snapshot.segments[index];
        const auto& segment = *live.segment;
        if (auto sound = segment.check(); !sound) return std::move(sound).error();
        for (const auto column : {SegmentColumn::traits, SegmentColumn::visitor}) {
            if (auto sound = segment.check(column); !sound) return std::move(sound).error();
        }
        const auto codes = segment.codes(SegmentColumn::traits);
        if (codes.all_null()) continue;
        const auto said = said_by(scan.texts, segment.entries(SegmentColumn::traits), *name, *value);
        const auto visitors = segment.codes(SegmentColumn::visitor);
        const auto begins = segment.begins();
        for (std::uint32_t session = 0; session < segment.sessions(); ++session) {
            if (!live.has(session)) continue;
            for (std::uint32_t row = begins[session]; row < begins[session + 1]; ++row) {
                const auto code = codes.at(row);
                if (code == 0 || said[code - 1] == Trait::absent) continue;
                const RowPlace place{segment.time(row), index, row};
                if (place.time > scan.of.range.to_ms) continue;
                auto& of_visitor = latest[(*live.visitors)[visitors.at(row) - 1]];
                if (of_visitor.known && scan.texts.precedes(place, of_visitor.place)) continue;
                of_visitor = {true, said[code - 1] == Trait::equal, place};
            }
        }
    }
    std::vector<bool> with;
    for (const auto& of_visitor : latest) with.push_back(of_visitor.equal);
    return with;
}

}  // namespace collector::store::local
