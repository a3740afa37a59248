#include "server/private_files.h"

#include <absl/strings/escaping.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace ringsync {
namespace {

using ::testing::HasSubstr;

constexpr char kPem[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

TEST(PrivateFiles, AreReadByTheirPathAsOftenAsWanted) {
  PrivateFiles files;
  const auto first = files.keep(absl::Base64Escape(kPem));
  const auto second = files.keep(absl::Base64Escape(std::string("x\n") + kPem));
  ASSERT_TRUE(first.ok()) << first.error().message;
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(content_of(*first), kPem);
  EXPECT_EQ(content_of(*first), kPem);
  EXPECT_EQ(content_of(*second), std::string("x\n") + kPem);
}

TEST(PrivateFiles, AreGoneWithTheirOwner) {
  std::string path;
  {
    PrivateFiles files;
    path = *files.keep(absl::Base64Escape(kPem));
    ASSERT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_EQ(content_of(path), "");
}

TEST(PrivateFiles, ThatAreNotBase64NotPemOrTooLargeAreRefusedWithoutTheirContent) {
  PrivateFiles files;
  const auto text = files.keep("-----BEGIN PRIVATE KEY-----");
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().message, "is not base64");
  const auto other = files.keep(absl::Base64Escape("s3cr3t"));
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().message, HasSubstr("is not in PEM form"));
  const auto large = files.keep(std::string(PrivateFiles::kBytesMax * 2, 'A'));
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().message, "is larger than 1 MiB");
}

}  // namespace
}  // namespace ringsync
