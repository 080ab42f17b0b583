// The ten types of event of Pulse Analytics: which members each has, and by which rules (docs/protocol.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/json.hpp"
#include "model/event.hpp"

namespace collector::ingest::analytics {

/// A request's members, those of its `payload` object as if they stood beside it and before them.
class Body {
public:
    explicit Body(Members outer);

    const Value* find(std::string_view name) const {
        const Value* inner = inner_.find(name);
        return inner ? inner : outer_.find(name);
    }
    const Value* type() const { return outer_.find("type"); }

    /// Calls `use` for every member but the type and the wrapping.
    template <typename F>
    void for_each(F use) const {
        std::vector<std::string_view> names;
        for (const auto& member : inner_) {
            use(member);
            names.push_back(member.name);
        }
        const Names hidden(std::move(names));
        for (const auto& member : outer_) {
            if (member.name == "type" || (wrapped_ && member.name == "payload")) continue;
            if (!hidden.contain(member.name)) use(member);
        }
    }

private:
    Members outer_, inner_;
    bool wrapped_ = false;
};

struct Type;

/// Null when there is none of that name.
const Type* type_named(std::string_view name);

/// Reads the members into the event, whose dialect, source_type, name and time are set already. The rule that is
/// broken, as the answer says it, or nothing.
std::optional<std::string> read(const Type& type, const Body& body, model::Event& event);

}  // namespace collector::ingest::analytics
