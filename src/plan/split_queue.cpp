#include "plan/split_queue.h"

#include <algorithm>

namespace ringsync {

SplitQueue::SplitQueue(std::vector<TokenRange> splits, uint32_t lanes)
    : splits_(std::move(splits)), remaining_(splits_.size()) {
  const size_t lane_count = std::min<size_t>(std::max<uint32_t>(lanes, 1), splits_.size());
  for (size_t i = 0; i < lane_count; ++i) {
    lanes_.push_back(
        {splits_.size() * i / lane_count, splits_.size() * (i + 1) / lane_count, false});
  }
}

bool SplitQueue::steal_into(Lane& idle) {
  const auto longest = std::max_element(
      lanes_.begin(), lanes_.end(),
      [](const Lane& a, const Lane& b) { return a.end - a.next < b.end - b.next; });
  const size_t left = longest->end - longest->next;
  if (left == 0) return false;
  idle.end = longest->end;
  idle.next = longest->end - (left + 1) / 2;
  longest->end = idle.next;
  return true;
}

std::optional<SplitQueue::Assignment> SplitQueue::take() {
  if (remaining_ == 0) return std::nullopt;
  Lane* idle = nullptr;
  for (Lane& lane : lanes_) {
    if (lane.out) continue;
    idle = &lane;
    if (lane.next < lane.end) break;  // one with work of its own is better than a thief
  }
  if (idle == nullptr) return std::nullopt;
  if (idle->next == idle->end && !steal_into(*idle)) return std::nullopt;
  idle->out = true;
  --remaining_;
  return Assignment{static_cast<uint32_t>(idle - lanes_.data()), splits_[idle->next++]};
}

void SplitQueue::release(uint32_t lane) { lanes_[lane].out = false; }

}  // namespace ringsync
