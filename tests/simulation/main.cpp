// simulation: seeded worlds of tables, writers, faults and syncs, checked against what a sync
// promises; and planted defects, to show that the checks find them.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "base/log.h"
#include "crashes.h"
#include "simulation.h"

namespace ringsync::simulation {
namespace {

struct Arguments {
  uint64_t seeds = 1000;
  uint64_t first = 1;
  Defect defect = Defect::kNone;
  bool proves_defects = false;
  bool crashes_everywhere = false;
  bool is_verbose = false;
};

constexpr const char* kUsage =
    "simulation [--seeds N] [--first S] [--defect NAME | --defects] [--crashes] [--verbose]\n"
    "  --seeds N      worlds to simulate (1000); with --defects, at most so many a defect\n"
    "  --first S      seed of the first (1)\n"
    "  --defect NAME  with a planted defect; ends with the first that is caught\n"
    "  --defects      each planted defect in turn; fails where one is not caught\n"
    "  --crashes      worlds whose first syncs die before and behind every step, in turn\n"
    "  --verbose      the engine's log\n";

std::optional<Defect> defect_of(const std::string& name) {
  for (const DefectText& text : all_defects()) {
    if (text.name == name) return text.defect;
  }
  return std::nullopt;
}

std::optional<Arguments> parse(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const bool has_value = i + 1 < count;
    if (word == "--defects") {
      arguments.proves_defects = true;
    } else if (word == "--crashes") {
      arguments.crashes_everywhere = true;
    } else if (word == "--verbose") {
      arguments.is_verbose = true;
    } else if (word == "--seeds" && has_value) {
      arguments.seeds = std::strtoull(words[++i], nullptr, 10);
    } else if (word == "--first" && has_value) {
      arguments.first = std::strtoull(words[++i], nullptr, 10);
    } else if (word == "--defect" && has_value) {
      const auto defect = defect_of(words[++i]);
      if (!defect) return std::nullopt;
      arguments.defect = *defect;
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

/// The first seed that is caught, and by what.
struct Caught {
  uint64_t seed = 0;
  Violation violation;
};

std::optional<Caught> run_seeds(const Arguments& arguments, Defect defect, Counts& counts) {
  for (uint64_t i = 0; i < arguments.seeds; ++i) {
    const uint64_t seed = arguments.first + i;
    Outcome outcome = Simulation(seed, defect).run();
    for (const auto& [what, count] : outcome.counts) counts[what] += count;
    if (outcome.violation) return Caught{seed, std::move(*outcome.violation)};
  }
  return std::nullopt;
}

/// What so many worlds must have met, or the generator has lost it. The others follow from these.
constexpr uint64_t kSeedsThatMeetAll = 1000;
constexpr std::array kMet = {
    "changes of rows during a sync",
    "changes of the ring between syncs",
    "changes of the ring during a sync",
    "changes of the schema between syncs",
    "changes of the schema during a sync",
    "checkpoints",
    "crashes at a checkpoint",
    "crashes at a commit",
    "crashes at a merge",
    "crashes at rows",
    "crashes at the beginning of a run",
    "crashes at the end of a table",
    "databases restored from an older backup",
    "early ends on request",
    "failures before the first page",
    "index windows read",
    "overload",
    "pages that came before those of earlier scans",
    "pages that came once more",
    "pages that were empty and not the last",
    "paging states refused",
    "read failures",
    "reads refused",
    "replicas unavailable",
    "requests of a range without replicas",
    "requests of ranges that move to other nodes",
    "requests while no node answered",
    "restarts from a state of an earlier sync",
    "restarts from an older saved state",
    "rows marked deleted",
    "runs completed",
    "runs gone on with",
    "runs that failed",
    "saved paging states that the cluster would misread",
    "states imported: another program's",
    "states imported: older copies",
    "states lost by the destination",
    "states refused, since rows of theirs are missing",
    "syncs beside another from a checkpoint on",
    "syncs beside another from a commit on",
    "syncs beside another from a merge on",
    "syncs beside another from a page on",
    "syncs beside another from rows on",
    "syncs beside another from the beginning of a run on",
    "syncs beside another from the end of a table on",
    "syncs beside another from the opening of a table on",
    "syncs that found another at work",
    "syncs that found the destination held",
    "tables lost by the destination",
    "tables refused for their new key",
    "time-outs",
    "torn connections",
    "turns passed between two syncs",
    "values that the destination cannot hold",
    "worlds of several tables",
};

bool has_met_all(const Counts& counts) {
  bool all = true;
  for (const char* what : kMet) {
    const auto met = counts.find(what);
    if (met != counts.end() && met->second > 0) continue;
    fmt::print("never met: {}\n", what);
    all = false;
  }
  return all;
}

std::string replay(const Arguments& arguments, uint64_t seed) {
  std::string command = fmt::format("replay: simulation --seeds 1 --first {}", seed);
  for (const DefectText& text : all_defects()) {
    if (text.defect == arguments.defect) command += fmt::format(" --defect {}", text.name);
  }
  if (arguments.crashes_everywhere) command += " --crashes";
  return command + " --verbose";
}

void print_counts(const Counts& counts) {
  for (const auto& [what, count] : counts) fmt::print("{:>10}  {}\n", count, what);
}

int prove_defects(const Arguments& arguments) {
  int missed = 0;
  for (const DefectText& text : all_defects()) {
    Counts counts;
    const auto caught = run_seeds(arguments, text.defect, counts);
    missed += caught ? 0 : 1;
    fmt::print("{:<30} {}\n", text.name,
               caught ? fmt::format("seed {:>4}  {}", caught->seed, caught->violation.invariant)
                      : "NOT CAUGHT");
  }
  fmt::print("{} planted defects, {} not caught within {} seeds\n", all_defects().size(), missed,
             arguments.seeds);
  return missed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_worlds(const Arguments& arguments) {
  const auto began = std::chrono::steady_clock::now();
  Counts counts;
  const auto caught = run_seeds(arguments, arguments.defect, counts);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  print_counts(counts);
  if (!caught) {
    if (arguments.seeds >= kSeedsThatMeetAll && !has_met_all(counts)) return EXIT_FAILURE;
    fmt::print("{} seeds from {} on: {} syncs in {:.1f} s, no invariant violated\n",
               arguments.seeds, arguments.first, counts["syncs"], took.count());
    return EXIT_SUCCESS;
  }
  fmt::print("seed {}: {}: {}\n{}\n", caught->seed, caught->violation.invariant,
             caught->violation.what, replay(arguments, caught->seed));
  return EXIT_FAILURE;
}

int run_crashes(const Arguments& arguments) {
  const auto began = std::chrono::steady_clock::now();
  const CrashReport report = crash_everywhere(arguments.first, arguments.seeds, arguments.defect);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  if (report.violation) {
    fmt::print("{}\n{}\n", *report.violation, replay(arguments, report.seed));
    return EXIT_FAILURE;
  }
  fmt::print("{} seeds from {} on: {} crashes at {} steps in {:.1f} s, no invariant violated\n",
             arguments.seeds, arguments.first, report.crashes, report.steps, took.count());
  return EXIT_SUCCESS;
}

int main_of(int count, char** words) {
  const auto arguments = parse(count, words);
  if (!arguments) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  set_up_logging(arguments->is_verbose ? LogLevel::kDebug : LogLevel::kError, LogFormat::kText);
  // Tables fail by the thousand here, and are meant to.
  if (!arguments->is_verbose) set_log_writer([](std::string_view) {});
  if (arguments->crashes_everywhere) return run_crashes(*arguments);
  return arguments->proves_defects ? prove_defects(*arguments) : run_worlds(*arguments);
}

}  // namespace
}  // namespace ringsync::simulation

int main(int count, char** words) { return ringsync::simulation::main_of(count, words); }
