// Fivetran's records on several threads: workers encode pages side by side, the delivering thread
// cuts batches, and a client of its own lets go of them, with their pages' buffers, when it has
// read them. Built for the thread sanitizer, and true without it.
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "sink/fivetran/fivetran_sink.h"
#include "threads_fixture.h"

namespace ringsync {
namespace {

using testing::FakeSource;
using testing::FakeSourceOptions;
using testing::threaded_options;
using testing::ThreadsFixture;

constexpr size_t kMessagesWaiting = 4;
constexpr char kRecordsTag = 6 << 3 | 2;
constexpr char kRecordTag = 1 << 3 | 2;

uint64_t take_varint(std::string_view& rest) {
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(rest.front());
    rest.remove_prefix(1);
    value |= uint64_t{byte & 0x7FU} << shift;
    if ((byte & 0x80) == 0) return value;
  }
}

/// Reads messages on a thread of its own, slower than they come.
class ReadingClient final : public WireStream {
 public:
  ReadingClient() : thread_([this] { read(); }) {}
  ~ReadingClient() override { end(); }
  ReadingClient(const ReadingClient&) = delete;
  ReadingClient& operator=(const ReadingClient&) = delete;

  Status write(WireMessage message) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.size() < kMessagesWaiting; });
    waiting_.push_back(std::move(message));
    changed_.notify_all();
    return {};
  }

  /// Ends reading; the records that came, each once, byte by byte.
  const std::set<std::string>& records() {
    end();
    return records_;
  }

 private:
  void end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void read() {
    for (;;) {
      WireMessage message;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return ended_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        message = std::move(waiting_.front());
        waiting_.pop_front();
      }
      changed_.notify_all();
      take(message);
    }
  }

  void take(const WireMessage& message) {
    if (message.head.front() != kRecordsTag) return;
    std::string bytes;
    for (const WireSlice& part : message.parts) bytes += as_text(part.bytes);
    std::string_view rest = bytes;
    while (!rest.empty()) {
      ASSERT_EQ(rest.front(), kRecordTag);
      rest.remove_prefix(1);
      const uint64_t size = take_varint(rest);
      ASSERT_LE(size, rest.size());
      records_.emplace(rest.substr(0, size));
      rest.remove_prefix(size);
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<WireMessage> waiting_;
  bool ended_ = false;
  std::set<std::string> records_;  // of the reading thread until it has ended
  std::thread thread_;
};

class FivetranThreads : public ThreadsFixture {
 protected:
  std::set<std::string> records_of_one_thread() {
    FakeSource source(tables_, clock_, FakeSourceOptions{});
    ReadingClient client;
    const auto sink = make_fivetran_sink({}, client);
    SyncOptions options = threaded_options();
    options.pipeline.workers = 0;
    SyncEngine engine(source, *sink, clock_, options);
    EXPECT_TRUE(engine.run().ok());
    return client.records();
  }
};

TEST_P(FivetranThreads, RecordsOfManyWorkersAreThoseOfOneThread) {
  ReadingClient client;
  {
    const auto sink = make_fivetran_sink({}, client);
    const auto summary = watched_sync(*sink);
    ASSERT_TRUE(summary.ok()) << summary.error().message;
  }
  const std::set<std::string>& records = client.records();
  EXPECT_EQ(records.size(), rows_count_);
  EXPECT_EQ(records, records_of_one_thread());
}

INSTANTIATE_TEST_SUITE_P(Seeds, FivetranThreads, ::testing::Range<uint64_t>(1, 4));

}  // namespace
}  // namespace ringsync
