// What tests of sinks share: a clock, plans, and pages encoded and delivered.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../cql/page_builder.h"
#include "base/clock.h"
#include "sink/sink.h"

namespace ringsync {

/// A clock that stands still until it is moved.
class SetClock final : public Clock {
 public:
  int64_t wall_us() const override { return wall; }
  int64_t steady_ms() const override { return steady; }
  void sleep_ms(int64_t) const override {}

  int64_t wall = 1'700'000'000'000'000;
  int64_t steady = 1000;
};

template <typename T>
T must(Result<T> result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}
inline void must(Status status) {
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  if (!status.ok()) throw std::runtime_error(status.error().message);
}

inline CqlType type_of(TypeKind kind) {
  CqlType type;
  type.kind = kind;
  return type;
}

/// A plan for ks.<name> whose first `key_count` columns are its primary key.
inline TablePlan plan_of(const std::string& name,
                         std::vector<std::pair<std::string, TypeKind>> columns,
                         uint16_t key_count = 1) {
  TablePlan plan;
  plan.table.keyspace = "ks";
  plan.table.name = name;
  for (auto& [column, kind] : columns) {
    const bool is_key = plan.table.columns.size() < key_count;
    plan.table.columns.push_back(
        {column, type_of(kind), is_key ? ColumnKind::kPartitionKey : ColumnKind::kRegular});
  }
  plan.table.partition_key_count = key_count;
  plan.table.primary_key_count = key_count;
  plan.run_started_us = 1'600'000'000'000'000;
  return plan;
}

inline std::shared_ptr<const EncodedPage> encode_page(Sink& sink, const TablePlan& plan,
                                                      PageBuilder& page) {
  uint32_t failed_row = 0;
  return must(must(sink.encoder(plan))->encode(page.view(), failed_row));
}

/// Delivers the whole page.
inline void deliver_page(Sink& sink, const TablePlan& plan, PageBuilder& page,
                         bool may_repeat = false, Operation operation = Operation::kUpsert) {
  must(sink.deliver(plan, encode_page(sink, plan, page),
                    {0, page.row_count(), may_repeat, operation}));
}

}  // namespace ringsync
