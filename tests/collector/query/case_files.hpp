// The files of tests/data/queries/<module>/: what was sent, what is asked, what must come back.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "http/json.hpp"

namespace collector::query::test {

/// All of them, or those of one module.
inline std::vector<std::filesystem::path> case_files(std::string_view module = {}) {
    std::vector<std::filesystem::path> files;
    std::error_code absent;
    const auto folder = std::filesystem::path(PULSEKIT_TEST_DATA) / "queries" / module;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, absent)) {
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

inline http::Json read_case_file(const std::filesystem::path& path) {
    std::ifstream in(path);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    auto json = http::parse_json(bytes);
    EXPECT_TRUE(json) << path << " is no JSON";
    return json.value_or(http::Json{{"events", http::Json::array()}, {"cases", http::Json::array()}});
}

}  // namespace collector::query::test
