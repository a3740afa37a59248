// What system_schema.indexes says of an index, made a plain value. Before the data path: once a
// table. Thread rule: a pure function.
#pragma once

#include <string>

#include "model/table.h"

namespace ringsync {

/// `class_name` and `target` are the index's options of these names. An index without a class is an
/// ordinary secondary index. The class may be an alias, in any case, or a Java class name; the
/// target a column as CQL writes it, or a part of one ("keys(m)"), or, for a local index of
/// ScyllaDB, JSON.
Index make_index(std::string name, std::string class_name, const std::string& target);

}  // namespace ringsync
