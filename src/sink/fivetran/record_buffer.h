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
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }
  RecordBuffer(const RecordBuffer&) = delete;
  RecordBuffer& operator=(const RecordBuffer&) = delete;
  ~RecordBuffer() = default;

  const uint8_t* data() const { return data_.get(); }
  uint8_t* data() { return data_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  void clear() { size_ = 0; }

  /// The end of what is written. Write from here on, up to the room made, then say where the new
  /// end is.
  uint8_t* end() { return data_.get() + size_; }
  void set_end(const uint8_t* end) { size_ = static_cast<size_t>(end - data_.get()); }

  /// Makes room for `bytes` more behind the end; may move the memory.
  void make_room(size_t bytes) {
    if (capacity_ - size_ < bytes) grow(bytes);
  }

 private:
  void grow(size_t bytes);

  std::unique_ptr<uint8_t[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
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
