// Planted defects: what the ports would look like to each other if the code between them, or behind
// them, had a certain mistake. They show that the invariants find it.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sink/sink.h"
#include "source/source.h"
#include "stage.h"

namespace ringsync::simulation {

enum class Defect : uint8_t {
  kNone,
  kCheckpointBeforeItsRows,   // the state is stored, then what it vouches for
  kWrapAroundRangeLost,       // what lies behind the ring's last token is not read
  kRangeEndExclusive,         // a scan leaves out the last token of its range
  kResumeBehindToken,         // a resumed split begins behind the token reached, not at it
  kResumePageLost,            // a resumed scan takes the page at its paging state for delivered
  kTruncateRepeated,          // a resumed run sends its truncate once more
  kRepeatNotAnnounced,        // rows that may have been delivered before are called new
  kErrorSwallowed,            // a failed scan is taken for one at its end
  kPageLost,                  // a page gets lost between source and encoder
  kUpperBoundOnCursor,        // reads end at the run's own bound
  kFirstRunFilters,           // a first run asks for rows with a cursor only
  kOverlapLeftOut,            // an incremental run begins at the last one's bound exactly
  kSweepByResumeStart,        // a resumed run sweeps what was written before the resume
  kRowsStampedByClock,        // rows carry the time they were written at, not their run's start
  kStateOfAnotherTable,       // two tables' positions are stored under each other's names
  kProgressForgotten,         // a resume keeps its run and forgets what is done
  kHalfAWindow,               // an index's window is read from its middle on
  kWindowSkipped,             // a resume takes the index window under way for read
  kDoneTooEarly,              // a table counts as complete when most of it is
  kPagingStateOfAnotherRead,  // paging states are used whatever they were made for
  kMadeAnewUnnoticed,         // a table made anew, with another key too, is taken for the old one
  kWritersMixed,              // a second sync's commits are not noticed
  kIntervalIgnored,           // checkpoints come five times too late
  kRetriedForEver,            // a scan that fails is never given up
  kInFlightIgnored,           // more scans at once than are allowed
  kPageRowsIgnored,           // larger pages than are allowed
  kBoundIsNow,                // a run takes what may still be on its way for arrived
  kComparedTooEarly,          // a second sync's commits are looked for before the merge only
  kRowsCommittedFirst,        // rows are committed, and then the state that vouches for them
  kStateKeptApart,            // a backup of the database is without the state
  kImportUnchecked,           // an imported state is used, whatever the destination has
  kImportedHoursLate,         // imported times are read in another zone than they were written in
};

struct DefectText {
  Defect defect;
  std::string_view name;  // as the command line takes it
};

/// All but kNone.
const std::vector<DefectText>& all_defects();

/// What has the defect, around what has not. The parts outlive it.
std::unique_ptr<Source> with_defect(Defect defect, Source& source, Stage& stage);
std::unique_ptr<Sink> with_defect(Defect defect, Sink& sink, Stage& stage);
void put_into(Defect defect, SyncOptions& options);

}  // namespace ringsync::simulation
