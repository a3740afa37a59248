// Pages of rows, through every encoder: JSON and native Arrow, Fivetran's records. Input: options,
// the number of columns, their types, how many are keys; the rest is the page.
#include <memory>
#include <string>
#include <vector>

#include "arrow_check.h"
#include "cql/page_view.h"
#include "cql/type_option.h"
#include "null_slots.h"
#include "proto/source_connector.pb.h"
#include "sink/arrow/arrow_mapping.h"
#include "sink/arrow/arrow_page_encoder.h"
#include "sink/fivetran/record_encoder.h"
#include "sink/fivetran/record_page.h"

namespace ringsync::fuzz {
namespace {

constexpr size_t kColumnsMax = 8;
/// Values of a page's nulls, at most: more is the price of Arrow's layout, and not looked for here.
constexpr size_t kSlots = size_t{1} << 18;
/// What a byte of a page, or a null, may become: five bytes of a decimal are a thousand digits, and
/// buffers double as they grow.
constexpr size_t kBytesOfEachMax = 512;

struct Case {
  uint8_t options = 0;
  Table table;
  PageView page;
  size_t values_max = 0;  // what a page of these bytes can hold, with all that nulls stand for

  bool has(unsigned bit) const { return (options >> bit & 1) != 0; }
};

/// A decimal for the columns that can be one, by the options.
std::function<std::optional<DecimalSize>(const std::string&, const std::string&)> decimals(
    const Case& input) {
  if (!input.has(3)) return {};
  const int32_t scale = input.has(4) ? 4 : 0;
  return [scale](const std::string&, const std::string&) { return DecimalSize{12, scale}; };
}

OnUnrepresentable policy(const Case& input) {
  return input.has(0) ? OnUnrepresentable::kNull : OnUnrepresentable::kFail;
}

void check_failure(const Error& error, const Case& input, uint32_t failed_row) {
  check(error.code == ErrorCode::kMalformed || error.code == ErrorCode::kUnrepresentable,
        "a page that cannot be encoded is malformed or does not fit");
  check(failed_row < input.page.row_count(), "the row that failed is one of the page's");
  check_text(error.message, "an error is UTF-8");
}

void check_common(const EncodedPage& page, const Case& input) {
  check(page.byte_size() <= kBytesOfEachMax * (input.values_max + 64), "memory is within bounds");
  for (const NulledValues& nulled : page.nulled()) {
    check(input.has(0), "no value becomes NULL unasked");
    check(nulled.column >= input.table.primary_key_count, "no key becomes NULL");
    check(nulled.count <= input.page.row_count(), "no more NULLs than rows");
  }
}

ArrowEncoding arrow_choice(const Case& input) {
  ArrowEncoding encoding;
  encoding.on_unrepresentable = policy(input);
  encoding.nested = input.has(1) ? NestedForm::kNative : NestedForm::kJson;
  encoding.decimal_size = decimals(input);
  encoding.timestamps_as_text = encoding.dates_as_text = input.has(5);
  encoding.times_as_text = encoding.uuids_as_text = input.has(6);
  encoding.limits.text_holds_nul = !input.has(7);
  encoding.limits.floats_hold_nan = !input.has(7);
  return encoding;
}

void encode_arrow(const Case& input) {
  const ArrowEncoding encoding = arrow_choice(input);
  const auto types = arrow_types(input.table, encoding);
  auto encoder = ArrowPageEncoder::make(input.table, encoding);
  check(types.ok() == encoder.ok(), "a table that has types has an encoder");
  if (!encoder.ok()) return;
  uint32_t failed_row = ~0U;
  auto encoded = (*encoder)->encode(input.page, failed_row);
  if (!encoded.ok()) return check_failure(encoded.error(), input, failed_row);
  check_common(**encoded, input);
  const std::shared_ptr<const EncodedPage> shared = std::move(*encoded);
  const auto page = std::dynamic_pointer_cast<const ArrowPage>(shared);
  check(page->row_count() == input.page.row_count(), "every row is encoded");
  std::vector<ArrowField> fields;
  for (size_t i = 0; i < types->size(); ++i) {
    fields.push_back({input.table.columns[i].name, types->at(i)});
  }
  check_page(fields, page);
}

void check_records(const RecordPage& page, const Case& input) {
  check(page.row_count() == input.page.row_count(), "every row is a record");
  const Bytes bytes = page.records(0, page.row_count());
  fivetran_sdk::v2::Records records;
  check(records.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())),
        "records are what Fivetran's contract says");
  check(records.records_size() == static_cast<int>(page.row_count()), "as many records as rows");
  for (const auto& record : records.records()) {
    check(record.table_name() == input.table.name, "a record names its table");
    check(record.data_size() == static_cast<int>(input.table.columns.size()),
          "a record has every column");
    for (size_t i = 0; i < input.table.columns.size(); ++i) {
      const auto value = record.data().find(input.table.columns[i].name);
      check(value != record.data().end(), "a record has its table's columns");
      check(i >= input.table.primary_key_count || !value->second.null(), "a key has a value");
    }
  }
}

void encode_fivetran(const Case& input) {
  FivetranEncoding encoding;
  encoding.mapping = input.has(2) ? TypeMapping::kLossless : TypeMapping::kCompatible;
  encoding.on_unrepresentable = policy(input);
  encoding.decimal_size = decimals(input);
  auto encoder = RecordEncoder::make(input.table, encoding, std::make_shared<BufferPool>());
  if (!encoder.ok()) return;
  // Twice: what the first page leaves in the encoder must not show in the second.
  for (int round = 0; round < 2; ++round) {
    uint32_t failed_row = ~0U;
    const auto encoded = (*encoder)->encode(input.page, failed_row);
    if (!encoded.ok()) {
      check_failure(encoded.error(), input, failed_row);
      continue;
    }
    check_common(**encoded, input);
    check_records(dynamic_cast<const RecordPage&>(**encoded), input);
  }
}

/// False where the input describes no table that could be read.
bool read_table(Input& input, Table& table) {
  table.keyspace = "ks";
  table.name = "t";
  const size_t count = 1 + input.byte() % kColumnsMax;
  for (size_t i = 0; i < count; ++i) {
    auto type = parse_type_option(input.rest());
    if (!type.ok()) return false;
    table.columns.push_back({"column_" + std::to_string(i), *std::move(type)});
  }
  const size_t keys = 1 + input.byte() % count;
  for (size_t i = 0; i < keys; ++i) {
    table.columns[i].kind = i == 0 ? ColumnKind::kPartitionKey : ColumnKind::kClustering;
  }
  table.partition_key_count = 1;
  table.primary_key_count = static_cast<uint16_t>(keys);
  return true;
}

void check_cells(const PageView& page, Bytes rows) {
  for (uint32_t row = 0; row < page.row_count(); ++row) {
    for (uint16_t column = 0; column < page.column_count(); ++column) {
      const CellView cell = page.cell(row, column);
      if (cell.is_null()) continue;
      check(cell.data() >= rows.data() && cell.data() + cell.size() <= rows.data() + rows.size(),
            "a cell lies inside its page");
    }
  }
}

void run(Input input) {
  Case made;
  made.options = input.byte();
  if (!read_table(input, made.table)) return;
  const uint32_t row_count = input.number();
  const Bytes rows = input.rest();
  PageIndex index;
  auto page = index.index(rows, row_count, static_cast<uint16_t>(made.table.columns.size()));
  if (!page.ok()) {
    check(page.error().code == ErrorCode::kMalformed, "what is no page is malformed");
    return;
  }
  check_cells(*page, rows);
  size_t slots = 0;
  for (const Column& column : made.table.columns) slots += null_slots(column.type);
  // A nested cell holds a value in every four bytes at most, and each may be a null.
  made.values_max = (row_count + rows.size()) * slots;
  if (row_count * slots > kSlots) return;
  made.page = *page;
  encode_arrow(made);
  encode_fivetran(made);
  if (page->row_count() == 0) return;
  made.page = index.without_null_rows(*page, 0);
  check_cells(made.page, rows);
  encode_arrow(made);
}

}  // namespace
}  // namespace ringsync::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ringsync::fuzz::run({data, size});
  return 0;
}
