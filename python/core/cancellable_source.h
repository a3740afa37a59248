// CancellableSource: a source whose scans another thread can end at once. Between the engine and
// the cluster. Thread rule: that of Source.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "source/source.h"

namespace ringsync::python {

class CancellableSource final : public Source {
 public:
  /// `source` is shared: a scan that can be started again keeps its connections.
  explicit CancellableSource(std::shared_ptr<Source> source) : source_(std::move(source)) {}

  /// Ends all scans, present and to come, with kCancelled. Any thread.
  void cancel();

  Result<SourceIdentity> identity() override { return source_->identity(); }
  Result<Keyspace> keyspace() override { return source_->keyspace(); }
  Result<Ring> ring() override { return source_->ring(); }
  Result<int64_t> server_time_ms() override { return source_->server_time_ms(); }
  Result<std::unique_ptr<Scanner>> scanner(const ScannerOptions& options) override;
  std::string statement(const ScanQuery& query) const override { return source_->statement(query); }
  Token token(const std::vector<Bytes>& partition_key) const override {
    return source_->token(partition_key);
  }

 private:
  const std::shared_ptr<Source> source_;
  std::mutex mutex_;
  bool is_cancelled_ = false;
  std::weak_ptr<Scanner> scanner_;
};

}  // namespace ringsync::python
