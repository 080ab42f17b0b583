#include "store/local/scan/domain.hpp"

#include <bit>

namespace collector::store::local {

using model::Value;
using pulsekit::MutexLock;

std::vector<std::uint32_t> Domain::numbers_of(const Meaning& meaning) {
    const MutexLock lock(mutex_);
    std::vector<std::uint32_t> numbers(meaning.size() + 1);
    if (meaning.size() > 0) are_ = meaning.are();
    for (std::size_t entry = 0; entry < meaning.size(); ++entry) {
        if (!meaning.is_null(entry)) numbers[entry + 1] = number_of(meaning, entry);
    }
    return numbers;
}

std::uint32_t Domain::number_of(const Meaning& meaning, std::size_t entry) {
    if (meaning.are() == Entries::texts) return number_of(meaning.text(entry));
    if (meaning.common().empty()) return values_.number(meaning.value(entry)) + 1;
    const auto common = meaning.common()[entry];
    if (common >= of_common_.size()) of_common_.resize(common + std::size_t{1});
    auto& number = of_common_[common];
    if (number == 0) number = values_.number(meaning.value(entry)) + 1;
    return number;
}

std::uint32_t Domain::number_of(std::string_view text) {
    const auto known = numbers_.find(text);
    if (known != numbers_.end()) return known->second;
    texts_.emplace_back(text);
    const auto number = static_cast<std::uint32_t>(texts_.size());
    numbers_.emplace(texts_.back(), number);
    return number;
}

std::size_t Domain::size() const {
    const MutexLock lock(mutex_);
    return are_ == Entries::texts ? texts_.size() : values_.keys().size();
}

Value Domain::value(std::uint32_t number, Texts& texts) const {
    if (number == 0) return std::monostate();
    const MutexLock lock(mutex_);
    if (are_ == Entries::texts) return texts_[number - 1];
    const auto value = values_.keys()[number - 1];
    if (are_ == Entries::reals) return std::bit_cast<double>(value);
    if (are_ == Entries::numbers) return texts.text(value);
    return value;
}

bool Domain::holds(const PreparedTest& test, std::uint32_t number, Texts& texts) const {
    if (number == 0) return test.holds_null();
    const MutexLock lock(mutex_);
    if (are_ == Entries::texts) return test.holds(texts, are_, 0, texts_[number - 1]);
    return test.holds(texts, are_, values_.keys()[number - 1], {});
}

}  // namespace collector::store::local
