// SQLite with owners for its handles and errors as values. Nothing outside of this folder includes sqlite3.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <pulsekit/result.hpp>

struct sqlite3;
struct sqlite3_stmt;

namespace pulsekit::sqlite {

class Database;

/// A prepared statement; one thread at a time. Parameters count from 1, columns from 0, as in SQLite.
class Statement {
public:
    void bind(int parameter, std::int64_t value);
    void bind(int parameter, double value);
    void bind(int parameter, std::string_view text);  ///< copies
    void bind_null(int parameter);
    void bind_blob(int parameter, std::string_view bytes);  ///< copies
    /// Like bind(text) and bind_blob, without a copy: the memory must live until the next reset() or bind.
    void bind_borrowed(int parameter, std::string_view text);
    void bind_blob_borrowed(int parameter, std::string_view bytes);

    /// True: a row is ready. False: done.
    Result<bool> step();
    /// Runs a statement that answers no rows, and resets it.
    Result<void> run();
    void reset();

    int columns() const;
    bool is_null(int column) const;
    bool is_integer(int column) const;
    bool is_real(int column) const;
    bool is_blob(int column) const;
    std::int64_t integer(int column) const;
    double real(int column) const;
    std::string_view text(int column) const;  ///< valid until the next step or reset
    std::string_view blob(int column) const;  ///< valid until the next step or reset

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    explicit Statement(sqlite3_stmt* statement) : handle_(statement) {}
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

enum class Access {
    read_only,
    read_write,
    create,
    create_clean,  ///< like create; and what is deleted leaves no trace in the file (clean_pages.hpp), unlike in the
                   ///< log
};

/// One connection; one thread at a time, save for interrupt().
/// Errors: `corrupt` for a damaged or foreign file, `unavailable` for a full, read-only or failing disk, `conflict`
/// when another connection holds the lock past the busy timeout, else `internal`.
class Database {
public:
    static Result<Database> open(const std::string& path, Access access, int busy_timeout_ms = 5000);

    Result<void> execute(const std::string& sql);  ///< any number of statements, rows thrown away
    Result<Statement> prepare(std::string_view sql);
    Result<std::int64_t> query_integer(std::string_view sql);  ///< first column of the first row

    std::int64_t last_insert_id() const;
    std::int64_t changes() const;  ///< rows of the most recent insert, update or delete
    bool in_transaction() const;

    /// Makes running statements of this connection fail soon. Any thread.
    void interrupt();

    /// `step` is called every `operations` virtual-machine steps of long statements; false interrupts them.
    void on_progress(int operations, std::function<bool()> step);

    /// `committed` is told, on the thread that commits, how many pages the write-ahead log has after each commit. It
    /// takes the place of automatic checkpoints. It must not use the connection.
    void on_commit(std::function<void(int log_pages)> committed);

private:
    struct Close {
        void operator()(sqlite3* database) const noexcept;
    };
    explicit Database(sqlite3* database) : handle_(database) {}
    std::unique_ptr<std::function<bool()>> progress_;  // before handle_: they must outlive the connection
    std::unique_ptr<std::function<void(int)>> committed_;
    std::unique_ptr<sqlite3, Close> handle_;
};

/// Rolls back unless committed. The database must outlive it.
class Transaction {
public:
    /// BEGIN IMMEDIATE: the write lock is taken now, so that no statement inside meets `conflict`.
    static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    Result<void> commit();

private:
    explicit Transaction(Database& database) : database_(&database) {}
    Database* database_;
};

}  // namespace pulsekit::sqlite
