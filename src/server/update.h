// RPC Update: one sync, streamed to the client. Makes the engine, its source and its sink from the
// request, runs them on a thread of the call's own and tells how it ended.
// Thread rule: start() once; request_stop() may come from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "proto/source_connector.pb.h"
#include "server/response_stream.h"
#include "sync/engine.h"

namespace ringsync {

class UpdateCall {
 public:
  /// `on_done` is called by a thread of gRPC when nothing of the call is needed any more: it may
  /// delete it. `number` tells the call's lines in the log from others.
  UpdateCall(uint64_t number, fivetran_sdk::v2::UpdateRequest request, size_t request_bytes,
             std::function<void()> on_done);
  /// Waits for the call's thread.
  ~UpdateCall();
  UpdateCall(const UpdateCall&) = delete;
  UpdateCall& operator=(const UpdateCall&) = delete;

  void start();
  grpc::ServerWriteReactor<grpc::ByteBuffer>* reactor() { return &stream_; }
  /// Of the request, as it came.
  size_t request_bytes() const { return request_bytes_; }

  /// Asks the sync to end behind a checkpoint.
  void request_stop();

 private:
  void run();
  /// The sync from its configuration to its last checkpoint, and how the call is to end.
  grpc::Status sync();
  Result<SyncSummary> run_engine();
  grpc::Status end_with(const Error& error);
  grpc::Status end_with(const SyncSummary& summary);
  void warn(std::string_view message);

  class AttachedEngine;

  const uint64_t number_;
  const fivetran_sdk::v2::UpdateRequest request_;
  const size_t request_bytes_;
  ResponseStream stream_;
  std::thread thread_;
  std::mutex mutex_;
  SyncEngine* engine_ = nullptr;  // guarded by mutex_
  bool stop_requested_ = false;   // guarded by mutex_
};

}  // namespace ringsync
