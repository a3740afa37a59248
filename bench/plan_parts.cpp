// plan_parts: what it takes to share out a very large table among very many readers, as the Spark
// source does, by the planner as it is: a ring of 1,000 nodes with 256 tokens each, or one whose
// rows lie in tablets, a table of 100 TB, 1,000 tasks at once. Prints a line of JSON: number and
// size of parts and of the splits that their readers cut them into, processor time and memory of
// planning, and how many pages the nodes have in flight while parts are read in their order.

#include "plan/parts.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "base/process_usage.h"
#include "large_ring.h"
#include "plan/splits.h"
#include "plan/token_ranges.h"

namespace ringsync::bench {
namespace {

constexpr double kMib = 1 << 20;
constexpr size_t kMomentsLookedAt = 200;

struct Options {
  uint32_t nodes = 1000;
  uint32_t tokens = 256;  // of a node
  uint32_t tablets = 0;   // of the table; 0: its rows lie where the ring's tokens say
  uint32_t replicas = 3;
  uint64_t bytes = 100'000'000'000'000;
  uint64_t row_bytes = 200;
  uint64_t part_mib = 64;
  uint32_t tasks = 1000;  // at once
  uint32_t max_in_flight = 2;
  uint64_t seed = 42;
};

/// Smallest, mean and largest.
struct Spread {
  double least = 0;
  double mean = 0;
  double most = 0;
};

Spread spread(const std::vector<double>& values) {
  const auto [least, most] = std::ranges::minmax_element(values);
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return {*least, sum / static_cast<double>(values.size()), *most};
}

std::string json(const Spread& of) {
  return fmt::format("{{\"least\": {:.4g}, \"mean\": {:.4g}, \"most\": {:.4g}}}", of.least, of.mean,
                     of.most);
}

/// Who holds a token's rows: the nodes of the ring's next tokens, or those of its tablet.
class Placement {
 public:
  Placement(const Options& options, std::vector<Token> ring, std::mt19937_64& random)
      : options_(options), ring_(std::move(ring)) {
    owners_.resize(ring_.size());
    for (size_t i = 0; i < owners_.size(); ++i) {
      owners_[i] = static_cast<uint32_t>(i / options.tokens);
    }
    std::ranges::shuffle(owners_, random);
  }

  const std::vector<Token>& ring() const { return ring_; }

  /// The tablet that a token lies in: ScyllaDB cuts the ring evenly, into a power of two.
  uint64_t tablet(Token token) const {
    const auto from_start = static_cast<uint64_t>(token) - static_cast<uint64_t>(kTokenMin);
    const double share = static_cast<double>(from_start) / std::pow(2.0, 64);
    const auto found = static_cast<uint64_t>(share * options_.tablets);
    return std::min<uint64_t>(found, std::max(options_.tablets, 1U) - 1);  // of the last token too
  }

  std::vector<uint32_t> replicas(Token token) const {
    std::vector<uint32_t> found;
    std::mt19937_64 of_tablet(options_.seed + tablet(token));
    size_t at = static_cast<size_t>(std::ranges::lower_bound(ring_, token) - ring_.begin());
    while (found.size() < std::min(options_.replicas, options_.nodes)) {
      const auto node = options_.tablets > 0 ? static_cast<uint32_t>(of_tablet() % options_.nodes)
                                             : owners_[at++ % owners_.size()];
      if (std::ranges::find(found, node) == found.end()) found.push_back(node);
    }
    return found;
  }

 private:
  const Options& options_;
  std::vector<Token> ring_;
  std::vector<uint32_t> owners_;  // of the tokens of ring_
};

/// As a task sizes them (sync/scan_set).
SplitSizing sizing_of(const Options& options) {
  SplitSizing sizing;
  sizing.splits_min = std::max(sizing.splits_min, 4 * options.max_in_flight);
  return sizing;
}

struct Splits {
  std::vector<double> of_part;  // number
  std::vector<double> mib;
  std::vector<double> planning_ms;
  uint64_t across_tablets = 0;
};

Splits cut_all(const Options& options, const Placement& placement, TableEstimate estimate,
               const std::vector<TokenRange>& parts) {
  Splits found;
  const double all_mib = static_cast<double>(options.bytes) / kMib;
  for (const TokenRange& part : parts) {
    const double began = process_usage().cpu_seconds;
    const auto splits = plan_splits({part}, placement.ring(), estimate, sizing_of(options));
    found.planning_ms.push_back((process_usage().cpu_seconds - began) * 1000);
    found.of_part.push_back(static_cast<double>(splits.size()));
    for (const TokenRange& split : splits) {
      found.mib.push_back(ring_share(split) * all_mib);
      const bool across =
          options.tablets > 0 && placement.tablet(split.start) != placement.tablet(split.end);
      found.across_tablets += across ? 1 : 0;
    }
  }
  return found;
}

struct InFlight {
  std::vector<double> busiest_node;    // pages, at each moment
  std::vector<double> busiest_tablet;  // the same of one tablet
  std::vector<double> nodes_idle;
};

/// The tasks that run are those of parts that follow each other, each with a page of
/// `max_in_flight` of its splits; a page is asked of one of its range's replicas.
void look_at(const Options& options, const Placement& placement, TableEstimate estimate,
             const std::vector<TokenRange>& running, std::mt19937_64& random, InFlight& seen) {
  std::vector<uint32_t> of_node(options.nodes);
  std::vector<uint32_t> of_tablet(std::max<uint32_t>(options.tablets, 1));
  for (const TokenRange& part : running) {
    const auto splits = plan_splits({part}, placement.ring(), estimate, sizing_of(options));
    const size_t lanes = std::min<size_t>(options.max_in_flight, splits.size());
    for (size_t lane = 0; lane < lanes; ++lane) {
      const size_t first = splits.size() * lane / lanes;
      const size_t end = splits.size() * (lane + 1) / lanes;
      const TokenRange split = splits[first + random() % (end - first)];
      const auto holders = placement.replicas(split.end);
      ++of_node[holders[random() % holders.size()]];
      if (options.tablets > 0) ++of_tablet[placement.tablet(split.end)];
    }
  }
  seen.busiest_node.push_back(*std::ranges::max_element(of_node));
  seen.busiest_tablet.push_back(*std::ranges::max_element(of_tablet));
  seen.nodes_idle.push_back(static_cast<double>(std::ranges::count(of_node, 0U)));
}

InFlight in_flight(const Options& options, const Placement& placement, TableEstimate estimate,
                   const std::vector<TokenRange>& parts, std::mt19937_64& random) {
  InFlight seen;
  const size_t at_once = std::min<size_t>(options.tasks, parts.size());
  for (size_t moment = 0; moment < kMomentsLookedAt; ++moment) {
    const size_t first = random() % (parts.size() - at_once + 1);
    const auto begin = parts.begin() + static_cast<std::ptrdiff_t>(first);
    look_at(options, placement, estimate, {begin, begin + static_cast<std::ptrdiff_t>(at_once)},
            random, seen);
  }
  return seen;
}

void run(const Options& options) {
  std::mt19937_64 random(options.seed);
  const Placement placement(options, random_ring(options.nodes, options.tokens, random), random);
  const TableEstimate estimate{options.bytes / options.row_bytes, options.row_bytes};
  PartSizing sizing;
  sizing.part_bytes_target = options.part_mib << 20;
  const uint64_t kib_before = process_usage().peak_kib;
  const double began = process_usage().cpu_seconds;
  const std::vector<TokenRange> parts = plan_parts(placement.ring(), estimate, sizing);
  const double plan_s = process_usage().cpu_seconds - began;
  const uint64_t kib = process_usage().peak_kib - kib_before;

  std::vector<double> part_mib;
  for (const TokenRange& part : parts) {
    part_mib.push_back(ring_share(part) * static_cast<double>(options.bytes) / kMib);
  }
  const Splits splits = cut_all(options, placement, estimate, parts);
  const InFlight seen = in_flight(options, placement, estimate, parts, random);
  fmt::print(
      "{{\"ring_tokens\": {}, \"tablets\": {}, \"part_mib_asked\": {}, \"parts\": {}, "
      "\"part_mib\": "
      "{}, \"plan_cpu_s\": {:.4f}, \"plan_peak_kib\": {}, \"splits\": {}, \"splits_of_part\": {}, "
      "\"split_mib\": {}, \"split_plan_cpu_ms\": {}, \"splits_across_tablets\": {}, \"tasks\": {}, "
      "\"pages_in_flight\": {}, \"busiest_node\": {}, \"busiest_tablet\": {}, \"nodes_idle\": "
      "{}}}\n",
      placement.ring().size(), options.tablets, options.part_mib, parts.size(),
      json(spread(part_mib)), plan_s, kib, splits.mib.size(), json(spread(splits.of_part)),
      json(spread(splits.mib)), json(spread(splits.planning_ms)), splits.across_tablets,
      options.tasks, uint64_t{options.tasks} * options.max_in_flight,
      json(spread(seen.busiest_node)), json(spread(seen.busiest_tablet)),
      json(spread(seen.nodes_idle)));
}

int main_of(int argc, char** argv) {
  Options options;
  CLI::App app("Shares a very large table out among readers, and prints one line of JSON");
  const auto count = [&app](const char* name, auto& value, const char* told) {
    app.add_option(name, value, told)->check(CLI::PositiveNumber)->capture_default_str();
  };
  count("--nodes", options.nodes, "of the cluster");
  count("--tokens", options.tokens, "of a node");
  app.add_option("--tablets", options.tablets, "of the table, a power of two; 0: it has none")
      ->capture_default_str();
  count("--replicas", options.replicas, "of a row");
  count("--bytes", options.bytes, "of the table, as the cluster sends it");
  count("--row-bytes", options.row_bytes, "of a row");
  count("--partition-mib", options.part_mib, "about what a part is to hold");
  count("--tasks", options.tasks, "that run at once");
  count("--max-in-flight", options.max_in_flight, "pages that a task asks for at once");
  app.add_option("--seed", options.seed)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  run(options);
  return 0;
}

}  // namespace
}  // namespace ringsync::bench

int main(int argc, char** argv) { return ringsync::bench::main_of(argc, argv); }
