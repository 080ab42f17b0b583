#include "store/local/backup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "store/local/local_store.hpp"

namespace collector::store::local {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Access;
using pulsekit::sqlite::Database;

constexpr int kOperationsBetweenReports = 200'000;

Error error_of(const std::string& path, const std::error_code& failed) {
    return Error{ErrorCode::unavailable, path + ": " + failed.message()};
}

Result<void> copy(Database& database, const std::string& to_file, const BackupProgress& progress) {
    const auto total = database.query_integer("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    if (!total) return total.error();
    if (progress) {
        database.on_progress(kOperationsBetweenReports, [&progress, &to_file, bytes = *total] {
            std::error_code absent;
            const auto size = std::filesystem::file_size(to_file, absent);
            progress(absent ? 0 : static_cast<std::int64_t>(size), bytes);
            return true;
        });
    }
    auto vacuum = database.prepare("VACUUM INTO ?");
    if (!vacuum) return std::move(vacuum).error();
    vacuum->bind(1, to_file);
    return vacuum->run();
}

/// Puts a file, or a folder's list of names, on the disk.
Result<void> sync(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = file >= 0 && ::fsync(file) == 0;
    const std::error_code failed(errno, std::generic_category());
    if (file >= 0) ::close(file);
    if (!synced) return error_of(path, failed);
    return {};
}

Result<void> publish(const std::string& partial, const std::string& to_file) {
    if (auto synced = sync(partial); !synced) return synced;
    std::error_code failed;
    std::filesystem::rename(partial, to_file, failed);
    if (failed) return error_of(to_file, failed);
    const auto folder = std::filesystem::path(to_file).parent_path();
    return sync(folder.empty() ? "." : folder.string());
}

}  // namespace

Result<void> backup(const std::string& data_directory, const std::string& to_file, const BackupProgress& progress) {
    std::error_code ignored;
    if (std::filesystem::exists(to_file, ignored)) {
        return Error{ErrorCode::conflict, to_file + " exists and is not overwritten"};
    }
    auto database = Database::open(database_path(data_directory), Access::read_only);
    if (!database) return std::move(database).error();
    const std::string partial = to_file + ".partial";
    std::filesystem::remove(partial, ignored);  // of a backup that was cut off
    auto done = copy(*database, partial, progress);
    if (done) done = publish(partial, to_file);
    if (!done) {
        std::filesystem::remove(partial, ignored);
        return done;
    }
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(to_file, ignored));
    if (progress) progress(size, size);
    return {};
}

}  // namespace collector::store::local
