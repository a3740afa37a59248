// The real encoders and the real database sink on several threads: pages of every type encoded by
// workers at once, and whole syncs into SQLite. Built for the thread sanitizer, and true without
// it. SQLite and its driver are not built with it; they run on the delivering thread alone, which
// hands nothing to another thread inside them.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <mutex>

#include "../cql/nested_bytes.h"
#include "../cql/page_builder.h"
#include "sink/adbc/adbc_client.h"
#include "sink/adbc/adbc_sink.h"
#include "sink/adbc/open_database.h"
#include "sink/arrow/arrow_page_encoder.h"
#include "sync/page_pipeline.h"
#include "threads_fixture.h"

namespace ringsync {
namespace {

using testing::FakeSource;
using testing::ThreadsFixture;

constexpr uint32_t kWorkers = 4;
constexpr int64_t kScans = 3;
constexpr int64_t kPages = 120;
constexpr int64_t kRowsOfAPage = 40;

CqlType inside(TypeKind kind, TypeKind element) { return typed(kind, {typed(element)}); }

/// A column of each type and one row's cell for it.
struct TypedColumn {
  CqlType type;
  MaybeBytes (*cell)(int64_t row);
};

std::string text_of(int64_t row) { return fmt::format("é {}", row * 7919); }

std::vector<TypedColumn> typed_columns() {
  using Kind = TypeKind;
  return {
      {typed(Kind::kTinyint), [](int64_t i) { return MaybeBytes(wire(static_cast<int8_t>(i))); }},
      {typed(Kind::kSmallint), [](int64_t i) { return MaybeBytes(wire(static_cast<int16_t>(i))); }},
      {typed(Kind::kInt), [](int64_t i) { return MaybeBytes(wire(static_cast<int32_t>(i))); }},
      {typed(Kind::kFloat), [](int64_t i) { return MaybeBytes(wire(static_cast<float>(i))); }},
      {typed(Kind::kDouble), [](int64_t i) { return MaybeBytes(wire(static_cast<double>(i))); }},
      {typed(Kind::kBoolean), [](int64_t i) { return MaybeBytes(std::string(1, i % 2 != 0)); }},
      {typed(Kind::kTimestamp), [](int64_t i) { return MaybeBytes(wire(i * 1000)); }},
      {typed(Kind::kDate), [](int64_t i) { return MaybeBytes(wire(static_cast<int32_t>(i))); }},
      {typed(Kind::kTime), [](int64_t i) { return MaybeBytes(wire(i)); }},
      {typed(Kind::kUuid), [](int64_t i) { return MaybeBytes(wire(i) + wire(i)); }},
      {typed(Kind::kText), [](int64_t i) { return MaybeBytes(text_of(i)); }},
      {typed(Kind::kBlob), [](int64_t i) { return MaybeBytes(wire(i)); }},
      {typed(Kind::kVarint), [](int64_t i) { return MaybeBytes(wire(i) + wire(i)); }},
      {typed(Kind::kDecimal), [](int64_t i) { return MaybeBytes(wire(int32_t{2}) + wire(i)); }},
      {typed(Kind::kInet), [](int64_t i) { return MaybeBytes(wire(static_cast<int32_t>(i))); }},
      {typed(Kind::kDuration), [](int64_t) { return MaybeBytes(from_hex("020406")); }},
      {inside(Kind::kList, Kind::kText),
       [](int64_t i) { return MaybeBytes(collection_of({text_of(i), std::nullopt, "x"})); }},
      {typed(Kind::kMap, {typed(Kind::kText), inside(Kind::kSet, Kind::kBigint)}),
       [](int64_t i) { return MaybeBytes(collection_of({"k", collection_of({wire(i)})}, 2)); }},
      {udt_of({"a", "b"}, {typed(Kind::kInt), typed(Kind::kText)}),
       [](int64_t i) { return MaybeBytes(fields_of({std::nullopt, text_of(i)})); }},
      {vector_of(typed(Kind::kFloat), 2),
       [](int64_t i) { return MaybeBytes(wire(static_cast<float>(i)) + wire(0.5F)); }},
  };
}

/// fake.types: `id bigint` and a column of each type; one cell in eleven is null.
TablePlan plan_of_types() {
  TablePlan plan;
  plan.table = {"fake", "types", "", {}, 1, 1};
  plan.table.columns.push_back({"id", typed(TypeKind::kBigint), ColumnKind::kPartitionKey});
  for (const TypedColumn& column : typed_columns()) {
    const std::string name = fmt::format("c{}", plan.table.columns.size());
    plan.table.columns.push_back({name, column.type, ColumnKind::kRegular});
  }
  return plan;
}

PageBuilder page_of_types(int64_t number) {
  const auto columns = typed_columns();
  PageBuilder page(static_cast<uint16_t>(columns.size() + 1));
  for (int64_t row = number * kRowsOfAPage; row < (number + 1) * kRowsOfAPage; ++row) {
    page.number(row);
    for (size_t i = 0; i < columns.size(); ++i) {
      const bool is_null = (row + static_cast<int64_t>(i)) % 11 == 0;
      const MaybeBytes cell = is_null ? std::nullopt : columns[i].cell(row);
      cell ? page.bytes(*cell) : page.null();
    }
  }
  return page;
}

class TextBuffer final : public PageBuffer {
 public:
  explicit TextBuffer(std::string bytes) : bytes_(std::move(bytes)) {}
  Bytes rows() const override { return as_bytes(bytes_); }

 private:
  std::string bytes_;
};

/// Gives the pages of scans 0, 1 and 2 in turn, once they are started.
class PageScanner final : public Scanner {
 public:
  void start(ScanRequest) override {
    const std::lock_guard lock(mutex_);
    ++started_;
  }
  Result<std::optional<ScanEvent>> next(int64_t) override {
    const std::lock_guard lock(mutex_);
    if (started_ < kScans) return std::optional<ScanEvent>();
    if (given_ == kPages) return Error{ErrorCode::kCancelled, "no more pages"};
    Page page;
    page.buffer = std::make_unique<TextBuffer>(page_of_types(given_).region());
    page.row_count = kRowsOfAPage;
    const auto scan = static_cast<ScanId>(given_++ % kScans);
    return std::optional<ScanEvent>(ScanEvent{scan, std::move(page)});
  }
  void cancel() override {}

 private:
  std::mutex mutex_;
  int64_t started_ = 0;
  int64_t given_ = 0;
};

/// Encodes; keeps nothing.
class EncodingSink final : public Sink {
 public:
  explicit EncodingSink(ArrowEncoding encoding) : encoding_(std::move(encoding)) {}

  Result<std::optional<StoredState>> load_state() override { return std::optional<StoredState>(); }
  Result<TableOpening> open_table(const TablePlan&) override { return TableOpening{}; }
  Result<std::unique_ptr<PageEncoder>> encoder(const TablePlan& plan) override {
    RINGSYNC_ASSIGN(auto encoder, ArrowPageEncoder::make(plan.table, encoding_));
    return std::unique_ptr<PageEncoder>(std::move(encoder));
  }
  Status deliver(const TablePlan&, const std::shared_ptr<const EncodedPage>&, RowSlice) override {
    return {};
  }
  Status finish_table(const TablePlan&) override { return {}; }
  Result<bool> checkpoint(const Checkpoint&, CheckpointUrgency) override { return true; }
  std::optional<uint64_t> rows_deleted(const std::string&) const override { return std::nullopt; }

 private:
  ArrowEncoding encoding_;
};

/// All bytes of a column and of what is inside it, one after the other.
void append_bytes_of(const ArrowColumn& column, std::string& out) {
  for (const ColumnBuffer* buffer : {&column.validity, &column.values, &column.data}) {
    out += fmt::format("[{}]", buffer->size());
    out.append(reinterpret_cast<const char*>(buffer->data()), buffer->size());
  }
  for (const ArrowColumn& child : column.children) append_bytes_of(child, out);
}

std::string bytes_of(const EncodedPage& page) {
  std::string out;
  for (const ArrowColumn& column : dynamic_cast<const ArrowPage&>(page).columns()) {
    append_bytes_of(column, out);
  }
  return out;
}

class SinkThreads : public ThreadsFixture {
 protected:
  SinkThreads()
      : folder_(std::filesystem::temp_directory_path() /
                fmt::format("ringsync_threads_{}", getpid())) {
    std::filesystem::create_directories(folder_);
    options_.kind = DatabaseKind::kSqlite;
    options_.location = options_.label = (folder_ / "fake.sqlite").string();
    options_.driver_path = fmt::format("{}/{}", RINGSYNC_DRIVERS, driver_file(options_.kind));
    options_.keyspace = "fake";
    options_.commit_rows = 500;
    options_.pending_bytes_max = 20'000;
    options_.clock = &clock_;
  }
  ~SinkThreads() override { std::filesystem::remove_all(folder_); }

  Contents destination_contents() const {
    AdbcOpenOptions open;
    open.driver_path = options_.driver_path;
    open.database_options = {{"uri", options_.location}};
    open.explain = explain_sqlite;
    const auto client = AdbcClient::open(open).value();
    Contents contents;
    for (const auto& [name, table] : tables_) {
      const auto rows = client->query_text(
          fmt::format("SELECT id, value FROM {} WHERE NOT _fivetran_deleted", name));
      for (const TextRow& row : rows.value()) {
        contents[name][std::stoll(*row[0])] = std::stoll(*row[1]);
      }
    }
    return contents;
  }

  std::filesystem::path folder_;
  AdbcSinkOptions options_;
};

TEST_P(SinkThreads, EncodePagesOfEveryTypeAsOneThreadDoes) {
  ArrowEncoding encoding;
  encoding.nested = GetParam() % 2 != 0 ? NestedForm::kNative : NestedForm::kJson;
  encoding.on_unrepresentable = OnUnrepresentable::kNull;
  encoding.timestamps_as_text = encoding.uuids_as_text = GetParam() > 2;
  encoding.decimal_size = [](const std::string&, const std::string& column) {
    return column == "c14" ? std::optional(DecimalSize{20, 2}) : std::nullopt;
  };
  const TablePlan plan = plan_of_types();
  EncodingSink sink(encoding);
  const FakeSource source(tables_, clock_);
  PageScanner scanner;
  PagePipeline pipeline(scanner, {.workers = kWorkers, .bytes_max = 50'000});
  const auto encoders = std::make_shared<TableEncoders>(plan, source, &sink);
  for (ScanId scan = 0; scan < kScans; ++scan) {
    pipeline.open(scan, encoders, PagePipeline::Use::kRows);
    scanner.start({});
  }

  const auto alone = sink.encoder(plan).value();
  for (int64_t number = 0; number < kPages; ++number) {
    auto event = pipeline.next(60'000);
    ASSERT_TRUE(event.ok() && event->has_value());
    const auto& rows = (*event)->rows;
    ASSERT_TRUE(rows.ok()) << rows.error().message;
    uint32_t failed_row = 0;
    PageBuilder page = page_of_types(number);
    const auto wanted = alone->encode(page.view(), failed_row).value();
    ASSERT_TRUE(bytes_of(*rows->encoded) == bytes_of(*wanted)) << "page " << number;
  }
  EXPECT_EQ(pipeline.next(60'000).error().code, ErrorCode::kCancelled);
}

TEST_P(SinkThreads, ASyncIntoSqliteEndsEqualToTheSource) {
  for (const bool is_second : {false, true}) {
    if (is_second) tables_["t300"].rows.erase(7);  // read in full, so that it is seen
    auto sink = open_adbc_sink(options_);
    ASSERT_TRUE(sink.ok()) << sink.error().message;
    const auto summary = watched_sync(**sink);
    ASSERT_TRUE(summary.ok()) << summary.error().message;
    for (const TableSummary& table : summary->tables) {
      EXPECT_FALSE(table.error.has_value()) << table.name << ": " << table.error->message;
    }
    sink->reset();
    EXPECT_EQ(destination_contents(), source_contents());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SinkThreads, ::testing::Range<uint64_t>(1, 5));

}  // namespace
}  // namespace ringsync
