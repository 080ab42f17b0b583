// What a class of metadata works with.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "support/ids.hpp"
#include "support/mutex.hpp"
#include "support/sqlite/database.hpp"

namespace collector::meta {

/// A connection of its own to the metadata database, whoever calls first, and what a new row needs.
struct Connection {
    Connection(pulsekit::sqlite::Database opened, pulsekit::Clock& time, pulsekit::Random& chance)
        : clock(time), random(chance), ids(chance), database(std::move(opened)) {}

    pulsekit::Clock& clock;
    pulsekit::Random& random;
    pulsekit::Mutex mutex;
    pulsekit::UuidGenerator ids PULSEKIT_GUARDED_BY(mutex);
    pulsekit::sqlite::Database database PULSEKIT_GUARDED_BY(mutex);
};

/// `clock` and `random` outlive it. Brings the schema up to date.
pulsekit::Result<std::unique_ptr<Connection>> connect(const std::string& database_path, pulsekit::Clock& clock,
                                                      pulsekit::Random& random);

}  // namespace collector::meta
