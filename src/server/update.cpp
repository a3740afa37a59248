#include "server/update.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/log.h"
#include "server/failure.h"
#include "server/update_options.h"
#include "sink/fivetran/fivetran_sink.h"
#include "sink/fivetran/update_messages.h"

namespace ringsync {
namespace {

/// The stream as the sink knows it.
class SinkStream final : public WireStream {
 public:
  explicit SinkStream(ResponseStream& stream) : stream_(stream) {}

  Status write(WireMessage message) override {
    std::vector<grpc::Slice> slices;
    slices.reserve(1 + message.parts.size());
    slices.emplace_back(message.head);
    for (WireSlice& part : message.parts) {
      // The slice keeps the bytes' owner until gRPC has sent them.
      auto owner = std::make_unique<std::shared_ptr<const void>>(std::move(part.owner));
      void* const bytes = const_cast<uint8_t*>(part.bytes.data());  // gRPC's slices know no const
      slices.emplace_back(bytes, part.bytes.size(), release, owner.release());
    }
    return stream_.write(grpc::ByteBuffer(slices.data(), slices.size()));
  }

 private:
  static void release(void* owner) { delete static_cast<std::shared_ptr<const void>*>(owner); }

  ResponseStream& stream_;
};

/// "2 of 5 tables failed; the others are done: …" with a line a table.
Error table_failures(const SyncSummary& summary) {
  std::vector<std::string> lines;
  const Error* first = nullptr;
  for (const TableSummary& table : summary.tables) {
    if (!table.error) continue;
    // What the user must do counts more than what may pass by itself.
    const bool counts_more =
        first != nullptr && needs_user(table.error->code) && !needs_user(first->code);
    if (first == nullptr || counts_more) first = &*table.error;
    lines.push_back(fmt::format("table {}: {}", table.name, coded_text(*table.error)));
  }
  return {first->code,
          fmt::format("{} of {} tables failed{}:\n{}", lines.size(), summary.tables.size(),
                      lines.size() < summary.tables.size() ? "; the others are done" : "",
                      fmt::join(lines, "\n"))};
}

void log_summary(const SyncSummary& summary) {
  for (const TableSummary& table : summary.tables) {
    const char* outcome = table.error ? "failed" : table.finished ? "done" : "interrupted";
    log_info("table {}: {}: {} rows read = {} sent + {} reported", table.name, outcome,
             table.rows_read, table.rows_sent, table.rows_reported);
  }
}

}  // namespace

/// The engine that a stop is for, while it lives.
class UpdateCall::AttachedEngine {
 public:
  AttachedEngine(UpdateCall& call, SyncEngine& engine) : call_(call) {
    const std::lock_guard lock(call_.mutex_);
    call_.engine_ = &engine;
    if (call_.stop_requested_) engine.request_stop();
  }
  ~AttachedEngine() {
    const std::lock_guard lock(call_.mutex_);
    call_.engine_ = nullptr;
  }
  AttachedEngine(const AttachedEngine&) = delete;
  AttachedEngine& operator=(const AttachedEngine&) = delete;

 private:
  UpdateCall& call_;
};

UpdateCall::UpdateCall(uint64_t number, fivetran_sdk::v2::UpdateRequest request,
                       size_t request_bytes, std::function<void()> on_done)
    : number_(number),
      request_(std::move(request)),
      request_bytes_(request_bytes),
      stream_([this] { request_stop(); }, std::move(on_done)) {}

UpdateCall::~UpdateCall() {
  if (thread_.joinable()) thread_.join();
}

void UpdateCall::start() {
  thread_ = std::thread([this] { run(); });
}

void UpdateCall::request_stop() {
  const std::lock_guard lock(mutex_);
  stop_requested_ = true;
  if (engine_ != nullptr) engine_->request_stop();
}

void UpdateCall::run() {
  const LogScope scope(fmt::format("update {}: ", number_),
                       [this](std::string_view warning) { warn(warning); });
  grpc::Status status;
  try {
    status = sync();
  } catch (const std::exception& defect) {
    // Out of memory, or a defect: libraries' exceptions are caught where they are called.
    log_error({ErrorCode::kInternal, defect.what()});
    status = failure_status({ErrorCode::kInternal, "the sync failed; the log tells more"});
  }
  if (status.ok()) log_info("ended");
  stream_.finish(status);
}

grpc::Status UpdateCall::sync() {
  log_info("begun");
  const auto summary = run_engine();
  if (stream_.is_cancelled()) {
    log_info("ended by the client");
    return grpc::Status::CANCELLED;
  }
  return summary.ok() ? end_with(*summary) : end_with(summary.error());
}

Result<SyncSummary> UpdateCall::run_engine() {
  RINGSYNC_ASSIGN(const std::unique_ptr<UpdateOptions> options, UpdateOptions::read(request_));
  RINGSYNC_ASSIGN(const std::unique_ptr<Source> source, options->open_source());
  const SystemClock clock;
  SinkStream stream(stream_);
  const std::unique_ptr<Sink> sink =
      make_fivetran_sink({options->encoding(), options->state()}, stream);
  SyncEngine engine(*source, *sink, clock, options->sync_options());
  const AttachedEngine attached(*this, engine);
  return engine.run();
}

grpc::Status UpdateCall::end_with(const Error& error) {
  log_error(error);
  if (!needs_user(error.code)) return failure_status(error);
  // Nobody is left to be told where this fails.
  static_cast<void>(SinkStream(stream_).write(task_message(failure_text(error))));
  return grpc::Status::OK;
}

grpc::Status UpdateCall::end_with(const SyncSummary& summary) {
  log_summary(summary);
  if (summary.interrupted) {
    log_info("ended behind a checkpoint, as the server was asked to end");
    return failure_status(
        {ErrorCode::kShuttingDown,
         "the connector is shutting down; the next sync goes on from the last checkpoint"});
  }
  for (const TableSummary& table : summary.tables) {
    if (table.error) return end_with(table_failures(summary));
  }
  return grpc::Status::OK;
}

void UpdateCall::warn(std::string_view message) {
  // Where this fails the client is gone, which the sync finds out by itself.
  static_cast<void>(SinkStream(stream_).write(warning_message(message)));
}

}  // namespace ringsync
