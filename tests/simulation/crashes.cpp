#include "crashes.h"

#include <fmt/format.h>

#include "simulation.h"

namespace ringsync::simulation {
namespace {

const char* name_of(DestinationKind kind) {
  return kind == DestinationKind::kDatabase ? "database" : "Fivetran";
}

/// What went wrong in one world, if anything did.
std::optional<std::string> told(uint64_t seed, const CrashPlan& plan, const Outcome& outcome) {
  std::string where = fmt::format("seed {}, {}", seed, name_of(plan.destination));
  if (plan.crash) {
    where +=
        fmt::format(", crash {} step {} of sync {}", plan.crash->is_behind ? "behind" : "before",
                    plan.crash->step, plan.crash->sync + 1);
  }
  if (outcome.violation) {
    return fmt::format("{}: {}: {}", where, outcome.violation->invariant, outcome.violation->what);
  }
  if (plan.crash && !outcome.has_crashed) return where + ": the step was not reached";
  return std::nullopt;
}

class CrashSeries {
 public:
  CrashSeries(uint64_t seed, Defect defect, CrashReport& report)
      : seed_(seed), defect_(defect), report_(report) {}

  /// False behind a violation.
  bool run(DestinationKind kind) {
    const Outcome whole = simulate({kind, std::nullopt});
    for (size_t sync = 0; sync < whole.steps.size(); ++sync) {
      for (uint64_t step = 1; step <= whole.steps[sync]; ++step) {
        ++report_.steps;
        simulate({kind, Crash{sync, step, false}});
        simulate({kind, Crash{sync, step, true}});
        if (report_.violation) return false;
      }
    }
    return !report_.violation;
  }

 private:
  Outcome simulate(const CrashPlan& plan) {
    Outcome outcome = Simulation(seed_, defect_, plan).run();
    report_.crashes += outcome.has_crashed ? 1 : 0;
    if (!report_.violation) report_.violation = told(seed_, plan, outcome);
    return outcome;
  }

  const uint64_t seed_;
  const Defect defect_;
  CrashReport& report_;
};

}  // namespace

CrashReport crash_everywhere(uint64_t first_seed, uint64_t seeds, Defect defect) {
  CrashReport report;
  for (uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    CrashSeries series(seed, defect, report);
    report.seed = seed;
    if (!series.run(DestinationKind::kDatabase) || !series.run(DestinationKind::kFivetran)) break;
  }
  return report;
}

}  // namespace ringsync::simulation
