#include "store/local/scan/meaning.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "store/local/contexts.hpp"

namespace collector::store::local {
namespace {

using model::Column;

struct Named {
    Column column;
    StoredAs as;
};
constexpr Named kStored[] = {
    {Column::kind, {SegmentColumn::kind}},
    {Column::name, {SegmentColumn::name}},
    {Column::path, {SegmentColumn::path}},
    {Column::visitor, {SegmentColumn::visitor}},
    {Column::user, {SegmentColumn::user}},
    {Column::interaction, {SegmentColumn::interaction}},
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
    {Column::tagged, {SegmentColumn::context}},
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

constexpr const char* kTags[] = {"utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"};

std::vector<std::int64_t> tags_of(const Scan& scan, std::span<const std::int64_t> contexts) {
    std::vector<std::int64_t> tagged(contexts.size());
    for (const auto* tag : kTags) {
        const auto numbers = scan.contexts.numbers(context_column(tag), contexts);
        for (std::size_t i = 0; i < numbers.size(); ++i) tagged[i] |= numbers[i] != 0;
    }
    return tagged;
}

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
    const auto* found = std::find_if(std::begin(kStored), std::end(kStored),
                                     [&](const Named& named) { return named.column == column; });
    return found == std::end(kStored) ? nullptr : &found->as;
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
    if (entries.are == Entries::contexts) {
        meaning.are_ = stored->context ? Entries::numbers : Entries::integers;
        meaning.own_ = stored->context ? scan.contexts.numbers(context_column(stored->context), entries.values)
                                       : tags_of(scan, entries.values);
        for (const auto number : meaning.own_) meaning.null_.push_back(number == 0);
    }
    return meaning;
}

}  // namespace collector::store::local
