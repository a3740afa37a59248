// DuckDB's dialect: schemas, no primary keys, merge by DELETE and INSERT.
// Thread rule: immutable.
#pragma once

#include <memory>
#include <string>

#include "sink/adbc/dialect.h"

namespace ringsync {

/// `catalog`: the database's name in DuckDB, since "x"."y" alone is ambiguous in a file x.db.
std::unique_ptr<const Dialect> make_duckdb_dialect(std::string catalog);

}  // namespace ringsync
