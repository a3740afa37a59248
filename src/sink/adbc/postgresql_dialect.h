// PostgreSQL's dialect: a schema a keyspace, primary keys, merge by INSERT … ON CONFLICT.
// Thread rule: immutable.
#pragma once

#include <memory>

#include "sink/adbc/dialect.h"

namespace ringsync {

std::unique_ptr<const Dialect> make_postgresql_dialect();

}  // namespace ringsync
