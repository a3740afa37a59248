#include "sink/arrow/arrow_export.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <deque>

#include "nanoarrow/nanoarrow.h"

namespace ringsync {
namespace {

/// An array of the batch at any depth.
struct Node {
  ArrowArray array{};
  std::array<const void*, 3> buffers{};
  std::vector<uint8_t> validity;  // of a sliced struct
  std::vector<ArrowArray*> children;
};

/// What a record batch points at. Shared by all arrays of the batch, since a consumer may move a
/// child out of its parent and release it later ("Moving child arrays" of the C data interface).
struct Batch {
  std::shared_ptr<const ArrowPage> page;
  std::shared_ptr<const std::vector<ArrowColumn>> added;
  std::deque<Node> nodes;  // which stay where they are
  std::vector<ArrowArray*> columns;
  const void* no_validity = nullptr;
};

using Holder = std::shared_ptr<Batch>;

void release_array(ArrowArray* array) {
  const std::unique_ptr<Holder> holder(static_cast<Holder*>(array->private_data));
  for (int64_t i = 0; i < array->n_children; ++i) {
    ArrowArray* const child = array->children[i];
    if (child->release != nullptr) child->release(child);  // else it was moved away
  }
  array->release = nullptr;
}

/// Bits [first, first + count) of a bitmap, from the first bit on.
std::vector<uint8_t> shifted_bits(const uint8_t* bits, size_t first, size_t count) {
  std::vector<uint8_t> out((count + 7) / 8 + 8);  // padded as a ColumnBuffer is
  for (size_t i = 0; i < count; ++i) {
    const size_t from = first + i;
    if (((bits[from / 8] >> (from % 8)) & 1U) == 0) continue;
    out[i / 8] = static_cast<uint8_t>(out[i / 8] | (1U << (i % 8)));
  }
  return out;
}

ArrowArray* add_node(const Holder& batch, const ArrowColumn& column, int64_t offset,
                     int64_t length);

/// A struct begins at 0 and its children at the slice: the format adds up the offsets of parents,
/// but DuckDB forgets all but the innermost of structs in structs.
void add_fields(const Holder& batch, const ArrowColumn& column, int64_t offset, Node& node) {
  node.array.offset = 0;
  if (column.null_count > 0 && offset > 0) {
    node.validity = shifted_bits(column.validity.data(), static_cast<size_t>(offset),
                                 static_cast<size_t>(node.array.length));
    node.buffers[0] = node.validity.data();
  }
  for (const ArrowColumn& child : column.children) {
    node.children.push_back(add_node(batch, child, offset, node.array.length));
  }
}

ArrowArray* add_node(const Holder& batch, const ArrowColumn& column, int64_t offset,
                     int64_t length) {
  Node& node = batch->nodes.emplace_back();
  node.buffers = {column.null_count > 0 ? column.validity.data() : nullptr, column.values.data(),
                  column.data.data()};
  node.array.length = length;
  node.array.null_count = column.null_count == 0 ? 0 : -1;
  node.array.offset = offset;
  node.array.n_buffers = 1 + (column.has_values ? 1 : 0) + (column.has_offsets ? 1 : 0);
  node.array.buffers = node.buffers.data();
  node.array.release = release_array;
  node.array.private_data = new Holder(batch);
  if (column.is_struct) {
    add_fields(batch, column, offset, node);
  } else {
    // What is inside a list is found through the list's own rows.
    for (const ArrowColumn& child : column.children) {
      node.children.push_back(add_node(batch, child, 0, child.length));
    }
  }
  node.array.n_children = static_cast<int64_t>(node.children.size());
  node.array.children = node.children.data();
  return &node.array;
}

/// Marks `schema` as of a canonical extension type ("Canonical extension types" of the Arrow
/// format).
int set_extension(ArrowSchema* schema, const char* name) {
  ArrowBuffer metadata;
  NANOARROW_RETURN_NOT_OK(ArrowMetadataBuilderInit(&metadata, nullptr));
  int status = ArrowMetadataBuilderAppend(&metadata, ArrowCharView("ARROW:extension:name"),
                                          ArrowCharView(name));
  if (status == NANOARROW_OK) {
    status = ArrowMetadataBuilderAppend(&metadata, ArrowCharView("ARROW:extension:metadata"),
                                        ArrowCharView(""));
  }
  if (status == NANOARROW_OK) {
    status = ArrowSchemaSetMetadata(schema, reinterpret_cast<const char*>(metadata.data));
  }
  ArrowBufferReset(&metadata);
  return status;
}

int set_type(ArrowSchema* schema, const ArrowType& type);

int set_children(ArrowSchema* schema, const std::vector<ArrowField>& fields) {
  for (size_t i = 0; i < fields.size(); ++i) {
    NANOARROW_RETURN_NOT_OK(set_type(schema->children[i], fields[i].type));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(schema->children[i], fields[i].name.c_str()));
  }
  return NANOARROW_OK;
}

int set_nested_type(ArrowSchema* schema, const ArrowType& type) {
  switch (type.kind) {
    case ArrowKind::kStruct:
      NANOARROW_RETURN_NOT_OK(
          ArrowSchemaSetTypeStruct(schema, static_cast<int64_t>(type.children.size())));
      return set_children(schema, type.children);
    case ArrowKind::kMap: {
      NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(schema, NANOARROW_TYPE_MAP));
      ArrowSchema* const entries = schema->children[0];
      NANOARROW_RETURN_NOT_OK(set_children(entries, type.children));
      entries->children[0]->flags &= ~ARROW_FLAG_NULLABLE;  // keys
      return NANOARROW_OK;
    }
    case ArrowKind::kFixedSizeList:
      NANOARROW_RETURN_NOT_OK(
          ArrowSchemaSetTypeFixedSize(schema, NANOARROW_TYPE_FIXED_SIZE_LIST, type.list_size));
      return set_children(schema, type.children);
    default:
      NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(schema, NANOARROW_TYPE_LIST));
      return set_children(schema, type.children);
  }
}

int set_type(ArrowSchema* schema, const ArrowType& type) {
  switch (type.kind) {
    case ArrowKind::kInt8: return ArrowSchemaSetType(schema, NANOARROW_TYPE_INT8);
    case ArrowKind::kInt16: return ArrowSchemaSetType(schema, NANOARROW_TYPE_INT16);
    case ArrowKind::kInt32: return ArrowSchemaSetType(schema, NANOARROW_TYPE_INT32);
    case ArrowKind::kInt64: return ArrowSchemaSetType(schema, NANOARROW_TYPE_INT64);
    case ArrowKind::kFloat: return ArrowSchemaSetType(schema, NANOARROW_TYPE_FLOAT);
    case ArrowKind::kDouble: return ArrowSchemaSetType(schema, NANOARROW_TYPE_DOUBLE);
    case ArrowKind::kBoolean: return ArrowSchemaSetType(schema, NANOARROW_TYPE_BOOL);
    case ArrowKind::kDate: return ArrowSchemaSetType(schema, NANOARROW_TYPE_DATE32);
    case ArrowKind::kText: return ArrowSchemaSetType(schema, NANOARROW_TYPE_STRING);
    case ArrowKind::kBinary: return ArrowSchemaSetType(schema, NANOARROW_TYPE_BINARY);
    case ArrowKind::kTimestamp:
      return ArrowSchemaSetTypeDateTime(schema, NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_MICRO,
                                        "UTC");
    case ArrowKind::kTime:
      return ArrowSchemaSetTypeDateTime(schema, NANOARROW_TYPE_TIME64, NANOARROW_TIME_UNIT_NANO,
                                        nullptr);
    case ArrowKind::kUuid:
      NANOARROW_RETURN_NOT_OK(
          ArrowSchemaSetTypeFixedSize(schema, NANOARROW_TYPE_FIXED_SIZE_BINARY, 16));
      return set_extension(schema, "arrow.uuid");
    case ArrowKind::kDecimal128:
      return ArrowSchemaSetTypeDecimal(schema, NANOARROW_TYPE_DECIMAL128, type.precision,
                                       type.scale);
    case ArrowKind::kJson:
      NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(schema, NANOARROW_TYPE_STRING));
      return set_extension(schema, "arrow.json");
    case ArrowKind::kList:
    case ArrowKind::kStruct:
    case ArrowKind::kMap:
    case ArrowKind::kFixedSizeList: break;
  }
  return set_nested_type(schema, type);
}

int fill_schema(const std::vector<ArrowField>& fields, ArrowSchema* out) {
  ArrowSchemaInit(out);
  NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(out, static_cast<int64_t>(fields.size())));
  return set_children(out, fields);
}

/// The batch as `out`, a struct of its columns.
void export_batch(const Holder& batch, uint32_t row_count, ArrowArray* out) {
  *out = ArrowArray{};
  out->length = row_count;
  out->n_buffers = 1;
  out->buffers = &batch->no_validity;
  out->n_children = static_cast<int64_t>(batch->columns.size());
  out->children = batch->columns.data();
  out->release = release_array;
  out->private_data = new Holder(batch);
}

}  // namespace

Status export_schema(const std::vector<ArrowField>& fields, ArrowSchema* out) {
  const int status = fill_schema(fields, out);
  if (status == NANOARROW_OK) return {};
  if (out->release != nullptr) out->release(out);
  return Error{ErrorCode::kInternal,
               fmt::format("an Arrow schema could not be made: {}", std::strerror(status))};
}

void export_slice(std::shared_ptr<const ArrowPage> page, uint32_t first_row, uint32_t row_count,
                  std::shared_ptr<const std::vector<ArrowColumn>> added, ArrowArray* out) {
  const auto batch = std::make_shared<Batch>();
  for (const ArrowColumn& column : page->columns()) {
    batch->columns.push_back(add_node(batch, column, first_row, row_count));
  }
  for (const ArrowColumn& column : *added) {
    batch->columns.push_back(add_node(batch, column, 0, row_count));
  }
  batch->page = std::move(page);
  batch->added = std::move(added);
  export_batch(batch, row_count, out);
}

void export_columns(std::shared_ptr<const ArrowPage> page, const std::vector<uint16_t>& columns,
                    uint32_t first_row, uint32_t row_count, ArrowArray* out) {
  const auto batch = std::make_shared<Batch>();
  for (const uint16_t column : columns) {
    batch->columns.push_back(add_node(batch, page->columns()[column], first_row, row_count));
  }
  batch->page = std::move(page);
  export_batch(batch, row_count, out);
}

}  // namespace ringsync
