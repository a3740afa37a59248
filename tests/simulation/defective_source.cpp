#include <algorithm>
#include <limits>
#include <utility>

#include "defects.h"
#include "scanner.h"

namespace ringsync::simulation {
namespace {

ScanEvent empty_end(ScanId id) {
  Page page;
  page.buffer = std::make_unique<OwnedBuffer>(Bytes{});
  page.is_last = true;
  return {id, std::move(page)};
}

class DefectiveScanner final : public Scanner {
 public:
  DefectiveScanner(Defect defect, std::unique_ptr<Scanner> inner, Stage& stage)
      : defect_(defect), inner_(std::move(inner)), stage_(stage) {}

  void start(ScanRequest request) override {
    if (defect_ == Defect::kRangeEndExclusive && request.range.start < request.range.end - 1) {
      --request.range.end;
    }
    if (defect_ == Defect::kWrapAroundRangeLost && !cut_at_last_token(request)) return;
    if (defect_ == Defect::kResumePageLost && !request.paging_state.empty()) {
      resumed_.push_back(request.id);
    }
    change_bounds(request);
    inner_->start(std::move(request));
  }

  Result<std::optional<ScanEvent>> next(int64_t timeout_ms) override {
    if (!ends_.empty()) {
      ScanEvent end = empty_end(ends_.back());
      ends_.pop_back();
      return std::optional<ScanEvent>(std::move(end));
    }
    RINGSYNC_ASSIGN(auto event, inner_->next(timeout_ms));
    if (!event) return event;
    if (!event->page.ok()) {
      if (defect_ != Defect::kErrorSwallowed) return event;
      return std::optional<ScanEvent>(empty_end(event->id));
    }
    if (!is_lost(*event)) return event;
    if (event->page->is_last) return std::optional<ScanEvent>(empty_end(event->id));
    return std::optional<ScanEvent>();
  }

  void cancel() override { inner_->cancel(); }

 private:
  /// False where nothing is left of the request.
  bool cut_at_last_token(ScanRequest& request) {
    const Token last = stage_.world.ring_tokens().back();
    if (request.range.start >= last) {
      ends_.push_back(request.id);
      return false;
    }
    request.range.end = std::min(request.range.end, last);
    return true;
  }

  void change_bounds(ScanRequest& request) {
    ScanQuery query = *request.query;
    if (defect_ == Defect::kUpperBoundOnCursor && query.cursor_after_ms && !query.cursor_until_ms) {
      query.cursor_until_ms = stage_.began_ms - stage_.scenario.options.lag_ms;
    } else if (defect_ == Defect::kHalfAWindow && query.cursor_until_ms) {
      *query.cursor_after_ms += (*query.cursor_until_ms - *query.cursor_after_ms) / 2;
    } else if (defect_ == Defect::kFirstRunFilters && query.cursor_column &&
               !query.cursor_after_ms) {
      query.cursor_after_ms = std::numeric_limits<int64_t>::min();
    } else {
      return;
    }
    request.query = std::make_shared<const ScanQuery>(std::move(query));
  }

  bool is_lost(const ScanEvent& event) {
    if (defect_ == Defect::kPageLost) return stage_.random.chance(0.02);
    return std::erase(resumed_, event.id) > 0;
  }

  const Defect defect_;
  std::unique_ptr<Scanner> inner_;
  Stage& stage_;
  std::vector<ScanId> ends_;     // scans that are to end with nothing
  std::vector<ScanId> resumed_;  // whose next page gets lost
};

class DefectiveSource final : public Source {
 public:
  DefectiveSource(Defect defect, Source& inner, Stage& stage)
      : defect_(defect), inner_(inner), stage_(stage) {}

  Result<SourceIdentity> identity() override {
    RINGSYNC_ASSIGN(SourceIdentity identity, inner_.identity());
    if (defect_ == Defect::kPagingStateOfAnotherRead) identity.server_version.clear();
    return identity;
  }
  Result<Keyspace> keyspace() override { return inner_.keyspace(); }
  Result<Ring> ring() override { return inner_.ring(); }
  Result<int64_t> server_time_ms() override { return inner_.server_time_ms(); }
  Result<std::unique_ptr<Scanner>> scanner(const ScannerOptions& options) override {
    RINGSYNC_ASSIGN(auto inner, inner_.scanner(options));
    return std::unique_ptr<Scanner>(
        std::make_unique<DefectiveScanner>(defect_, std::move(inner), stage_));
  }
  std::string statement(const ScanQuery& query) const override {
    return defect_ == Defect::kPagingStateOfAnotherRead ? "" : inner_.statement(query);
  }
  Token token(const std::vector<Bytes>& partition_key) const override {
    return inner_.token(partition_key);
  }

 private:
  const Defect defect_;
  Source& inner_;
  Stage& stage_;
};

}  // namespace

std::unique_ptr<Source> with_defect(Defect defect, Source& source, Stage& stage) {
  return std::make_unique<DefectiveSource>(defect, source, stage);
}

}  // namespace ringsync::simulation
