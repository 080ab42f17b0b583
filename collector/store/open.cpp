#include "store/open.hpp"

#include <utility>

#include "store/local/backup.hpp"
#include "store/local/check.hpp"
#include "store/local/local_store.hpp"

namespace collector::store {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

constexpr int kMaxDedupeDays = 36'600;

Result<std::unique_ptr<EventStore>> open_local(const StoreOptions& options, pulsekit::Random& random) {
    auto opened = local::LocalStore::open({.data_directory = options.data_directory,
                                           .fsync_each_commit = options.sync == Sync::full,
                                           .dedupe_days = options.dedupe_days,
                                           .question_bytes = options.question_bytes},
                                          random);
    if (!opened) return std::move(opened).error();
    return std::unique_ptr<EventStore>(std::move(*opened));
}

}  // namespace

Result<std::unique_ptr<EventStore>> open_store(const StoreOptions& options, pulsekit::Random& random) {
    if (options.dedupe_days < 1 || options.dedupe_days > kMaxDedupeDays) {
        return Error{ErrorCode::invalid, "the deduplication window must be 1 to 36600 days"};
    }
    if (options.kind == "local") return open_local(options, random);
    return Error{ErrorCode::invalid, "unknown store '" + options.kind + "': this build has 'local'"};
}

Result<std::vector<std::string>> check_store(const std::string& data_directory) { return local::check(data_directory); }

Result<void> backup_store(const std::string& data_directory, const std::string& to_file,
                          const BackupProgress& progress) {
    return local::backup(data_directory, to_file, progress);
}

}  // namespace collector::store
