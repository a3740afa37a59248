#include "source.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "scanner.h"

namespace ringsync::simulation {
namespace {

constexpr int64_t kTimeoutMs = 10'000;
constexpr int64_t kMovingMsMax = 8'000;

testing::FakeSourceOptions inner_options(Stage& stage) {
  testing::FakeSourceOptions options;
  options.seed = stage.random.next();
  options.ring_tokens = stage.world.ring_tokens();
  options.server_version = stage.world.server_version();
  options.takes_foreign_paging_states = stage.faults.takes_foreign_paging_states;
  options.filters_late = stage.faults.filters_late;
  options.after_page = [&stage] {
    if (stage.on_page) stage.on_page();
  };
  return options;
}

}  // namespace

SimSource::SimSource(Stage& stage)
    : stage_(stage),
      ring_tokens_(stage.world.ring_tokens()),
      inner_(stage.world.tables(), stage.clock, [&] {
        auto options = inner_options(stage);
        options.fault = [this](const ScanRequest& request) { return failure_of(request); };
        return options;
      }()) {}

void SimSource::follow_world() {
  const std::vector<Token>& tokens = stage_.world.ring_tokens();
  inner_.change_cluster(tokens, stage_.world.server_version());
  if (tokens == ring_tokens_) return;
  moving_.clear();
  std::set_symmetric_difference(tokens.begin(), tokens.end(), ring_tokens_.begin(),
                                ring_tokens_.end(), std::back_inserter(moving_));
  ring_tokens_ = tokens;
  moved_at_ms_ = stage_.clock.true_ms() + stage_.random.between(0, kMovingMsMax);
}

bool SimSource::is_moving(const TokenRange& range) const {
  return stage_.clock.true_ms() < moved_at_ms_ &&
         std::any_of(moving_.begin(), moving_.end(),
                     [&](Token token) { return token > range.start && token <= range.end; });
}

Status SimSource::opening_call() {
  follow_world();
  if (calls_++ != stage_.faults.opening_failure) return {};
  stage_.count("failures before the first page");
  return Error{ErrorCode::kConnect, "no node answers"};
}

Result<SourceIdentity> SimSource::identity() {
  RINGSYNC_TRY(opening_call());
  return inner_.identity();
}

Result<Keyspace> SimSource::keyspace() {
  RINGSYNC_TRY(opening_call());
  return inner_.keyspace();
}

Result<Ring> SimSource::ring() {
  RINGSYNC_TRY(opening_call());
  return inner_.ring();
}

Result<int64_t> SimSource::server_time_ms() {
  RINGSYNC_TRY(opening_call());
  return stage_.clock.true_ms();
}

Result<std::unique_ptr<Scanner>> SimSource::scanner(const ScannerOptions& options) {
  RINGSYNC_ASSIGN(auto inner, inner_.scanner(options));
  return std::unique_ptr<Scanner>(std::make_unique<SimScanner>(stage_, std::move(inner)));
}

std::optional<Error> SimSource::some_failure() {
  switch (stage_.random.below(5)) {
    case 0:
      stage_.count("time-outs");
      stage_.clock.sleep_ms(stage_.random.between(1, kTimeoutMs));
      return Error{ErrorCode::kTimeout, "no answer"};
    case 1: stage_.count("overload"); return Error{ErrorCode::kOverloaded, "shed"};
    case 2: stage_.count("torn connections"); return Error{ErrorCode::kConnect, "torn"};
    case 3: stage_.count("replicas unavailable"); return Error{ErrorCode::kUnavailable, "down"};
    default: stage_.count("read failures"); return Error{ErrorCode::kReadFailure, "failed"};
  }
}

// What the sync must not use is never seen to be misread: it is looked for where it might have
// been.
void SimSource::count_misread(const ScanRequest& request) {
  if (request.page_limit != 0) return;  // a probe may send another statement
  const std::string& table = request.query->table.name;
  if (!asked_for_.insert(table).second || !stage_.start_state) return;
  const auto& tables = stage_.start_state->tables;
  const auto known = tables.find(table);
  if (known == tables.end() || !known->second.run) return;
  for (const ScanPosition& at : known->second.run->active) {
    ScanRequest resumed{request.id, request.query, at.range, at.paging_state};
    if (inner_.would_misread(resumed)) {
      stage_.count("saved paging states that the cluster would misread");
    }
  }
}

std::optional<Error> SimSource::failure_of(const ScanRequest& request) {
  const SyncFaults& faults = stage_.faults;
  follow_world();
  count_misread(request);
  if (request.query->table.name == faults.broken_table) {
    stage_.count("reads refused");
    return Error{ErrorCode::kInvalidQuery, "refused"};
  }
  const int64_t into_ms = stage_.clock.true_ms() - stage_.began_ms;
  if (faults.outage_after_ms && into_ms >= *faults.outage_after_ms &&
      into_ms < *faults.outage_after_ms + faults.outage_ms) {
    stage_.count("requests while no node answered");
    stage_.clock.sleep_ms(stage_.random.between(1, 500));
    return Error{ErrorCode::kConnect, "no node answers"};
  }
  if (faults.dead_token && *faults.dead_token > request.range.start &&
      *faults.dead_token <= request.range.end && request.page_limit == 0) {
    stage_.count("requests of a range without replicas");
    return Error{ErrorCode::kUnavailable, "no replica answers"};
  }
  if (!request.paging_state.empty() && stage_.random.chance(faults.refusal_rate)) {
    stage_.count("paging states refused");
    return Error{ErrorCode::kBadPagingState, "refused"};
  }
  if (is_moving(request.range) && stage_.random.chance(0.3)) {
    stage_.count("requests of ranges that move to other nodes");
    return Error{ErrorCode::kUnavailable, "nodes come and go"};
  }
  if (stage_.random.chance(faults.failure_rate)) return some_failure();
  return std::nullopt;
}

}  // namespace ringsync::simulation
