#include "server/schema.h"

#include <algorithm>
#include <memory>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "front/fivetran_types.h"
#include "front/open_source.h"
#include "server/failure.h"
#include "server/request_configuration.h"
#include "sink/fivetran/fivetran_names.h"

namespace ringsync {
namespace {

namespace wire = fivetran_sdk::v2;

wire::DataType data_type(FivetranKind kind) {
  switch (kind) {
    case FivetranKind::kBoolean: return wire::BOOLEAN;
    case FivetranKind::kInt: return wire::INT;
    case FivetranKind::kLong: return wire::LONG;
    case FivetranKind::kDecimal: return wire::DECIMAL;
    case FivetranKind::kFloat: return wire::FLOAT;
    case FivetranKind::kDouble: return wire::DOUBLE;
    case FivetranKind::kNaiveDate: return wire::NAIVE_DATE;
    case FivetranKind::kUtcDatetime: return wire::UTC_DATETIME;
    case FivetranKind::kBinary: return wire::BINARY;
    case FivetranKind::kString: return wire::STRING;
    case FivetranKind::kJson: return wire::JSON;
  }
  return wire::UNSPECIFIED;
}

void describe_column(const Table& table, size_t index, const FivetranEncoding& encoding,
                     wire::Column& description) {
  const Column& column = table.columns[index];
  const bool is_key = index < table.primary_key_count;
  description.set_name(column.name);
  description.set_primary_key(is_key);
  const TypeKind kind = column.type.kind;
  std::optional<DecimalSize> size;
  if (kind == TypeKind::kDecimal || kind == TypeKind::kVarint) {
    size = encoding.decimal_size(table.name, column.name);
  }
  const auto type = fivetran_type(column.type, encoding.mapping, is_key, size);
  if (!type) return;  // UNSPECIFIED
  description.set_type(data_type(type->kind));
  if (type->kind != FivetranKind::kDecimal) return;
  auto& decimal = *description.mutable_params()->mutable_decimal();
  decimal.set_precision(static_cast<uint32_t>(type->decimal.precision));
  decimal.set_scale(static_cast<uint32_t>(type->decimal.scale));
}

Status list_tables(const wire::SchemaRequest& request, wire::TableList& list) {
  RINGSYNC_ASSIGN(const std::unique_ptr<RequestConfiguration> configuration,
                  RequestConfiguration::read(request.configuration()));
  RINGSYNC_ASSIGN(const std::unique_ptr<Source> source, configuration->open_source());
  RINGSYNC_ASSIGN(const Keyspace keyspace, source->keyspace());
  std::vector<std::string> names;
  for (const Table& table : keyspace.tables) names.push_back(table.name);
  RINGSYNC_ASSIGN(const std::vector<std::string> selected,
                  select_tables(configuration->get(), names));
  const FivetranEncoding encoding = fivetran_encoding(configuration->get());
  TableNames table_names;
  for (const Table& table : keyspace.tables) {
    if (std::ranges::find(selected, table.name) == selected.end()) continue;
    describe_table(table, encoding, *list.add_tables());
    // In a sync the table would fail; here the user is to be able to deselect what is wrong.
    for (const Status& checked : {check_column_names(table), table_names.add(table)}) {
      if (!checked.ok()) log_warning("{}", coded_text(checked.error()));
    }
  }
  return {};
}

}  // namespace

void describe_table(const Table& table, const FivetranEncoding& encoding,
                    wire::Table& description) {
  description.set_name(table.name);
  for (size_t i = 0; i < table.columns.size(); ++i) {
    describe_column(table, i, encoding, *description.add_columns());
  }
}

grpc::Status read_schema(const wire::SchemaRequest& request, wire::SchemaResponse& response) {
  const Status listed = list_tables(request, *response.mutable_without_schema());
  if (!listed.ok()) return failure_status(listed.error());
  response.set_selection_not_supported(false);
  return grpc::Status::OK;
}

}  // namespace ringsync
