// Cell writers: a value reader and the bytes around its values, put together once a column.
#include <type_traits>

#include "sink/fivetran/entry_template.h"
#include "sink/fivetran/record_encoder.h"
#include "sink/fivetran/value_reader.h"

namespace ringsync {
namespace {

template <typename Reader>
class TypedCellWriter final : public CellWriter {
 public:
  TypedCellWriter(const FivetranColumn& column, Reader reader)
      : entry_(column.column.name, column.type.kind), reader_(std::move(reader)) {}

  Decoded write(CellView cell, RowSpace& space) const override {
    if constexpr (std::is_same_v<typename Reader::Value, std::string>) {
      return write_text(cell, space);
    } else {
      typename Reader::Value value{};
      const Decoded outcome = reader_(cell, value);
      if (outcome == Decoded::kValue) space.out.set_end(entry_.put(space.out.end(), value));
      return outcome;
    }
  }

  void write_null(RowSpace& space) const override {
    space.out.set_end(entry_.put_null(space.out.end()));
  }

  size_t room() const override { return entry_.room(); }

 private:
  Decoded write_text(CellView cell, RowSpace& space) const {
    space.text.clear();
    const Decoded outcome = reader_(cell, space.text);
    if (outcome != Decoded::kValue) return outcome;
    space.out.make_room(space.room + space.text.size());
    space.out.set_end(entry_.put(space.out.end(), std::string_view(space.text)));
    return outcome;
  }

  EntryTemplate entry_;
  Reader reader_;
};

}  // namespace

std::unique_ptr<CellWriter> make_cell_writer(const FivetranColumn& column) {
  return visit_value_reader(column, [&](auto reader) -> std::unique_ptr<CellWriter> {
    return std::make_unique<TypedCellWriter<decltype(reader)>>(column, std::move(reader));
  });
}

}  // namespace ringsync
