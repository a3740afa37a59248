// ResponseStream: the responses of one streaming call on their way to the client. A bounded queue
// between the thread that makes them and gRPC, which sends one at a time: a client that reads
// slowly fills it, and the maker waits. Last on the data path.
// Thread rule: write() and finish() belong to the maker's thread; the reactor's callbacks are
// gRPC's; is_cancelled() may come from any.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

#include "base/result.h"

namespace ringsync {

class ResponseStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  /// What may wait before write() does. Enough to keep a fast client busy over a switch of threads.
  static constexpr size_t kBytesMax = size_t{512} << 10;

  /// `on_cancel` is called once, by a thread of gRPC, when the client is gone or the call's
  /// deadline has passed; `on_done` when gRPC needs the stream no more: it may delete it.
  ResponseStream(std::function<void()> on_cancel, std::function<void()> on_done)
      : on_cancel_(std::move(on_cancel)), on_done_(std::move(on_done)) {}

  /// Hands a response over; blocks while too much waits. Error kCancelled once the client is gone.
  Status write(grpc::ByteBuffer response);

  /// Blocks until everything written is on its way, then ends the call. The last call of its kind;
  /// the stream may be deleted before it returns.
  void finish(const grpc::Status& status);

  bool is_cancelled() const;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  const std::function<void()> on_cancel_;
  const std::function<void()> on_done_;
  mutable std::mutex mutex_;
  std::condition_variable moved_;
  std::deque<grpc::ByteBuffer>
      queue_;  // the first is being sent; guarded by mutex_, as is the rest
  size_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace ringsync
