// Many patterns, of which the first that matches counts: only those are tried whose literal parts a text has.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace re2 {
class FilteredRE2;
}

namespace collector::ingest {

/// What a rule that matches says; `$1` in a replacement is a captured text.
struct AgentMatch {
    std::string name;
    std::string version;
};

/// Immutable once compiled; safe from any thread.
class AgentRules {
public:
    AgentRules();
    AgentRules(AgentRules&&) noexcept;
    ~AgentRules();

    /// False when the pattern is none of RE2's: the rule is left out.
    bool add(std::string_view flags, std::string_view pattern, std::string_view name, std::string_view version);
    void compile();

    std::size_t size() const { return replacements_.size(); }
    bool matches(std::string_view text) const { return first(text) >= 0; }
    /// Empty when no rule matches.
    AgentMatch match(std::string_view text) const;

private:
    struct Replacement {
        std::string name, version;
    };
    int first(std::string_view text) const;
    std::vector<int> atoms_in(std::string_view text) const;

    std::unique_ptr<re2::FilteredRE2> patterns_;
    std::vector<Replacement> replacements_;
    std::vector<std::string> atoms_;
    std::unordered_map<std::uint32_t, std::vector<int>> atoms_by_start_;  // by their first three bytes
};

}  // namespace collector::ingest
