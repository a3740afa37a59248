#include "source/scylla/page_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"

namespace ringsync {
namespace {

using ::testing::HasSubstr;

class FixedClock final : public Clock {
 public:
  int64_t wall_us() const override { return 1'700'000'000'123'456; }
  int64_t steady_ms() const override { return 0; }
  void sleep_ms(int64_t) const override {}
};

class TenBytes final : public PageBuffer {
 public:
  Bytes rows() const override { return {bytes_.data(), bytes_.size()}; }

 private:
  const std::vector<uint8_t> bytes_ = std::vector<uint8_t>(10);
};

class PageTraceFile : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }

  static ScanRequest request(ScanId id, TokenRange range) {
    ScanRequest request;
    request.id = id;
    request.range = range;
    Table table;
    table.name = "flights";
    request.query = std::make_shared<const ScanQuery>(ScanQuery{std::move(table), {}, {}});
    return request;
  }
  static ScanEvent page(ScanId id, std::string coordinator, bool is_last) {
    Page page;
    page.buffer = std::make_unique<TenBytes>();
    page.row_count = 7;
    page.is_last = is_last;
    page.coordinator = std::move(coordinator);
    return {id, std::move(page)};
  }
  std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> lines;
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }

  const std::string path_ = ::testing::TempDir() + "ringsync_page_trace.jsonl";
  const FixedClock clock_;
};

TEST_F(PageTraceFile, HasALineForEachPageWithItsRangeAndTheNodeThatAnswered) {
  auto trace = PageTrace::open(path_, clock_);
  ASSERT_TRUE(trace.ok());
  (*trace)->on_start(request(3, {kTokenMin, 42}));
  (*trace)->on_event(page(3, "10.0.0.1:9042", false));
  (*trace)->on_event(page(3, "10.0.0.2:9042", true));
  const auto read = lines();
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0], nlohmann::json({{"unix_ms", 1'700'000'000'123},
                                     {"table", "flights"},
                                     {"start", kTokenMin},
                                     {"end", 42},
                                     {"scan", 3},
                                     {"page", 1},
                                     {"coordinator", "10.0.0.1:9042"},
                                     {"rows", 7},
                                     {"bytes", 10},
                                     {"last", false}}));
  EXPECT_EQ(read[1]["page"], 2);
  EXPECT_EQ(read[1]["coordinator"], "10.0.0.2:9042");
  EXPECT_EQ(read[1]["last"], true);
}

TEST_F(PageTraceFile, TellsFailuresAndProbes) {
  auto trace = PageTrace::open(path_, clock_);
  ASSERT_TRUE(trace.ok());
  ScanRequest probe = request(1, kWholeRing);
  probe.page_limit = 2;
  (*trace)->on_start(probe);
  (*trace)->on_event({1, Error{ErrorCode::kUnavailable, "too few replicas"}});
  (*trace)->on_event(page(1, "10.0.0.1:9042", true));  // of a scan that has ended: no line
  const auto read = lines();
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0]["error"], "error[unavailable]: too few replicas");
  EXPECT_EQ(read[0]["probe"], true);
}

TEST_F(PageTraceFile, ThatIsFullIsToldOfOnceWithItsCode) {
  std::vector<std::string> log;
  set_up_logging(LogLevel::kInfo, LogFormat::kText);
  set_log_writer([&](std::string_view line) { log.emplace_back(line); });
  {
    auto trace = PageTrace::open("/dev/full", clock_);
    ASSERT_TRUE(trace.ok());
    (*trace)->on_start(request(1, kWholeRing));
    (*trace)->on_event(page(1, "10.0.0.1:9042", false));
    (*trace)->on_event(page(1, "10.0.0.1:9042", true));
  }
  set_log_writer({});
  ASSERT_EQ(log.size(), 1U);
  EXPECT_THAT(log[0], HasSubstr("error[output]: the page trace /dev/full cannot be written any "
                                "more: No space left on device; it ends here"));
}

TEST_F(PageTraceFile, ThatCannotBeOpenedIsNamed) {
  const auto trace = PageTrace::open("/nowhere/trace.jsonl", clock_);
  ASSERT_FALSE(trace.ok());
  EXPECT_EQ(trace.error().code, ErrorCode::kOutput);
  EXPECT_NE(trace.error().message.find("/nowhere/trace.jsonl"), std::string::npos);
}

TEST_F(PageTraceFile, ThatFillsItsDiskEndsTheTraceOnly) {
  auto trace = PageTrace::open("/dev/full", clock_);
  ASSERT_TRUE(trace.ok());
  (*trace)->on_start(request(1, kWholeRing));
  (*trace)->on_event(page(1, "a", false));
  (*trace)->on_event(page(1, "a", true));
  EXPECT_TRUE(lines().empty());
}

}  // namespace
}  // namespace ringsync
