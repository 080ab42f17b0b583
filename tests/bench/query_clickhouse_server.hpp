// ClickHouse as a process of its own, which the query benchmark compares the collector with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "support/curl/http.hpp"
#include "tests/bench/figures.hpp"
#include "tests/support/process.hpp"

namespace bench {

/// Debian's clickhouse-server on free ports of this machine, with its files in a folder for temporary ones: both go
/// with it. Its settings are its defaults but for what is said in the source. One thread at a time. Throws what goes
/// wrong.
class ClickHouseServer {
public:
    ClickHouseServer();
    ~ClickHouseServer();

    /// What it answers to a statement. `body`: the data of an INSERT.
    std::string send(const std::string& statement, const std::string& body = {});

private:
    void configure() const;
    void wait_until_ready();

    Folder folder_;
    std::uint16_t port_ = 0;
    std::unique_ptr<pulsekit::test::Process> process_;
    pulsekit::curl::Session session_;
};

}  // namespace bench
