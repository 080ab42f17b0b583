// Which surveys a web page may show its visitors.
#pragma once

#include "http/route.hpp"
#include "meta/access.hpp"
#include "meta/surveys.hpp"

namespace collector::ingest {

/// For keys with the scope `ingest`. Both outlive the route.
http::Route active_surveys_route(meta::Access& access, meta::Surveys& surveys);

}  // namespace collector::ingest
