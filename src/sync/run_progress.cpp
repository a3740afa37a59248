#include "sync/run_progress.h"

#include <algorithm>

#include "plan/token_ranges.h"

namespace ringsync {

RunProgress::RunProgress(const RunState& run, const std::string& paging_fingerprint)
    : done_(run.done) {
  for (ScanPosition position : run.active) {
    if (run.paging_fingerprint != paging_fingerprint) position.paging_state.clear();
    active_[position.range] = std::move(position);
  }
}

std::vector<ScanPosition> RunProgress::positions() const {
  std::vector<ScanPosition> positions;
  for (const auto& [range, position] : active_) positions.push_back(position);
  return positions;
}

const ScanPosition* RunProgress::position(TokenRange range) const {
  const auto found = active_.find(range);
  return found == active_.end() ? nullptr : &found->second;
}

std::vector<TokenRange> RunProgress::remaining() const {
  std::vector<TokenRange> taken = done_;
  for (const auto& [range, position] : active_) taken.push_back(range);
  return without({kWholeRing}, taken);
}

void RunProgress::advance(TokenRange range, Token reached, std::vector<uint8_t> paging_state) {
  active_[range] = ScanPosition{range, reached, std::move(paging_state)};
}

void RunProgress::complete(TokenRange range) {
  active_.erase(range);
  add_done(range);
}

TokenRange RunProgress::restart(TokenRange range) {
  const auto position = active_.find(range);
  if (position == active_.end()) return range;
  // reached > range.start, so reached - 1 cannot fall below it.
  const TokenRange rest{position->second.reached - 1, range.end};
  active_.erase(position);
  if (range.start < rest.start) add_done({range.start, rest.start});
  return rest;
}

bool RunProgress::covers_ring() const { return done_.size() == 1 && done_[0] == kWholeRing; }

double RunProgress::share() const {
  double share = 0;
  for (const TokenRange& range : done_) share += ring_share(range);
  for (const auto& [range, position] : active_) {
    share += ring_share({range.start, position.reached});
  }
  return std::min(share, 1.0);
}

void RunProgress::save(RunState& run) const {
  run.done = done_;
  run.active.clear();
  for (const auto& [range, position] : active_) run.active.push_back(position);
}

// Done ranges are few (see SplitQueue), so inserting into a sorted vector is cheap.
void RunProgress::add_done(TokenRange range) {
  auto first = std::lower_bound(done_.begin(), done_.end(), range.start,
                                [](TokenRange d, Token start) { return d.end < start; });
  auto last = first;
  for (; last != done_.end() && last->start <= range.end; ++last) {
    range.start = std::min(range.start, last->start);
    range.end = std::max(range.end, last->end);
  }
  done_.insert(done_.erase(first, last), range);
}

}  // namespace ringsync
