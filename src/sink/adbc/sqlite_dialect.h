// SQLite's dialect: one keyspace a file, primary keys, merge by INSERT … ON CONFLICT. Timestamps,
// dates, times and UUIDs are text. Thread rule: immutable.
#pragma once

#include <memory>

#include "sink/adbc/dialect.h"

namespace ringsync {

std::unique_ptr<const Dialect> make_sqlite_dialect();

}  // namespace ringsync
