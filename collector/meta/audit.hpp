// Who changed what by the administration API.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

namespace collector::meta {

/// One request that was let in, and how it ended. Without secrets, bodies and ids of persons: whoever writes it sees to
/// that.
struct AuditLine {
    std::int64_t id = 0;                    ///< given by record(); ascending
    std::int64_t at_ms = 0;                 ///< given by record()
    std::string who;                        ///< `admin token`, or a key in its masked form
    std::optional<std::string> project_id;  ///< which may be gone
    std::string method;
    std::string path;
    std::string summary;
    int status = 0;
};

struct AuditQuery {
    std::optional<std::string> project_id;  ///< nothing: all of them, and what concerns none
    std::optional<std::int64_t> before;     ///< only lines with a smaller id
    std::int64_t limit = 100;
};

struct AuditPage {
    std::vector<AuditLine> lines;  ///< newest first
    bool more = false;             ///< there are older ones
};

/// Owns its connection to the metadata database. Thread safe.
class Audit {
public:
    /// `clock` outlives it.
    static pulsekit::Result<std::unique_ptr<Audit>> open(const std::string& database_path, pulsekit::Clock& clock);
    ~Audit();

    /// On the disk when this returns.
    pulsekit::Result<void> record(const AuditLine& line);
    pulsekit::Result<AuditPage> lines(const AuditQuery& query) const;
    /// Erases the lines that are older.
    pulsekit::Result<void> keep(std::int64_t days);

private:
    struct Impl;
    explicit Audit(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace collector::meta
