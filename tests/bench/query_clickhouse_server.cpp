#include "tests/bench/query_clickhouse_server.hpp"

#include <signal.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include "tests/bench/loopback.hpp"
#include "tests/bench/query_answers.hpp"

namespace bench {
namespace {

constexpr const char* kProgram = "/usr/sbin/clickhouse-server";

/// The time zone is that of the collector's days.
constexpr const char* kConfig = R"(<yandex>
<logger><level>error</level><log>{folder}/log</log></logger>
<listen_host>127.0.0.1</listen_host>
<http_port>{http_port}</http_port>
<tcp_port>{tcp_port}</tcp_port>
<path>{folder}/data/</path>
<tmp_path>{folder}/tmp/</tmp_path>
<users_config>{folder}/users.xml</users_config>
<default_profile>default</default_profile>
<default_database>default</default_database>
<mark_cache_size>1073741824</mark_cache_size>
<timezone>UTC</timezone>
</yandex>
)";

/// By itself it takes one thread for each physical core, which leaves half of some virtual machines idle.
constexpr const char* kUsers = R"(<yandex>
<profiles><default>
<max_threads>{threads}</max_threads>
<max_memory_usage>0</max_memory_usage>
<allow_experimental_low_cardinality_type>1</allow_experimental_low_cardinality_type>
<output_format_json_quote_64bit_integers>0</output_format_json_quote_64bit_integers>
</default></profiles>
<users><default>
<password></password>
<networks><ip>127.0.0.1</ip></networks>
<profile>default</profile>
<quota>default</quota>
</default></users>
<quotas><default></default></quotas>
</yandex>
)";

std::string encoded(const std::string& text) {
    std::string out;
    for (const char c : text) {
        char escape[4];
        std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned char>(c));
        out += escape;
    }
    return out;
}

}  // namespace

ClickHouseServer::ClickHouseServer() : folder_("clickhouse"), port_(free_port()) {
    if (!std::filesystem::exists(kProgram)) {
        throw std::runtime_error(std::string(kProgram) + " is missing: scripts/setup clickhouse");
    }
    configure();
    process_ = std::make_unique<pulsekit::test::Process>(
        std::vector<std::string>{kProgram, "--config-file=" + folder_.path() + "/config.xml"},
        folder_.path() + "/start");
    wait_until_ready();
}

ClickHouseServer::~ClickHouseServer() {
    process_->signal(SIGTERM);
    process_->wait();
}

void ClickHouseServer::configure() const {
    const auto write = [&](const char* name, std::string text) {
        text = filled(std::move(text), "{folder}", folder_.path());
        text = filled(std::move(text), "{http_port}", std::to_string(port_));
        text = filled(std::move(text), "{tcp_port}", std::to_string(free_port()));
        text = filled(std::move(text), "{threads}", std::to_string(std::thread::hardware_concurrency()));
        std::ofstream(folder_.path() + "/" + name) << text;
    };
    write("config.xml", kConfig);
    write("users.xml", kUsers);
}

void ClickHouseServer::wait_until_ready() {
    pulsekit::HttpRequest ping;
    ping.method = "GET";
    ping.url = "http://127.0.0.1:" + std::to_string(port_) + "/ping";
    const auto until = SteadyClock::now() + std::chrono::seconds(60);
    while (true) {
        if (const auto answer = session_.perform(ping); answer && answer->status == 200) return;
        if (SteadyClock::now() > until) {
            std::ifstream log(folder_.path() + "/log");
            throw std::runtime_error("ClickHouse did not start: " +
                                     std::string(std::istreambuf_iterator<char>(log), {}));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

std::string ClickHouseServer::send(const std::string& statement, const std::string& body) {
    pulsekit::HttpRequest request;
    request.method = "POST";
    request.url = "http://127.0.0.1:" + std::to_string(port_) + "/";
    if (!body.empty()) request.url += "?query=" + encoded(statement);
    request.body = body.empty() ? statement : body;
    request.timeout = std::chrono::minutes(10);
    auto answer = session_.perform(request);
    if (!answer) throw std::runtime_error("ClickHouse: " + answer.error().message);
    if (answer->status != 200) throw std::runtime_error("ClickHouse: " + answer->body + "\n" + statement);
    return answer->body;
}

}  // namespace bench
