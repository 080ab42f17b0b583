#include "src/storage.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "src/journal.hpp"
#include "support/ids.hpp"

namespace pulsekit {
namespace {

constexpr int kMostProcesses = 64;

Error failure(const std::string& what, const std::string& path, const std::string& why) {
    return Error{ErrorCode::unavailable, what + " " + path + ": " + why};
}

Result<void> make_folder(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(native_path(path), error);
    if (error) return failure("cannot create", path, error.message());
    return {};
}

std::string read_line(const std::string& path) {
    std::ifstream file(native_path(path));
    std::string line;
    std::getline(file, line);
    return line;
}

/// Two processes may start at once: whoever names its file first decides for both.
Result<std::string> device_id_in(const std::string& directory, Random& random) {
    const std::string path = directory + "/device-id";
    if (std::string known = read_line(path); !known.empty()) return known;
    const std::string mine = new_device_id(random);
    const std::string temporary = path + "." + mine;
    {
        std::ofstream file(native_path(temporary));
        file << mine << '\n';
        if (!file.flush()) return failure("cannot write", temporary, std::strerror(errno));
    }
    if (auto renamed = rename_to_new(temporary, path); !renamed) {
        std::error_code ignored;
        std::filesystem::remove(native_path(temporary), ignored);
        if (renamed.error().code != ErrorCode::conflict) return std::move(renamed).error();
    }
    return read_line(path);
}

/// Another process sees the old line or the new one, nothing between.
Result<void> replace_line(const std::string& path, const std::string& line) {
    const std::string temporary = path + ".new";
    {
        std::ofstream file(native_path(temporary), std::ios::trunc);
        file << line << '\n';
        if (!file.flush()) return failure("cannot write", temporary, std::strerror(errno));
    }
    std::error_code error;
    std::filesystem::rename(native_path(temporary), native_path(path), error);
    if (error) return failure("cannot write", path, error.message());
    return {};
}

constexpr std::pair<Consent, const char*> kConsents[] = {
    {Consent::required, "required"}, {Consent::granted, "granted"}, {Consent::denied, "denied"}};

}  // namespace

std::string new_device_id(Random& random) {
    Uuid id;
    for (std::size_t half = 0; half < 2; ++half) {
        const std::uint64_t bits = random.next();
        std::memcpy(id.bytes.data() + half * 8, &bits, sizeof bits);
    }
    id.bytes[6] = static_cast<std::uint8_t>(0x40 | (id.bytes[6] & 0x0f));
    id.bytes[8] = static_cast<std::uint8_t>(0x80 | (id.bytes[8] & 0x3f));
    return id.text();
}

Result<void> Storage::replace_device_id(const std::string& device_id) {
    return replace_line(root_ + "/device-id", device_id);
}

Result<void> Storage::sync_folders() const {
    const std::string parent = std::filesystem::path(native_path(root_)).parent_path().string();
    for (const auto& path : {journal_directory(), folder_, root_, parent.empty() ? std::string(".") : parent}) {
        if (auto synced = sync_folder(path); !synced) return synced;
    }
    return {};
}

std::optional<Consent> Storage::consent() const {
    const std::string line = read_line(root_ + "/consent");
    for (const auto& [consent, name] : kConsents) {
        if (line == name) return consent;
    }
    return std::nullopt;
}

Result<void> Storage::remember_consent(Consent consent) {
    for (const auto& [known, name] : kConsents) {
        if (known == consent) return replace_line(root_ + "/consent", name);
    }
    return Error{ErrorCode::invalid, "no such consent"};
}

std::vector<Storage::Folder> Storage::abandoned() const {
    std::vector<Folder> found;
    for (int n = 0; n < kMostProcesses; ++n) {
        const std::string path = root_ + "/" + std::to_string(n);
        std::error_code error;
        // Folders are made in turn and never deleted.
        if (!std::filesystem::exists(native_path(path), error)) break;
        if (path == folder_) continue;
        const auto left = [&] {
            return std::filesystem::exists(native_path(path + "/events.sqlite"), error) ||
                   !Journal::leftovers(path + "/journal").empty();
        };
        if (!left()) continue;
        auto lock = FileLock::take(path + "/lock");
        if (lock && left()) found.push_back({path, std::move(*lock)});
    }
    return found;
}

Result<Storage> Storage::open(const std::string& directory, Random& random) {
    if (auto made = make_folder(directory); !made) return std::move(made).error();
    auto device = device_id_in(directory, random);
    if (!device) return std::move(device).error();
    for (int n = 0; n < kMostProcesses; ++n) {
        std::string folder = directory + "/" + std::to_string(n);
        if (auto made = make_folder(folder + "/journal"); !made) return std::move(made).error();
        auto lock = FileLock::take(folder + "/lock");
        if (lock) return Storage(directory, std::move(folder), std::move(*device), std::move(*lock));
        if (lock.error().code != ErrorCode::conflict) return std::move(lock).error();
    }
    return Error{ErrorCode::unavailable, directory + " is used by " + std::to_string(kMostProcesses) + " processes"};
}

}  // namespace pulsekit
