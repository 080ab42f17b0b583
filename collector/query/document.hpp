// What the API document says of a report.
#pragma once

#include <vector>

#include "http/route_document.hpp"
#include "query/module.hpp"

namespace collector::query {

std::vector<http::DocumentedParameter> documented(const Takes& takes);

http::RouteDocument document_of(const Module& module);
http::RouteDocument export_document();

}  // namespace collector::query
