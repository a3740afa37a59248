// Addresses of PostgreSQL: what reaches libpq, and what never reaches an error.
#include "cli/postgresql_address.h"

#include <gmock/gmock.h>

namespace ringsync {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::optional<std::string> variable(const std::string& name) {
  if (name == "PG_PASSWORD") return "p@ss/w?rd %";
  return std::nullopt;
}

PostgresqlAddress parsed(std::string_view text) {
  auto address = parse_postgresql_uri(text);
  EXPECT_TRUE(address.ok()) << (address.ok() ? "" : address.error().message);
  return address.ok() ? *address : PostgresqlAddress();
}

std::string problem(std::string_view text) {
  const auto address = parse_postgresql_uri(text);
  EXPECT_FALSE(address.ok());
  if (address.ok()) return "";
  EXPECT_EQ(address.error().code, ErrorCode::kUsage);
  return address.error().message;
}

TEST(PostgresqlAddress, KeepsItsPartsAndHidesPasswordAndParameters) {
  const auto address = parsed("postgres://loader:secret@db.example.org:5433/wh?sslmode=require");
  EXPECT_EQ(address.label(), "postgresql://loader@db.example.org:5433/wh");
  EXPECT_EQ(*address.uri(variable),
            "postgresql://loader:secret@db.example.org:5433/wh?sslmode=require&connect_timeout=10&"
            "application_name=ringsync&client_encoding=UTF8");
}

TEST(PostgresqlAddress, LeavesOutWhatIsNotGiven) {
  const auto address = parsed("postgresql:///wh?host=/run/postgresql&connect_timeout=3");
  EXPECT_EQ(address.label(), "postgresql:///wh");
  EXPECT_THAT(*address.uri(variable),
              StartsWith("postgresql:///wh?host=/run/postgresql&connect_timeout=3&app"));
  EXPECT_EQ(parsed("postgresql://h").label(), "postgresql://h");
  EXPECT_EQ(parsed("postgresql://u@[::1]:5432,h2:1/d").label(), "postgresql://u@[::1]:5432,h2:1/d");
}

TEST(PostgresqlAddress, TakesThePasswordFromTheEnvironmentAndEncodesIt) {
  const auto address = parsed("postgresql://loader:${PG_PASSWORD}@h/wh");
  EXPECT_EQ(address.label(), "postgresql://loader@h/wh");
  EXPECT_THAT(*address.uri(variable), StartsWith("postgresql://loader:p%40ss%2Fw%3Frd%20%25@h/wh"));
  const auto missing = parsed("postgresql://u:${NOT_SET}@h/wh").uri(variable);
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message, HasSubstr("NOT_SET"));
}

TEST(PostgresqlAddress, RefusesWhatCouldShowPartOfAPasswordAndRepeatsNothing) {
  for (const char* text :
       {"postgresql://u:SEC/RET@h/d", "postgresql://u:SEC?RET@h/d", "postgresql://u:SEC%RET@h/d",
        "postgresql://SECRET:SECRET", "postgresql://SEC#RET!/d"}) {
    EXPECT_THAT(problem(text), AllOf(StartsWith("--to: "), HasSubstr("postgresql://USER@HOST"),
                                     Not(HasSubstr("SEC")), Not(HasSubstr("RET"))))
        << text;
  }
}

}  // namespace
}  // namespace ringsync
