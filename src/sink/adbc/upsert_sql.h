// INSERT … ON CONFLICT, as SQLite and PostgreSQL spell it alike. Thread rule: pure functions.
#pragma once

#include <string>

#include "sink/adbc/sql.h"

namespace ringsync {

/// The table's primary key as a constraint of CREATE TABLE, or as a conflict's target: ("a", "b").
std::string key_list(const TargetLayout& layout);

/// Moves the staged rows, of distinct keys, into the table; a row of the same key is changed in
/// place.
std::string upsert_sql(const TargetLayout& layout, const std::string& table,
                       const std::string& stage);

}  // namespace ringsync
