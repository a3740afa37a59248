#include "front/open_source.h"

#include "base/log.h"
#include "config/table_filter.h"
#include "source/scylla/scylla_source.h"

namespace ringsync {
namespace {

TlsVerify tls_verify(TlsVerification verification) {
  switch (verification) {
    case TlsVerification::kCa: return TlsVerify::kCa;
    case TlsVerification::kFull: return TlsVerify::kFull;
    case TlsVerification::kNone: return TlsVerify::kNone;
  }
  return TlsVerify::kFull;
}

std::optional<TlsOptions> tls_options(const Configuration& configuration) {
  if (!configuration.tls) return std::nullopt;
  return TlsOptions{tls_verify(configuration.tls_verify), configuration.tls_ca_file,
                    configuration.tls_cert_file, configuration.tls_key_file};
}

}  // namespace

Result<Configuration> read_configuration(const std::string& path, const KeyOverrides& overrides) {
  RINGSYNC_ASSIGN(ParsedConfiguration parsed, load_configuration(path, overrides));
  for (const std::string& warning : parsed.warnings) log_warning("{}", warning);
  return std::move(parsed.configuration);
}

Result<std::unique_ptr<Source>> open_source(const Configuration& configuration,
                                            const Reading& reading) {
  ScyllaOptions options;
  for (const std::string& host : configuration.hosts) {
    options.contact_points.push_back({host, configuration.port});
  }
  options.user = configuration.username;
  options.password = configuration.password;
  options.local_dc = configuration.data_center_region;
  options.keyspace = configuration.keyspace;
  options.include_views = configuration.include_views;
  options.consistency = to_string(configuration.consistency);
  options.tls = tls_options(configuration);
  options.connect_timeout_ms = configuration.connect_timeout_seconds * 1000;
  options.request_timeout_ms = configuration.request_timeout_seconds * 1000;
  options.token_routing = reading.token_routing;
  options.page_trace = reading.page_trace;
  return open_scylla_source(options);
}

Result<std::vector<std::string>> select_tables(const Configuration& configuration,
                                               const std::vector<std::string>& discovered) {
  std::string missing;
  for (const NameNotFound& name : names_not_found(configuration, discovered)) {
    missing += (missing.empty() ? "" : "\n") + name.message();
  }
  if (!missing.empty()) return Error{ErrorCode::kUnknownTable, missing};
  std::vector<std::string> selected;
  for (const std::string& table : discovered) {
    if (selects(configuration, table)) selected.push_back(table);
  }
  if (selected.empty()) {
    return Error{ErrorCode::kSchema,
                 "keyspace \"" + configuration.keyspace + "\" has no table to sync" +
                     (discovered.empty() ? "" : ": tables and exclude_tables leave none")};
  }
  return selected;
}

}  // namespace ringsync
