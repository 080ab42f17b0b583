#include "watch/alerts.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "outbound/channels/webhook.hpp"
#include "query/metrics.hpp"
#include "query/values.hpp"
#include "support/time_text.hpp"

namespace collector::watch {
namespace {

using meta::Alert;
using meta::AlertChannel;
using meta::Operator;
using meta::Project;
using pulsekit::ErrorCode;
using pulsekit::Result;

constexpr std::int64_t kMinuteMs = 60'000;

bool is_on(const Project& project, std::string_view module) {
    const auto index = model::index_of_module(module);
    return index < project.modules.size() && project.modules[index].enabled;
}

/// A last time that lies ahead is as far away as one that lies behind: the clock has been set, by less than the
/// cooldown or by more.
bool is_cooling_down(const Alert& alert, std::int64_t now_ms) {
    const auto cooldown = alert.rule.cooldown_minutes * kMinuteMs;
    if (!alert.last_triggered_ms) return false;
    return std::max(now_ms, *alert.last_triggered_ms) - std::min(now_ms, *alert.last_triggered_ms) < cooldown;
}

bool holds(double value, Operator compared, double threshold) {
    switch (compared) {
        case Operator::gt: return value > threshold;
        case Operator::lt: return value < threshold;
        case Operator::gte: return value >= threshold;
        case Operator::lte: return value <= threshold;
        case Operator::eq: return value == threshold;
    }
    return false;
}

std::string_view in_words(Operator compared) {
    switch (compared) {
        case Operator::gt: return "above";
        case Operator::lt: return "below";
        case Operator::gte: return "at or above";
        case Operator::lte: return "at or below";
        case Operator::eq: return "equal to";
    }
    return {};
}

std::string text_of(double value) { return http::to_text(query::number(value)); }

std::string minutes_text(std::int64_t minutes) {
    return std::to_string(minutes) + (minutes == 1 ? " minute" : " minutes");
}

/// A subject is one line, whatever the alert is called.
std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
    return text;
}

std::string subject(const Alert& alert, double value) {
    const auto& rule = alert.rule;
    return one_line("Alert '" + rule.name + "': " + rule.metric + " is " + text_of(value) + ", " +
                    std::string(in_words(rule.compared)) + " " + text_of(rule.threshold));
}

std::string letter(const Project& project, const Alert& alert, double value, std::int64_t now_ms) {
    const auto& rule = alert.rule;
    const auto window = rule.module == "realtime" ? "right now" : "in the last " + minutes_text(rule.window_minutes);
    return "The alert '" + rule.name + "' of " + project.name + " (" + project.domain + ") fired at " +
           pulsekit::date_time_text(now_ms) + ".\n\n" +                                        //
           rule.metric + " of " + rule.module + " " + window + ": " + text_of(value) + "\n" +  //
           "It fires when that is " + std::string(in_words(rule.compared)) + " " + text_of(rule.threshold) + ".\n\n" +
           (rule.cooldown_minutes == 0 ? "It fires each minute, as long as that is so.\n"
                                       : "It does not fire again for " + minutes_text(rule.cooldown_minutes) + ".\n") +
           "To switch it off: POST /api/v1/alerts/" + alert.id + "/toggle. To change it: PUT /api/v1/alerts/" +
           alert.id + ".\n";
}

std::string payload(const Alert& alert, double value, std::int64_t now_ms) {
    const auto& rule = alert.rule;
    return outbound::envelope("alert", alert.project_id, now_ms,
                              {{"alert_id", alert.id},
                               {"name", rule.name},
                               {"module", rule.module},
                               {"metric", rule.metric},
                               {"operator", meta::name_of(rule.compared)},
                               {"threshold", query::number(rule.threshold)},
                               {"value", query::number(value)},
                               {"window_minutes", rule.window_minutes}});
}

std::vector<outbound::Message> messages(const Project& project, const Alert& alert, double value, std::int64_t now_ms) {
    std::vector<outbound::Message> all;
    for (const auto& channel : alert.rule.channels) {
        const bool is_email = channel.type == AlertChannel::Type::email;
        all.push_back({.project_id = alert.project_id,
                       .channel = is_email ? outbound::Channel::email : outbound::Channel::webhook,
                       .target = channel.target,
                       .event = "alert",
                       .subject = is_email ? subject(alert, value) : std::string(),
                       .body = is_email ? letter(project, alert, value, now_ms) : payload(alert, value, now_ms)});
    }
    return all;
}

}  // namespace

void AlertWatch::run() {
    for (const auto& project : parts_.catalog.projects()) {
        if (is_on(project, "alerts")) look_at(project);
    }
}

void AlertWatch::look_at(const Project& project) {
    const auto alerts = parts_.alerts.alerts(project.id);
    const auto read = alerts ? Result<void>() : Result<void>(alerts.error());
    complaints_.note("alerts of project " + project.id, read);
    if (!alerts) return;
    for (const auto& alert : *alerts) {
        const auto now = parts_.reports.clock.unix_ms();
        if (!alert.enabled || !is_on(project, alert.rule.module) || is_cooling_down(alert, now)) continue;
        const auto done = look_at(project, alert, now);
        if (parts_.reports.stop.stop_requested()) return;
        complaints_.note("alert " + alert.id + " of project " + project.id, done);
    }
}

Result<void> AlertWatch::look_at(const Project& project, const Alert& alert, std::int64_t now_ms) {
    const auto* metric = query::metric_named(alert.rule.module, alert.rule.metric);
    if (!metric) return pulsekit::Error{ErrorCode::invalid, "this version knows no metric " + alert.rule.metric};
    const auto value = query::value_of(*metric, parts_.reports.context(project, now_ms),
                                       {now_ms - alert.rule.window_minutes * kMinuteMs, now_ms});
    if (!value) return value.error();
    if (!*value || !holds(**value, alert.rule.compared, alert.rule.threshold)) return {};
    auto sent = parts_.send(messages(project, alert, **value, now_ms), [&](pulsekit::sqlite::Database& database) {
        return meta::note_triggered(database, alert.id, now_ms);
    });
    if (!sent && sent.error().code == ErrorCode::not_found) return {};  // switched off or deleted meanwhile
    return sent;
}

}  // namespace collector::watch
