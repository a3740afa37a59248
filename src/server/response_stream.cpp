#include "server/response_stream.h"

#include <utility>

namespace ringsync {

Status ResponseStream::write(grpc::ByteBuffer response) {
  const size_t bytes = response.Length();
  const grpc::ByteBuffer* first = nullptr;
  {
    std::unique_lock lock(mutex_);
    // A response larger than the limit is let in alone.
    moved_.wait(lock, [&] { return closed_ || queue_.empty() || bytes_ + bytes <= kBytesMax; });
    if (closed_) return Error{ErrorCode::kCancelled, "the client has ended the call"};
    bytes_ += bytes;
    queue_.push_back(std::move(response));
    if (queue_.size() == 1) first = &queue_.front();
  }
  // Elements of a deque stay in place; this one until its OnWriteDone.
  if (first != nullptr) StartWrite(first);
  return {};
}

void ResponseStream::OnWriteDone(bool ok) {
  const grpc::ByteBuffer* next = nullptr;
  {
    const std::lock_guard lock(mutex_);
    bytes_ -= queue_.front().Length();
    queue_.pop_front();
    if (!ok) closed_ = true;
    if (closed_) {
      queue_.clear();
      bytes_ = 0;
    } else if (!queue_.empty()) {
      next = &queue_.front();
    }
    moved_.notify_one();
  }
  if (next != nullptr) StartWrite(next);
}

void ResponseStream::finish(const grpc::Status& status) {
  {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return queue_.empty(); });
  }
  Finish(status);
}

bool ResponseStream::is_cancelled() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void ResponseStream::OnCancel() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    moved_.notify_one();
  }
  on_cancel_();
}

void ResponseStream::OnDone() {
  // A copy: the stream may end in it.
  const std::function<void()> on_done = on_done_;
  on_done();
}

}  // namespace ringsync
