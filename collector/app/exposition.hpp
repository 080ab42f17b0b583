// Prometheus' text exposition format, version 0.0.4.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace collector::app {

/// Writes families one after the other: family(), then its samples.
class Exposition {
public:
    enum class Type { counter, gauge, histogram };
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    void family(std::string_view name, Type type, std::string_view help);
    void sample(Labels labels, std::uint64_t value);
    void sample(Labels labels, double value);
    /// `counts` are those of each bucket by itself: one for each of the ascending `bounds`, and one for what is above.
    void histogram(std::span<const double> bounds, std::span<const std::uint64_t> counts, double sum);

    /// A family of one sample without labels.
    template <typename Number>
    void single(std::string_view name, Type type, std::string_view help, Number value) {
        family(name, type, help);
        sample({}, value);
    }

    std::string take() { return std::move(text_); }

private:
    void line(std::string_view suffix, Labels labels, std::string_view value);

    std::string family_;
    std::string text_;
};

}  // namespace collector::app
