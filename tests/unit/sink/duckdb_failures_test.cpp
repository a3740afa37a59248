// What the DuckDB sink says and keeps when names, types or the file itself stand in the way.
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "duckdb_fixture.h"

namespace ringsync {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// Takes root's right to pass over file permissions from this thread (and those it starts) while it
/// lives; nothing for other users.
class FilePermissionsHold {
 public:
  FilePermissionsHold() {
    EXPECT_EQ(syscall(SYS_capget, &header_, before_.data()), 0);
    auto during = before_;
    during[0].effective &= ~(1U << CAP_DAC_OVERRIDE);
    EXPECT_EQ(syscall(SYS_capset, &header_, during.data()), 0);
  }
  ~FilePermissionsHold() { EXPECT_EQ(syscall(SYS_capset, &header_, before_.data()), 0); }
  FilePermissionsHold(const FilePermissionsHold&) = delete;
  FilePermissionsHold& operator=(const FilePermissionsHold&) = delete;

 private:
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> before_{};
};

class DuckDbFailures : public DuckDbTest {
 protected:
  Error opening_error() {
    auto sink = open_adbc_sink(options_);
    EXPECT_FALSE(sink.ok());
    return sink.ok() ? Error{} : sink.error();
  }
  static Error table_error(Sink& sink, const TablePlan& plan) {
    const auto opened = sink.open_table(plan);
    EXPECT_FALSE(opened.ok());
    return opened.ok() ? Error{} : opened.error();
  }
};

TEST_F(DuckDbFailures, ReservedAndCollidingColumnNamesFailTheirTableOnly) {
  auto sink = open_sink();
  const Error reserved = table_error(
      *sink, plan_of("t", {{"id", TypeKind::kInt}, {"_FIVETRAN_Synced", TypeKind::kText}}));
  EXPECT_EQ(reserved.code, ErrorCode::kNameCollision);
  EXPECT_THAT(reserved.message, AllOf(HasSubstr(R"("ks"."t")"), HasSubstr("_FIVETRAN_Synced"),
                                      HasSubstr("exclude_tables")));
  const Error colliding = table_error(
      *sink, plan_of("t", {{"id", TypeKind::kInt}, {"a", TypeKind::kText}, {"A", TypeKind::kInt}}));
  EXPECT_EQ(colliding.code, ErrorCode::kNameCollision);
  EXPECT_THAT(colliding.message, AllOf(HasSubstr("\"a\""), HasSubstr("\"A\"")));
  must(sink->open_table(plan_of("fine", {{"id", TypeKind::kInt}})));
  commit(*sink);
  sink.reset();
  EXPECT_THAT(rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'ks'"),
              ElementsAre("fine"));
}

TEST_F(DuckDbFailures, AFileThatWasNeverMadeWholeIsMadeAnew) {
  commit(*open_sink());
  std::string whole(3 * 4096, ' ');
  std::ifstream(options_.location, std::ios::binary)
      .read(whole.data(), static_cast<std::streamsize>(whole.size()));
  for (const size_t kept_bytes : {0, 4096, 8192}) {
    std::ofstream(options_.location, std::ios::binary) << whole.substr(0, kept_bytes);
    std::filesystem::remove(options_.location + ".wal");
    auto sink = open_sink();
    must(sink->open_table(plan_of("t", {{"id", TypeKind::kInt}})));
    commit(*sink);
    sink.reset();
    EXPECT_THAT(rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'ks'"),
                ElementsAre("t"));
  }
}

TEST_F(DuckDbFailures, AFileOfSomethingElseIsLeftAlone) {
  for (const std::string text :
       {"short", "a text that is longer than the place of the magic word"}) {
    std::ofstream(options_.location, std::ios::binary) << text;
    const auto refused = open_adbc_sink(options_);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kDestination);
    EXPECT_EQ(std::filesystem::file_size(options_.location), text.size());
  }
}

TEST_F(DuckDbFailures, TablesThatDifferOnlyInCaseFailTheSecond) {
  auto sink = open_sink();
  must(sink->open_table(plan_of("Flights", {{"id", TypeKind::kInt}})));
  const Error error = table_error(*sink, plan_of("flights", {{"id", TypeKind::kInt}}));
  EXPECT_EQ(error.code, ErrorCode::kNameCollision);
  EXPECT_THAT(error.message, AllOf(HasSubstr("\"flights\""), HasSubstr("\"Flights\"")));
}

TEST_F(DuckDbFailures, AColumnOfAnotherTypeNamesBothTypes) {
  must(client()->exec("CREATE SCHEMA ks"));
  must(client()->exec("CREATE TABLE ks.ks.t (id INTEGER, v DOUBLE)"));
  auto sink = open_sink();
  const Error error =
      table_error(*sink, plan_of("t", {{"id", TypeKind::kInt}, {"v", TypeKind::kText}}));
  EXPECT_EQ(error.code, ErrorCode::kDestinationTable);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("column \"v\""), HasSubstr("DOUBLE"), HasSubstr("VARCHAR")));
  commit(*sink);
}

TEST_F(DuckDbFailures, TypesWithoutEncoderFailTheirTableOnly) {
  auto sink = open_sink();
  const Error error =
      table_error(*sink, plan_of("t", {{"id", TypeKind::kInt}, {"v", TypeKind::kCustom}}));
  EXPECT_EQ(error.code, ErrorCode::kUnsupportedType);
  EXPECT_THAT(error.message, AllOf(HasSubstr(R"("ks"."t")"), HasSubstr("\"v\"")));
  commit(*sink);
}

TEST_F(DuckDbFailures, PagesOfAnotherSinkEndTheSinkWithoutHarm) {
  class ForeignPage final : public EncodedPage {
    size_t byte_size() const override { return 0; }
  };
  auto sink = open_sink();
  const TablePlan plan = plan_of("t", {{"id", TypeKind::kInt}});
  must(sink->open_table(plan));
  const Status refused = sink->deliver(plan, std::make_shared<const ForeignPage>(), {0, 1, false});
  EXPECT_EQ(refused.error().code, ErrorCode::kInternal);
}

TEST_F(DuckDbFailures, PathsThatCannotBeWrittenAreNamed) {
  options_.location = (folder_ / "missing" / "x.db").string();
  EXPECT_EQ(opening_error().code, ErrorCode::kDestination);
  EXPECT_THAT(opening_error().message,
              AllOf(HasSubstr(options_.location), HasSubstr("does not exist")));
  options_.location = folder_.string();
  EXPECT_EQ(opening_error().code, ErrorCode::kDestination);
  EXPECT_THAT(opening_error().message, HasSubstr("is a folder"));
  options_.location = ":memory:";
  EXPECT_EQ(opening_error().code, ErrorCode::kConfig);
}

TEST_F(DuckDbFailures, AFileThatIsNotDuckDbIsLeftAlone) {
  const std::string text(10'000, 'x');
  std::ofstream(options_.location) << text;
  EXPECT_EQ(opening_error().code, ErrorCode::kDestination);
  EXPECT_THAT(opening_error().message,
              AllOf(HasSubstr(options_.location), HasSubstr("name another file")));
  EXPECT_EQ(std::filesystem::file_size(options_.location), text.size());
}

TEST_F(DuckDbFailures, AReadOnlyFileIsNamed) {
  open_sink().reset();
  std::filesystem::permissions(options_.location, std::filesystem::perms::owner_read);
  const FilePermissionsHold permissions;
  EXPECT_EQ(opening_error().code, ErrorCode::kDestination);
  EXPECT_THAT(opening_error().message, HasSubstr(options_.location));
}

TEST_F(DuckDbFailures, DriversAreTakenByAbsolutePathOnly) {
  options_.driver_path = "libduckdb.so";
  EXPECT_EQ(opening_error().code, ErrorCode::kDriver);
  options_.driver_path = (folder_ / "libduckdb.so").string();
  EXPECT_EQ(opening_error().code, ErrorCode::kDriver);
  EXPECT_THAT(opening_error().message, HasSubstr("--driver-path"));
}

// The child opens the file and holds it until its end of the pipe is closed.
TEST_F(DuckDbFailures, AFileHeldByAnotherProcessIsBusyAndNamesIt) {
  int ready[2];
  int release[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(release), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    close(ready[0]);
    close(release[1]);
    auto sink = open_adbc_sink(options_);
    char byte = sink.ok() ? 'y' : 'n';
    if (write(ready[1], &byte, 1) == 1) static_cast<void>(!read(release[0], &byte, 1));
    _exit(0);
  }
  close(ready[1]);
  close(release[0]);
  char opened = 0;
  EXPECT_EQ(read(ready[0], &opened, 1), 1);
  EXPECT_EQ(opened, 'y');
  const Error error = opening_error();
  EXPECT_EQ(error.code, ErrorCode::kDestinationBusy);
  EXPECT_THAT(error.message, AllOf(HasSubstr(options_.location), HasSubstr("another sync"),
                                   HasSubstr("process " + std::to_string(child))));
  close(release[1]);
  close(ready[0]);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  open_sink();
}

}  // namespace
}  // namespace ringsync
