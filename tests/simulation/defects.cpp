#include "defects.h"

#include <limits>

namespace ringsync::simulation {

const std::vector<DefectText>& all_defects() {
  static const std::vector<DefectText> kAll{
      {Defect::kCheckpointBeforeItsRows, "checkpoint_before_its_rows"},
      {Defect::kWrapAroundRangeLost, "wrap_around_range_lost"},
      {Defect::kRangeEndExclusive, "range_end_exclusive"},
      {Defect::kResumeBehindToken, "resume_behind_token"},
      {Defect::kResumePageLost, "resume_page_lost"},
      {Defect::kTruncateRepeated, "truncate_repeated"},
      {Defect::kRepeatNotAnnounced, "repeat_not_announced"},
      {Defect::kErrorSwallowed, "error_swallowed"},
      {Defect::kPageLost, "page_lost"},
      {Defect::kUpperBoundOnCursor, "upper_bound_on_cursor"},
      {Defect::kFirstRunFilters, "first_run_filters"},
      {Defect::kOverlapLeftOut, "overlap_left_out"},
      {Defect::kSweepByResumeStart, "sweep_by_resume_start"},
      {Defect::kRowsStampedByClock, "rows_stamped_by_clock"},
      {Defect::kStateOfAnotherTable, "state_of_another_table"},
      {Defect::kProgressForgotten, "progress_forgotten"},
      {Defect::kHalfAWindow, "half_a_window"},
      {Defect::kWindowSkipped, "window_skipped"},
      {Defect::kDoneTooEarly, "done_too_early"},
      {Defect::kPagingStateOfAnotherRead, "paging_state_of_another_read"},
      {Defect::kMadeAnewUnnoticed, "made_anew_unnoticed"},
      {Defect::kWritersMixed, "writers_mixed"},
      {Defect::kIntervalIgnored, "interval_ignored"},
      {Defect::kRetriedForEver, "retried_for_ever"},
      {Defect::kInFlightIgnored, "in_flight_ignored"},
      {Defect::kPageRowsIgnored, "page_rows_ignored"},
      {Defect::kBoundIsNow, "bound_is_now"},
      {Defect::kComparedTooEarly, "compared_too_early"},
      {Defect::kRowsCommittedFirst, "rows_committed_first"},
      {Defect::kStateKeptApart, "state_kept_apart"},
      {Defect::kImportUnchecked, "import_unchecked"},
      {Defect::kImportedHoursLate, "imported_hours_late"},
  };
  return kAll;
}

void put_into(Defect defect, SyncOptions& options) {
  switch (defect) {
    case Defect::kOverlapLeftOut: options.overlap_ms = 0; break;
    case Defect::kInFlightIgnored: options.in_flight_max *= 3; break;
    case Defect::kPageRowsIgnored: options.page_rows_max *= 3; break;
    case Defect::kBoundIsNow:
      options.lag_ms = 0;
      options.overlap_ms = 0;
      break;
    case Defect::kIntervalIgnored: options.checkpoint_interval_rows *= 5; break;
    case Defect::kRetriedForEver:
      options.retry.give_up_after_ms = std::numeric_limits<int64_t>::max();
      break;
    default: break;
  }
}

}  // namespace ringsync::simulation
