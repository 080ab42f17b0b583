// The steps that every event takes between its dialect and the store, in the order of pipeline.cpp's list.
#pragma once

#include <optional>
#include <string>

#include <pulsekit/environment.hpp>

#include "ingest/dialect.hpp"
#include "support/ids.hpp"
#include "support/mutex.hpp"

namespace collector::ingest {

/// Ids for events whose client sent none. Thread safe.
class EventIds {
public:
    explicit EventIds(pulsekit::Random& random) : random_(random), generator_(random) {}
    std::string next(std::int64_t unix_ms);
    std::string next_short();  ///< 8 characters of [A-Za-z0-9_-], as the gateway's ids are

private:
    pulsekit::Mutex mutex_;
    pulsekit::Random& random_ PULSEKIT_GUARDED_BY(mutex_);
    pulsekit::UuidGenerator generator_ PULSEKIT_GUARDED_BY(mutex_);
};

/// What the steps of one request share.
struct Surroundings {
    const Dialect& dialect;
    const Arrival& arrival;
    std::string_view visitor_key;  ///< of the keyed hash that stands for a visitor who sent no id
    EventIds& ids;
    bool drops_crawlers = false;  ///< else their events are stored, and seen by no report
};

/// Changes the event, or gives the reason to drop it. Nothing: it goes on.
using Step = std::optional<Reason> (*)(Item& item, const Surroundings& around);

std::optional<Reason> check_size(Item& item, const Surroundings& around);
std::optional<Reason> classify(Item& item, const Surroundings& around);
std::optional<Reason> check_key_restriction(Item& item, const Surroundings& around);
std::optional<Reason> fill_page(Item& item, const Surroundings& around);
std::optional<Reason> fill_campaign(Item& item, const Surroundings& around);
std::optional<Reason> mark_crawler(Item& item, const Surroundings& around);
std::optional<Reason> fill_client(Item& item, const Surroundings& around);
std::optional<Reason> fill_country(Item& item, const Surroundings& around);
std::optional<Reason> identify(Item& item, const Surroundings& around);

/// The canonical kind of a dialect's own type; a delivery ledger is known by its name.
model::Kind kind_of(model::DialectId dialect, std::string_view source_type, std::string_view name);

/// Stands for a visitor without a cookie; the address goes into it and is kept nowhere. `key`:
/// Surroundings::visitor_key.
std::string derived_visitor(std::string_view key, std::string_view project_id, std::string_view client_address,
                            std::string_view user_agent);

/// The path of a URL, absolute or relative, without query and fragment; at least `/`.
std::string path_of(std::string_view url);

}  // namespace collector::ingest
