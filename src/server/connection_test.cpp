#include "server/connection_test.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/log.h"
#include "config/values.h"
#include "front/fivetran_types.h"
#include "front/open_source.h"
#include "front/sync_options.h"
#include "server/configuration_form.h"
#include "server/failure.h"
#include "server/request_configuration.h"
#include "sink/fivetran/fivetran_names.h"
#include "sync/preview.h"

namespace ringsync {
namespace {

// A keyspace of hundreds of tables may fail in all of them for one reason.
constexpr size_t kTablesTold = 10;

/// What every test after the first begins with.
struct Connection {
  std::unique_ptr<RequestConfiguration> configuration;
  std::unique_ptr<Source> source;
};

Result<Connection> connect(const fivetran_sdk::v2::TestRequest& request) {
  Connection connection;
  RINGSYNC_ASSIGN(connection.configuration, RequestConfiguration::read(request.configuration()));
  RINGSYNC_ASSIGN(connection.source, connection.configuration->open_source());
  return connection;
}

Status test_connect(const fivetran_sdk::v2::TestRequest& request) {
  const auto connection = connect(request);
  // A node that refuses the log-in has been reached.
  if (connection.ok() || connection.error().code == ErrorCode::kAuth) return {};
  return connection.error();
}

Status test_authenticate(const fivetran_sdk::v2::TestRequest& request) {
  const auto connection = connect(request);
  return connection.ok() ? Status{} : connection.error();
}

Status test_keyspace(const fivetran_sdk::v2::TestRequest& request) {
  RINGSYNC_ASSIGN(const Connection connection, connect(request));
  RINGSYNC_ASSIGN(const Keyspace keyspace, connection.source->keyspace());
  std::vector<std::string> names;
  for (const Table& table : keyspace.tables) names.push_back(table.name);
  const auto selected = select_tables(connection.configuration->get(), names);
  return selected.ok() ? Status{} : selected.error();
}

/// What keeps a table from being synced, if anything does.
Status check_table(const TablePreview& preview, const FivetranEncoding& encoding,
                   TableNames& names) {
  if (preview.error) return *preview.error;
  const auto columns = fivetran_columns(preview.plan.table, encoding);
  if (!columns.ok()) return columns.error();
  RINGSYNC_TRY(check_column_names(preview.plan.table));
  return names.add(preview.plan.table);
}

Status test_tables(const fivetran_sdk::v2::TestRequest& request) {
  RINGSYNC_ASSIGN(const Connection connection, connect(request));
  const Configuration& configuration = connection.configuration->get();
  const SystemClock clock;
  RINGSYNC_ASSIGN(const std::vector<TablePreview> previews,
                  preview_sync(*connection.source, nullptr, clock, sync_options(configuration)));
  const FivetranEncoding encoding = fivetran_encoding(configuration);
  TableNames names;
  std::vector<std::string> problems;
  std::optional<ErrorCode> code;
  for (const TablePreview& preview : previews) {
    const Status checked = check_table(preview, encoding, names);
    if (checked.ok()) continue;
    code = code.value_or(checked.error().code);
    problems.push_back(
        fmt::format("table {}: {}", preview.plan.table.name, coded_text(checked.error())));
  }
  if (problems.empty()) return {};
  const size_t count = problems.size();
  problems.resize(std::min(count, kTablesTold));
  if (count > kTablesTold) problems.push_back(fmt::format("… and {} more", count - kTablesTold));
  return Error{*code, fmt::format("{} of {} tables cannot be synced:\n{}", count, previews.size(),
                                  fmt::join(problems, "\n"))};
}

Status run(ConnectionTest test, const fivetran_sdk::v2::TestRequest& request) {
  switch (test) {
    case ConnectionTest::kConnect: return test_connect(request);
    case ConnectionTest::kAuthenticate: return test_authenticate(request);
    case ConnectionTest::kKeyspace: return test_keyspace(request);
    case ConnectionTest::kTables: return test_tables(request);
  }
  return Error{ErrorCode::kInternal, "a test that is not known"};
}

}  // namespace

grpc::Status run_connection_test(const fivetran_sdk::v2::TestRequest& request,
                                 fivetran_sdk::v2::TestResponse& response) {
  const auto tests = connection_tests();
  const auto entry =
      std::ranges::find(tests, std::string_view(request.name()), &ConnectionTestEntry::name);
  if (entry == tests.end()) {
    std::vector<std::string_view> names;
    for (const ConnectionTestEntry& known : tests) names.push_back(known.name);
    return failure_status({ErrorCode::kRequest, fmt::format("there is no test {}; the tests are {}",
                                                            quoted_for_message(request.name()),
                                                            fmt::join(names, ", "))});
  }
  const Status outcome = run(entry->test, request);
  if (outcome.ok()) {
    log_info("{}: passed", entry->name);
    response.set_success(true);
  } else {
    log_warning("{}: failed: {}", entry->name, coded_text(outcome.error()));
    response.set_failure(failure_text(outcome.error()));
  }
  return grpc::Status::OK;
}

}  // namespace ringsync
