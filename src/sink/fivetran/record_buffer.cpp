#include "sink/fivetran/record_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ringsync {
namespace {

constexpr size_t kIdleBuffersMax = 4;
// What one page of very wide rows took is not kept.
constexpr size_t kIdleBufferBytesMax = size_t{8} << 20;

}  // namespace

void RecordBuffer::grow(size_t bytes) {
  const size_t written = size();
  const size_t wanted = std::max(written + bytes, capacity() + capacity() / 2);
  auto larger = std::make_unique_for_overwrite<uint8_t[]>(wanted);
  if (written > 0) std::memcpy(larger.get(), data(), written);
  memory_ = std::move(larger);
  end_ = data() + written;
  limit_ = data() + wanted;
}

RecordBuffer BufferPool::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return {};
  RecordBuffer buffer = std::move(idle_.back());
  idle_.pop_back();
  return buffer;
}

void BufferPool::give_back(RecordBuffer buffer) {
  if (buffer.capacity() > kIdleBufferBytesMax) return;
  buffer.clear();
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleBuffersMax) idle_.push_back(std::move(buffer));
}

}  // namespace ringsync
