// The scans of a simulated source: each page takes its time, may come once more later, and is noted
// as read.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "source/source.h"
#include "stage.h"

namespace ringsync::simulation {

/// A page's bytes, for pages that are made here.
class OwnedBuffer final : public PageBuffer {
 public:
  explicit OwnedBuffer(Bytes bytes) : bytes_(bytes.begin(), bytes.end()) {}
  Bytes rows() const override { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
};

class SimScanner final : public Scanner {
 public:
  SimScanner(Stage& stage, std::unique_ptr<Scanner> inner);

  void start(ScanRequest request) override;
  Result<std::optional<ScanEvent>> next(int64_t timeout_ms) override;
  void cancel() override { inner_->cancel(); }

 private:
  struct Scan {
    ScanRequest request;
    int64_t started_ms = 0;
    Token reached = kTokenMin;
    uint32_t pages = 0;
  };

  void check_limits(const ScanRequest& request);
  void note_start(const ScanRequest& request);
  void note_failure(const ScanRequest& request);
  bool may_be_dropped(const Scan& scan) const;
  void note(const ScanEvent& event);
  void note_page(Scan& scan, const Page& page);
  void keep_echo(const Scan& scan, const ScanEvent& event);

  Stage& stage_;
  std::unique_ptr<Scanner> inner_;
  std::unordered_map<ScanId, Scan> scans_;
  std::set<ScanId> dropped_;  // by the engine, for certain; they run on
  std::vector<ScanEvent> echoes_;
  uint64_t calls_ = 0;
};

}  // namespace ringsync::simulation
