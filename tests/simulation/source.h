// The simulated cluster as the engine sees it: the fake source of the unit tests, with time that
// passes, faults that come and go, and pages that come twice.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fake_database.h"
#include "source/source.h"
#include "stage.h"

namespace ringsync::simulation {

class SimSource final : public Source {
 public:
  explicit SimSource(Stage& stage);

  Result<SourceIdentity> identity() override;
  Result<Keyspace> keyspace() override;
  Result<Ring> ring() override;
  Result<int64_t> server_time_ms() override;
  Result<std::unique_ptr<Scanner>> scanner(const ScannerOptions& options) override;
  Token token(const std::vector<Bytes>& partition_key) const override {
    return inner_.token(partition_key);
  }
  std::string statement(const ScanQuery& query) const override { return inner_.statement(query); }

 private:
  Status opening_call();
  /// The ring and the version are the world's, whatever they were when the sync planned its reads.
  void follow_world();
  bool is_moving(const TokenRange& range) const;
  void count_misread(const ScanRequest& request);
  std::optional<Error> failure_of(const ScanRequest& request);
  std::optional<Error> some_failure();

  Stage& stage_;
  uint64_t calls_ = 0;
  std::vector<Token> ring_tokens_;
  std::vector<Token> moving_;  // tokens that have come or gone: ranges around them change nodes
  int64_t moved_at_ms_ = 0;    // when they are all where they belong
  std::set<std::string> asked_for_;  // tables
  testing::FakeSource inner_;
};

}  // namespace ringsync::simulation
