// What every ingest request goes through, whatever its protocol.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/environment.hpp>

#include "http/route.hpp"
#include "ingest/client_address.hpp"
#include "ingest/counters.hpp"
#include "ingest/country.hpp"
#include "ingest/dialect.hpp"
#include "meta/access.hpp"
#include "meta/surveys.hpp"
#include "store/writer.hpp"

namespace collector::ingest {

struct Settings {
    TrustedProxies trusted_proxies;
    std::string country_header = "CF-IPCountry";  ///< read from trusted proxies only; empty: from none
    int salt_hours = 0;                           ///< derived visitors change so often; 0: never
    bool drops_crawlers = false;                  ///< else they are stored, and seen by no report
    std::optional<Countries> countries;           ///< asked when no trusted proxy tells the country
    std::string open_project;  ///< the gateway's requests without a key act on this project; empty: they are refused
};

struct Dependencies {
    meta::Access& access;
    meta::Surveys& surveys;  ///< asked about each response before its event is submitted
    pulsekit::Clock& clock;
    pulsekit::Random& random;
    std::string server_secret;  ///< keys the hash of visitors
    /// Writer::submit, or what stands for it: calls back once, on any thread, after the events are stored or are not.
    std::function<void(std::vector<model::Event>, store::Writer::Done)> submit;
    Settings settings;
    const UserAgents& agents;  ///< outlives the pipeline
};

/// Must outlive every submission. Thread safe.
class Pipeline {
public:
    explicit Pipeline(Dependencies dependencies);
    ~Pipeline();

    /// Checks in this order: credentials, scope, rate limit, content type, content encoding, size, then what the
    /// dialect checks (syntax and fields), then the steps. Answers after the commit.
    void handle(const Dialect& dialect, bool batch, http::Request request, http::Responder responder);

    /// The visitor of an event that comes by such a request now, to the project, and says none itself.
    std::string visitor_of(const http::Request& request, std::string_view project_id) const;

    const Counters& counters() const;

    /// An error that arises beside handle(), in the dialect's envelope.
    http::Response refusal(const Dialect& dialect, int status) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The envelopes of unknown paths, by their prefix. The pipeline outlives them.
std::vector<std::pair<std::string, http::Envelope>> not_found_envelopes(Pipeline& pipeline);

/// The routes of every listed dialect. The pipeline outlives them.
std::vector<http::Route> routes(Pipeline& pipeline);

}  // namespace collector::ingest
