// What is told of a database's file and its disk.
#include "sink/adbc/database_file.h"

#include <gmock/gmock.h>

namespace ringsync {
namespace {

using testing::HasSubstr;

const std::string kOnFullDisk = "/proc/warehouse.db";  // a file system that has no space at all

TEST(DiskSpace, AFullDiskIsToldWhereTheDatabaseDoesNotTellIt) {
  const Error error = with_disk_space({ErrorCode::kDestination, "disk I/O error"}, kOnFullDisk);
  EXPECT_EQ(error.code, ErrorCode::kDestination);
  EXPECT_THAT(error.message, HasSubstr("disk I/O error; its disk is full"));
  EXPECT_THAT(error.message, HasSubstr("0 bytes are free"));
}

TEST(DiskSpace, WhatTheDatabaseTellsItselfIsNotRepeated) {
  for (const std::string message : {"database or disk is full", "w.db: No space left on device"}) {
    EXPECT_EQ(with_disk_space({ErrorCode::kDestination, message}, kOnFullDisk).message, message);
  }
}

TEST(DiskSpace, OtherErrorsAndOtherDisksAreLeftAlone) {
  EXPECT_EQ(with_disk_space({ErrorCode::kDestinationBusy, "in use"}, kOnFullDisk).message,
            "in use");
  EXPECT_EQ(with_disk_space({ErrorCode::kDestination, "broken"}, "/no_such_folder/w.db").message,
            "broken");
}

}  // namespace
}  // namespace ringsync
