#include "ingest/pipeline.hpp"

#include <algorithm>
#include <utility>

#include "crypto/hash.hpp"
#include "http/body.hpp"
#include "http/json.hpp"
#include "ingest/json.hpp"
#include "ingest/steps/step.hpp"
#include "model/module.hpp"
#include "model/text.hpp"
#include "support/mutex.hpp"

namespace collector::ingest {
namespace {

constexpr Step kSteps[] = {check_size,   classify, check_key_restriction, fill_page, fill_campaign, fill_client,
                           fill_country, identify, mark_crawler};

constexpr const char* kRetryAfterSeconds = "1";
constexpr std::int64_t kHourMs = 3'600'000;

/// `application/json` of `Application/JSON; charset=utf-8`.
std::string media_type(std::string_view header) {
    header = header.substr(0, header.find(';'));
    while (!header.empty() && (header.back() == ' ' || header.back() == '\t')) header.remove_suffix(1);
    return model::lower(header);
}

bool accepts(ContentTypeRule rule, const http::Request& request) {
    if (rule == ContentTypeRule::any) return true;
    const auto header = request.header("Content-Type");
    if (!header || header->empty()) return rule == ContentTypeRule::json_when_sent;
    const std::string type = media_type(*header);
    return type == "application/json" || (rule == ContentTypeRule::json_when_sent && type.ends_with("+json"));
}

Reason reason_of(const meta::Denial& denial) {
    switch (denial.why) {
        case meta::Denial::Why::missing_key:
        case meta::Denial::Why::invalid_key: return Reason::credentials;
        case meta::Denial::Why::scope: return Reason::scope;
        case meta::Denial::Why::rate_limited: return Reason::rate;
        default: return Reason::module;
    }
}

/// Two letters that name a country; proxies write XX for unknown and T1 for Tor.
std::string country_code(std::string_view text) {
    if (text.size() != 2 || !model::is_letter(text[0]) || !model::is_letter(text[1])) return {};
    std::string code = model::upper(text);
    return code == "XX" ? std::string() : code;
}

Problem problem_of(http::BodyProblem problem) {
    switch (problem) {
        case http::BodyProblem::encoding: return Problem::content_encoding;
        case http::BodyProblem::damaged: return Problem::damaged_gzip;
        case http::BodyProblem::too_large: return Problem::too_large;
    }
    return Problem::bad_request;
}

Reason reason_of(Problem problem) {
    switch (problem) {
        case Problem::too_large: return Reason::too_large;
        case Problem::content_type: return Reason::content_type;
        case Problem::unavailable: return Reason::unavailable;
        default: return Reason::encoding;
    }
}

void tell_rate(const std::optional<meta::RateState>& rate, http::Response& response) {
    if (!rate) return;
    response.headers.emplace_back("X-RateLimit-Limit", std::to_string(rate->limit));
    response.headers.emplace_back("X-RateLimit-Remaining", std::to_string(rate->remaining));
    response.headers.emplace_back("X-RateLimit-Reset", std::to_string(rate->reset_s));
}

Problem problem_of(int status) {
    switch (status) {
        case 400: return Problem::bad_request;
        case 404: return Problem::not_found;
        case 405: return Problem::method_not_allowed;
        case 413: return Problem::too_large;
        case 503: return Problem::unavailable;
        default: return Problem::internal;
    }
}

/// A crawler's is none: no report sees its events.
bool is_response(const Dialect& dialect, const std::vector<model::Event>& events) {
    return dialect.refuse_response && events.front().kind == model::Kind::survey_response && !events.front().bot;
}

meta::SurveyResponse response_of(const model::Event& event) {
    const auto props = http::parse_json(event.props);
    return {.project_id = event.project_id,
            .survey_id = event.survey_id,
            .event_id = event.event_id,
            .answers = props ? http::to_text(props->value("answers", http::Json::array())) : "[]",
            .completed = event.completed.value_or(true),
            .path = event.path,
            .visitor_id = event.visitor_id,
            .user_id = event.user_id,
            .submitted_ms = event.ts_ms};
}

/// Parsers at rest, their buffers kept. Thread safe.
class ParserPool {
public:
    std::unique_ptr<JsonParser> take() {
        const pulsekit::MutexLock lock(mutex_);
        if (resting_.empty()) return std::make_unique<JsonParser>();
        auto parser = std::move(resting_.back());
        resting_.pop_back();
        return parser;
    }

    void give_back(std::unique_ptr<JsonParser> parser) {
        if (parser->capacity() > kMaxKeptBytes) return;  // one huge request must not hold its memory for ever
        const pulsekit::MutexLock lock(mutex_);
        resting_.push_back(std::move(parser));
    }

private:
    static constexpr std::size_t kMaxKeptBytes = 512 * 1024;
    pulsekit::Mutex mutex_;
    std::vector<std::unique_ptr<JsonParser>> resting_ PULSEKIT_GUARDED_BY(mutex_);
};

}  // namespace

struct Pipeline::Impl {
    explicit Impl(Dependencies given) : with(std::move(given)), ids(with.random) {}

    Arrival arrival_of(const http::Request& request, meta::Grant grant) const;
    std::string visitor_key(std::int64_t now_ms) const;
    std::variant<meta::Grant, meta::Denial> admit(const Dialect& dialect, const http::Request& request);
    http::Response denied(const Dialect& dialect, const meta::Denial& denial);
    DecodeResult decode(const Dialect& dialect, bool batch, http::Request request, const Arrival& arrival);
    /// Leaves the events that are to be stored. The kind of the first one that was rejected, if any was.
    std::optional<model::Kind> take_steps(const Dialect& dialect, const Arrival& arrival, Decoded& decoded,
                                          Outcome& outcome);
    /// Has the survey take the response that the event is. Nothing: it did, and the event may be stored.
    std::optional<http::Response> record(const Dialect& dialect, const model::Event& event);
    void store(const Dialect& dialect, std::vector<model::Event> events, Outcome outcome,
               const std::optional<meta::RateState>& rate, http::Responder responder);
    http::Response unavailable(const Dialect& dialect, std::size_t count);

    Dependencies with;
    Counters counters;
    EventIds ids;
    ParserPool parsers;
};

Arrival Pipeline::Impl::arrival_of(const http::Request& request, meta::Grant grant) const {
    const auto& settings = with.settings;
    Arrival arrival{.grant = std::move(grant),
                    .received_ms = with.clock.unix_ms(),
                    .client_address = settings.trusted_proxies.client_of(request),
                    .user_agent = std::string(request.header("User-Agent").value_or(""))};
    if (!settings.country_header.empty() && settings.trusted_proxies.contains(request.remote_address)) {
        arrival.country = country_code(request.header(settings.country_header).value_or(""));
    }
    if (arrival.country.empty() && settings.countries) arrival.country = settings.countries->of(arrival.client_address);
    arrival.client = with.agents.recognise(arrival.user_agent);
    return arrival;
}

std::string Pipeline::Impl::visitor_key(std::int64_t now_ms) const {
    if (with.settings.salt_hours <= 0) return with.server_secret;
    const auto period = now_ms / (with.settings.salt_hours * kHourMs);
    const auto key = crypto::hmac_sha256(with.server_secret, "visitor salt " + std::to_string(period));
    return {key.begin(), key.end()};
}

std::variant<meta::Grant, meta::Denial> Pipeline::Impl::admit(const Dialect& dialect, const http::Request& request) {
    const auto key = meta::key_of(request, dialect.credential);
    const auto& open = with.settings.open_project;
    if (!key && dialect.credential == meta::KeyPlace::none && !open.empty()) {
        return with.access.admit_without_key(open, dialect.traffic);
    }
    return with.access.admit(key, meta::Scope::ingest, dialect.traffic);
}

http::Response Pipeline::Impl::denied(const Dialect& dialect, const meta::Denial& denial) {
    counters.received(dialect.id, 1);
    counters.dropped(dialect.id, reason_of(denial), 1);
    auto response = dialect.deny(denial, with.clock.unix_ms());
    if (denial.retry_after_s > 0) response.headers.emplace_back("Retry-After", std::to_string(denial.retry_after_s));
    tell_rate(denial.rate, response);
    return response;
}

DecodeResult Pipeline::Impl::decode(const Dialect& dialect, bool batch, http::Request request, const Arrival& arrival) {
    if (!accepts(dialect.content_type, request)) {
        return Refusal{Reason::content_type, dialect.refuse(Problem::content_type, arrival.received_ms)};
    }
    auto body = http::take_body(request);
    if (const auto* problem = std::get_if<http::BodyProblem>(&body)) {
        return Refusal{reason_of(problem_of(*problem)), dialect.refuse(problem_of(*problem), arrival.received_ms)};
    }
    auto parser = parsers.take();
    auto decoded = dialect.decode(*parser, std::get<std::string>(body), arrival, batch);
    parsers.give_back(std::move(parser));
    return decoded;
}

std::optional<model::Kind> Pipeline::Impl::take_steps(const Dialect& dialect, const Arrival& arrival, Decoded& decoded,
                                                      Outcome& outcome) {
    auto& events = decoded.events;
    std::size_t kept = 0;
    std::optional<model::Kind> first_rejected;
    const std::string key = visitor_key(arrival.received_ms);
    const Surroundings around{.dialect = dialect,
                              .arrival = arrival,
                              .visitor_key = key,
                              .ids = ids,
                              .drops_crawlers = with.settings.drops_crawlers};
    for (std::size_t i = 0; i < events.size(); ++i) {
        Item item{events[i], decoded.origins[i]};
        std::optional<Reason> dropped;
        for (const Step step : kSteps) {
            dropped = step(item, around);
            if (dropped) break;
        }
        if (!dropped) {
            if (kept != i) events[kept] = std::move(events[i]);
            ++kept;
            continue;
        }
        counters.dropped(dialect.id, *dropped, 1);
        if (*dropped == Reason::filtered) {
            ++outcome.accepted;
            // The sender of an event that is left out as configured is answered like any other.
            if (!outcome.batch && dialect.echo) outcome.echo = dialect.echo(item.event, std::move(decoded.echo));
        } else {
            outcome.rejections.push_back({item.origin.index, dialect.rejection(*dropped)});
            if (!first_rejected) first_rejected = item.event.kind;
        }
    }
    events.erase(events.begin() + static_cast<std::ptrdiff_t>(kept), events.end());
    std::sort(outcome.rejections.begin(), outcome.rejections.end(),
              [](const Rejection& a, const Rejection& b) { return a.index < b.index; });
    return first_rejected;
}

http::Response Pipeline::Impl::unavailable(const Dialect& dialect, std::size_t count) {
    counters.dropped(dialect.id, Reason::unavailable, count);
    auto response = dialect.refuse(Problem::unavailable, with.clock.unix_ms());
    response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
    return response;
}

std::optional<http::Response> Pipeline::Impl::record(const Dialect& dialect, const model::Event& event) {
    const auto recorded = with.surveys.record(response_of(event));
    if (recorded) return std::nullopt;
    const auto& error = recorded.error();
    const bool is_clients = error.code == pulsekit::ErrorCode::not_found || error.code == pulsekit::ErrorCode::invalid;
    if (!is_clients) return unavailable(dialect, 1);
    counters.dropped(dialect.id, Reason::field, 1);
    return dialect.refuse_response(event, error);
}

void Pipeline::Impl::store(const Dialect& dialect, std::vector<model::Event> events, Outcome outcome,
                           const std::optional<meta::RateState>& rate, http::Responder responder) {
    struct Pending {
        Outcome outcome;
        std::optional<meta::RateState> rate;
        http::Responder responder;
        std::string project_id;
        std::string provisional;  // the id of a response that must not count unless its event is stored
    };
    const std::size_t count = events.size();
    // Shared because a std::function is copied and a Responder is not.
    auto pending = std::make_shared<Pending>(Pending{std::move(outcome), rate, std::move(responder), {}, {}});
    // A client that gave its response an id sends it again, and its place is kept; one that did not would answer twice.
    if (is_response(dialect, events) && events.front().event_id_is_ours) {
        pending->project_id = events.front().project_id;
        pending->provisional = events.front().event_id;
    }
    with.submit(std::move(events), [this, &dialect, count, pending](store::Writer::Outcome result) {
        if (!result) {
            if (!pending->provisional.empty()) (void)with.surveys.withdraw(pending->project_id, pending->provisional);
            auto response = unavailable(dialect, count);
            tell_rate(pending->rate, response);
            pending->responder.answer(std::move(response));
            return;
        }
        const auto fresh = static_cast<std::size_t>(std::count(result->begin(), result->end(), store::Stored::fresh));
        counters.stored(dialect.id, fresh);
        counters.duplicate(dialect.id, count - fresh);
        pending->outcome.accepted += count;
        auto response = dialect.reply(pending->outcome);
        tell_rate(pending->rate, response);
        pending->responder.answer(std::move(response));
    });
}

Pipeline::Pipeline(Dependencies dependencies) : impl_(std::make_unique<Impl>(std::move(dependencies))) {}

Pipeline::~Pipeline() = default;

void Pipeline::handle(const Dialect& dialect, bool batch, http::Request request, http::Responder responder) {
    auto& impl = *impl_;
    auto admitted = impl.admit(dialect, request);
    if (const auto* denial = std::get_if<meta::Denial>(&admitted)) {
        responder.answer(impl.denied(dialect, *denial));
        return;
    }
    const Arrival arrival = impl.arrival_of(request, std::get<meta::Grant>(std::move(admitted)));
    auto decoded = impl.decode(dialect, batch, std::move(request), arrival);
    if (auto* refusal = std::get_if<Refusal>(&decoded)) {
        impl.counters.received(dialect.id, 1);
        impl.counters.dropped(dialect.id, refusal->reason, 1);
        tell_rate(arrival.grant.rate, refusal->response);
        responder.answer(std::move(refusal->response));
        return;
    }
    auto& taken = std::get<Decoded>(decoded);
    auto& events = taken.events;
    impl.counters.received(dialect.id, events.size() + taken.rejections.size());
    impl.counters.dropped(dialect.id, Reason::field, taken.rejections.size());
    Outcome outcome{.rejections = std::move(taken.rejections), .batch = batch, .received_ms = arrival.received_ms};
    const auto rejected = impl.take_steps(dialect, arrival, taken, outcome);
    if (rejected && dialect.all_or_nothing) {
        impl.counters.dropped(dialect.id, Reason::module, events.size());
        responder.answer(
            dialect.deny({.why = meta::Denial::Why::key_module, .subject = std::string(model::module_of(*rejected))},
                         arrival.received_ms));
        return;
    }
    if (!batch && dialect.echo && !events.empty()) outcome.echo = dialect.echo(events.front(), std::move(taken.echo));
    if (events.empty()) {
        auto response = dialect.reply(outcome);
        tell_rate(arrival.grant.rate, response);
        responder.answer(std::move(response));
        return;
    }
    if (is_response(dialect, events)) {
        if (auto refused = impl.record(dialect, events.front())) {
            tell_rate(arrival.grant.rate, *refused);
            responder.answer(*std::move(refused));
            return;
        }
    }
    impl.store(dialect, std::move(events), std::move(outcome), arrival.grant.rate, std::move(responder));
}

std::string Pipeline::visitor_of(const http::Request& request, std::string_view project_id) const {
    const auto& with = impl_->with;
    return derived_visitor(impl_->visitor_key(with.clock.unix_ms()), project_id,
                           with.settings.trusted_proxies.client_of(request), request.header("User-Agent").value_or(""));
}

const Counters& Pipeline::counters() const { return impl_->counters; }

http::Response Pipeline::refusal(const Dialect& dialect, int status) const {
    return dialect.refuse(problem_of(status), impl_->with.clock.unix_ms());
}

}  // namespace collector::ingest
