// Keyspace, Table and Column: the source's schema as plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/cql_type.h"

namespace ringsync {

enum class ColumnKind : uint8_t { kPartitionKey, kClustering, kStatic, kRegular };

struct Column {
  std::string name;  // exactly as the server holds it, unquoted
  CqlType type;
  ColumnKind kind = ColumnKind::kRegular;

  bool operator==(const Column&) const = default;
};

/// What an index can do for a read. Only `kSai` is used (docs/decisions: reads by index).
enum class IndexKind : uint8_t {
  kSai,    // Cassandra's storage-attached index: serves ranges
  kSasi,   // Cassandra's SASI index: experimental, disabled by default since Cassandra 4.0
  kOther,  // serves equality only, or is not known
};

struct Index {
  std::string name;
  std::string column;  // empty where it is not of a column's own values (keys of a map, …)
  IndexKind kind = IndexKind::kOther;

  bool operator==(const Index&) const = default;
};

/// A table or materialised view with its columns in selection order: partition key, clustering key
/// (both in key order), then static and regular columns by name. Pages, encoders and destinations
/// all use this order.
struct Table {
  std::string keyspace;
  std::string name;
  std::string id;  // the table's UUID as text: changes when a table is dropped and made again
  std::vector<Column> columns;
  uint16_t partition_key_count = 0;  // the first so many of `columns`
  uint16_t primary_key_count = 0;    // partition and clustering key together; also a prefix
  std::vector<Index> indexes = {};   // by name
  bool is_view = false;              // a materialised view

  /// Index of the column called `column_name`, or -1.
  int find_column(const std::string& column_name) const;
};

struct Keyspace {
  std::string name;
  std::vector<Table> tables;  // by name
  bool offers_sai = false;    // the server can make storage-attached indexes
};

/// `name` as a CQL or SQL identifier, always quoted: inner double quotes are doubled.
std::string quoted(const std::string& name);

/// `name` with ASCII letters in lower case: what DuckDB and SQLite take for the same name is the
/// same so, and what a struct's fields are compared by.
std::string ascii_folded(std::string name);

}  // namespace ringsync
