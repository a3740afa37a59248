// Cells of one type, alone: their JSON, their text and their Arrow form. Input: options, the type,
// the first cell's size and bytes; the rest is the second cell.
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "arrow_check.h"
#include "cql/decimal_value.h"
#include "cql/json_text.h"
#include "cql/number_text.h"
#include "cql/scalar_text.h"
#include "cql/type_option.h"
#include "null_slots.h"
#include "sink/arrow/arrow_mapping.h"
#include "sink/arrow/nested_builder.h"

namespace ringsync::fuzz {
namespace {

/// Values of a null cell, at most: more is the price of Arrow's layout, and not looked for here.
constexpr size_t kSlots = size_t{1} << 20;

CellView cell_of(Bytes bytes) { return {bytes.data(), static_cast<int32_t>(bytes.size())}; }

struct Written {
  Decoded outcome = Decoded::kNull;
  std::string text;
};

Written json_of(const JsonWriter& writer, CellView cell) {
  Written json;
  json.outcome = writer.append(cell, json.text);
  if (json.outcome != Decoded::kValue) return json;
  check_text(json.text, "JSON is UTF-8");
  check(nlohmann::json::accept(json.text), "JSON is JSON");
  return json;
}

/// An escaped backslash before it makes u0000 a text.
bool escapes_nul(std::string_view json) {
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] != '\\') continue;
    if (json.substr(i, 6) == "\\u0000") return true;
    ++i;
  }
  return false;
}

void check_json(const CqlType& type, JsonRules rules, CellView first, CellView second) {
  const JsonWriter writer(type, rules);
  const Written a = json_of(writer, first);
  const Written b = json_of(writer, second);
  if (!rules.holds_nul) {
    check(a.outcome != Decoded::kValue || !escapes_nul(a.text), "no U+0000 where it may not be");
  }
  // A clustering key that lacks its last fields is the one whose last fields are null.
  if (!rules.is_key || !rules.leaves_out_missing) return;
  if (a.outcome != Decoded::kValue || b.outcome != Decoded::kValue) return;
  const bool is_same = std::ranges::equal(first.bytes(), second.bytes());
  check(is_same == (a.text == b.text), "keys that differ have texts that differ");
}

template <typename T>
void check_reads_back(std::string_view text, T value) {
  T read{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
  check(error == std::errc() && end == text.data() + text.size(), "a number can be read");
  check(read == value || (std::isnan(read) && std::isnan(value)), "a number reads as it was");
}

void check_fixed_point(TypeKind kind, CellView cell) {
  for (const DecimalSize size : {DecimalSize{38, 0}, DecimalSize{38, 38}, DecimalSize{12, 4}}) {
    if (kind == TypeKind::kVarint && size.scale != 0) continue;
    Int128 value = 0;
    const FixedPointDecoder decode{kind, true, size};
    if (decode(cell, value) != Decoded::kValue) continue;
    std::string text;
    append_decimal128(value, size.scale, text);
    std::string exact;
    check((kind == TypeKind::kVarint ? append_varint(cell, exact) : append_decimal(cell, exact)) ==
              Decoded::kValue,
          "what has a fixed point has a text");
    double a = 0;
    double b = 0;
    std::from_chars(text.data(), text.data() + text.size(), a);
    std::from_chars(exact.data(), exact.data() + exact.size(), b);
    check(a == b, "a fixed-point number has the value of the exact one");
  }
}

void check_scalar(TypeKind kind, CellView cell) {
  std::string text = "before";
  const Decoded outcome = append_scalar(kind, cell, text);
  check(text.starts_with("before"), "what stood there stays");
  if (outcome != Decoded::kValue) return;
  text.erase(0, 6);
  if (kind == TypeKind::kText || kind == TypeKind::kAscii) return;  // unchecked, as it says
  check_text(text, "a scalar's text is UTF-8");
  check(!text.empty(), "a scalar has a text");
  float single = 0;
  double number = 0;
  int64_t whole = 0;
  if (kind == TypeKind::kFloat && decode_float(cell, single) == Decoded::kValue) {
    check_reads_back(text, single);
  }
  if (kind == TypeKind::kDouble && decode_double(cell, number) == Decoded::kValue) {
    check_reads_back(text, number);
  }
  if (kind == TypeKind::kBigint && decode_bigint(cell, whole) == Decoded::kValue) {
    check_reads_back(text, whole);
  }
  if (kind == TypeKind::kDecimal || kind == TypeKind::kVarint) check_fixed_point(kind, cell);
}

void check_native(const CqlType& type, const ValueLimits& limits, CellView first, CellView second) {
  ArrowEncoding encoding;
  encoding.nested = NestedForm::kNative;
  const auto types =
      arrow_types({"ks", "t", "", {{"value", type, ColumnKind::kRegular}}, 0, 0}, encoding);
  if (!types.ok() || types->at(0).kind == ArrowKind::kJson) return;
  NestedBuilder builder(type, types->at(0), limits);
  const JsonWriter writer(type, {false, false, limits.text_holds_nul});
  for (const CellView cell : {first, CellView(), second}) {
    const size_t before = builder.length();
    const Decoded outcome = builder.append(cell);
    std::string text;
    const Decoded as_json = writer.append(cell, text);
    // Where a value is beyond a limit of one of them, the cell's rest is not looked at.
    check(outcome == as_json || outcome == Decoded::kUnrepresentable ||
              as_json == Decoded::kUnrepresentable,
          "a cell is malformed, null or a value in both forms");
    if (outcome == Decoded::kValue) {
      check(builder.length() == before + 1, "a value is one value");
    } else {
      builder.truncate(before);
      builder.append_nulls(1);
    }
  }
  std::vector<ArrowColumn> columns;
  columns.push_back(std::move(builder).finish());
  check_page({{"value", types->at(0)}}, std::make_shared<const ArrowPage>(3, std::move(columns)));
}

void run(Input input) {
  const uint8_t options = input.byte();
  const auto type = parse_type_option(input.rest());
  if (!type.ok() || has_custom_type(*type) || null_slots(*type) > kSlots) return;
  const CellView first = cell_of(input.bytes(input.number()));
  const CellView second = cell_of(input.rest());
  check_json(*type, {(options & 1) != 0, (options & 2) != 0, (options & 4) != 0}, first, second);
  if (is_scalar(type->kind)) {
    check_scalar(type->kind, first);
    return;
  }
  ValueLimits limits;
  limits.text_holds_nul = (options & 4) != 0;
  limits.floats_hold_nan = (options & 8) != 0;
  check_native(*type, limits, first, second);
}

}  // namespace
}  // namespace ringsync::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ringsync::fuzz::run({data, size});
  return 0;
}
