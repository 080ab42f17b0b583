#include "ingest/agent_rules.hpp"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <array>

#include "model/text.hpp"

namespace collector::ingest {
namespace {

constexpr int kMinAtomBytes = 3;
constexpr int kMaxGroups = 9;
constexpr std::int64_t kMaxMemoryOfARule = 192 * 1024;  // a thousand of them must not fill a small machine

std::uint32_t start_of(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
    return at(0) | at(1) << 8 | at(2) << 16;
}

using Groups = std::array<re2::StringPiece, kMaxGroups + 1>;

std::string filled(const std::string& replacement, const Groups& groups) {
    std::string text;
    for (std::size_t i = 0; i < replacement.size(); ++i) {
        const bool is_group = replacement[i] == '$' && i + 1 < replacement.size() && replacement[i + 1] >= '1' &&
                              replacement[i + 1] <= '9';
        if (is_group) {
            const auto& group = groups[static_cast<std::size_t>(replacement[++i] - '0')];
            text.append(group.data() ? group.data() : "", group.size());
        } else {
            text += replacement[i];
        }
    }
    const auto first = text.find_first_not_of(' ');
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

AgentRules::AgentRules() : patterns_(std::make_unique<re2::FilteredRE2>(kMinAtomBytes)) {}
AgentRules::AgentRules(AgentRules&&) noexcept = default;
AgentRules::~AgentRules() = default;

bool AgentRules::add(std::string_view flags, std::string_view pattern, std::string_view name,
                     std::string_view version) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_encoding(re2::RE2::Options::EncodingLatin1);  // headers are bytes
    options.set_case_sensitive(flags.find('i') == std::string_view::npos);
    options.set_max_mem(kMaxMemoryOfARule);
    int index = 0;
    const re2::StringPiece piece(pattern.data(), pattern.size());
    if (patterns_->Add(piece, options, &index) != re2::RE2::NoError) return false;
    replacements_.push_back({std::string(name), std::string(version)});
    return true;
}

void AgentRules::compile() {
    patterns_->Compile(&atoms_);
    for (std::size_t i = 0; i < atoms_.size(); ++i) {
        atoms_by_start_[start_of(atoms_[i])].push_back(static_cast<int>(i));
    }
}

std::vector<int> AgentRules::atoms_in(std::string_view text) const {
    const std::string lower = model::lower(text);  // as the atoms are
    std::vector<int> found;
    for (std::size_t at = 0; at + kMinAtomBytes <= lower.size(); ++at) {
        const auto rest = std::string_view(lower).substr(at);
        const auto candidates = atoms_by_start_.find(start_of(rest));
        if (candidates == atoms_by_start_.end()) continue;
        for (const int atom : candidates->second) {
            if (rest.starts_with(atoms_[static_cast<std::size_t>(atom)])) found.push_back(atom);
        }
    }
    return found;
}

int AgentRules::first(std::string_view text) const {
    if (replacements_.empty()) return -1;
    return patterns_->FirstMatch(re2::StringPiece(text.data(), text.size()), atoms_in(text));
}

AgentMatch AgentRules::match(std::string_view text) const {
    const int index = first(text);
    if (index < 0) return {};
    const re2::RE2& pattern = patterns_->GetRE2(index);
    Groups groups;
    const re2::StringPiece piece(text.data(), text.size());
    const int count = std::min(pattern.NumberOfCapturingGroups(), kMaxGroups) + 1;
    pattern.Match(piece, 0, piece.size(), re2::RE2::UNANCHORED, groups.data(), count);
    const auto& replacement = replacements_[static_cast<std::size_t>(index)];
    return {.name = filled(replacement.name.empty() ? "$1" : replacement.name, groups),
            .version = filled(replacement.version.empty() ? "$2" : replacement.version, groups)};
}

}  // namespace collector::ingest
