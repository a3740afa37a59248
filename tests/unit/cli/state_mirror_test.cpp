#include "cli/state_mirror.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace ringsync {
namespace {

namespace fs = std::filesystem;

class StateMirror : public ::testing::Test {
 protected:
  StateMirror()
      : folder_(fs::temp_directory_path() / ("ringsync_mirror_" + std::to_string(getpid()))),
        path_((folder_ / "state.json").string()) {
    fs::create_directories(folder_);
  }
  ~StateMirror() override { fs::remove_all(folder_); }

  static void put(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms(0644));
  }
  static std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  static unsigned mode_of(const std::string& path) {
    return static_cast<unsigned>(fs::status(path).permissions());
  }

  fs::path folder_;
  std::string path_;
};

TEST_F(StateMirror, IsItsOwnersAloneWhateverTheUmask) {
  const mode_t before = umask(0);
  const Status written = write_state_mirror(path_, "{}");
  umask(before);
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_EQ(mode_of(path_), 0600U);
  EXPECT_EQ(text_of(path_), "{}\n");
}

TEST_F(StateMirror, ReplacesAFileThatMoreMayReadAndOneThatAKilledSyncLeft) {
  put(path_, "old");
  put(path_ + ".new", "half a docum");
  ASSERT_TRUE(write_state_mirror(path_, "{}").ok());
  EXPECT_EQ(mode_of(path_), 0600U);
  EXPECT_EQ(text_of(path_), "{}\n");
  EXPECT_FALSE(fs::exists(path_ + ".new"));
}

TEST_F(StateMirror, DoesNotWriteThroughALinkInItsDraftsPlace) {
  put((folder_ / "other").string(), "other");
  fs::create_symlink(folder_ / "other", path_ + ".new");
  ASSERT_TRUE(write_state_mirror(path_, "{}").ok());
  EXPECT_EQ(text_of((folder_ / "other").string()), "other");
}

TEST_F(StateMirror, ThatCannotBeWrittenIsToldWithItsPath) {
  const std::string nowhere = (folder_ / "none" / "state.json").string();
  const Status written = write_state_mirror(nowhere, "{}");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::kStateFile);
  EXPECT_THAT(written.error().message, ::testing::HasSubstr(nowhere));
}

}  // namespace
}  // namespace ringsync
