#include "cli/driver_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "cli/version.h"

namespace ringsync {
namespace {

namespace fs = std::filesystem;

class DriverFile : public ::testing::Test {
 protected:
  DriverFile() {
    fs::remove_all(root_);
    for (const char* folder : {"bin", "lib/ringsync", "other"}) {
      fs::create_directories(root_ / folder);
    }
  }
  ~DriverFile() override { fs::remove_all(root_); }

  void put(const char* folder) const { std::ofstream(root_ / folder / "libx.so") << "x"; }
  Result<std::string> find(const std::optional<std::string>& folder = std::nullopt) const {
    return find_driver(folder, root_ / "bin/ringsync", "libx.so");
  }

  const fs::path root_ = fs::path(::testing::TempDir()) /
                         ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(DriverFile, LiesBesideTheProgramElseInItsLibraryFolder) {
  put("lib/ringsync");
  EXPECT_EQ(find().value(), (root_ / "lib/ringsync/libx.so").string());
  put("bin");
  EXPECT_EQ(find().value(), (root_ / "bin/libx.so").string());
}

TEST_F(DriverFile, IsTakenFromTheFolderGivenAndNoOther) {
  put("bin");
  EXPECT_FALSE(find((root_ / "other").string()).ok());
  put("other");
  EXPECT_EQ(find((root_ / "other").string()).value(), (root_ / "other/libx.so").string());
}

TEST_F(DriverFile, ThatIsNowhereIsAnErrorThatNamesEveryPlace) {
  const auto found = find();
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kDriver);
  EXPECT_NE(found.error().message.find((root_ / "bin").string()), std::string::npos);
  EXPECT_NE(found.error().message.find((root_ / "lib/ringsync").string()), std::string::npos);
  EXPECT_NE(found.error().message.find("--driver-path"), std::string::npos);
}

TEST(ProgramPath, IsThisTestsOwnAndAbsolute) {
  const auto program = program_path();
  ASSERT_TRUE(program.ok());
  EXPECT_TRUE(program->is_absolute());
  EXPECT_EQ(program->filename(), "cli_test");
}

TEST(Version, BeginsWithNameAndNumber) { EXPECT_EQ(version_text().find("ringsync 0."), 0U); }

}  // namespace
}  // namespace ringsync
