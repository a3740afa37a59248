#include "sink/adbc/slice_stream.h"

#include <cerrno>
#include <utility>

#include "nanoarrow/nanoarrow.h"

namespace ringsync {
namespace {

struct SliceStream {
  std::vector<ArrowField> fields;
  std::vector<PendingSlice> slices;
  size_t next = 0;
};

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  const auto* const self = static_cast<SliceStream*>(stream->private_data);
  return export_schema(self->fields, out).ok() ? 0 : ENOMEM;
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  auto* const self = static_cast<SliceStream*>(stream->private_data);
  if (self->next == self->slices.size()) {
    *out = ArrowArray{};
    return 0;
  }
  // Moved out: the page's memory goes as soon as the consumer has read it.
  PendingSlice slice = std::move(self->slices[self->next++]);
  export_slice(std::move(slice.page), slice.first_row, slice.row_count, std::move(slice.added),
               out);
  return 0;
}

const char* get_last_error(ArrowArrayStream*) { return nullptr; }

void release(ArrowArrayStream* stream) {
  delete static_cast<SliceStream*>(stream->private_data);
  stream->release = nullptr;
}

}  // namespace

void make_slice_stream(std::vector<ArrowField> fields, std::vector<PendingSlice> slices,
                       ArrowArrayStream* out) {
  auto stream = std::make_unique<SliceStream>();
  stream->fields = std::move(fields);
  stream->slices = std::move(slices);
  *out = {get_schema, get_next, get_last_error, release, stream.release()};
}

}  // namespace ringsync
