#include "python/core/cancellable_source.h"

#include <utility>

namespace ringsync::python {
namespace {

/// The engine's end of a scanner that cancel() reaches too, hence shared.
class SharedScanner final : public Scanner {
 public:
  explicit SharedScanner(std::shared_ptr<Scanner> scanner) : scanner_(std::move(scanner)) {}
  void start(ScanRequest request) override { scanner_->start(std::move(request)); }
  Result<std::optional<ScanEvent>> next(int64_t timeout_ms) override {
    return scanner_->next(timeout_ms);
  }
  void cancel() override { scanner_->cancel(); }

 private:
  const std::shared_ptr<Scanner> scanner_;
};

}  // namespace

void CancellableSource::cancel() {
  const std::lock_guard lock(mutex_);
  is_cancelled_ = true;
  if (const auto scanner = scanner_.lock()) scanner->cancel();
}

Result<std::unique_ptr<Scanner>> CancellableSource::scanner(const ScannerOptions& options) {
  RINGSYNC_ASSIGN(std::shared_ptr<Scanner> scanner, source_->scanner(options));
  const std::lock_guard lock(mutex_);
  if (is_cancelled_) return Error{ErrorCode::kCancelled, "the scan was cancelled"};
  scanner_ = scanner;
  return std::unique_ptr<Scanner>(std::make_unique<SharedScanner>(std::move(scanner)));
}

}  // namespace ringsync::python
