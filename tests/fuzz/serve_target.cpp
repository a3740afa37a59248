// What a client sends to `ringsync serve`: bytes that become a request for a sync, and what that
// asks for. Nothing is connected to.
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "fuzz.h"
#include "proto/source_connector.pb.h"
#include "server/failure.h"
#include "server/update_options.h"

namespace ringsync::fuzz {
namespace {

/// A response's header holds so much, percent-encoded.
constexpr size_t kStatusBytesMax = 2500;

Table table(const std::string& name) {
  Table made;
  made.keyspace = "shop";
  made.name = name;
  made.columns = {{"id", {TypeKind::kInt, {}, "", {}, 0}, ColumnKind::kPartitionKey},
                  {"At", {TypeKind::kTimestamp, {}, "", {}, 0}, ColumnKind::kClustering},
                  {"updated_at", {TypeKind::kTimestamp, {}, "", {}, 0}, ColumnKind::kRegular},
                  {"total", {TypeKind::kDecimal, {}, "", {}, 0}, ColumnKind::kRegular},
                  {"raw", {TypeKind::kBlob, {}, "", {}, 0}, ColumnKind::kRegular}};
  made.partition_key_count = 1;
  made.primary_key_count = 2;
  return made;
}

void check_error(const Error& error) {
  check(error.code == ErrorCode::kConfig || error.code == ErrorCode::kSelection,
        "a request that is wrong is told as such");
  const grpc::Status status = failure_status(error);
  check(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT, "the request is to blame");
  check(status.error_message().size() <= kStatusBytesMax, "a status fits its header");
  check_text(status.error_message(), "a status is UTF-8");
  check_text(failure_text(error), "a failure is UTF-8");
}

/// Tables that are there, and those that the request itself names.
std::vector<std::string> tables_of(const fivetran_sdk::v2::UpdateRequest& request) {
  std::set<std::string> names = {"Orders", "orders", "a\"b", "items"};
  for (const auto& chosen : request.selection().without_schema().tables()) {
    names.insert(chosen.table_name());
  }
  return {names.begin(), names.end()};
}

void check_options(const UpdateOptions& options, const fivetran_sdk::v2::UpdateRequest& request) {
  const SyncOptions sync = options.sync_options();
  check(!options.state() || !sync.import_state, "a state is one kind or the other");
  const std::vector<std::string> found = tables_of(request);
  const auto selected = sync.select(found);
  if (!selected.ok()) {
    check_text(selected.error().message, "an error is UTF-8");
    return;
  }
  for (const std::string& name : *selected) {
    check(std::ranges::find(found, name) != found.end(), "only tables that are there are selected");
    const Table chosen = table(name);
    const auto left_out = sync.leave_out(chosen);
    check(left_out.ok(), "columns can be left out");
    for (const std::string& column : *left_out) {
      check(chosen.find_column(column) >= chosen.primary_key_count, "no key is left out");
    }
    sync.column_types(chosen);
  }
}

void run(const uint8_t* data, size_t size) {
  fivetran_sdk::v2::UpdateRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return;
  // Warnings are checked, not written.
  const LogScope scope("",
                       [](std::string_view warning) { check_text(warning, "a warning is UTF-8"); });
  const auto options = UpdateOptions::read(request);
  if (!options.ok()) return check_error(options.error());
  check_options(**options, request);
}

}  // namespace
}  // namespace ringsync::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool is_quiet = [] {
    ringsync::set_log_writer([](std::string_view) {});
    return true;
  }();
  if (is_quiet) ringsync::fuzz::run(data, size);
  return 0;
}
