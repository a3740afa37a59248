#include "sync/state_codec.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "plan/token_ranges.h"

namespace ringsync {
namespace {

using nlohmann::json;

std::string to_hex(const std::vector<uint8_t>& bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const uint8_t byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

// The functions below throw std::exception on damage; decode_state turns that into an Error.
[[noreturn]] void damaged(const std::string& what) { throw std::runtime_error(what); }

uint8_t hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint8_t>(c - 'a' + 10);
  damaged("a paging state is not hexadecimal");
}

std::vector<uint8_t> from_hex(const std::string& text) {
  if (text.size() % 2 != 0) damaged("a paging state has half a byte");
  std::vector<uint8_t> bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(hex_digit(text[i]) << 4 | hex_digit(text[i + 1])));
  }
  return bytes;
}

SyncMode mode_from(const std::string& name) {
  if (name == "timestamp") return SyncMode::kTimestamp;
  if (name == "full") return SyncMode::kFull;
  damaged(fmt::format("unknown mode \"{}\"", name));
}

RunKind run_from(const std::string& name) {
  if (name == "first") return RunKind::kFirst;
  if (name == "incremental") return RunKind::kIncremental;
  if (name == "full") return RunKind::kFull;
  damaged(fmt::format("unknown run \"{}\"", name));
}

// nlohmann converts silently between number types; a state must hold what we wrote.
int64_t integer(const json& value) {
  if (!value.is_number_integer()) damaged("an integer is missing");
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  const bool is_too_large = value.is_number_unsigned() && value.get<uint64_t>() > kMax;
  if (is_too_large) damaged("an integer is too large");
  return value.get<int64_t>();
}

// Replaces what is not UTF-8 rather than throwing: names come from the server as UTF-8.
std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Times that clocks show, with room to reckon: what is added to them or taken off cannot overflow.
constexpr int64_t kClockMaxMs = 4'000'000'000'000'000;  // some 126,000 years from 1970
constexpr int64_t kBoundMaxMs = 2 * kClockMaxMs;  // of a read: a clock's time less the overlap

int64_t within(int64_t value, int64_t max) {
  if (value < -max || value > max) damaged("a time is out of range");
  return value;
}

int64_t clock_ms(const json& value) { return within(integer(value), kClockMaxMs); }
int64_t clock_us(const json& value) { return within(integer(value), kClockMaxMs * 1000); }
int64_t bound_ms(const json& value) { return within(integer(value), kBoundMaxMs); }

json encode_run(const RunState& run) {
  json done = json::array();
  for (const TokenRange& range : run.done) done.push_back({range.start, range.end});
  json active = json::array();
  for (const ScanPosition& at : run.active) {
    active.push_back({at.range.start, at.range.end, at.reached, to_hex(at.paging_state)});
  }
  json document = {{"kind", to_string(run.kind)},  {"until_ms", run.until_ms},
                   {"started_us", run.started_us}, {"paging", run.paging_fingerprint},
                   {"done", std::move(done)},      {"active", std::move(active)}};
  if (run.cursor_after_ms) document["after_ms"] = *run.cursor_after_ms;
  if (run.window_end_ms) document["window_end_ms"] = *run.window_end_ms;
  return document;
}

TokenRange decode_range(const json& value) {
  const TokenRange range{integer(value.at(0)), integer(value.at(1))};
  if (range.start >= range.end) damaged("a token range is empty");
  return range;
}

ScanPosition decode_position(const json& value) {
  ScanPosition at;
  at.range = decode_range(value);
  at.reached = integer(value.at(2));
  at.paging_state = from_hex(value.at(3).get_ref<const std::string&>());
  if (at.reached <= at.range.start || at.reached > at.range.end) {
    damaged("a position lies outside its token range");
  }
  return at;
}

RunState decode_run(const json& document) {
  RunState run;
  run.kind = run_from(document.at("kind").get<std::string>());
  run.until_ms = clock_ms(document.at("until_ms"));
  run.started_us = clock_us(document.at("started_us"));
  run.paging_fingerprint = document.at("paging").get<std::string>();
  if (document.contains("after_ms")) run.cursor_after_ms = bound_ms(document.at("after_ms"));
  const bool may_be_bounded = run.kind != RunKind::kFull;
  const bool must_be_bounded = run.kind == RunKind::kIncremental;
  if (run.cursor_after_ms ? !may_be_bounded : must_be_bounded) {
    damaged("a run and its bound do not go together");
  }
  if (document.contains("window_end_ms"))
    run.window_end_ms = bound_ms(document.at("window_end_ms"));
  if (run.window_end_ms && (!run.cursor_after_ms || *run.window_end_ms <= *run.cursor_after_ms)) {
    damaged("a window does not end after its start");
  }
  for (const json& range : document.at("done")) run.done.push_back(decode_range(range));
  if (merged(run.done) != run.done) damaged("token ranges overlap or are out of order");
  std::vector<TokenRange> active_ranges;
  for (const json& position : document.at("active")) {
    run.active.push_back(decode_position(position));
    active_ranges.push_back(run.active.back().range);
  }
  if (without(active_ranges, run.done) != merged(active_ranges)) {
    damaged("a range is both done and under way");
  }
  return run;
}

json encode_table(const TableState& table) {
  json document = {
      {"table_id", table.table_id},    {"mode", to_string(table.mode)},
      {"key", table.key_fingerprint},  {"columns", table.columns_fingerprint},
      {"column_names", table.columns}, {"last_run_started_us", table.last_run_started_us}};
  if (!table.dropped_columns.empty()) document["dropped_columns"] = table.dropped_columns;
  if (!table.column_types.empty()) document["column_types"] = table.column_types;
  if (!table.cursor_column.empty()) document["cursor_column"] = table.cursor_column;
  if (table.cursor_ms) document["cursor_ms"] = *table.cursor_ms;
  if (table.floor_ms) document["floor_ms"] = *table.floor_ms;
  if (table.run && table.run->has_begun) document["run"] = encode_run(*table.run);
  return document;
}

TableState decode_table(const json& document) {
  TableState table;
  table.table_id = document.at("table_id").get<std::string>();
  table.mode = mode_from(document.at("mode").get<std::string>());
  table.key_fingerprint = document.at("key").get<std::string>();
  table.columns_fingerprint = document.at("columns").get<std::string>();
  table.columns = document.at("column_names").get<std::vector<std::string>>();
  if (document.contains("dropped_columns")) {
    table.dropped_columns = document.at("dropped_columns").get<std::vector<std::string>>();
  }
  if (document.contains("column_types")) {
    table.column_types = document.at("column_types").get<std::map<std::string, std::string>>();
  }
  if (document.contains("cursor_column")) {
    table.cursor_column = document.at("cursor_column").get<std::string>();
  }
  table.last_run_started_us = clock_us(document.at("last_run_started_us"));
  if (document.contains("cursor_ms")) table.cursor_ms = clock_ms(document.at("cursor_ms"));
  if (document.contains("floor_ms")) table.floor_ms = clock_ms(document.at("floor_ms"));
  if (document.contains("run")) table.run = decode_run(document.at("run"));
  return table;
}

SyncState decode_document(const json& document) {
  SyncState state;
  const json& source = document.at("source");
  state.cluster = source.at("cluster").get<std::string>();
  state.keyspace = source.at("keyspace").get<std::string>();
  for (const auto& [name, table] : document.at("tables").items()) {
    state.tables[name] = decode_table(table);
  }
  if (document.contains("done_tables")) {
    state.done_tables = document.at("done_tables").get<std::set<std::string>>();
  }
  return state;
}

Error damaged_state(std::string_view what, std::string_view remedy) {
  return {ErrorCode::kStateDamaged,
          fmt::format("the saved state cannot be used: {}. {}", what, remedy)};
}

Error unknown_version(int64_t version) {
  return {ErrorCode::kStateVersion,
          fmt::format("the saved state has version {}, this program knows version {}; use the "
                      "program that wrote it, or a newer one",
                      version, kStateVersion)};
}

}  // namespace

std::string encode_state(const SyncState& state) { return StateEncoder().encode(state, {}); }

std::string StateEncoder::encode(const SyncState& state, const std::set<std::string>& changed) {
  std::string tables;
  for (const auto& [name, table] : state.tables) {
    std::string& member = encoded_[name];
    if (member.empty() || changed.contains(name)) {
      member = dumped(name) + ':' + dumped(encode_table(table));
    }
    if (!tables.empty()) tables += ',';
    tables += member;
  }
  const json source = {{"cluster", state.cluster}, {"keyspace", state.keyspace}};
  const std::string done =
      state.done_tables.empty() ? "" : R"("done_tables":)" + dumped(state.done_tables) + ',';
  return fmt::format(R"({{"ringsync":{},"source":{},{}"tables":{{{}}}}})", kStateVersion,
                     dumped(source), done, tables);
}

Result<SyncState> decode_state(std::string_view text, std::string_view remedy) {
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded() || !document.is_object())
    return damaged_state("it is not a JSON object", remedy);
  const auto version = document.find("ringsync");
  if (version == document.end() || !version->is_number_integer()) {
    return damaged_state("it is not a Ringsync state (no version)", remedy);
  }
  if (version->get<int64_t>() != kStateVersion) {
    return unknown_version(version->get<int64_t>());
  }
  try {
    return decode_document(document);
  } catch (const json::exception&) {
    // nlohmann's own text may quote parts of the document: leave it out.
    return damaged_state("a field is missing or has the wrong type", remedy);
  } catch (const std::exception& damage) {
    return damaged_state(damage.what(), remedy);
  }
}

}  // namespace ringsync
