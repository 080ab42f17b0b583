#include "support/sqlite/database.hpp"

#include <sqlite3.h>

#include "support/sqlite/clean_pages.hpp"

namespace pulsekit::sqlite {
namespace {

ErrorCode code_of(int result) {
    switch (result & 0xff) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return ErrorCode::corrupt;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return ErrorCode::conflict;
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_INTERRUPT: return ErrorCode::unavailable;
        default: return ErrorCode::internal;
    }
}

Error error_of(sqlite3* database, int result) {
    return Error{code_of(result),
                 std::string("SQLite: ") + (database ? sqlite3_errmsg(database) : sqlite3_errstr(result))};
}

int size_of(std::string_view bytes) { return static_cast<int>(bytes.size()); }

// SQLite takes a null pointer for NULL; an empty view must stay an empty text.
const char* data_of(std::string_view bytes) { return bytes.data() ? bytes.data() : ""; }

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
void Database::Close::operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }

void Statement::bind(int parameter, std::int64_t value) { sqlite3_bind_int64(handle_.get(), parameter, value); }
void Statement::bind(int parameter, double value) { sqlite3_bind_double(handle_.get(), parameter, value); }
void Statement::bind(int parameter, std::string_view text) {
    sqlite3_bind_text(handle_.get(), parameter, data_of(text), size_of(text), SQLITE_TRANSIENT);
}
void Statement::bind_null(int parameter) { sqlite3_bind_null(handle_.get(), parameter); }
void Statement::bind_blob(int parameter, std::string_view bytes) {
    sqlite3_bind_blob(handle_.get(), parameter, data_of(bytes), size_of(bytes), SQLITE_TRANSIENT);
}
void Statement::bind_borrowed(int parameter, std::string_view text) {
    sqlite3_bind_text(handle_.get(), parameter, data_of(text), size_of(text), SQLITE_STATIC);
}
void Statement::bind_blob_borrowed(int parameter, std::string_view bytes) {
    sqlite3_bind_blob(handle_.get(), parameter, data_of(bytes), size_of(bytes), SQLITE_STATIC);
}

Result<bool> Statement::step() {
    const int result = sqlite3_step(handle_.get());
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    return error_of(sqlite3_db_handle(handle_.get()), result);
}

Result<void> Statement::run() {
    auto stepped = step();
    reset();
    if (!stepped) return std::move(stepped).error();
    return {};
}

void Statement::reset() { sqlite3_reset(handle_.get()); }

int Statement::columns() const { return sqlite3_column_count(handle_.get()); }
bool Statement::is_null(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }
bool Statement::is_integer(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_INTEGER; }
bool Statement::is_real(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_FLOAT; }
bool Statement::is_blob(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_BLOB; }
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
double Statement::real(int column) const { return sqlite3_column_double(handle_.get(), column); }

std::string_view Statement::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
    return data ? std::string_view(data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column)))
                : std::string_view();
}

std::string_view Statement::blob(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
    return data ? std::string_view(data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column)))
                : std::string_view();
}

Result<Database> Database::open(const std::string& path, Access access, int busy_timeout_ms) {
    int flags = SQLITE_OPEN_NOMUTEX;
    if (access == Access::read_only) flags |= SQLITE_OPEN_READONLY;
    if (access == Access::read_write) flags |= SQLITE_OPEN_READWRITE;
    if (access == Access::create || access == Access::create_clean) flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    sqlite3* raw = nullptr;
    const char* vfs = access == Access::create_clean ? clean_pages_vfs() : nullptr;
    const int result = sqlite3_open_v2(path.c_str(), &raw, flags, vfs);
    Database database(raw);
    if (result != SQLITE_OK) {
        Error error = error_of(raw, result);
        error.message += " (" + path + ")";
        return error;
    }
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, busy_timeout_ms);
    if (access == Access::create_clean) {
        if (auto set = database.execute("PRAGMA secure_delete = ON"); !set) return std::move(set).error();
    }
    return database;
}

Result<void> Database::execute(const std::string& sql) {
    const int result = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) return error_of(handle_.get(), result);
    return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const int result =
        sqlite3_prepare_v3(handle_.get(), sql.data(), size_of(sql), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    Statement statement(raw);
    if (result != SQLITE_OK) return error_of(handle_.get(), result);
    if (!raw) return Error{ErrorCode::internal, "SQLite: empty statement"};
    return statement;
}

Result<std::int64_t> Database::query_integer(std::string_view sql) {
    auto statement = prepare(sql);
    if (!statement) return std::move(statement).error();
    auto row = statement->step();
    if (!row) return std::move(row).error();
    if (!*row) return Error{ErrorCode::not_found, "SQLite: no row"};
    return statement->integer(0);
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
std::int64_t Database::changes() const { return sqlite3_changes64(handle_.get()); }
bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
void Database::interrupt() { sqlite3_interrupt(handle_.get()); }

void Database::on_progress(int operations, std::function<bool()> step) {
    progress_ = std::make_unique<std::function<bool()>>(std::move(step));
    sqlite3_progress_handler(
        handle_.get(), operations,
        [](void* context) { return (*static_cast<std::function<bool()>*>(context))() ? 0 : 1; }, progress_.get());
}

void Database::on_commit(std::function<void(int)> committed) {
    committed_ = std::make_unique<std::function<void(int)>>(std::move(committed));
    sqlite3_wal_hook(
        handle_.get(),
        [](void* context, sqlite3*, const char*, int pages) {
            (*static_cast<std::function<void(int)>*>(context))(pages);
            return SQLITE_OK;
        },
        committed_.get());
}

Result<Transaction> Transaction::begin(Database& database) {
    if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return std::move(begun).error();
    return Transaction(database);
}

Transaction::~Transaction() {
    // Some errors (a full disk) have rolled back already; a second ROLLBACK would only report that.
    if (database_ && database_->in_transaction()) (void)database_->execute("ROLLBACK");
}

Result<void> Transaction::commit() {
    if (auto committed = database_->execute("COMMIT"); !committed) return std::move(committed).error();
    database_ = nullptr;
    return {};
}

}  // namespace pulsekit::sqlite
