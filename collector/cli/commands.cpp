#include "cli/commands.hpp"

#include <algorithm>

namespace collector::cli {
namespace {

using Place = Argument::Place;
using Type = Argument::Type;

const Argument kProject{.name = "id", .value = "PROJECT", .help = "the project's id", .place = Place::path};
const Argument kKey{.name = "key_id", .value = "KEY", .help = "the key's id, not the key", .place = Place::path};
const Argument kModule{.name = "name", .value = "MODULE", .help = "the module's name", .place = Place::path};
const Argument kWebhook{.name = "wid", .value = "WEBHOOK", .help = "the webhook's id", .place = Place::path};
const Argument kUrl{.name = "url", .flag = "--post-to", .value = "URL", .help = "where it posts: https"};
const Argument kEvents{.name = "events",
                       .flag = "--events",
                       .value = "EVENT,...",
                       .help = "traffic_spike, zero_traffic, daily_summary",
                       .type = Type::list};
const Argument kSecret{
    .name = "secret", .flag = "--secret", .value = "TEXT", .help = "signs what it posts; others may see it here"};

Argument required(Argument argument) {
    argument.required = true;
    return argument;
}

Argument text(std::string name, std::string value, std::string help) {
    return {.name = name, .flag = "--" + name, .value = std::move(value), .help = std::move(help)};
}

Argument limit(std::string help) {
    return {.name = "limit",
            .flag = "--limit",
            .value = "N",
            .help = std::move(help),
            .place = Place::query,
            .type = Type::integer};
}

Argument parameter(std::string name, std::string flag, std::string value, std::string help) {
    return {.name = std::move(name),
            .flag = std::move(flag),
            .value = std::move(value),
            .help = std::move(help),
            .place = Place::query};
}

const std::string kProjects = "/api/admin/projects";
const std::string kOne = kProjects + "/{id}";

std::vector<Command> projects_and_keys() {
    return {
        {.resource = "projects",
         .verb = "list",
         .summary = "lists the projects, oldest first",
         .method = "GET",
         .path = kProjects,
         .rows = "data",
         .columns = {"id", "name", "domain", "created_at"}},
        {.resource = "projects",
         .verb = "create",
         .summary = "creates a project",
         .method = "POST",
         .path = kProjects,
         .arguments = {required(text("name", "NAME", "what people call it")),
                       required(text("domain", "DOMAIN", "where it is at home"))}},
        {.resource = "projects",
         .verb = "show",
         .summary = "shows a project",
         .method = "GET",
         .path = kOne,
         .arguments = {kProject}},
        {.resource = "projects",
         .verb = "rename",
         .summary = "changes a project's name or domain",
         .method = "PATCH",
         .path = kOne,
         .arguments = {kProject, text("name", "NAME", "the new name"), text("domain", "DOMAIN", "the new domain")}},
        {.resource = "projects",
         .verb = "delete",
         .summary = "deletes a project with all its data",
         .method = "DELETE",
         .path = kOne,
         .arguments = {kProject},
         .question = "Delete the project {id} with all its data?",
         .done = "deleted"},
        {.resource = "keys",
         .verb = "list",
         .summary = "lists a project's keys, masked",
         .method = "GET",
         .path = kOne + "/keys",
         .arguments = {kProject},
         .rows = "data",
         .columns = {"id", "name", "key_prefix", "scopes", "allowed_modules", "expires_at", "last_used_at"}},
        {.resource = "keys",
         .verb = "create",
         .summary = "creates a key, which is shown this once",
         .method = "POST",
         .path = kOne + "/keys",
         .arguments = {kProject,
                       required(text("name", "NAME", "what people call it")),
                       {.name = "scopes",
                        .flag = "--scopes",
                        .value = "SCOPE,...",
                        .help = "ingest, query, admin",
                        .type = Type::list,
                        .required = true},
                       {.name = "allowed_modules",
                        .flag = "--modules",
                        .value = "MODULE,...",
                        .help = "only these; without: all",
                        .type = Type::list},
                       {.name = "expires_at",
                        .flag = "--expires",
                        .value = "DATE-TIME",
                        .help = "such as 2030-01-01T00:00:00Z; without: never"}}},
        {.resource = "keys",
         .verb = "rotate",
         .summary = "replaces a key by one like it, which is shown this once",
         .method = "POST",
         .path = kOne + "/keys/{key_id}/rotate",
         .arguments = {kProject,
                       kKey,
                       {.name = "overlap_seconds",
                        .flag = "--overlap",
                        .value = "SECONDS",
                        .help = "how long the old one stays valid, at most 30 days; without: not at all",
                        .type = Type::integer}}},
        {.resource = "keys",
         .verb = "revoke",
         .summary = "revokes a key at once",
         .method = "DELETE",
         .path = kOne + "/keys/{key_id}",
         .arguments = {kProject, kKey},
         .question = "Revoke the key {key_id}?",
         .done = "revoked"},
    };
}

std::vector<Command> modules_and_data() {
    return {
        {.resource = "modules",
         .verb = "list",
         .summary = "lists a project's modules",
         .method = "GET",
         .path = kOne + "/modules",
         .arguments = {kProject},
         .rows = "modules",
         .columns = {"name", "enabled", "access"}},
        {.resource = "modules",
         .verb = "enable",
         .summary = "switches a module on",
         .method = "POST",
         .path = kOne + "/modules/{name}/enable",
         .arguments = {kProject, kModule}},
        {.resource = "modules",
         .verb = "disable",
         .summary = "switches a module off; its data stays",
         .method = "POST",
         .path = kOne + "/modules/{name}/disable",
         .arguments = {kProject, kModule}},
        {.resource = "modules",
         .verb = "access",
         .summary = "says whether a module may be read, written or both",
         .method = "PUT",
         .path = kOne + "/modules/{name}/access",
         .arguments = {kProject, kModule, {.name = "access", .value = "ACCESS", .help = "read, write or all"}}},
        {.resource = "retention",
         .verb = "show",
         .summary = "shows how many days a project's events are kept",
         .method = "GET",
         .path = kOne + "/retention",
         .arguments = {kProject}},
        {.resource = "retention",
         .verb = "set",
         .summary = "says how many days a project's events are kept",
         .method = "PUT",
         .path = kOne + "/retention",
         .arguments =
             {kProject,
              {.name = "days", .value = "DAYS", .help = "1 to 36500, or forever", .type = Type::integer_or_forever}}},
        {.resource = "export",
         .summary = "prints all events of a project, as JSON, one a line",
         .method = "GET",
         .path = kOne + "/export",
         .arguments = {kProject, parameter("start_at", "--from", "INSTANT", "only what happened then or later"),
                       parameter("end_at", "--to", "INSTANT", "only what happened until then; a date is its whole day"),
                       parameter("cursor", "--cursor", "CURSOR", "where another export was cut off")},
         .pages = true},
        {.resource = "erase",
         .verb = "user",
         .summary = "erases all events of a user",
         .method = "DELETE",
         .path = kOne + "/users/{user_id}",
         .arguments = {kProject, {.name = "user_id", .value = "USER", .help = "the user's id", .place = Place::path}},
         .question = "Erase all events of the user {user_id}?"},
        {.resource = "erase",
         .verb = "visitor",
         .summary = "erases all events of a visitor",
         .method = "DELETE",
         .path = kOne + "/visitors/{visitor_id}",
         .arguments = {kProject,
                       {.name = "visitor_id", .value = "VISITOR", .help = "the visitor's id", .place = Place::path}},
         .question = "Erase all events of the visitor {visitor_id}?"},
    };
}

std::vector<Command> messages_and_audit() {
    const std::string webhooks = kOne + "/webhooks";
    const std::string webhook = webhooks + "/{wid}";
    const auto status = parameter("status", "--status", "STATUS", "pending, delivered or failed");
    const auto before = parameter("before", "--before", "ID", "only what is older than this one");
    const auto project = parameter("project_id", "--project", "PROJECT", "only what concerns it");
    return {
        {.resource = "webhooks",
         .verb = "list",
         .summary = "lists a project's webhooks",
         .method = "GET",
         .path = webhooks,
         .arguments = {kProject},
         .rows = "data",
         .columns = {"id", "url", "events", "created_at"}},
        {.resource = "webhooks",
         .verb = "create",
         .summary = "creates a webhook",
         .method = "POST",
         .path = webhooks,
         .arguments = {kProject, required(kUrl), required(kEvents), kSecret}},
        {.resource = "webhooks",
         .verb = "update",
         .summary = "changes a webhook's address, events or secret",
         .method = "PUT",
         .path = webhook,
         .arguments = {kProject, kWebhook, kUrl, kEvents, kSecret}},
        {.resource = "webhooks",
         .verb = "delete",
         .summary = "deletes a webhook",
         .method = "DELETE",
         .path = webhook,
         .arguments = {kProject, kWebhook},
         .question = "Delete the webhook {wid}?",
         .done = "deleted"},
        {.resource = "webhooks",
         .verb = "test",
         .summary = "posts a test event, and tells what came back",
         .method = "POST",
         .path = webhook + "/test",
         .arguments = {kProject, kWebhook}},
        {.resource = "webhooks",
         .verb = "deliveries",
         .summary = "lists what a webhook posted, newest first",
         .method = "GET",
         .path = webhook + "/deliveries",
         .arguments = {kProject, kWebhook, status, limit("at most so many, 100 without it"), before},
         .rows = "data",
         .columns = {"id", "event", "status", "attempts", "status_code", "response_time_ms", "last_attempt_at",
                     "error"}},
        {.resource = "outbox",
         .verb = "list",
         .summary = "lists messages to webhooks and by e-mail, newest first",
         .method = "GET",
         .path = "/api/admin/outbox",
         .arguments = {project, status, limit("at most so many, 100 without it"), before},
         .rows = "data",
         .columns = {"id", "project_id", "channel", "target", "event", "status", "attempts", "error"}},
        {.resource = "outbox",
         .verb = "replay",
         .summary = "sends a message again",
         .method = "POST",
         .path = "/api/admin/outbox/{id}/replay",
         .arguments = {{.name = "id", .value = "MESSAGE", .help = "the message's id", .place = Place::path}}},
        {.resource = "audit",
         .verb = "list",
         .summary = "lists who changed what, newest first",
         .method = "GET",
         .path = "/api/admin/audit",
         .arguments = {project, limit("at most so many, 100 without it"),
                       parameter("before", "--before", "ID", "only what is older than this line")},
         .rows = "data",
         .columns = {"id", "at", "who", "method", "path", "summary", "status"}},
    };
}

}  // namespace

const std::vector<Command>& commands() {
    static const auto kCommands = [] {
        std::vector<Command> all;
        for (auto list : {projects_and_keys(), modules_and_data(), messages_and_audit()}) {
            all.insert(all.end(), list.begin(), list.end());
        }
        // What is told by its place cannot be left out.
        for (auto& command : all) {
            for (auto& argument : command.arguments) argument.required |= argument.flag.empty();
        }
        return all;
    }();
    return kCommands;
}

std::string called(const Command& command) {
    return command.verb.empty() ? command.resource : command.resource + " " + command.verb;
}

const Command* find(std::string_view resource, std::string_view verb) {
    const auto found = std::find_if(commands().begin(), commands().end(), [&](const Command& command) {
        return command.resource == resource && command.verb == verb;
    });
    return found == commands().end() ? nullptr : &*found;
}

bool is_resource(std::string_view name) {
    return std::any_of(commands().begin(), commands().end(),
                       [&](const Command& command) { return command.resource == name; });
}

}  // namespace collector::cli
