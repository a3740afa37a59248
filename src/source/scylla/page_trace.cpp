#include "source/scylla/page_trace.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"

namespace ringsync {

Result<std::unique_ptr<PageTrace>> PageTrace::open(const std::string& path, const Clock& clock) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) {
    return Error{ErrorCode::kOutput, fmt::format("the page trace {} cannot be written: {}", path,
                                                 std::strerror(errno))};
  }
  return std::unique_ptr<PageTrace>(new PageTrace(path, file, clock));
}

PageTrace::PageTrace(std::string path, std::FILE* file, const Clock& clock)
    : path_(std::move(path)), clock_(clock), file_(file) {}

void PageTrace::on_start(const ScanRequest& request) {
  const std::lock_guard lock(mutex_);
  scans_[request.id] = {request.query->table.name, request.range, request.page_limit != 0,
                        request.page_limit, 0};
}

void PageTrace::on_event(const ScanEvent& event) {
  const std::lock_guard lock(mutex_);
  const auto found = scans_.find(event.id);
  if (found == scans_.end() || file_ == nullptr) return;
  Scan& scan = found->second;
  nlohmann::ordered_json line;
  line["unix_ms"] = clock_.wall_us() / 1000;
  line["table"] = scan.table;
  line["start"] = scan.range.start;
  line["end"] = scan.range.end;
  line["scan"] = event.id;
  line["page"] = ++scan.pages;
  if (scan.is_probe) line["probe"] = true;
  bool ended = !event.page.ok();
  if (event.page.ok()) {
    const Page& page = *event.page;
    line["coordinator"] = page.coordinator;
    line["rows"] = page.row_count;
    line["bytes"] = page.buffer == nullptr ? 0 : page.buffer->rows().size();
    line["last"] = page.is_last;
    ended = page.is_last || scan.pages == scan.page_limit;
  } else {
    line["error"] = coded_text(event.page.error());
  }
  if (ended) scans_.erase(found);
  write(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n');
}

void PageTrace::write(const std::string& line) {
  const bool written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
                       std::fflush(file_.get()) == 0;
  if (written) return;
  log_warning("{}; it ends here",
              coded_text({ErrorCode::kOutput,
                          fmt::format("the page trace {} cannot be written any more: {}", path_,
                                      std::strerror(errno))}));
  file_.reset();
}

}  // namespace ringsync
