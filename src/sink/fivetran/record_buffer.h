// RecordBuffer: memory that the records of a page are written into, and BufferPool, which lends it
// to one page after the other. A page's megabytes would else come fresh from the system each time,
// and touching them costs as much as half the encoding. Thread rule: a buffer belongs to one thread
// at a time; a pool may be used by any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace ringsync {

class RecordBuffer {
 public:
  RecordBuffer() = default;
  RecordBuffer(RecordBuffer&& other) noexcept { *this = std::move(other); }
  RecordBuffer& operator=(RecordBuffer&& other) noexcept {
    memory_ = std::move(other.memory_);
    end_ = std::exchange(other.end_, nullptr);
    limit_ = std::exchange(other.limit_, nullptr);
    return *this;
  }
  RecordBuffer(const RecordBuffer&) = delete;
  RecordBuffer& operator=(const RecordBuffer&) = delete;
  ~RecordBuffer() = default;

  const uint8_t* data() const { return memory_.get(); }
  uint8_t* data() { return memory_.get(); }
  size_t size() const { return static_cast<size_t>(end_ - memory_.get()); }
  size_t capacity() const { return static_cast<size_t>(limit_ - memory_.get()); }
  void clear() { end_ = memory_.get(); }

  /// The end of what is written. Write from here on, up to the room made, then say where the new
  /// end is.
  uint8_t* end() { return end_; }
  void set_end(uint8_t* end) { end_ = end; }

  /// Makes room for `bytes` more behind the end; may move the memory.
  void make_room(size_t bytes) {
    if (static_cast<size_t>(limit_ - end_) < bytes) grow(bytes);
  }

 private:
  void grow(size_t bytes);

  std::unique_ptr<uint8_t[]> memory_;
  uint8_t* end_ = nullptr;
  uint8_t* limit_ = nullptr;
};

class BufferPool {
 public:
  /// A buffer without content, of any capacity.
  RecordBuffer take();
  void give_back(RecordBuffer buffer);

 private:
  std::mutex mutex_;
  std::vector<RecordBuffer> idle_;
};

}  // namespace ringsync
