// Question: folds, then orders the groups and cuts the page.
#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>
#include <variant>

#include "store/local/scan/answers.hpp"
#include "store/local/scan/fold.hpp"
#include "store/local/scan/parallel.hpp"

namespace collector::store::local {
namespace {

using model::Answer;
using model::Column;
using model::Order;
using model::Question;
using model::Value;
using pulsekit::Result;

/// Groups with their measures; what they are of is looked up for those that are asked for.
class Groups {
public:
    Groups(const Scan& scan, const Plan& plan, Fold& fold) : scan_(scan), plan_(plan), index_(fold.index()) {
        for (std::uint32_t group = 0; group < fold.present().size(); ++group) {
            if (fold.present()[group]) present_.push_back(group);
        }
        for (std::size_t i = 0; i < plan.measures.size(); ++i) {
            measures_.push_back(fold.measures()[i].finish(fold.present().size()));
        }
    }

    std::vector<std::uint32_t>& present() { return present_; }
    const Value& measure(std::uint32_t group, std::size_t index) const { return measures_[index][group]; }

    /// Its keys, then its measures.
    std::vector<Value> row(std::uint32_t group) const {
        std::vector<Value> made;
        const auto numbers = index_.numbers(group);
        for (std::size_t key = 0; key < numbers.size(); ++key) {
            const auto& field = plan_.groups[key];
            const auto& domain = field.of_unit ? plan_.attributes[field.attribute].domain : field.domain;
            made.push_back(domain->value(numbers[key], scan_.texts));
        }
        for (const auto& measure : measures_) made.push_back(measure[group]);
        return made;
    }

private:
    const Scan& scan_;
    const Plan& plan_;
    const GroupIndex& index_;
    std::vector<std::uint32_t> present_;
    std::vector<std::vector<Value>> measures_;
};

/// Leaves those groups that may be on the page, as far as the first thing that orders them tells: to order the others
/// by their texts, all of them would have to be looked up.
void leave_candidates(Groups& groups, const Question& question) {
    auto& present = groups.present();
    const auto& page = question.page;
    if (page.limit < 0 || question.order.empty() || question.order[0].by != Order::By::measure) return;
    const auto& first = question.order[0];
    const auto wanted =
        static_cast<std::uint64_t>(std::max<std::int64_t>(page.offset, 0)) + static_cast<std::uint64_t>(page.limit);
    if (wanted == 0 || wanted >= present.size()) return;
    const auto before = [&](std::uint32_t a, std::uint32_t b) {
        const auto& one = groups.measure(a, first.index);
        const auto& other = groups.measure(b, first.index);
        return first.descending ? other < one : one < other;
    };
    const auto last = present.begin() + static_cast<std::ptrdiff_t>(wanted) - 1;
    std::nth_element(present.begin(), last, present.end(), before);
    const auto bound = *last;
    std::erase_if(present, [&](std::uint32_t group) { return before(bound, group); });
}

bool comes_before(const std::vector<Value>& a, const std::vector<Value>& b, const Question& question) {
    for (const auto& order : question.order) {
        const std::size_t at = order.by == Order::By::group ? order.index : question.group_by.size() + order.index;
        if (a[at] == b[at]) continue;
        return order.descending ? b[at] < a[at] : a[at] < b[at];
    }
    return false;
}

void cut(std::vector<std::vector<Value>>& rows, const model::Page& page) {
    const auto size = std::ssize(rows);
    const auto begin = std::clamp<std::int64_t>(page.offset, 0, size);
    const auto end = page.limit < 0 ? size : begin + std::min(page.limit, size - begin);
    rows.erase(rows.begin() + end, rows.end());
    rows.erase(rows.begin(), rows.begin() + begin);
}

}  // namespace

Result<Answer> answer(const Scan& scan, const Question& question) {
    const auto made = plan(scan, question);
    if (!made) return made.error();
    auto folds = for_each_segment<Fold>(scan, made->selection, [&] { return Fold(scan, *made); });
    if (!folds) return std::move(folds).error();
    if (made->unit == model::Unit::visitor) Fold::fold_visitors(*folds);
    auto& fold = folds->front();
    for (std::size_t i = 1; i < folds->size(); ++i) fold.merge(std::move((*folds)[i]));
    Groups groups(scan, *made, fold);
    Answer answer{.rows = {}, .total = std::ssize(groups.present())};
    if (question.page.limit != 0) leave_candidates(groups, question);
    for (const auto group : groups.present()) answer.rows.push_back(groups.row(group));
    std::stable_sort(answer.rows.begin(), answer.rows.end(),
                     [&](const auto& a, const auto& b) { return comes_before(a, b, question); });
    cut(answer.rows, question.page);
    if (auto failed = scan.texts.result(); !failed) return std::move(failed).error();
    return answer;
}

}  // namespace collector::store::local
