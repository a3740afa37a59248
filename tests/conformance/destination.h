// The databases that the conformance suite runs against, each real and fresh for a test, and all
// that differs between them for a reader: their quirks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "sink/adbc/adbc_client.h"
#include "sink/adbc/adbc_sink.h"
#include "sink/adbc/dialect.h"

namespace ringsync {

/// The first or last value that a type holds.
struct Edge {
  int64_t value = 0;  // as the source counts
  std::string text;   // as the database writes it
};

/// Differences that users see (docs/destinations.md); everything else is the same.
struct Quirks {
  std::string true_text = "true";
  std::string false_text = "false";
  bool tells_case_apart = false;     // "a" and "A" are two names
  size_t name_bytes_max = 0;         // 0: no limit
  bool widens_under_indexes = true;  // a column becomes wider where its owner has an index on it
  bool widens_under_views = true;    // … or a view
  bool one_integer_type = false;     // integers of all widths, and float and double, are one type
  bool shares_keyspaces = true;      // several keyspaces in one destination
  bool locks_owners_out = false;     // nobody else can open it while a sync runs
  bool has_native_nested = false;
  bool has_nan = true;
  bool has_nul = true;  // texts may hold U+0000
  bool keeps_negative_zero = true;
  Edge first_date;  // in days from 1970-01-01
  Edge last_date;
  Edge first_instant;  // in milliseconds from 1970-01-01T00:00:00Z
  Edge last_instant;
  std::string instant_text = "value";  // what of column `value` tells its every millisecond
  std::string decimal_type;            // of decimals with a size; they stay text where empty
  std::string type_names;              // of table `types` in types_test.cpp, joined by "|"
};

class TestDestination {
 public:
  /// Makes an empty database for one test. Ends the test program where the database is missing.
  static std::unique_ptr<TestDestination> make(DatabaseKind kind);
  virtual ~TestDestination() = default;

  /// What a sink for keyspace "ks" needs but the clock.
  virtual AdbcSinkOptions options() const = 0;
  /// A reader and owner of its own.
  virtual std::unique_ptr<AdbcClient> client() const = 0;
  virtual std::unique_ptr<const Dialect> dialect() const = 0;
  virtual Quirks quirks() const = 0;
  /// Full and quoted.
  std::string table(const std::string& name) const;
  /// The table as CREATE INDEX names it.
  virtual std::string indexed_table(const std::string& name) const { return table(name); }
  virtual std::string column_types_sql(const std::string& table) const = 0;
  /// What the owner of the destination has to do before making the keyspace's tables; may be "".
  virtual std::string make_keyspace_sql() const { return "CREATE SCHEMA ks"; }
};

}  // namespace ringsync
