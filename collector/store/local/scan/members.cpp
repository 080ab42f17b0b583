#include "store/local/scan/members.hpp"

#include <algorithm>

namespace collector::store::local {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

Result<Members> Members::of(const Scan& scan) {
    constexpr std::size_t kLookAtPatience = 4096;
    Members made;
    std::size_t looked_up = 0;
    for (const auto& member : scan.of.members) {
        if (++looked_up % kLookAtPatience == 0 && scan.patience.ended()) {
            return Error{ErrorCode::unavailable, "the question took too long"};
        }
        made.end_ = std::max(made.end_, member.group + 1);
        const auto number = scan.dictionary.find(scan.project, Space::visitor, member.visitor);
        if (!number) return number.error();
        if (*number < 0) continue;
        if (made.numbers_.number(*number) != made.groups_.size()) {
            return Error{ErrorCode::invalid, "a selection names a visitor once"};
        }
        made.from_ms_.push_back(member.from_ms);
        made.groups_.push_back(member.group);
    }
    return made;
}

std::vector<std::uint32_t> Members::by_code(const Segment& segment) const {
    const auto texts = segment.entries(SegmentColumn::visitor).values;
    std::vector<std::uint32_t> members(texts.size() + 1);
    bool any = false;
    for (std::size_t entry = 0; entry < texts.size(); ++entry) {
        const auto known = numbers_.known(texts[entry]);
        if (!known) continue;
        members[entry + 1] = *known + 1;
        any = true;
    }
    return any ? members : std::vector<std::uint32_t>();
}

}  // namespace collector::store::local
