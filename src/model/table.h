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

/// A table with its columns in selection order: partition key, clustering key (both in key order),
/// then static and regular columns by name. Pages, encoders and destinations all use this order.
struct Table {
  std::string keyspace;
  std::string name;
  std::string id;  // the table's UUID as text: changes when a table is dropped and made again
  std::vector<Column> columns;
  uint16_t partition_key_count = 0;  // the first so many of `columns`
  uint16_t primary_key_count = 0;    // partition and clustering key together; also a prefix

  /// Index of the column called `column_name`, or -1.
  int find_column(const std::string& column_name) const;
};

struct Keyspace {
  std::string name;
  std::vector<Table> tables;  // by name
};

/// `name` as a CQL or SQL identifier, always quoted: inner double quotes are doubled.
std::string quoted(const std::string& name);

}  // namespace ringsync
