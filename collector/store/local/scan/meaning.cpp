#include "store/local/scan/meaning.hpp"

#include <array>
#include <chrono>
#include <numeric>
#include <optional>
#include <utility>

#include "store/local/segments/row_class.hpp"

namespace collector::store::local {
namespace {

using model::Column;

struct Named {
    Column column;
    StoredAs as;
};
constexpr Named kStored[] = {
    {Column::kind, {SegmentColumn::row_class}},
    {Column::name, {SegmentColumn::name}},
    {Column::path, {SegmentColumn::path}},
    {Column::visitor, {SegmentColumn::visitor}},
    {Column::user, {SegmentColumn::user}},
    {Column::interaction, {SegmentColumn::row_class}},
    {Column::app_version, {SegmentColumn::context, "app_version"}},
    {Column::utm_source, {SegmentColumn::context, "utm_source"}},
    {Column::utm_medium, {SegmentColumn::context, "utm_medium"}},
    {Column::utm_campaign, {SegmentColumn::context, "utm_campaign"}},
    {Column::utm_content, {SegmentColumn::context, "utm_content"}},
    {Column::utm_term, {SegmentColumn::context, "utm_term"}},
    {Column::browser, {SegmentColumn::context, "browser"}},
    {Column::browser_version, {SegmentColumn::context, "browser_version"}},
    {Column::os, {SegmentColumn::context, "os"}},
    {Column::os_version, {SegmentColumn::context, "os_version"}},
    {Column::device_type, {SegmentColumn::context, "device_type"}},
    {Column::country, {SegmentColumn::context, "country"}},
    {Column::tagged, {SegmentColumn::context, "tagged"}},
    {Column::source, {SegmentColumn::source}},
    {Column::revenue, {SegmentColumn::revenue}},
    {Column::error_message, {SegmentColumn::error_message}},
    {Column::click_x, {SegmentColumn::click_x}},
    {Column::click_y, {SegmentColumn::click_y}},
    {Column::selector, {SegmentColumn::selector}},
    {Column::viewport_width, {SegmentColumn::viewport_width}},
    {Column::depth, {SegmentColumn::depth}},
    {Column::query, {SegmentColumn::query}},
    {Column::results_count, {SegmentColumn::results_count}},
    {Column::link, {SegmentColumn::link}},
    {Column::lcp, {SegmentColumn::lcp}},
    {Column::fcp, {SegmentColumn::fcp}},
    {Column::inp, {SegmentColumn::inp}},
    {Column::ttfb, {SegmentColumn::ttfb}},
    {Column::cls, {SegmentColumn::cls}},
};

constexpr std::size_t kColumns = static_cast<std::size_t>(Column::cls) + 1;

constexpr auto kByColumn = [] {
    std::array<std::optional<StoredAs>, kColumns> by_column{};
    for (const auto& named : kStored) by_column[static_cast<std::size_t>(named.column)] = named.as;
    return by_column;
}();

}  // namespace

std::int64_t period_of(std::int64_t day, Column period) {
    if (period == Column::week) {
        const std::int64_t since_monday = ((day + 3) % 7 + 7) % 7;  // 1970 began on a Thursday
        return day - since_monday;
    }
    if (period == Column::month) {
        const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
        return std::chrono::sys_days{date.year() / date.month() / 1}.time_since_epoch().count();
    }
    return day;
}

const StoredAs* stored_as(Column column) {
    const auto& as = kByColumn[static_cast<std::size_t>(column)];
    return as ? &*as : nullptr;
}

Meaning Meaning::of(const Scan& scan, const LiveSegment& live, Column column) {
    Meaning meaning;
    const auto& segment = *live.segment;
    if (column == Column::session) {
        meaning.are_ = Entries::numbers;
        meaning.borrowed_ = segment.session_numbers();
        return meaning;
    }
    const auto* stored = stored_as(column);
    if (!stored) {  // a period: codes count the days of the segment
        for (auto day = day_of(segment.header().first_ms); day <= day_of(segment.header().last_ms); ++day) {
            meaning.own_.push_back(period_of(day, column));
        }
        return meaning;
    }
    const auto entries = segment.entries(stored->column);
    meaning.are_ = entries.are;
    if (entries.are == Entries::texts) {
        meaning.texts_ = entries;
        if (column == Column::source && !scan.of.own_host.empty()) {
            for (std::size_t i = 0; i < entries.size(); ++i) {
                meaning.null_.push_back(entries.text(i) == scan.of.own_host);
            }
        }
        return meaning;
    }
    meaning.borrowed_ = entries.values;
    if (stored->column == SegmentColumn::row_class) {
        for (const auto both : entries.values) {
            meaning.own_.push_back(column == Column::kind ? kind_of(both) : interaction_of(both));
        }
    } else if (entries.are == Entries::contexts) {
        meaning.are_ = column == Column::tagged ? Entries::integers : Entries::numbers;
        auto [numbers, values] = scan.contexts.values_of(context_column(stored->context), entries.values);
        meaning.common_ = std::move(numbers);
        meaning.own_ = std::move(values);
    }
    return meaning;
}

Meaning Meaning::of_numbers(std::uint32_t count) {
    Meaning meaning;
    meaning.own_.resize(count);
    std::iota(meaning.own_.begin(), meaning.own_.end(), 0);
    return meaning;
}

}  // namespace collector::store::local
