// PagePipeline: takes pages off the scanner, encodes them with a few workers and gives them back in
// exactly the order in which they came. Between the source and the delivering thread.
// Thread rule: open() and next() belong to the delivering thread; workers are its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "sink/sink.h"
#include "source/source.h"

namespace ringsync {

/// Encoders of one table: a worker borrows one for a page.
class TableEncoders {
 public:
  /// `plan`, `source` and `sink` outlive it. Null where pages are wanted for estimates only.
  TableEncoders(const TablePlan& plan, const Source& source, Sink* sink)
      : plan_(plan), source_(source), sink_(sink) {}

  const TablePlan& plan() const { return plan_; }
  Token token_of(const PageView& page, uint32_t row) const;
  Result<std::unique_ptr<PageEncoder>> borrow();
  void give_back(std::unique_ptr<PageEncoder> encoder);

 private:
  const TablePlan& plan_;
  const Source& source_;
  Sink* const sink_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<PageEncoder>> idle_;
};

/// So many rows after each other share a mark (EncodedRows::marks).
inline constexpr uint32_t kMarkRows = 128;

/// A page, encoded, with what progress and summary need of it.
struct EncodedRows {
  std::shared_ptr<const EncodedPage> encoded;  // shared: slices of it may wait in the sink
  uint32_t rows_read = 0;
  uint32_t rows_reported = 0;  // partitions that hold static columns only
  uint32_t null_cursor_rows = 0;
  size_t bytes = 0;              // of the result page
  Token last_token = kTokenMin;  // of the last row; meaningless where rows_read is 0
  /// Tokens of every kMarkRows-th row that is sent: how far a page is that is delivered in parts.
  std::vector<Token> marks;
  std::vector<uint8_t> paging_state;
  bool is_last = false;
};

struct PipelineEvent {
  ScanId id = 0;
  Result<EncodedRows> rows;
};

struct PipelineOptions {
  uint32_t workers = 1;         // 0: pages are encoded inside next(), on one thread
  size_t bytes_max = 16 << 20;  // of result pages taken but not yet given back
};

class PagePipeline {
 public:
  PagePipeline(Scanner& scanner, PipelineOptions options);
  ~PagePipeline();
  PagePipeline(const PagePipeline&) = delete;
  PagePipeline& operator=(const PagePipeline&) = delete;

  /// What the pages of a scan are wanted for.
  enum class Use : uint8_t { kRows, kEstimate };

  /// Says whose pages scan `id` brings; before the scan starts. Pages for an estimate come without
  /// `encoded`.
  void open(ScanId id, std::shared_ptr<TableEncoders> encoders, Use use);

  /// Forgets a scan that has ended.
  void close(ScanId id);

  /// The next event in order, nothing after `timeout_ms`. Error kCancelled once the scanner is.
  Result<std::optional<PipelineEvent>> next(int64_t timeout_ms);

 private:
  struct OpenScan {
    std::shared_ptr<TableEncoders> encoders;
    Use use = Use::kRows;
  };
  struct Ticket {
    uint64_t number = 0;
    size_t bytes = 0;
    OpenScan scan;
    std::optional<ScanEvent> event;
  };
  struct Finished {
    PipelineEvent event;
    size_t bytes;
  };
  enum class Taken { kEvent, kNothing, kClosed };

  void work();
  Taken take(int64_t timeout_ms, Ticket& ticket);
  static Result<EncodedRows> encode(Ticket& ticket);
  void put(const Ticket& ticket, Result<EncodedRows> rows);

  Scanner& scanner_;
  const PipelineOptions options_;
  std::mutex take_mutex_;  // held while waiting for the scanner: tickets are numbered in its order

  std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable room_;
  std::unordered_map<ScanId, OpenScan> open_;
  std::map<uint64_t, Finished> finished_;
  uint64_t next_ticket_ = 0;
  uint64_t next_given_ = 0;
  size_t bytes_held_ = 0;
  bool closed_ = false;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ringsync
