// RPC Schema: the tables of the keyspace with their columns, types and primary keys.
// Thread rule: may be called from any thread; blocks while it connects and reads.
#pragma once

#include <grpcpp/support/status.h>

#include <string>
#include <vector>

#include "model/table.h"
#include "proto/source_connector.pb.h"
#include "sink/fivetran/fivetran_columns.h"

namespace ringsync {

/// Lists what can be selected: every table that the configuration leaves, without a schema.
grpc::Status read_schema(const fivetran_sdk::v2::SchemaRequest& request,
                         fivetran_sdk::v2::SchemaResponse& response);

/// A table as Fivetran wants it described. A column of a type that Ringsync does not know has the
/// type UNSPECIFIED, so that it can be deselected.
void describe_table(const Table& table, const FivetranEncoding& encoding,
                    fivetran_sdk::v2::Table& description);

}  // namespace ringsync
