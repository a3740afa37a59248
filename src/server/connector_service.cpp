#include "server/connector_service.h"

#include <fmt/format.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <exception>
#include <utility>

#include "base/log.h"
#include "server/configuration_form.h"
#include "server/connection_test.h"
#include "server/failure.h"
#include "server/schema.h"

namespace ringsync {
namespace {

namespace wire = fivetran_sdk::v2;

/// A streaming call that ends before it begins.
class RefusedCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit RefusedCall(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

/// Runs a unary call: its lines in the log begin with its name and number.
template <typename Work>
grpc::Status run_call(const char* name, uint64_t number, Work work) {
  const LogScope scope(fmt::format("{} {}: ", name, number));
  try {
    const grpc::Status status = work();
    if (status.ok()) {
      log_info("done");
    } else {
      log_warning("{}", status.error_message());
    }
    return status;
  } catch (const std::exception& defect) {
    // Out of memory, or a defect: libraries' exceptions are caught where they are called.
    log_error({ErrorCode::kInternal, defect.what()});
    return failure_status({ErrorCode::kInternal, "the call failed; the log tells more"});
  }
}

}  // namespace

grpc::Status ConnectorService::ConfigurationForm(grpc::ServerContext* /*context*/,
                                                 const wire::ConfigurationFormRequest* /*request*/,
                                                 wire::ConfigurationFormResponse* response) {
  return run_call("form", ++calls_, [&] {
    *response = configuration_form();
    return grpc::Status::OK;
  });
}

grpc::Status ConnectorService::Test(grpc::ServerContext* /*context*/,
                                    const wire::TestRequest* request,
                                    wire::TestResponse* response) {
  return run_within_bounds("test", *request,
                           [&] { return run_connection_test(*request, *response); });
}

grpc::Status ConnectorService::Schema(grpc::ServerContext* /*context*/,
                                      const wire::SchemaRequest* request,
                                      wire::SchemaResponse* response) {
  return run_within_bounds("schema", *request, [&] { return read_schema(*request, *response); });
}

template <typename Request, typename Work>
grpc::Status ConnectorService::run_within_bounds(const char* name, const Request& request,
                                                 Work work) {
  const size_t request_bytes = request.ByteSizeLong();
  {
    const std::lock_guard lock(mutex_);
    const Status room = check_room(request_bytes);
    if (!room.ok()) return failure_status(room.error());
    unary_bytes_ += request_bytes;
  }
  const grpc::Status status = run_call(name, ++calls_, std::move(work));
  const std::lock_guard lock(mutex_);
  unary_bytes_ -= request_bytes;
  return status;
}

Status ConnectorService::check_update(size_t request_bytes) const {
  if (stopping_) return Error{ErrorCode::kShuttingDown, "the connector is shutting down"};
  if (updates_.size() >= kUpdatesMax) {
    return Error{ErrorCode::kBusy,
                 fmt::format("{} syncs are under way; try again later", kUpdatesMax)};
  }
  return check_room(request_bytes);
}

Status ConnectorService::check_room(size_t request_bytes) const {
  size_t kept = unary_bytes_;
  for (const auto& [number, call] : updates_) kept += call->request_bytes();
  if (kept + request_bytes <= kRequestBytesMax) return {};
  return Error{
      ErrorCode::kBusy,
      fmt::format("the requests of calls under way would take more than {} MiB; try again later",
                  kRequestBytesMax >> 20)};
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* ConnectorService::Update(
    grpc::CallbackServerContext* /*context*/, const grpc::ByteBuffer* request) {
  wire::UpdateRequest parsed;
  grpc::ByteBuffer bytes(*request);  // parsing takes it apart
  const size_t request_bytes = bytes.Length();
  if (!grpc::SerializationTraits<wire::UpdateRequest>::Deserialize(&bytes, &parsed).ok()) {
    return new RefusedCall(
        failure_status({ErrorCode::kRequest, "the request is no UpdateRequest"}));
  }
  const std::lock_guard lock(mutex_);
  const Status accepted = check_update(request_bytes);
  if (!accepted.ok()) return new RefusedCall(failure_status(accepted.error()));
  const uint64_t number = ++calls_;
  auto call = std::make_unique<UpdateCall>(number, std::move(parsed), request_bytes,
                                           [this, number] { forget(number); });
  UpdateCall& started = *call;
  updates_.emplace(number, std::move(call));
  started.start();
  return started.reactor();
}

void ConnectorService::forget(uint64_t number) {
  std::unique_ptr<UpdateCall> ended;
  {
    const std::lock_guard lock(mutex_);
    ended = std::move(updates_.extract(number).mapped());
  }
  ended.reset();  // joins its thread, which is at its end
  const std::lock_guard lock(mutex_);
  if (updates_.empty()) ended_.notify_all();
}

void ConnectorService::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  for (const auto& [number, call] : updates_) call->request_stop();
}

void ConnectorService::wait() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [&] { return updates_.empty(); });
}

}  // namespace ringsync
