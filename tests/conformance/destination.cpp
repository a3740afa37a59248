#include "destination.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "model/table.h"
#include "sink/adbc/duckdb_dialect.h"
#include "sink/adbc/open_database.h"
#include "sink/adbc/postgresql_dialect.h"
#include "sink/adbc/sqlite_dialect.h"

namespace ringsync {
namespace {

std::string unique_name() {
  static std::atomic<int> number = 0;
  return fmt::format("ringsync_{}_{}", getpid(), number++);
}

std::unique_ptr<AdbcClient> must_open(const AdbcOpenOptions& options) {
  auto client = AdbcClient::open(options);
  if (client) return std::move(client).value();
  std::cerr << "a test database cannot be opened: " << client.error().message << "\n";
  std::exit(1);
}

void must_run(AdbcClient& client, const std::string& sql) {
  const Status done = client.exec(sql);
  if (done) return;
  std::cerr << sql << ": " << done.error().message << "\n";
  std::exit(1);
}

std::string driver(DatabaseKind kind) {
  return fmt::format("{}/{}", RINGSYNC_DRIVERS, driver_file(kind));
}

class FileDestination : public TestDestination {
 public:
  explicit FileDestination(DatabaseKind kind)
      : kind_(kind), folder_(std::filesystem::temp_directory_path() / unique_name()) {
    std::filesystem::create_directories(folder_);
  }
  ~FileDestination() override { std::filesystem::remove_all(folder_); }

  AdbcSinkOptions options() const override {
    AdbcSinkOptions options;
    options.kind = kind_;
    options.location = file();
    options.label = file();
    options.driver_path = driver(kind_);
    options.keyspace = "ks";
    return options;
  }

 protected:
  std::string file() const { return (folder_ / "ks.db").string(); }

 private:
  DatabaseKind kind_;
  std::filesystem::path folder_;
};

class DuckDbDestination final : public FileDestination {
 public:
  DuckDbDestination() : FileDestination(DatabaseKind::kDuckDb) {}

  std::unique_ptr<AdbcClient> client() const override {
    AdbcOpenOptions open;
    open.driver_path = driver(DatabaseKind::kDuckDb);
    open.entrypoint = "duckdb_adbc_init";
    open.database_options = {{"path", file()}};
    open.explain = explain_duckdb;
    auto client = must_open(open);
    must_run(*client, "SET TimeZone = 'UTC'");
    return client;
  }
  std::unique_ptr<const Dialect> dialect() const override { return make_duckdb_dialect("ks"); }
  Quirks quirks() const override {
    Quirks quirks;
    quirks.has_native_nested = true;
    quirks.widens_under_indexes = false;
    quirks.locks_owners_out = true;
    quirks.keeps_negative_zero = false;
    quirks.first_date = {-2'147'483'646, "5877642-06-25 (BC)"};
    quirks.last_date = {2'147'483'646, "5881580-07-10"};
    quirks.first_instant = {-9'223'372'022'400'000, "-9223372022400000000"};
    quirks.last_instant = {9'223'372'036'854'775, "9223372036854775000"};
    quirks.instant_text = "epoch_us(value)";  // its text is rounded so far from 1970
    quirks.decimal_type = "DECIMAL";
    quirks.type_names =
        "INTEGER|TINYINT|SMALLINT|INTEGER|BIGINT|BIGINT|FLOAT|DOUBLE|BOOLEAN|TIMESTAMP WITH TIME "
        "ZONE|DATE|TIME_NS|UUID|UUID|VARCHAR|VARCHAR|VARCHAR|VARCHAR|VARCHAR|VARCHAR|BLOB|"
        "TIMESTAMP WITH TIME ZONE|BOOLEAN";
    return quirks;
  }
  std::string column_types_sql(const std::string& table) const override {
    return fmt::format(
        "SELECT data_type FROM duckdb_columns() WHERE schema_name = 'ks' AND table_name = '{}' "
        "ORDER BY column_index",
        table);
  }
};

class SqliteDestination final : public FileDestination {
 public:
  SqliteDestination() : FileDestination(DatabaseKind::kSqlite) {}

  std::unique_ptr<AdbcClient> client() const override {
    AdbcOpenOptions open;
    open.driver_path = driver(DatabaseKind::kSqlite);
    open.database_options = {{"uri", file()}};
    open.explain = explain_sqlite;
    return must_open(open);
  }
  std::unique_ptr<const Dialect> dialect() const override { return make_sqlite_dialect(); }
  Quirks quirks() const override {
    Quirks quirks;
    quirks.true_text = "1";
    quirks.false_text = "0";
    quirks.one_integer_type = true;
    quirks.shares_keyspaces = false;
    quirks.has_nan = false;
    quirks.keeps_negative_zero = false;
    quirks.first_date = {-719'528, "0000-01-01"};
    quirks.last_date = {2'932'896, "9999-12-31"};
    quirks.first_instant = {-62'167'219'200'000, "0000-01-01T00:00:00.000Z"};
    quirks.last_instant = {253'402'300'799'999, "9999-12-31T23:59:59.999Z"};
    quirks.type_names =
        "INTEGER|INTEGER|INTEGER|INTEGER|INTEGER|INTEGER|REAL|REAL|BOOLEAN|TEXT|TEXT|TEXT|TEXT|"
        "TEXT|"
        "TEXT|TEXT|TEXT|TEXT|TEXT|TEXT|BLOB|TEXT|BOOLEAN";
    return quirks;
  }
  std::string column_types_sql(const std::string& table) const override {
    return fmt::format("SELECT type FROM pragma_table_info('{}') ORDER BY cid", table);
  }
  std::string indexed_table(const std::string& name) const override { return quoted(name); }
  std::string make_keyspace_sql() const override { return ""; }
};

/// A database of its own on the server that the test run has started.
class PostgresqlDestination final : public TestDestination {
 public:
  PostgresqlDestination() : name_(unique_name()) {
    std::ifstream file(RINGSYNC_TEST_POSTGRESQL);
    server_ = nlohmann::json::parse(file, nullptr, false);
    if (server_.is_discarded()) {
      std::cerr << "no PostgreSQL server is running for the tests: run them with ctest, or first "
                << "tools/postgresql/postgresql.py start --dir "
                << std::filesystem::path(RINGSYNC_TEST_POSTGRESQL).parent_path() << "\n";
      std::exit(1);
    }
    must_run(*open("postgres"), "CREATE DATABASE " + name_);
  }
  ~PostgresqlDestination() override {
    must_run(*open("postgres"), "DROP DATABASE " + name_ + " WITH (FORCE)");
  }

  AdbcSinkOptions options() const override {
    AdbcSinkOptions options;
    options.kind = DatabaseKind::kPostgresql;
    options.location = uri(name_);
    options.label = "postgresql://postgres@127.0.0.1/" + name_;
    options.driver_path = driver(options.kind);
    options.keyspace = "ks";
    return options;
  }
  std::unique_ptr<AdbcClient> client() const override {
    auto client = open(name_);
    must_run(*client, "SET TIME ZONE 'UTC'");
    return client;
  }
  std::unique_ptr<const Dialect> dialect() const override { return make_postgresql_dialect(); }
  Quirks quirks() const override {
    Quirks quirks;
    quirks.tells_case_apart = true;
    quirks.widens_under_views = false;
    quirks.name_bytes_max = 63;
    quirks.has_nul = false;
    quirks.first_date = {-2'440'588, "4714-11-24 BC"};
    quirks.last_date = {2'145'042'905, "5874897-12-31"};
    quirks.first_instant = {-210'866'803'200'000, "4714-11-24 00:00:00+00 BC"};
    quirks.last_instant = {9'223'372'036'854'775, "294247-01-10 04:00:54.775+00"};
    quirks.decimal_type = "numeric";
    quirks.type_names =
        "integer|smallint|smallint|integer|bigint|bigint|real|double precision|boolean|timestamp "
        "with time zone|date|text|uuid|uuid|text|text|text|text|text|text|bytea|timestamp "
        "with time zone|boolean";
    return quirks;
  }
  std::string column_types_sql(const std::string& table) const override {
    return fmt::format(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = "
        "'ks.\"{}\"'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        table);
  }

 private:
  std::string uri(const std::string& database) const {
    return fmt::format("postgresql://{}:{}@{}:{}/{}", server_["username"].get<std::string>(),
                       server_["password"].get<std::string>(), server_["host"].get<std::string>(),
                       server_["port"].get<int>(), database);
  }
  std::unique_ptr<AdbcClient> open(const std::string& database) const {
    AdbcOpenOptions open;
    open.driver_path = driver(DatabaseKind::kPostgresql);
    open.database_options = {{"uri", uri(database)}};
    open.explain = explain_postgresql;
    return must_open(open);
  }

  std::string name_;
  nlohmann::json server_;
};

}  // namespace

std::unique_ptr<TestDestination> TestDestination::make(DatabaseKind kind) {
  switch (kind) {
    case DatabaseKind::kDuckDb: return std::make_unique<DuckDbDestination>();
    case DatabaseKind::kSqlite: return std::make_unique<SqliteDestination>();
    case DatabaseKind::kPostgresql: return std::make_unique<PostgresqlDestination>();
  }
  std::exit(1);
}

std::string TestDestination::table(const std::string& name) const {
  return dialect()->table_name({"ks", name, {}});
}

}  // namespace ringsync
