// RunProgress: which token ranges of one table's run are delivered. What a checkpoint
// records and a resume begins from. Pure; delivering thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "model/state.h"

namespace ringsync {

class RunProgress {
 public:
  RunProgress() = default;
  /// Goes on from a saved run. Positions whose paging state was made for another
  /// `paging_fingerprint` are kept, but without it.
  RunProgress(const RunState& run, const std::string& paging_fingerprint);

  /// Positions that a saved run left: each is scanned on from its paging state, or where
  /// that is empty from its token (see restart_range).
  std::vector<ScanPosition> positions() const;

  /// The position in the scan over `range`; null before its first page. Valid until the next
  /// change.
  const ScanPosition* position(TokenRange range) const;

  /// What nobody has read or holds a position in.
  std::vector<TokenRange> remaining() const;

  /// A page of the scan over `range` is delivered: everything up to `reached` is. Without a paging
  /// state: everything before it.
  void advance(TokenRange range, Token reached, std::vector<uint8_t> paging_state);

  /// The scan over `range` is delivered to its end.
  void complete(TokenRange range);

  /// Gives up the position in `range` and returns what must be read again: all from the token
  /// reached, that token's partition included, since it may not have been read to its end. What
  /// lies before it counts as done. The whole range where no page was delivered.
  TokenRange restart(TokenRange range);

  /// True where nothing is delivered.
  bool is_empty() const { return done_.empty() && active_.empty(); }
  /// True where the done ranges are the whole ring.
  bool covers_ring() const;
  /// Share of the ring delivered, 0 to 1.
  double share() const;

  /// Writes `done` and `active` of a saved run.
  void save(RunState& run) const;

 private:
  void add_done(TokenRange range);

  std::vector<TokenRange> done_;  // sorted, merged
  std::map<TokenRange, ScanPosition> active_;
};

}  // namespace ringsync
