// Types of columns as the protocol writes them: whatever the bytes, an error or a type, and a type
// that is written again reads as the same. What becomes of a type in each destination too.
#include <vector>

#include "cql/type_option.h"
#include "fuzz.h"
#include "sink/arrow/arrow_mapping.h"
#include "sink/fivetran/fivetran_columns.h"

namespace ringsync::fuzz {
namespace {

void check_mappings(const CqlType& type) {
  Table table{"ks", "t", "", {{"value", type, ColumnKind::kRegular}}, 0, 0};
  for (const NestedForm form : {NestedForm::kJson, NestedForm::kNative}) {
    ArrowEncoding encoding;
    encoding.nested = form;
    const auto types = arrow_types(table, encoding);
    check(types.ok() || types.error().code == ErrorCode::kUnsupportedType ||
              types.error().code == ErrorCode::kNameCollision,
          "a type becomes one of the destination's, or is refused with a reason");
    check(types.ok() || has_custom_type(type) || form == NestedForm::kNative,
          "as JSON every type that is known can be kept");
  }
  const auto columns = fivetran_columns(table, {});
  check(columns.ok() != has_custom_type(type), "Fivetran takes every type that is known");
}

void run(Bytes bytes) {
  Bytes rest = bytes;
  const auto type = parse_type_option(rest);
  if (!type.ok()) {
    check(type.error().code == ErrorCode::kMalformed, "what is no type is malformed");
    check_text(type.error().message, "an error is UTF-8");
    return;
  }
  check(rest.size() < bytes.size(), "a type takes bytes");
  std::vector<uint8_t> written;
  append_type_option(*type, "ks", written);
  Bytes again(written);
  const auto same = parse_type_option(again);
  check(same.ok() && again.empty(), "a type that is written can be read");
  check(*same == *type, "a type reads as what was written");
  check(
      !to_string(*type).empty() || type->kind == TypeKind::kCustom || type->kind == TypeKind::kUdt,
      "a type has a name");
  check_mappings(*type);
}

}  // namespace
}  // namespace ringsync::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ringsync::fuzz::run({data, size});
  return 0;
}
