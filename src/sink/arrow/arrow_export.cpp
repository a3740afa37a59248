#include "sink/arrow/arrow_export.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "nanoarrow/nanoarrow.h"

namespace ringsync {
namespace {

/// What a record batch points at. Children are released with their parent only: consumers that
/// move a child out of its batch would need them one by one, and ours do not.
struct Batch {
  std::shared_ptr<const ArrowPage> page;
  std::shared_ptr<const std::vector<ArrowColumn>> added;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
  std::vector<std::array<const void*, 3>> child_buffers;
  const void* no_validity = nullptr;
};

void release_child(ArrowArray* array) { array->release = nullptr; }

void release_batch(ArrowArray* array) {
  auto* const batch = static_cast<Batch*>(array->private_data);
  array->release = nullptr;
  delete batch;
}

void add_child(Batch& batch, const ArrowColumn& column, uint32_t first_row, uint32_t row_count) {
  auto& buffers = batch.child_buffers.emplace_back();
  buffers = {column.null_count > 0 ? column.validity.data() : nullptr, column.values.data(),
             column.data.data()};
  ArrowArray child{};
  child.length = row_count;
  child.null_count = column.null_count == 0 ? 0 : -1;
  child.offset = first_row;
  child.n_buffers = column.has_offsets ? 3 : 2;
  child.buffers = buffers.data();
  child.release = release_child;
  batch.children.push_back(child);
}

int set_type(ArrowSchema* schema, ArrowKind kind) {
  switch (kind) {
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
    case ArrowKind::kUuid: break;
  }
  NANOARROW_RETURN_NOT_OK(
      ArrowSchemaSetTypeFixedSize(schema, NANOARROW_TYPE_FIXED_SIZE_BINARY, 16));
  ArrowBuffer metadata;
  NANOARROW_RETURN_NOT_OK(ArrowMetadataBuilderInit(&metadata, nullptr));
  int status = ArrowMetadataBuilderAppend(&metadata, ArrowCharView("ARROW:extension:name"),
                                          ArrowCharView("arrow.uuid"));
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

int fill_schema(const std::vector<ArrowField>& fields, ArrowSchema* out) {
  ArrowSchemaInit(out);
  NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(out, static_cast<int64_t>(fields.size())));
  for (size_t i = 0; i < fields.size(); ++i) {
    NANOARROW_RETURN_NOT_OK(set_type(out->children[i], fields[i].kind));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(out->children[i], fields[i].name.c_str()));
  }
  return NANOARROW_OK;
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
  auto batch = std::make_unique<Batch>();
  const size_t count = page->columns().size() + added->size();
  batch->children.reserve(count);
  batch->child_buffers.reserve(count);
  for (const ArrowColumn& column : page->columns()) {
    add_child(*batch, column, first_row, row_count);
  }
  for (const ArrowColumn& column : *added) add_child(*batch, column, 0, row_count);
  for (ArrowArray& child : batch->children) batch->child_pointers.push_back(&child);
  batch->page = std::move(page);
  batch->added = std::move(added);
  *out = ArrowArray{};
  out->length = row_count;
  out->n_buffers = 1;
  out->buffers = &batch->no_validity;
  out->n_children = static_cast<int64_t>(count);
  out->children = batch->child_pointers.data();
  out->release = release_batch;
  out->private_data = batch.release();
}

}  // namespace ringsync
