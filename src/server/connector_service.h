// ConnectorService: Fivetran's service, each method given to the file that does its work, and the
// streaming calls under way. Thread rule: gRPC calls the methods from many threads; stop() and
// wait() may come from any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "base/result.h"
#include "proto/source_connector.grpc.pb.h"
#include "server/update.h"

namespace ringsync {

class ConnectorService final
    : public fivetran_sdk::v2::SourceConnector::WithRawCallbackMethod_Update<
          fivetran_sdk::v2::SourceConnector::Service> {
 public:
  /// Syncs at once; more are refused with RESOURCE_EXHAUSTED.
  static constexpr size_t kUpdatesMax = 64;
  /// Bytes of the requests of all calls under way, which are kept until they end; what would go
  /// beyond is refused too.
  static constexpr size_t kRequestBytesMax = size_t{256} << 20;

  grpc::Status ConfigurationForm(grpc::ServerContext* context,
                                 const fivetran_sdk::v2::ConfigurationFormRequest* request,
                                 fivetran_sdk::v2::ConfigurationFormResponse* response) override;
  grpc::Status Test(grpc::ServerContext* context, const fivetran_sdk::v2::TestRequest* request,
                    fivetran_sdk::v2::TestResponse* response) override;
  grpc::Status Schema(grpc::ServerContext* context, const fivetran_sdk::v2::SchemaRequest* request,
                      fivetran_sdk::v2::SchemaResponse* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Update(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request) override;

  /// Asks every sync to end behind a checkpoint; one that begins later ends at once.
  void stop();
  /// Blocks until no sync is under way.
  void wait();

 private:
  void forget(uint64_t number);
  /// Runs `work`, a unary call's, while its request counts among those that are kept.
  template <typename Request, typename Work>
  grpc::Status run_within_bounds(const char* name, const Request& request, Work work);
  /// Error kShuttingDown or kBusy where a sync with a request of so many bytes cannot begin now;
  /// mutex_ is held.
  Status check_update(size_t request_bytes) const;
  /// Error kBusy where so many more bytes of requests cannot be kept; mutex_ is held.
  Status check_room(size_t request_bytes) const;

  std::atomic<uint64_t> calls_{0};
  std::mutex mutex_;
  std::condition_variable ended_;
  std::map<uint64_t, std::unique_ptr<UpdateCall>> updates_;  // by number; guarded by mutex_
  size_t unary_bytes_ = 0;                                   // guarded by mutex_
  bool stopping_ = false;                                    // guarded by mutex_
};

}  // namespace ringsync
