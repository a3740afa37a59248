// PageTrace: a line of JSON for every page that comes from the cluster: which range it is of and
// which node answered. For people who look into routing or slow nodes. Beside the data path. Thread
// rule: any thread; calls are serialised.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "source/source.h"

namespace ringsync {

class PageTrace {
 public:
  /// Replaces the file at `path`. Error kOutput where it cannot be written. `clock` outlives the
  /// trace.
  static Result<std::unique_ptr<PageTrace>> open(const std::string& path, const Clock& clock);
  PageTrace(const PageTrace&) = delete;
  PageTrace& operator=(const PageTrace&) = delete;

  /// A scan begins.
  void on_start(const ScanRequest& request);
  /// A page of a scan that was started, or the failure that ended it. Where the file cannot be
  /// written any more, a warning says so once and the trace ends there.
  void on_event(const ScanEvent& event);

 private:
  struct Scan {
    std::string table;
    TokenRange range;
    bool is_probe = false;
    uint32_t page_limit = 0;
    uint32_t pages = 0;
  };
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  PageTrace(std::string path, std::FILE* file, const Clock& clock);
  void write(const std::string& line);

  const std::string path_;
  const Clock& clock_;
  std::mutex mutex_;
  std::unique_ptr<std::FILE, Closer> file_;  // null once it could not be written; guarded
  std::unordered_map<ScanId, Scan> scans_;   // under way; guarded
};

}  // namespace ringsync
