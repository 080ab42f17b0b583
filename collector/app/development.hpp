// What `serve --dev` sets up, so that a first event needs no administration.
#pragma once

#include <string>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "meta/catalog.hpp"

namespace collector::app {

struct Development {
    std::string project_id;
    std::string ingest_key;
    std::string query_key;
    std::string admin_token;

    /// The lines of dev.env.
    std::string text() const;
};

/// Project `demo` and the keys in `DATA/dev.env` (mode 0600), each made when absent.
pulsekit::Result<Development> prepare_development(const std::string& data, meta::Catalog& catalog,
                                                  pulsekit::Random& random);

}  // namespace collector::app
