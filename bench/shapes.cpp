#include "shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "nested_bytes.h"

namespace ringsync::bench {
namespace {

constexpr uint32_t kWideColumns = 200;
constexpr uint32_t kSparseColumns = 60;
constexpr size_t kLargeCellBytes = 64 << 10;

int64_t between(Random& random, int64_t low, int64_t high) {
  return low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
}

bool one_in(Random& random, uint64_t count) { return random() % count == 0; }

// Words of the alphabet, now and then one with letters that take more than a byte.
std::string words(Random& random, size_t size) {
  static constexpr const char* kWords[] = {"table", "ring", "token", "größe", "page", "время"};
  std::string text;
  while (text.size() < size) {
    if (!text.empty()) text += ' ';
    text += kWords[random() % std::size(kWords)];
  }
  return text;
}

std::string random_bytes(Random& random, size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes += wire(random());
  bytes.resize(size);
  return bytes;
}

std::string timestamp(Random& random) {
  return wire((int64_t{1'357'016'400} + between(random, 0, 8759) * 3600) * 1000);
}

void add_column(Table& table, std::string name, CqlType type) {
  table.columns.push_back({std::move(name), std::move(type), ColumnKind::kRegular});
}

// The first columns are the key; of them the first so many the partition's.
Table keyed(Table table, std::string_view name, uint16_t partition_key, uint16_t primary_key) {
  table.keyspace = "bench";
  table.name = name;
  table.partition_key_count = partition_key;
  table.primary_key_count = primary_key;
  for (uint16_t i = 0; i < primary_key; ++i) {
    table.columns[i].kind = i < partition_key ? ColumnKind::kPartitionKey : ColumnKind::kClustering;
  }
  return table;
}

Table keyed_by_id(std::string_view name) {
  Table table;
  add_column(table, "id", typed(TypeKind::kBigint));
  return keyed(std::move(table), name, 1, 1);
}

Shape flights() {
  Table table;
  const auto text = typed(TypeKind::kText);
  const auto number = typed(TypeKind::kInt);
  const auto time = typed(TypeKind::kTimestamp);
  add_column(table, "carrier", text);
  add_column(table, "flight", number);
  add_column(table, "time_hour", time);
  add_column(table, "origin", text);
  for (const char* name : {"air_time", "arr_delay", "arr_time", "dep_delay", "dep_time"}) {
    add_column(table, name, number);
  }
  add_column(table, "dest", text);
  for (const char* name : {"distance", "sched_arr_time", "sched_dep_time"}) {
    add_column(table, name, number);
  }
  add_column(table, "tailnum", text);
  add_column(table, "updated_at", time);
  const auto add_row = [](PageBuilder& page, Random& random) {
    const bool is_cancelled = one_in(random, 40);
    const std::string hour = timestamp(random);
    const auto int_cell = [&](int64_t low, int64_t high) {
      page.number(static_cast<int32_t>(between(random, low, high)));
    };
    const auto flown = [&](int64_t low, int64_t high) {
      if (is_cancelled) {
        page.null();
      } else {
        int_cell(low, high);
      }
    };
    page.bytes("UA");
    int_cell(1, 8500);
    page.bytes(hour).bytes("EWR");
    flown(20, 695);
    flown(-86, 1272);
    flown(1, 2400);
    flown(-43, 1301);
    flown(1, 2400);
    page.bytes("IAH");
    int_cell(17, 4983);
    int_cell(1, 2359);
    int_cell(106, 2359);
    page.bytes(fmt::format("N{}UA", between(random, 1000, 9999))).bytes(hour);
  };
  return {"flights", keyed(std::move(table), "flights", 2, 4), 5000, add_row};
}

Shape narrow() {
  Table table = keyed_by_id("narrow");
  add_column(table, "value", typed(TypeKind::kInt));
  const auto add_row = [](PageBuilder& page, Random& random) {
    page.number(static_cast<int64_t>(random())).number(static_cast<int32_t>(random()));
  };
  return {"narrow", std::move(table), 5000, add_row};
}

constexpr TypeKind kCommonTypes[] = {TypeKind::kInt,     TypeKind::kText,   TypeKind::kDouble,
                                     TypeKind::kBoolean, TypeKind::kBigint, TypeKind::kTimestamp,
                                     TypeKind::kUuid};

void add_common_cell(PageBuilder& page, Random& random, TypeKind kind) {
  switch (kind) {
    case TypeKind::kInt: page.number(static_cast<int32_t>(between(random, -5000, 5000))); break;
    case TypeKind::kText:
      page.bytes(words(random, static_cast<size_t>(between(random, 5, 20))));
      break;
    case TypeKind::kDouble: page.number(static_cast<double>(random()) / 4096); break;
    case TypeKind::kBoolean: page.number(static_cast<int8_t>(random() & 1)); break;
    case TypeKind::kBigint: page.number(static_cast<int64_t>(random())); break;
    case TypeKind::kTimestamp: page.bytes(timestamp(random)); break;
    default: page.bytes(random_bytes(random, 16)); break;
  }
}

// Columns of common types, one after the other; a null in each `null_every` (0: none) but one.
Shape of_common_types(std::string name, uint32_t columns, uint32_t page_rows, bool is_sparse) {
  Table table = keyed_by_id(name);
  for (uint32_t i = 1; i < columns; ++i) {
    add_column(table, fmt::format("column_{:03}", i),
               typed(kCommonTypes[i % std::size(kCommonTypes)]));
  }
  const auto add_row = [columns, is_sparse](PageBuilder& page, Random& random) {
    page.number(static_cast<int64_t>(random()));
    for (uint32_t i = 1; i < columns; ++i) {
      if (is_sparse && !one_in(random, 10)) {
        page.null();
      } else {
        add_common_cell(page, random, kCommonTypes[i % std::size(kCommonTypes)]);
      }
    }
  };
  return {std::move(name), std::move(table), page_rows, add_row};
}

std::string inet(Random& random) { return random_bytes(random, one_in(random, 2) ? 4 : 16); }

// Version and variant as RFC 9562 has them: a timeuuid's time is decoded nowhere, its text is.
std::string timeuuid(Random& random) {
  std::string bytes = random_bytes(random, 16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x10);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  return bytes;
}

// native_protocol_v5.spec section 6, "duration": three vints, zigzag; these fit one byte each.
std::string duration(Random& random) {
  std::string bytes;
  for (int i = 0; i < 3; ++i) bytes += static_cast<char>(between(random, 0, 60) * 2);
  return bytes;
}

Shape scalars() {
  using Make = std::string (*)(Random&);
  static constexpr std::pair<TypeKind, Make> kCells[] = {
      {TypeKind::kAscii, [](Random& random) { return fmt::format("N{}", random() % 100'000); }},
      {TypeKind::kBigint, [](Random& random) { return wire(static_cast<int64_t>(random())); }},
      {TypeKind::kBlob, [](Random& random) { return random_bytes(random, 24); }},
      {TypeKind::kBoolean, [](Random& random) { return wire(static_cast<int8_t>(random() & 1)); }},
      {TypeKind::kDecimal,
       [](Random& random) { return wire(int32_t{2}) + wire(static_cast<int32_t>(random())); }},
      {TypeKind::kDouble,
       [](Random& random) { return wire(static_cast<double>(random()) / 4096); }},
      {TypeKind::kFloat,
       [](Random& random) { return wire(static_cast<float>(between(random, -9999, 9999)) / 8); }},
      {TypeKind::kInt, [](Random& random) { return wire(static_cast<int32_t>(random())); }},
      {TypeKind::kTimestamp, timestamp},
      {TypeKind::kUuid, [](Random& random) { return random_bytes(random, 16); }},
      {TypeKind::kText, [](Random& random) { return words(random, 20); }},
      {TypeKind::kVarint, [](Random& random) { return wire(static_cast<int64_t>(random() >> 2)); }},
      {TypeKind::kTimeuuid, timeuuid},
      {TypeKind::kInet, inet},
      // Days since -2^31: native_protocol_v4.spec section 6, "date".
      {TypeKind::kDate,
       [](Random& random) {
         return wire(static_cast<uint32_t>((int64_t{1} << 31) + between(random, 0, 20'000)));
       }},
      {TypeKind::kTime,
       [](Random& random) { return wire(between(random, 0, 86'399'999'999'999)); }},
      {TypeKind::kSmallint, [](Random& random) { return wire(static_cast<int16_t>(random())); }},
      {TypeKind::kTinyint, [](Random& random) { return wire(static_cast<int8_t>(random())); }},
      {TypeKind::kDuration, duration},
  };
  Table table = keyed_by_id("scalars");
  for (const auto& [kind, make] : kCells) {
    add_column(table, to_string(typed(kind)) + "_cell", typed(kind));
  }
  const auto add_row = [](PageBuilder& page, Random& random) {
    page.number(static_cast<int64_t>(random()));
    for (const auto& [kind, make] : kCells) page.bytes(make(random));
  };
  return {"scalars", std::move(table), 4000, add_row};
}

Shape nested() {
  const auto text = typed(TypeKind::kText);
  const auto number = typed(TypeKind::kInt);
  Table table = keyed_by_id("nested");
  add_column(table, "address",
             udt_of({"street", "number", "since"}, {text, number, typed(TypeKind::kTimestamp)}));
  add_column(table, "attributes", typed(TypeKind::kMap, {text, number}));
  add_column(table, "embedding", vector_of(typed(TypeKind::kFloat), 16));
  add_column(table, "place",
             typed(TypeKind::kTuple, {typed(TypeKind::kDouble), typed(TypeKind::kDouble)}));
  add_column(table, "scores", typed(TypeKind::kList, {number}));
  add_column(table, "tags", typed(TypeKind::kSet, {text}));
  const auto add_row = [](PageBuilder& page, Random& random) {
    const auto some_int = [&] { return wire(static_cast<int32_t>(between(random, -999, 9999))); };
    const auto some = [&](size_t most, const auto& make, size_t per_entry) {
      std::vector<MaybeBytes> elements;
      for (size_t left = random() % (most + 1); left > 0; --left) {
        for (size_t i = 0; i < per_entry; ++i) elements.push_back(make(i));
      }
      return collection_of(elements, per_entry);
    };
    page.number(static_cast<int64_t>(random()));
    page.bytes(fields_of({words(random, 12), some_int(), timestamp(random)}));
    page.bytes(some(5, [&](size_t i) { return i == 0 ? words(random, 6) : some_int(); }, 2));
    std::string embedding;
    for (int i = 0; i < 16; ++i) {
      embedding += wire(static_cast<float>(between(random, -4096, 4096)) / 4096);
    }
    page.bytes(embedding);
    page.bytes(fields_of({wire(static_cast<double>(random()) / 4096), std::nullopt}));
    page.bytes(some(8, [&](size_t) { return some_int(); }, 1));
    page.bytes(some(4, [&](size_t) { return words(random, 8); }, 1));
  };
  return {"nested", std::move(table), 2000, add_row};
}

Shape large_cells() {
  Table table = keyed_by_id("large_cells");
  add_column(table, "body", typed(TypeKind::kText));
  const auto add_row = [](PageBuilder& page, Random& random) {
    page.number(static_cast<int64_t>(random())).bytes(words(random, kLargeCellBytes));
  };
  return {"large_cells", std::move(table), 64, add_row};
}

}  // namespace

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> kShapes{
      flights(),
      narrow(),
      of_common_types("wide", kWideColumns, 400, false),
      scalars(),
      nested(),
      of_common_types("sparse", kSparseColumns, 4000, true),
      large_cells(),
      // For the curve against columns, pages of a megabyte or less as above.
      of_common_types("columns_5", 5, 5000, false),
      of_common_types("columns_20", 20, 4000, false),
      of_common_types("columns_50", 50, 1600, false),
      of_common_types("columns_100", 100, 800, false),
  };
  return kShapes;
}

std::vector<std::string> shape_names() {
  std::vector<std::string> names;
  for (const Shape& shape : shapes()) names.push_back(shape.name);
  return names;
}

const Shape* shape_named(std::string_view name) {
  const auto found = std::find_if(shapes().begin(), shapes().end(),
                                  [&](const Shape& shape) { return shape.name == name; });
  return found == shapes().end() ? nullptr : &*found;
}

}  // namespace ringsync::bench
