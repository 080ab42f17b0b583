#include "app/app.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stop_token>

#include "admin/routes.hpp"
#include "app/api_document.hpp"
#include "app/data_directory.hpp"
#include "app/development.hpp"
#include "app/log.hpp"
#include "app/metrics.hpp"
#include "app/scheduler.hpp"
#include "crypto/hash.hpp"
#include "http/server.hpp"
#include "ingest/active_surveys.hpp"
#include "ingest/assign.hpp"
#include "ingest/pipeline.hpp"
#include "meta/alerts.hpp"
#include "meta/audit.hpp"
#include "meta/definitions.hpp"
#include "meta/deletions.hpp"
#include "meta/experiments.hpp"
#include "meta/shares.hpp"
#include "meta/surveys.hpp"
#include "meta/webhooks.hpp"
#include "outbound/couriers.hpp"
#include "outbound/forwarder.hpp"
#include "outbound/outbox.hpp"
#include "query/routes.hpp"
#include "query/shared.hpp"
#include "store/writer.hpp"
#include "support/system_environment.hpp"
#include "watch/alerts.hpp"
#include "watch/deletions.hpp"
#include "watch/retention.hpp"
#include "watch/traffic.hpp"

namespace collector::app {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

bool is_loopback(std::string_view host) { return host == "localhost" || host == "::1" || host.substr(0, 4) == "127."; }

void append(std::vector<http::Route>& routes, std::vector<http::Route> more) {
    routes.insert(routes.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

http::Route open_page(std::string pattern, std::string summary, http::RouteDocument document,
                      std::function<http::Response(const http::Request&)> serve) {
    return {.method = "GET",
            .pattern = std::move(pattern),
            .handler = [serve = std::move(serve)](http::Request request,
                                                  http::Responder responder) { responder.answer(serve(request)); },
            .envelope = http::plain_envelope,
            .summary = std::move(summary),
            .access = "none",
            .slow = true,
            .document = std::move(document)};
}

Result<std::vector<watch::Subscription>> subscriptions_of(const meta::Webhooks& webhooks, std::string_view project_id) {
    const auto listed = webhooks.list(project_id);
    if (!listed) return listed.error();
    std::vector<watch::Subscription> subscriptions;
    for (const auto& webhook : *listed) {
        subscriptions.push_back({.id = webhook.id, .events = {}});
        for (const auto event : webhook.events) subscriptions.back().events.emplace_back(name_of(event));
    }
    return subscriptions;
}

/// What opens a part of the collector, into its place.
template <typename Part, typename... Arguments>
Result<void> open_into(std::unique_ptr<Part>& place, Arguments&&... arguments) {
    auto opened = Part::open(std::forward<Arguments>(arguments)...);
    if (!opened) return std::move(opened).error();
    place = *std::move(opened);
    return {};
}

Result<void> import_key(meta::Catalog& catalog, const ImportedKey& imported) {
    if (catalog.find_key(imported.key)) return {};
    auto project = catalog.project_called(imported.project);
    if (!project) return std::move(project).error();
    meta::NewKey key;
    key.project_id = *std::move(project);
    key.name = "imported";
    for (const auto& scope : imported.scopes) key.scopes.push_back(*meta::scope_named(scope));
    key.secret = imported.key;
    auto created = catalog.create_key(key);
    if (!created) return std::move(created).error();
    return {};
}

}  // namespace

// In the order of their lives: each uses only what stands above it.
struct App::Impl {
    Impl(Config given, pulsekit::Clock& time) : config(std::move(given)), clock(time) {}

    Result<void> open_data();
    Result<void> prepare_keys();
    Result<void> open_gateway();
    Result<void> open_watch();
    std::vector<std::string> configured_projects() const;
    Result<void> open_forwarding();
    void submit(std::vector<model::Event> events, store::Writer::Done done);
    std::vector<outbound::ForwardingState> forwarding() const;
    std::vector<http::Route> routes();
    void start_watching();
    bool may_see_metrics(const http::Request& request) const;
    outbound::Reach reach() const {
        return config.webhooks_allow_loopback.value_or(config.dev) ? outbound::Reach::loopback_too
                                                                   : outbound::Reach::public_only;
    }

    Config config;
    const store::Writer::Limits limits;
    pulsekit::Clock& clock;
    pulsekit::SystemRandom random;
    std::unique_ptr<DataDirectory> directory;
    std::unique_ptr<meta::Catalog> catalog;
    std::unique_ptr<meta::Definitions> definitions;
    std::unique_ptr<meta::Experiments> experiments;
    std::unique_ptr<meta::Surveys> surveys;
    std::unique_ptr<meta::Shares> shares;
    std::unique_ptr<meta::Alerts> alerts;
    std::unique_ptr<meta::Webhooks> webhooks;
    std::unique_ptr<outbound::Outbox> outbox;
    std::unique_ptr<meta::Deletions> deletions;
    std::unique_ptr<meta::Audit> audit;
    std::string open_project;  ///< of the open gateway; empty: it is closed
    ingest::TrustedProxies proxies;
    std::unique_ptr<meta::Access> access;
    std::unique_ptr<store::EventStore> store;
    std::unique_ptr<store::Writer> writer;
    std::vector<std::unique_ptr<outbound::Forwarder>> forwarders;
    const ingest::UserAgents agents;
    std::unique_ptr<ingest::Pipeline> pipeline;
    std::unique_ptr<admin::Admin> admin;
    std::string api_json;
    std::string api_html;
    std::stop_source patience;  ///< of reports: ends when nobody waits for them any more
    std::unique_ptr<http::Server> server;
    std::stop_source watching;  ///< what runs on the clock goes on at the next start
    std::unique_ptr<watch::TrafficWatch> traffic_watch;
    std::unique_ptr<watch::AlertWatch> alert_watch;
    std::unique_ptr<watch::Retention> retention;
    std::unique_ptr<watch::Deletions> deleting;
    std::unique_ptr<outbound::Couriers> couriers;
    std::unique_ptr<Scheduler> scheduler;
};

Result<void> App::Impl::open_data() {
    auto opened = DataDirectory::open(config.data);
    if (!opened) return std::move(opened).error();
    directory = std::make_unique<DataDirectory>(std::move(*opened));
    auto events = store::open_store({.kind = config.store,
                                     .data_directory = config.data,
                                     .sync = config.sync,
                                     .dedupe_days = config.dedupe_days,
                                     .question_bytes = static_cast<std::size_t>(config.query_memory_mb) << 20},
                                    random);
    if (!events) return std::move(events).error();
    store = std::move(*events);
    const auto path = config.data + "/pulse.sqlite";
    for (const auto& part : {open_into(catalog, path, clock, random), open_into(definitions, path, clock, random),
                             open_into(experiments, path, clock, random), open_into(surveys, path, clock, random),
                             open_into(shares, path, clock, random), open_into(alerts, path, clock, random),
                             open_into(webhooks, path, clock, random), open_into(outbox, path, clock, random),
                             open_into(deletions, path), open_into(audit, path, clock)}) {
        if (!part) return part;
    }
    return {};
}

Result<void> App::Impl::prepare_keys() {
    for (const auto& imported : config.imported_keys) {
        if (auto done = import_key(*catalog, imported); !done) return done;
    }
    if (config.dev) {
        auto development = prepare_development(config.data, *catalog, random);
        if (!development) return std::move(development).error();
        if (config.admin_token.empty()) config.admin_token = development->admin_token;
        fmt::print(stderr, "development keys, kept in {}/dev.env:\n{}", config.data, development->text());
    }
    if (config.admin_token.empty()) {
        log(Level::warning, "no admin token is set (PULSE_ADMIN_TOKEN): the admin API answers 401 to everyone");
    }
    return {};
}

Result<void> App::Impl::open_gateway() {
    if (!config.open_gateway.value_or(config.dev)) return {};
    if (config.default_project.empty()) config.default_project = config.dev ? "demo" : "default";
    auto project = catalog->project_called(config.default_project);
    if (!project) return std::move(project).error();
    open_project = *std::move(project);
    return {};
}

/// By id or by name, as the settings have them.
std::vector<std::string> App::Impl::configured_projects() const {
    std::vector<std::string> called;
    if (config.dev) called.emplace_back("demo");
    if (!open_project.empty()) called.push_back(config.default_project);
    for (const auto& imported : config.imported_keys) called.push_back(imported.project);
    return called;
}

void App::Impl::start_watching() {
    const auto warn = [](std::string_view text) { log(Level::warning, text); };
    const auto flush = [this] {
        if (auto flushed = catalog->flush(); !flushed)
            log(Level::warning, "keys' last use is not noted: " + flushed.error().message);
    };
    const auto trim = [this] {
        if (auto trimmed = outbox->trim(); !trimmed)
            log(Level::warning, "old messages are not forgotten: " + trimmed.error().message);
    };
    const auto shorten = [this] {
        if (auto kept = audit->keep(config.audit_days); !kept)
            log(Level::warning, "old lines of the audit log are not erased: " + kept.error().message);
    };
    couriers = std::make_unique<outbound::Couriers>(outbound::CourierParts{
        .outbox = *outbox, .webhooks = *webhooks, .reach = reach(), .mail = config.mail, .log = warn});
    scheduler = std::make_unique<Scheduler>(
        clock, std::vector<Scheduler::Task>{flush, trim, shorten, [this] { traffic_watch->run(); },
                                            [this] { alert_watch->run(); }, [this] { deleting->run(); },
                                            [this] { retention->run(); }});
}

void App::Impl::submit(std::vector<model::Event> events, store::Writer::Done done) {
    if (forwarders.empty()) return writer->submit(std::move(events), std::move(done));
    writer->submit(std::move(events), [this, done = std::move(done)](store::Writer::Outcome outcome) {
        if (outcome) {
            for (const auto& forwarder : forwarders) forwarder->notify();
        }
        done(std::move(outcome));
    });
}

Result<void> App::Impl::open_forwarding() {
    const auto& wanted = config.forwarding;
    for (const auto* provider : outbound::providers()) {
        const auto service = wanted.services.find(provider->name);
        if (!wanted.enabled || service == wanted.services.end() || !service->second.enabled) continue;
        const auto& [enabled, key, url] = service->second;
        if (key.empty()) {
            log(Level::warning,
                fmt::format("{} is not set: nothing is forwarded to {}", provider->key_setting, provider->title));
            continue;
        }
        auto forwarder = outbound::Forwarder::open({.provider = *provider,
                                                    .url = url.empty() ? std::string(provider->url) : url,
                                                    .key = key,
                                                    .every_dialect = wanted.every_dialect,
                                                    .max_lag = std::chrono::hours(wanted.max_lag_hours)},
                                                   {.store = *store,
                                                    .clock = clock,
                                                    .random = random,
                                                    .database_path = config.data + "/pulse.sqlite",
                                                    .log = [](std::string_view text) { log(Level::info, text); },
                                                    .warn = [](std::string_view text) { log(Level::warning, text); }});
        if (!forwarder) return std::move(forwarder).error();
        forwarders.push_back(std::move(*forwarder));
        log(Level::info, fmt::format("stored events are forwarded to {}", provider->title));
    }
    return {};
}

std::vector<outbound::ForwardingState> App::Impl::forwarding() const {
    std::vector<outbound::ForwardingState> states;
    for (const auto& forwarder : forwarders) states.push_back(forwarder->state());
    return states;
}

bool App::Impl::may_see_metrics(const http::Request& request) const {
    // A proxy on this machine connects from loopback, too, for whomever it serves.
    if (is_loopback(request.remote_address) && !request.header("X-Forwarded-For") && !request.header("Forwarded"))
        return true;
    const auto token = meta::key_of(request, meta::KeyPlace::bearer);
    return token && !config.admin_token.empty() && crypto::equal(*token, config.admin_token);
}

Result<void> App::Impl::open_watch() {
    const auto warn = [](std::string_view text) { log(Level::warning, text); };
    const watch::Reports reports{.store = *store,
                                 .definitions = *definitions,
                                 .experiments = *experiments,
                                 .surveys = *surveys,
                                 .clock = clock,
                                 .stop = watching.get_token()};
    const watch::Send send = [this](const auto& messages, const auto& also) { return outbox->add(messages, also); };
    const watch::Subscriptions subscriptions = [this](std::string_view project_id) {
        return subscriptions_of(*webhooks, project_id);
    };
    auto traffic = watch::TrafficWatch::open(
        config.data + "/pulse.sqlite",
        {.catalog = *catalog, .subscriptions = subscriptions, .reports = reports, .send = send, .warn = warn});
    if (!traffic) return std::move(traffic).error();
    traffic_watch = *std::move(traffic);
    alert_watch = std::make_unique<watch::AlertWatch>(
        watch::AlertParts{.catalog = *catalog, .alerts = *alerts, .reports = reports, .send = send, .warn = warn});
    const auto inform = [](std::string_view text) { log(Level::info, text); };
    retention = std::make_unique<watch::Retention>(watch::RetentionParts{.catalog = *catalog,
                                                                         .store = *store,
                                                                         .clock = clock,
                                                                         .log = inform,
                                                                         .warn = warn,
                                                                         .stop = watching.get_token()});
    deleting = std::make_unique<watch::Deletions>(watch::DeletionParts{.deletions = *deletions,
                                                                       .store = *store,
                                                                       .clock = clock,
                                                                       .log = inform,
                                                                       .warn = warn,
                                                                       .stop = watching.get_token()});
    return {};
}

std::vector<http::Route> App::Impl::routes() {
    std::vector<http::Route> all;
    append(all, ingest::routes(*pipeline));
    all.push_back(ingest::assign_route(*access, *experiments, *pipeline));
    all.push_back(ingest::active_surveys_route(*access, *surveys));
    const query::Sources sources{
        .store = *store,
        .definitions = *definitions,
        .experiments = *experiments,
        .surveys = *surveys,
        .shares = *shares,
        .clock = clock,
        .log = [](std::string_view text) { log(Level::error, text); },
        .stop = patience.get_token(),
        .longest = std::chrono::seconds(config.query_seconds),
        .open_project = open_project,
        .client_of = [this](const http::Request& request) { return proxies.client_of(request); }};
    append(all, query::routes(*access, sources));
    append(all, query::shared_routes(*access, sources, random));
    append(all, query::alert_routes(*access, sources, *alerts, reach()));
    append(all, admin::routes(*admin));
    append(all, admin::health_routes(*store));
    all.push_back(
        open_page("/metrics", "The collector's own numbers, for Prometheus; from loopback or with the admin token",
                  {.answer_type = "text/plain"}, [this](const http::Request& request) -> http::Response {
                      if (!may_see_metrics(request)) return http::plain_error(401, "Missing admin token.");
                      return {.body = metrics_text({pipeline->counters(), *writer, limits, *outbox, config.data,
                                                    server ? &server->counters() : nullptr, forwarding()}),
                              .content_type = "text/plain; version=0.0.4; charset=utf-8"};
                  }));
    all.push_back(open_page("/api/openapi.json", "This API as an OpenAPI document", {},
                            [this](const http::Request&) -> http::Response { return {.body = api_json}; }));
    all.push_back(open_page("/api/docs", "This API as a page", {.answer_type = "text/html"},
                            [this](const http::Request&) -> http::Response {
                                return {.body = api_html, .content_type = "text/html; charset=utf-8"};
                            }));
    api_json = openapi_json(all);
    api_html = api_page(all);
    return all;
}

App::App(Config config, pulsekit::Clock& clock) : impl_(std::make_unique<Impl>(std::move(config), clock)) {}

App::~App() { stop(); }

Result<std::string> App::start() {
    auto& it = *impl_;
    if (it.config.dev && !is_loopback(it.config.host)) {
        return Error{ErrorCode::invalid, "--dev serves loopback only: its keys are printed for everyone to read"};
    }
    auto proxies = ingest::TrustedProxies::parse(it.config.trusted_proxies);
    if (!proxies) return std::move(proxies).error();
    it.proxies = *std::move(proxies);
    std::optional<ingest::Countries> countries;
    if (!it.config.geoip_db.empty()) {
        auto opened = ingest::Countries::open(it.config.geoip_db);
        if (!opened) return std::move(opened).error();
        countries = *std::move(opened);
    }
    if (it.agents.rules() == 0) log(Level::warning, "this build recognises no user agents");
    if (auto opened = it.open_data(); !opened) return std::move(opened).error();
    if (auto prepared = it.prepare_keys(); !prepared) return std::move(prepared).error();
    if (auto opened = it.open_gateway(); !opened) return std::move(opened).error();
    if (auto opened = it.open_watch(); !opened) return std::move(opened).error();
    it.access = std::make_unique<meta::Access>(*it.catalog, it.clock, it.config.rates);
    it.writer = std::make_unique<store::Writer>(*it.store, it.limits);
    if (auto opened = it.open_forwarding(); !opened) return std::move(opened).error();
    it.pipeline = std::make_unique<ingest::Pipeline>(ingest::Dependencies{
        .access = *it.access,
        .surveys = *it.surveys,
        .clock = it.clock,
        .random = it.random,
        .server_secret = it.catalog->server_secret(),
        .submit = [&it](std::vector<model::Event> events,
                        store::Writer::Done done) { it.submit(std::move(events), std::move(done)); },
        .settings = {.trusted_proxies = it.proxies,
                     .country_header = it.config.country_header,
                     .salt_hours = it.config.salt_hours,
                     .drops_crawlers = it.config.drop_bots,
                     .countries = std::move(countries),
                     .open_project = it.open_project},
        .agents = it.agents});
    it.admin =
        std::make_unique<admin::Admin>(admin::Admin{.catalog = *it.catalog,
                                                    .access = *it.access,
                                                    .experiments = *it.experiments,
                                                    .surveys = *it.surveys,
                                                    .deletions = *it.deletions,
                                                    .audit = *it.audit,
                                                    .store = *it.store,
                                                    .webhooks = *it.webhooks,
                                                    .outbox = *it.outbox,
                                                    .clock = it.clock,
                                                    .random = it.random,
                                                    .reach = it.reach(),
                                                    .token = it.config.admin_token,
                                                    .configured = it.configured_projects(),
                                                    .forwarding = [&it] { return it.forwarding(); },
                                                    .log = [](std::string_view text) { log(Level::info, text); },
                                                    .warn = [](std::string_view text) { log(Level::error, text); },
                                                    .stop = it.patience.get_token()});
    http::Server::Options options;
    options.host = it.config.host;
    options.port = it.config.port;
    options.log = [](std::string_view text) { log(Level::error, text); };
    options.give_up = [&it] { it.patience.request_stop(); };
    options.not_found_envelopes = ingest::not_found_envelopes(*it.pipeline);
    it.server = std::make_unique<http::Server>(it.routes(), std::move(options));
    const auto port = it.server->start();
    if (!port) return port.error();
    it.start_watching();
    const bool is_v6 = it.config.host.find(':') != std::string::npos;
    return fmt::format("http://{}:{}", is_v6 ? "[" + it.config.host + "]" : it.config.host, *port);
}

void App::stop() {
    impl_->watching.request_stop();
    impl_->scheduler.reset();
    impl_->couriers.reset();
    for (const auto& forwarder : impl_->forwarders) forwarder->request_stop();
    if (impl_->server) impl_->server->stop();   // every accepted request is answered ...
    if (impl_->writer) impl_->writer->drain();  // ... and nothing waits for a commit any more
}

}  // namespace collector::app
