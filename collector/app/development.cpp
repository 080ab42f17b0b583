#include "app/development.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>

#include "support/ids.hpp"

namespace collector::app {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

std::map<std::string, std::string> read_lines(const std::string& path) {
    std::map<std::string, std::string> values;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        const auto equals = line.find('=');
        if (equals != std::string::npos) values[line.substr(0, equals)] = line.substr(equals + 1);
    }
    return values;
}

Result<void> write_secret(const std::string& path, const std::string& text) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return Error{ErrorCode::unavailable, "cannot write " + path + ": " + std::strerror(errno)};
    const auto written = ::write(fd, text.data(), text.size());
    const bool closed = ::close(fd) == 0;
    if (written != static_cast<ssize_t>(text.size()) || !closed)
        return Error{ErrorCode::unavailable, "cannot write " + path};
    return {};
}

Result<std::string> demo_project(meta::Catalog& catalog) {
    const auto projects = catalog.projects();
    const auto demo =
        std::find_if(projects.begin(), projects.end(), [](const meta::Project& p) { return p.name == "demo"; });
    if (demo != projects.end()) return demo->id;
    auto created = catalog.create_project("demo", "localhost");
    if (!created) return std::move(created).error();
    return created->id;
}

/// The key that dev.env has, when it still opens that project; else a new one.
Result<std::string> key_for(meta::Catalog& catalog, const std::string& project_id, meta::Scope scope,
                            const std::string& known) {
    if (const auto key = catalog.find_key(known); !known.empty() && key && key->project_id == project_id) return known;
    meta::NewKey wanted;
    wanted.project_id = project_id;
    wanted.name = "dev " + std::string(meta::name_of(scope));
    wanted.scopes = {scope};
    auto created = catalog.create_key(wanted);
    if (!created) return std::move(created).error();
    return created->secret;
}

}  // namespace

std::string Development::text() const {
    return "PULSE_PROJECT=" + project_id + "\nPULSE_INGEST_KEY=" + ingest_key + "\nPULSE_QUERY_KEY=" + query_key +
           "\nPULSE_ADMIN_TOKEN=" + admin_token + "\n";
}

Result<Development> prepare_development(const std::string& data, meta::Catalog& catalog, pulsekit::Random& random) {
    const std::string path = data + "/dev.env";
    auto known = read_lines(path);
    Development development;
    auto project = demo_project(catalog);
    if (!project) return std::move(project).error();
    development.project_id = std::move(*project);
    auto ingest = key_for(catalog, development.project_id, meta::Scope::ingest, known["PULSE_INGEST_KEY"]);
    if (!ingest) return std::move(ingest).error();
    development.ingest_key = std::move(*ingest);
    auto query = key_for(catalog, development.project_id, meta::Scope::query, known["PULSE_QUERY_KEY"]);
    if (!query) return std::move(query).error();
    development.query_key = std::move(*query);
    development.admin_token = known["PULSE_ADMIN_TOKEN"];
    if (development.admin_token.empty()) development.admin_token = pulsekit::random_token(random, 32);
    if (auto written = write_secret(path, development.text()); !written) return std::move(written).error();
    return development;
}

}  // namespace collector::app
