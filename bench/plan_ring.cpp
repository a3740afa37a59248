// plan_ring: what planning and saving take for a table of a very large cluster: a ring of 1,000
// nodes with 256 tokens each, read in as many lanes as a sync uses at most. Scans end in a random
// order, half of those under way stand in the middle of their split with a paging state. Prints a
// line of JSON: the time to plan, the largest state met on the way and the time to encode it, and
// the time to plan what is left of it when half is read.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include "large_ring.h"
#include "plan/split_queue.h"
#include "plan/splits.h"
#include "plan/token_ranges.h"
#include "sync/run_progress.h"
#include "sync/state_codec.h"

namespace ringsync::bench {
namespace {

constexpr size_t kPagingStateBytes = 120;  // a partition key, a clustering key and counters

struct Options {
  uint32_t nodes = 1000;
  uint32_t tokens = 256;
  uint64_t rows = 10'000'000'000;
  uint64_t row_bytes = 200;
  uint32_t lanes = 64;
  uint64_t seed = 42;
};

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

size_t state_bytes(const RunProgress& progress) {
  SyncState state;
  TableState& table = state.tables["readings"];
  progress.save(table.run.emplace());
  return encode_state(state).size();
}

// Reads half of the splits; every lane has one out all the time.
size_t read_half(SplitQueue& queue, RunProgress& progress, uint32_t lanes, size_t splits,
                 std::mt19937_64& random) {
  std::vector<SplitQueue::Assignment> out;
  size_t largest = 0;
  for (size_t done = 0; done < splits / 2; ++done) {
    while (out.size() < lanes) {
      const auto next = queue.take();
      if (!next) break;
      const uint64_t width = static_cast<uint64_t>(next->range.end - next->range.start);
      if (random() % 2 == 0) {
        progress.advance(next->range, next->range.start + static_cast<Token>(width / 2),
                         std::vector<uint8_t>(kPagingStateBytes, static_cast<uint8_t>(done)));
      }
      out.push_back(*next);
    }
    const size_t pick = random() % out.size();
    progress.complete(out[pick].range);
    queue.release(out[pick].lane);
    out.erase(out.begin() + static_cast<std::ptrdiff_t>(pick));
    if (done % 1000 == 0) largest = std::max(largest, state_bytes(progress));
  }
  return std::max(largest, state_bytes(progress));
}

void run(const Options& options) {
  std::mt19937_64 random(options.seed);
  const std::vector<Token> ring = random_ring(options.nodes, options.tokens, random);
  const TableEstimate estimate{options.rows, options.row_bytes};
  const Stopwatch planning;
  const auto splits = plan_splits({kWholeRing}, ring, estimate, SplitSizing());
  SplitQueue queue(splits, options.lanes);
  const double plan_s = planning.seconds();

  RunProgress progress;
  const size_t largest = read_half(queue, progress, options.lanes, splits.size(), random);
  const Stopwatch encoding;
  const size_t half = state_bytes(progress);
  const double encode_s = encoding.seconds();
  const Stopwatch replanning;
  const SplitQueue rest(plan_splits(progress.remaining(), ring, estimate, SplitSizing()),
                        options.lanes);
  fmt::print(
      "{{\"ring_tokens\": {}, \"splits\": {}, \"lanes\": {}, \"plan_s\": {:.4f}, "
      "\"largest_state_bytes\": {}, \"state_bytes_at_half\": {}, \"encode_s\": {:.5f}, "
      "\"replan_s\": {:.4f}, \"splits_left\": {}}}\n",
      ring.size(), splits.size(), options.lanes, plan_s, largest, half, encode_s,
      replanning.seconds(), rest.remaining());
}

int main_of(int argc, char** argv) {
  Options options;
  CLI::App app("Plans the scan of a table of a large cluster, and prints one line of JSON");
  app.add_option("--nodes", options.nodes)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--tokens", options.tokens, "of a node")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--rows", options.rows)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--row-bytes", options.row_bytes)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--lanes", options.lanes, "scans at once")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--seed", options.seed)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  run(options);
  return 0;
}

}  // namespace
}  // namespace ringsync::bench

int main(int argc, char** argv) { return ringsync::bench::main_of(argc, argv); }
