// Requests of commands, and their answers.
#pragma once

#include <string>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "support/curl/http.hpp"

namespace collector::cli {

/// Error `invalid`: a value is not of its argument's type.
pulsekit::Result<pulsekit::HttpRequest> request_of(const Command& command, const Invocation& invocation);

/// The answer when it is a good one. Errors: what the collector said against it, or why it said nothing.
pulsekit::Result<pulsekit::HttpResponse> ask(pulsekit::curl::Session& session, const pulsekit::HttpRequest& request);

/// The text with the values in the places of their names, `{name}`.
std::string filled(std::string text, const Invocation& invocation, std::string (*as)(const std::string& value));

}  // namespace collector::cli
