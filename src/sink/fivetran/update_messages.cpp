#include "sink/fivetran/update_messages.h"

#include <memory>
#include <utility>

#include "sink/fivetran/entry_template.h"
#include "sink/fivetran/protobuf_bytes.h"

namespace ringsync {
namespace {

// Field numbers of the contract.
constexpr uint8_t kResponseRecord = 1;
constexpr uint8_t kResponseSchemaChange = 2;
constexpr uint8_t kResponseCheckpoint = 3;
constexpr uint8_t kResponseWarning = 4;
constexpr uint8_t kResponseTask = 5;
constexpr uint8_t kResponseRecords = 6;
constexpr uint8_t kChangeWithoutSchema = 2;
constexpr uint8_t kTableListTables = 1;
constexpr uint8_t kTableName = 1;
constexpr uint8_t kTableColumns = 2;
constexpr uint8_t kColumnName = 1;
constexpr uint8_t kColumnType = 2;
constexpr uint8_t kColumnPrimaryKey = 3;
constexpr uint8_t kColumnParams = 4;
constexpr uint8_t kParamsDecimal = 1;
constexpr uint8_t kDecimalPrecision = 1;
constexpr uint8_t kDecimalScale = 2;
constexpr uint8_t kOnlyField = 1;  // of Checkpoint and Warning
constexpr uint64_t kTruncate = 3;

/// The enum DataType.
uint64_t data_type(FivetranKind kind) {
  switch (kind) {
    case FivetranKind::kBoolean: return 1;
    case FivetranKind::kInt: return 3;
    case FivetranKind::kLong: return 4;
    case FivetranKind::kDecimal: return 5;
    case FivetranKind::kFloat: return 6;
    case FivetranKind::kDouble: return 7;
    case FivetranKind::kNaiveDate: return 8;
    case FivetranKind::kUtcDatetime: return 10;
    case FivetranKind::kBinary: return 11;
    case FivetranKind::kString: return 13;
    case FivetranKind::kJson: return 14;
  }
  return 0;
}

std::string decimal_params(DecimalSize size) {
  std::string decimal;
  add_number_field(decimal, kDecimalPrecision, static_cast<uint64_t>(size.precision));
  add_number_field(decimal, kDecimalScale, static_cast<uint64_t>(size.scale));
  std::string params;
  add_bytes_field(params, kParamsDecimal, decimal);
  return params;
}

std::string column_bytes(const FivetranColumn& column) {
  std::string bytes;
  add_bytes_field(bytes, kColumnName, column.column.name);
  add_number_field(bytes, kColumnType, data_type(column.type.kind));
  if (column.is_key) add_number_field(bytes, kColumnPrimaryKey, 1);
  if (column.type.kind == FivetranKind::kDecimal) {
    add_bytes_field(bytes, kColumnParams, decimal_params(column.type.decimal));
  }
  return bytes;
}

/// A message whose `field` holds `content`.
std::string around(uint8_t field, std::string_view content) {
  std::string bytes;
  bytes.reserve(content.size() + 1 + kVarintBytesMost);
  add_bytes_field(bytes, field, content);
  return bytes;
}

}  // namespace

std::string records_head(size_t size) {
  std::string head;
  add_bytes_header(head, kResponseRecords, size);
  return head;
}

WireMessage schema_change_message(const Table& table, const std::vector<FivetranColumn>& columns) {
  std::string bytes;
  add_bytes_field(bytes, kTableName, table.name);
  for (const FivetranColumn& column : columns) {
    add_bytes_field(bytes, kTableColumns, column_bytes(column));
  }
  return {
      around(kResponseSchemaChange, around(kChangeWithoutSchema, around(kTableListTables, bytes)))};
}

WireMessage truncate_message(const std::string& table) {
  std::string record;
  add_bytes_field(record, kRecordTableName, table);
  add_number_field(record, kRecordType, kTruncate);
  return {around(kResponseRecord, record)};
}

// The state of hundreds of tables is large and comes often: it is pointed to, not copied.
WireMessage checkpoint_message(std::string state_json) {
  const auto state = std::make_shared<const std::string>(std::move(state_json));
  std::string checkpoint_head;
  add_bytes_header(checkpoint_head, kOnlyField, state->size());
  WireMessage message;
  add_bytes_header(message.head, kResponseCheckpoint, checkpoint_head.size() + state->size());
  message.head += checkpoint_head;
  message.parts.push_back({as_bytes(*state), state});
  return message;
}

WireMessage warning_message(std::string_view text) {
  return {around(kResponseWarning, around(kOnlyField, text))};
}

WireMessage task_message(std::string_view text) {
  return {around(kResponseTask, around(kOnlyField, text))};
}

}  // namespace ringsync
