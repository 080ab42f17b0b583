// Files that are whole or absent.
#pragma once

#include <string>
#include <string_view>

#include <pulsekit/result.hpp>

namespace collector::store::local {

/// Writes the file under another name, syncs it and renames it: it is on the disk, whole, when this returns. Error
/// `unavailable`: then there is no such file, or the one that was there before.
pulsekit::Result<void> write_whole(const std::string& path, std::string_view bytes);

/// Nothing but an error when there is no such file.
pulsekit::Result<std::string> read_whole(const std::string& path);

/// Puts a folder's list of names on the disk, as far as the system lets.
void sync_folder(const std::string& folder);

}  // namespace collector::store::local
