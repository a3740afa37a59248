// What every destination says where it cannot be used: its name, the reason, the remedy, and
// neither secrets nor row data.
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "fixture.h"

namespace ringsync {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Failures : public ConformanceTest {
 protected:
  Error opening_error() {
    auto sink = open_adbc_sink(options_);
    EXPECT_FALSE(sink.ok());
    return sink.ok() ? Error{} : sink.error();
  }
  bool is_file() const { return GetParam() != DatabaseKind::kPostgresql; }
};
RINGSYNC_ON_EVERY_DATABASE(Failures);

TEST_P(Failures, DriversAreTakenByAbsolutePathOnly) {
  options_.driver_path = std::string(driver_file(GetParam()));
  EXPECT_EQ(opening_error().code, ErrorCode::kDriver);
  options_.driver_path = "/nonexistent/" + std::string(driver_file(GetParam()));
  EXPECT_EQ(opening_error().code, ErrorCode::kDriver);
  EXPECT_THAT(opening_error().message, HasSubstr("--driver-path"));
}

TEST_P(Failures, StatementsThatMayQuoteValuesKeepThemToThemselves) {
  const auto database = destination_->client();
  must(database->exec("CREATE TABLE s (v TEXT PRIMARY KEY, n INTEGER CHECK (n > 0))"));
  must(database->exec("INSERT INTO s VALUES ('SECRETROW5', 1)"));
  for (const char* sql :
       {"INSERT INTO s VALUES ('SECRETROW5', 1)", "INSERT INTO s VALUES ('SECRETROW5', -7)",
        "SELEC 'SECRETROW5'", "SELECT 1 'SECRETROW5' 'SECRETROW5'"}) {
    const Status failed = database->exec(sql);
    ASSERT_FALSE(failed.ok()) << sql;
    EXPECT_EQ(failed.error().code, ErrorCode::kDestination);
    EXPECT_THAT(failed.error().message, Not(HasSubstr("SECRET"))) << sql;
  }
  EXPECT_THAT(database->exec("SELECT * FROM no_such_table").error().message,
              HasSubstr("no_such_table"));
}

TEST_P(Failures, PlacesThatCannotBeWrittenAreNamed) {
  if (is_file()) {
    const std::string file = options_.location;
    options_.location = file + "/missing/x.db";
    EXPECT_THAT(opening_error().message,
                AllOf(HasSubstr(options_.location), HasSubstr("does not exist")));
    options_.location = std::filesystem::path(file).parent_path().string();
    EXPECT_THAT(opening_error().message, HasSubstr("is a folder"));
    options_.location = ":memory:";
    EXPECT_EQ(opening_error().code, ErrorCode::kConfig);
    return;
  }
  const std::string uri = options_.location;
  const size_t at = uri.find('@');
  const size_t colon = uri.rfind(':', at);
  options_.location = uri.substr(0, colon) + ":SECRETPASS" + uri.substr(at);
  EXPECT_EQ(opening_error().code, ErrorCode::kDestinationAuth);
  EXPECT_THAT(opening_error().message,
              AllOf(HasSubstr(options_.label), HasSubstr("password authentication failed"),
                    HasSubstr("PGPASSWORD"), Not(HasSubstr("SECRETPASS"))));
  options_.location = uri.substr(0, uri.rfind('/')) + "/no_such_database";
  EXPECT_THAT(opening_error().message, HasSubstr("\"no_such_database\" does not exist"));
  options_.location = uri.substr(0, at) + "@127.0.0.1:1/x";
  EXPECT_THAT(opening_error().message, HasSubstr("Connection refused"));
}

TEST_P(Failures, WhatIsNoDatabaseOfThisKindIsLeftAlone) {
  if (!is_file()) {
    // Another encoding cannot hold every text.
    own({"CREATE DATABASE latin_" + std::to_string(getpid()) +
         " ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"});
    const std::string uri = options_.location;
    options_.location = uri.substr(0, uri.rfind('/')) + "/latin_" + std::to_string(getpid());
    EXPECT_THAT(opening_error().message, AllOf(HasSubstr("LATIN1"), HasSubstr("UTF8")));
    options_.location = uri;
    own({"DROP DATABASE latin_" + std::to_string(getpid())});
    return;
  }
  const std::string text(10'000, 'x');
  std::ofstream(options_.location) << text;
  const Error error = opening_error();
  EXPECT_EQ(error.code, ErrorCode::kDestination);
  EXPECT_THAT(error.message, AllOf(HasSubstr(options_.location), HasSubstr("name another file")));
  EXPECT_EQ(std::filesystem::file_size(options_.location), text.size());
}

/// Takes root's right to pass over file permissions from this thread while it lives; nothing for
/// other users.
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

TEST_P(Failures, MissingRightsAreNamed) {
  if (is_file()) {
    open_sink().reset();
    std::filesystem::permissions(options_.location, std::filesystem::perms::owner_read);
    const FilePermissionsHold permissions;
    const Error error = opening_error();
    EXPECT_EQ(error.code, ErrorCode::kDestination);
    EXPECT_THAT(error.message, HasSubstr(options_.location));
    return;
  }
  const std::string role = "reader_" + std::to_string(getpid());
  own({"CREATE ROLE " + role + " LOGIN PASSWORD 'pw'"});
  const std::string uri = options_.location;
  options_.location = "postgresql://" + role + ":pw" + uri.substr(uri.find('@'));
  const auto refused = must(open_adbc_sink(options_))->load_state();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kDestinationAuth);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("permission denied"), HasSubstr("CREATE")));
  // Where schemas are there, rights on them are enough.
  own({"CREATE SCHEMA ks AUTHORIZATION " + role, "CREATE SCHEMA _ringsync AUTHORIZATION " + role});
  must(must(open_adbc_sink(options_))->load_state());
  options_.location = uri;
  own({"DROP OWNED BY " + role, "DROP ROLE " + role});
}

TEST_P(Failures, ADestinationLostMidwayEndsTheSyncWithWhatWasNotCommittedUndone) {
  const TablePlan plan = plan_of("t", {{"id", TypeKind::kInt}, {"name", TypeKind::kText}});
  PageBuilder first = names_page({{1, "a"}});
  run(plan, first);
  auto sink = open_sink();
  must(sink->open_table(plan));
  PageBuilder page = names_page({{1, "SECRETROW5"}});
  deliver_page(*sink, plan, page);
  if (is_file()) {
    std::filesystem::remove(options_.location);
  } else {
    // A test database's own sessions but this one.
    must(destination_->client()->query_text(
        "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = "
        "current_database() AND pid <> pg_backend_pid()"));
  }
  const auto refused = checkpoint(*sink, CheckpointUrgency::kDurable);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kDestination);
  EXPECT_THAT(
      refused.error().message,
      AllOf(HasSubstr(options_.label),
            HasSubstr(is_file() ? "removed or replaced"
                                : "connection to PostgreSQL was lost: terminating connection due "
                                  "to administrator command; what was not committed is undone"),
            Not(HasSubstr("SECRET"))));
  sink.reset();
  if (is_file()) return;
  EXPECT_THAT(rows("t", {"id", "name"}), testing::ElementsAre("1|a"));
}

}  // namespace
}  // namespace ringsync
