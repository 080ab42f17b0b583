#include "watch/traffic.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "meta/database.hpp"
#include "meta/traffic_rows.hpp"
#include "outbound/channels/webhook.hpp"
#include "query/conditions.hpp"
#include "query/days.hpp"
#include "query/ratio.hpp"
#include "query/values.hpp"
#include "support/time_text.hpp"

namespace collector::watch {
namespace {

using http::Json;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Transaction;

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kSilenceMs = 30 * kMinuteMs;

/// When it last happened in the range, if it did.
Result<std::optional<std::int64_t>> last_pageview(const query::Context& context, const model::TimeRange& range) {
    const query::Params params{.range = range, .page = {}, .filters = {}, .own = {}};
    const auto answer = context.ask(
        model::Question{.of = context.select(params, {query::kind_is({model::Kind::pageview})}),
                        .measures = {{.fold = model::Measure::Fold::greatest, .field = model::Column::time}}});
    if (!answer) return answer.error();
    const auto& time = answer->rows.front()[0];
    return query::is_null(time) ? std::nullopt : std::optional(query::integer(time));
}

bool wants(const Subscription& subscription, std::string_view event) {
    const auto& events = subscription.events;
    return std::find(events.begin(), events.end(), event) != events.end();
}

}  // namespace

Result<std::unique_ptr<TrafficWatch>> TrafficWatch::open(const std::string& database_path, TrafficParts parts) {
    auto database = meta::open_database(database_path);
    if (!database) return std::move(database).error();
    return std::unique_ptr<TrafficWatch>(new TrafficWatch(*std::move(database), std::move(parts)));
}

void TrafficWatch::run() {
    struct Watched {
        std::string_view event;
        Result<void> (TrafficWatch::*look)(const Wanted&);
    };
    constexpr Watched kWatched[] = {{"traffic_spike", &TrafficWatch::spike},
                                    {"zero_traffic", &TrafficWatch::silence},
                                    {"daily_summary", &TrafficWatch::summary}};
    for (const auto& project : parts_.catalog.projects()) {
        const auto subscriptions = parts_.subscriptions(project.id);
        const auto read = subscriptions ? Result<void>() : Result<void>(subscriptions.error());
        complaints_.note("webhooks of project " + project.id, read);
        if (!subscriptions) continue;
        for (const auto& [event, look] : kWatched) {
            Wanted wanted{.project = project, .event = event, .webhooks = {}, .now_ms = parts_.reports.clock.unix_ms()};
            for (const auto& subscription : *subscriptions) {
                if (wants(subscription, event)) wanted.webhooks.push_back(subscription.id);
            }
            const auto done = wanted.webhooks.empty() ? forget(wanted) : (this->*look)(wanted);
            if (parts_.reports.stop.stop_requested()) return;
            complaints_.note(std::string(event) + " of project " + project.id, done);
        }
    }
}

/// More than twice as many visitors as in the mean of the last hour's minutes, once until it is no longer so.
Result<void> TrafficWatch::spike(const Wanted& wanted) {
    const auto& id = wanted.project.id;
    const auto report = query::kRealtime.answer(parts_.reports.context(wanted.project, wanted.now_ms), {});
    if (!report) return report.error();
    const auto active = report->at("active_visitors").get<std::int64_t>();
    const auto minute = wanted.now_ms / kMinuteMs;
    const auto hour = meta::find_traffic(database_, id, minute);
    if (!hour) return hour.error();
    const auto told = meta::find_told(database_, id, wanted.event);
    if (!told) return told.error();
    const bool is_spike = hour->visitors > 0 && active * hour->minutes > 2 * hour->visitors;
    const Also also = [&](Database& database) -> Result<void> {
        if (auto done = meta::note_traffic(database, id, minute, active); !done) return done;
        return meta::note_told(database, id, wanted.event, is_spike ? std::optional<std::int64_t>(1) : std::nullopt);
    };
    if (!is_spike || *told) return keep(also);
    return tell(wanted,
                {{"active_visitors", active},
                 {"rolling_avg", query::number(query::ratio(hour->visitors, hour->minutes, 2))},
                 {"spike_multiplier", query::ratio(active * hour->minutes, hour->visitors, 2)}},
                also);
}

/// Half an hour without a pageview, once until there is one. A project that never had one is as good as told.
Result<void> TrafficWatch::silence(const Wanted& wanted) {
    const auto& id = wanted.project.id;
    const auto context = parts_.reports.context(wanted.project, wanted.now_ms);
    const auto told = meta::find_told(database_, id, wanted.event);
    if (!told) return told.error();
    const auto recent = last_pageview(context, {wanted.now_ms - kSilenceMs + 1, wanted.now_ms});
    if (!recent) return recent.error();
    if (*recent) return forget(wanted);
    if (*told) return {};
    const auto last = last_pageview(context, {0, wanted.now_ms});
    if (!last) return last.error();
    const Also also = [&](Database& database) { return meta::note_told(database, id, wanted.event, 1); };
    if (!*last) return keep(also);
    return tell(wanted,
                {{"last_pageview_at", pulsekit::date_time_text(**last)},
                 {"minutes_without_pageviews", (wanted.now_ms - **last) / kMinuteMs}},
                also);
}

/// The day before, once a day has begun; also later on that day, when nothing ran at midnight. A day that came to an
/// end before anybody wanted to hear of it is not told.
Result<void> TrafficWatch::summary(const Wanted& wanted) {
    const auto& id = wanted.project.id;
    const auto today = query::day_of(wanted.now_ms);
    const auto yesterday = today - 1;
    const auto told = meta::find_told(database_, id, wanted.event);
    if (!told) return told.error();
    const Also also = [&](Database& database) { return meta::note_told(database, id, wanted.event, yesterday); };
    // The clock was ahead by days when a day was told that is still to come. By less, and the day is not told again.
    const bool was_ahead = *told && **told > today;
    if (!*told || was_ahead) return keep(also);
    if (**told >= yesterday) return {};
    const model::TimeRange day{yesterday * query::kDayMs, today * query::kDayMs - 1};
    const auto stats = query::kStats.answer(parts_.reports.context(wanted.project, wanted.now_ms),
                                            {.range = day, .page = {}, .filters = {}, .own = {}});
    if (!stats) return stats.error();
    Json data{{"date", query::date_of(yesterday)}};
    data.update(stats->at("current"));
    return tell(wanted, data, also);
}

Result<void> TrafficWatch::tell(const Wanted& wanted, const Json& data, const Also& also) {
    std::vector<outbound::Message> messages;
    for (const auto& webhook : wanted.webhooks) {
        messages.push_back({.project_id = wanted.project.id,
                            .channel = outbound::Channel::subscription,
                            .target = webhook,
                            .event = std::string(wanted.event),
                            .subject = {},
                            .body = outbound::envelope(wanted.event, wanted.project.id, wanted.now_ms, data)});
    }
    return parts_.send(messages, also);
}

Result<void> TrafficWatch::keep(const Also& also) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return std::move(transaction).error();
    if (auto done = also(database_); !done) return done;
    return transaction->commit();
}

Result<void> TrafficWatch::forget(const Wanted& wanted) {
    const auto told = meta::find_told(database_, wanted.project.id, wanted.event);
    if (!told) return told.error();
    if (!*told) return {};
    return keep(
        [&](Database& database) { return meta::note_told(database, wanted.project.id, wanted.event, std::nullopt); });
}

}  // namespace collector::watch
