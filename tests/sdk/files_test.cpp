#include "src/files.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "src/mapped_file.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

const std::string kFolder = "/Spielst\xc3\xa4nde \xe2\x98\x83";  // an umlaut, and a snowman that no code page has

class FilesTest : public testing::Test {
protected:
    FilesTest() { std::filesystem::create_directories(native_path(path_)); }
    static std::string content(const std::string& path) {
        std::ifstream file(native_path(path));
        return {std::istreambuf_iterator<char>(file), {}};
    }
    test::TemporaryFolder folder_;
    std::string path_ = folder_.path().string() + kFolder;
};

TEST_F(FilesTest, ALockHasOneOwner) {
    const std::string path = path_ + "/lock";
    {
        const auto lock = FileLock::take(path);
        ASSERT_TRUE(lock.ok()) << lock.error().message;
        const auto second = FileLock::take(path);
        ASSERT_FALSE(second.ok());
        EXPECT_EQ(second.error().code, ErrorCode::conflict);
    }
    EXPECT_TRUE(FileLock::take(path).ok());
    const auto nowhere = FileLock::take(path_ + "/none/lock");
    ASSERT_FALSE(nowhere.ok());
    EXPECT_EQ(nowhere.error().code, ErrorCode::unavailable);
}

TEST_F(FilesTest, ARenameReplacesNothing) {
    std::ofstream(native_path(path_ + "/first")) << "first";
    std::ofstream(native_path(path_ + "/second")) << "second";
    ASSERT_TRUE(rename_to_new(path_ + "/first", path_ + "/name").ok());
    EXPECT_FALSE(std::filesystem::exists(native_path(path_ + "/first")));
    const auto late = rename_to_new(path_ + "/second", path_ + "/name");
    ASSERT_FALSE(late.ok());
    EXPECT_EQ(late.error().code, ErrorCode::conflict);
    EXPECT_EQ(content(path_ + "/name"), "first");
    const auto nothing = rename_to_new(path_ + "/none", path_ + "/other");
    ASSERT_FALSE(nothing.ok());
    EXPECT_EQ(nothing.error().code, ErrorCode::unavailable);
}

TEST_F(FilesTest, AMappedFileKeepsWhatWasWritten) {
    const std::string path = path_ + "/mapped";
    {
        auto file = MappedFile::create(path, 65'536);
        ASSERT_TRUE(file.ok()) << file.error().message;
        std::strcpy(file->data(), "written");
    }
    EXPECT_FALSE(MappedFile::create(path, 65'536).ok());  // it is there
    auto file = MappedFile::open(path);
    ASSERT_TRUE(file.ok()) << file.error().message;
    EXPECT_EQ(file->size(), 65'536u);
    EXPECT_STREQ(file->data(), "written");
}

}  // namespace
}  // namespace pulsekit
