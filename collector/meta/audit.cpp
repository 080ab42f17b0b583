#include "meta/audit.hpp"

#include <limits>
#include <utility>

#include "meta/database.hpp"
#include "support/mutex.hpp"

namespace collector::meta {
namespace {

using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

constexpr std::int64_t kDayMs = 86'400'000;

void bind_optional(Statement& statement, int parameter, const std::optional<std::string>& text) {
    text ? statement.bind(parameter, *text) : statement.bind_null(parameter);
}

AuditLine line_of(const Statement& row) {
    AuditLine line{.id = row.integer(0),
                   .at_ms = row.integer(1),
                   .who = std::string(row.text(2)),
                   .project_id = std::nullopt,
                   .method = std::string(row.text(4)),
                   .path = std::string(row.text(5)),
                   .summary = std::string(row.text(6)),
                   .status = static_cast<int>(row.integer(7))};
    if (!row.is_null(3)) line.project_id = row.text(3);
    return line;
}

}  // namespace

struct Audit::Impl {
    Impl(Database opened, pulsekit::Clock& time) : clock(time), database(std::move(opened)) {}

    pulsekit::Clock& clock;
    mutable pulsekit::Mutex mutex;
    mutable Database database PULSEKIT_GUARDED_BY(mutex);
};

Audit::Audit(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Audit::~Audit() = default;

Result<std::unique_ptr<Audit>> Audit::open(const std::string& database_path, pulsekit::Clock& clock) {
    auto database = open_database(database_path);
    if (!database) return std::move(database).error();
    return std::unique_ptr<Audit>(new Audit(std::make_unique<Impl>(*std::move(database), clock)));
}

Result<void> Audit::record(const AuditLine& line) {
    const pulsekit::MutexLock lock(impl_->mutex);
    auto row = impl_->database.prepare(
        "INSERT INTO audit_log (at_ms, who, project_id, method, path, summary, status) VALUES (?, ?, ?, ?, ?, ?, ?)");
    if (!row) return std::move(row).error();
    row->bind(1, impl_->clock.unix_ms());
    row->bind(2, line.who);
    bind_optional(*row, 3, line.project_id);
    row->bind(4, line.method);
    row->bind(5, line.path);
    row->bind(6, line.summary);
    row->bind(7, std::int64_t{line.status});
    return row->run();
}

Result<AuditPage> Audit::lines(const AuditQuery& query) const {
    const pulsekit::MutexLock lock(impl_->mutex);
    std::string sql = "SELECT id, at_ms, who, project_id, method, path, summary, status FROM audit_log WHERE id < ?1";
    if (query.project_id) sql += " AND project_id = ?3";
    auto rows = impl_->database.prepare(sql + " ORDER BY id DESC LIMIT ?2");
    if (!rows) return std::move(rows).error();
    rows->bind(1, query.before.value_or(std::numeric_limits<std::int64_t>::max()));
    rows->bind(2, query.limit + 1);
    if (query.project_id) rows->bind(3, *query.project_id);
    AuditPage page;
    auto read = for_each_row(*rows, [&](const Statement& row) -> Result<void> {
        page.lines.push_back(line_of(row));
        return {};
    });
    if (!read) return std::move(read).error();
    page.more = static_cast<std::int64_t>(page.lines.size()) > query.limit;
    if (page.more) page.lines.pop_back();
    return page;
}

Result<void> Audit::keep(std::int64_t days) {
    const pulsekit::MutexLock lock(impl_->mutex);
    auto erase = impl_->database.prepare("DELETE FROM audit_log WHERE at_ms < ?");
    if (!erase) return std::move(erase).error();
    erase->bind(1, impl_->clock.unix_ms() - days * kDayMs);
    return erase->run();
}

}  // namespace collector::meta
