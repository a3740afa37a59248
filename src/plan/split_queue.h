// SplitQueue: hands out a table's splits in token order from a bounded number of starting points
// (lanes), so that finished ranges merge and a saved state stays small however many splits there
// are. Thread rule: used by the delivering thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/token_range.h"

namespace ringsync {

class SplitQueue {
 public:
  SplitQueue() = default;
  /// `splits` in token order; at most `lanes` splits will be out at a time.
  SplitQueue(std::vector<TokenRange> splits, uint32_t lanes);

  struct Assignment {
    uint32_t lane;
    TokenRange range;
  };

  /// The next split of a lane that has none out; where all such lanes are empty, the later half of
  /// the longest queue becomes a lane of its own. Nothing when no split is left to hand out or
  /// every lane is out.
  std::optional<Assignment> take();

  /// The split that `lane` had out is done or given up.
  void release(uint32_t lane);

  /// True when every split has been handed out.
  bool empty() const { return remaining_ == 0; }
  size_t remaining() const { return remaining_; }

 private:
  struct Lane {
    size_t next = 0;
    size_t end = 0;
    bool out = false;
  };
  bool steal_into(Lane& idle);

  std::vector<TokenRange> splits_;
  std::vector<Lane> lanes_;
  size_t remaining_ = 0;
};

}  // namespace ringsync
