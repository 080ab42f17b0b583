#include "store/local/segments/segment_folder.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include "store/local/files.hpp"
#include "support/checksum.hpp"

namespace collector::store::local {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

constexpr const char* kFirstLine = "pulse-collector segments 1";

std::string folder_of(const std::string& data_directory) {
    return (std::filesystem::path(data_directory) / "segments").string();
}

std::string checksum_line(const std::string& text) {
    char line[32];
    std::snprintf(line, sizeof line, "checksum %08x\n", pulsekit::checksum(text.data(), text.size()));
    return line;
}

}  // namespace

Result<SegmentFolder> SegmentFolder::open(const std::string& data_directory) {
    const std::string path = folder_of(data_directory);
    std::error_code failed;
    std::filesystem::create_directories(path, failed);
    if (failed) return Error{ErrorCode::unavailable, path + ": " + failed.message()};
    return SegmentFolder(path);
}

std::string SegmentFolder::path_of(std::uint32_t serial) const {
    char name[32];
    std::snprintf(name, sizeof name, "%08x.segment", serial);
    return (std::filesystem::path(path_) / name).string();
}

Result<SegmentManifest> SegmentFolder::manifest() const {
    const std::string path = (std::filesystem::path(path_) / "manifest").string();
    auto text = read_whole(path);
    if (!text) return Error{ErrorCode::not_found, std::move(text).error().message};
    const Error damaged{ErrorCode::corrupt, path + " is damaged"};
    const auto sum = text->rfind("checksum ");
    if (sum == std::string::npos || text->substr(sum) != checksum_line(text->substr(0, sum))) return damaged;
    std::istringstream lines(text->substr(0, sum));
    std::string line;
    if (!std::getline(lines, line) || line != kFirstLine) return damaged;
    SegmentManifest manifest;
    std::string word;
    while (lines >> word) {
        if (word == "covered") lines >> manifest.covered;
        if (word == "row") lines >> manifest.row_check;
        if (word == "erasure") lines >> manifest.erasure;
        if (word == "segment") lines >> manifest.serials.emplace_back();
    }
    return manifest;
}

Result<void> SegmentFolder::write(const SegmentManifest& manifest) const {
    std::ostringstream lines;
    lines << kFirstLine << "\ncovered " << manifest.covered << "\nrow " << manifest.row_check << "\nerasure "
          << manifest.erasure << '\n';
    for (const auto serial : manifest.serials) lines << "segment " << serial << '\n';
    const std::string text = lines.str();
    return write_whole((std::filesystem::path(path_) / "manifest").string(), text + checksum_line(text));
}

Result<std::shared_ptr<const Segment>> SegmentFolder::write(std::uint32_t serial, const Segment& segment) const {
    const auto words = segment.words();
    const std::string_view bytes(reinterpret_cast<const char*>(words.data()), words.size_bytes());
    if (auto written = write_whole(path_of(serial), bytes); !written) return std::move(written).error();
    return open(serial);
}

Result<std::shared_ptr<const Segment>> SegmentFolder::open(std::uint32_t serial) const {
    return Segment::open(path_of(serial));
}

void SegmentFolder::keep(const std::vector<std::uint32_t>& serials) const {
    std::vector<std::string> wanted = {(std::filesystem::path(path_) / "manifest").string()};
    for (const auto serial : serials) wanted.push_back(path_of(serial));
    std::error_code ignored;
    std::vector<std::filesystem::path> others;
    for (const auto& entry : std::filesystem::directory_iterator(path_, ignored)) {
        if (std::find(wanted.begin(), wanted.end(), entry.path().string()) == wanted.end())
            others.push_back(entry.path());
    }
    for (const auto& path : others) std::filesystem::remove(path, ignored);
}

std::vector<std::string> check_segments(const std::string& data_directory) {
    std::error_code absent;
    if (!std::filesystem::exists(folder_of(data_directory), absent)) return {};
    std::vector<std::string> problems;
    const auto folder = SegmentFolder::open(data_directory);
    if (!folder) return {folder.error().message};
    const auto manifest = folder->manifest();
    if (!manifest && manifest.error().code == ErrorCode::not_found) return {};
    if (!manifest) return {manifest.error().message};
    for (const auto serial : manifest->serials) {
        const auto segment = folder->open(serial);
        // A collector that runs replaces files.
        const auto now = segment ? manifest : folder->manifest();
        const auto& named = (now ? now : manifest)->serials;
        if (std::find(named.begin(), named.end(), serial) == named.end()) continue;
        if (!segment) {
            problems.push_back(segment.error().message);
        } else if (auto sound = (*segment)->check_all(); !sound) {
            problems.push_back(sound.error().message);
        }
    }
    return problems;
}

}  // namespace collector::store::local
