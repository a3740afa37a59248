// encode_pages: pages of a shape, made once in memory, are read and encoded again and again without
// source, network and destination: what these steps cost the client. One thread. A line of JSON for
// each step:
//   index     finds the cells of a page
//   fivetran  encodes an indexed page for Fivetran and cuts it into messages
//   arrow     encodes an indexed page into Arrow's columns, collections in their native form
// bench/instructions.py counts the instructions of each step by the names of the functions below.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/process_usage.h"
#include "counting_stream.h"
#include "shapes.h"
#include "sink/arrow/arrow_page_encoder.h"
#include "sink/fivetran/record_batcher.h"
#include "sink/fivetran/record_encoder.h"

namespace ringsync::bench {
namespace {

constexpr uint32_t kPages = 8;

struct Options {
  std::string shape = "flights";
  uint64_t rows = 1'000'000;
  uint32_t page_rows = 0;  // the shape's own
  uint64_t seed = 42;
};

/// A page's bytes, and where its cells lie.
struct MadePage {
  std::string bytes;
  PageIndex index;
  PageView view;
};

struct Pages {
  uint32_t rows_each = 0;
  uint16_t columns = 0;
  std::vector<MadePage> pages = std::vector<MadePage>(kPages);
};

// Bytes that came out of a step.
using Out = Result<uint64_t>;

// noinline: a step is known to callgrind by its function.
[[gnu::noinline]] Out step_index(Pages& pages, uint64_t rounds) {
  for (uint64_t round = 0; round < rounds; ++round) {
    MadePage& page = pages.pages[round % kPages];
    RINGSYNC_ASSIGN(page.view,
                    page.index.index(as_bytes(page.bytes), pages.rows_each, pages.columns));
  }
  return uint64_t{0};
}

[[gnu::noinline]] Out step_fivetran(const Pages& pages, uint64_t rounds, PageEncoder& encoder) {
  CountingStream stream;
  RecordBatcher batcher(stream);
  for (uint64_t round = 0; round < rounds; ++round) {
    uint32_t failed_row = 0;
    RINGSYNC_ASSIGN(std::shared_ptr<const EncodedPage> encoded,
                    encoder.encode(pages.pages[round % kPages].view, failed_row));
    RINGSYNC_TRY(
        batcher.add(std::static_pointer_cast<const RecordPage>(encoded), 0, pages.rows_each));
  }
  RINGSYNC_TRY(batcher.flush());
  return stream.bytes;
}

[[gnu::noinline]] Out step_arrow(const Pages& pages, uint64_t rounds, PageEncoder& encoder) {
  uint64_t bytes = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    uint32_t failed_row = 0;
    RINGSYNC_ASSIGN(const auto encoded,
                    encoder.encode(pages.pages[round % kPages].view, failed_row));
    bytes += encoded->byte_size();
  }
  return bytes;
}

// Prints the step's line. `rounds`: pages it takes.
template <typename Step>
Status measure(const char* name, const Pages& pages, uint64_t rounds, const Step& step) {
  uint64_t page_bytes = 0;
  for (const MadePage& page : pages.pages) page_bytes += page.bytes.size();
  const double cpu_before_s = process_usage().cpu_seconds;
  RINGSYNC_ASSIGN(const uint64_t bytes, step());
  const ProcessUsage usage = process_usage();
  const double cpu_s = usage.cpu_seconds - cpu_before_s;
  const uint64_t rows = rounds * pages.rows_each;
  fmt::print(
      "{{\"step\": \"{}\", \"rows\": {}, \"page_bytes\": {}, \"bytes\": {}, \"cpu_s\": {:.3f}, "
      "\"cpu_s_per_million\": {:.3f}, \"peak_kib\": {}}}\n",
      name, rows, page_bytes * rounds / kPages, bytes, cpu_s,
      cpu_s / static_cast<double>(rows) * 1e6, usage.peak_kib);
  return {};
}

Status run(const Options& options) {
  const Shape& shape = *shape_named(options.shape);
  Random random(options.seed);
  Pages pages;
  pages.rows_each = options.page_rows > 0 ? options.page_rows : shape.page_rows;
  pages.columns = static_cast<uint16_t>(shape.table.columns.size());
  for (MadePage& page : pages.pages) {
    PageBuilder builder(pages.columns);
    for (uint32_t row = 0; row < pages.rows_each; ++row) shape.add_row(builder, random);
    page.bytes = builder.region();
  }
  // Every page at least once, so that all are indexed.
  const uint64_t rounds =
      std::max<uint64_t>((options.rows + pages.rows_each - 1) / pages.rows_each, kPages);
  RINGSYNC_ASSIGN(const auto records,
                  RecordEncoder::make(shape.table, {}, std::make_shared<BufferPool>()));
  ArrowEncoding native;
  native.nested = NestedForm::kNative;
  RINGSYNC_ASSIGN(const auto arrow, ArrowPageEncoder::make(shape.table, native));
  RINGSYNC_TRY(measure("index", pages, rounds, [&] { return step_index(pages, rounds); }));
  RINGSYNC_TRY(
      measure("fivetran", pages, rounds, [&] { return step_fivetran(pages, rounds, *records); }));
  return measure("arrow", pages, rounds, [&] { return step_arrow(pages, rounds, *arrow); });
}

int main_of(int argc, char** argv) {
  Options options;
  CLI::App app("Reads and encodes pages of a shape, and prints a line of JSON for each step");
  app.add_option("--shape", options.shape, "the table's shape")
      ->check(CLI::IsMember(shape_names()))
      ->capture_default_str();
  app.add_option("--rows", options.rows, "rows in all")->check(CLI::PositiveNumber);
  app.add_option("--page-rows", options.page_rows, "rows a page (default: the shape's own)")
      ->check(CLI::PositiveNumber);
  app.add_option("--seed", options.seed, "of the pages' values")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const Status status = run(options);
  if (!status) fmt::print(stderr, "encode_pages: {}\n", status.error().message);
  return status ? 0 : 1;
}

}  // namespace
}  // namespace ringsync::bench

int main(int argc, char** argv) { return ringsync::bench::main_of(argc, argv); }
