#include "sync/state_codec.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace ringsync {
namespace {

SyncState sample() {
  SyncState state;
  state.cluster = "Test \"Cluster\"";
  state.keyspace = "nyc";
  TableState& orders = state.tables["Or\"ders"];
  orders.table_id = "7d1b3a";
  orders.mode = SyncMode::kTimestamp;
  orders.key_fingerprint = "k";
  orders.columns_fingerprint = "c";
  orders.columns = {"id", "na\"me"};
  orders.dropped_columns = {"old"};
  orders.column_types = {{"total", "DECIMAL(10,2)"}};
  orders.cursor_column = "updated_at";
  orders.cursor_ms = -5;
  orders.floor_ms = -7;
  orders.last_run_started_us = 99;
  RunState run;
  run.kind = RunKind::kIncremental;
  run.until_ms = 1'700'000'000'123;
  run.cursor_after_ms = 12;
  run.window_end_ms = 13;
  run.started_us = 98;
  run.paging_fingerprint = "p";
  run.done = {{kTokenMin, -10}, {5, kTokenMax - 1}};
  run.active = {{{-10, 5}, 3, {0, 255, 16}}};
  orders.run = run;
  state.tables["full"].mode = SyncMode::kFull;
  state.done_tables = {"fu\"ll"};
  return state;
}

TEST(StateCodec, WhatIsWrittenIsReadBackExactly) {
  const auto decoded = decode_state(encode_state(sample()));
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(*decoded, sample());
}

TEST(StateCodec, ARunWhoseFirstPageHasNotComeIsNotStored) {
  SyncState state = sample();
  state.tables["Or\"ders"].run->has_begun = false;
  const auto decoded = decode_state(encode_state(state));
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_FALSE(decoded->tables.at("Or\"ders").run.has_value());
  state.tables["Or\"ders"].run.reset();
  EXPECT_EQ(*decoded, state);
}

TEST(StateCodec, AnEncoderMakesTheSameDocumentWhileTablesChange) {
  SyncState state = sample();
  StateEncoder encoder;
  EXPECT_EQ(encoder.encode(state, {}), encode_state(state));
  state.tables["full"].cursor_ms = 7;
  EXPECT_EQ(encoder.encode(state, {"full"}), encode_state(state));
  state.tables["new"].table_id = "later";
  state.tables["Or\"ders"].run.reset();
  EXPECT_EQ(encoder.encode(state, {"Or\"ders"}), encode_state(state));
}

TEST(StateCodec, AnEncoderDoesNotEncodeAgainWhatIsNotSaidToChange) {
  SyncState state = sample();
  StateEncoder encoder;
  const std::string before = encoder.encode(state, {});
  state.tables["full"].cursor_ms = 7;
  EXPECT_EQ(encoder.encode(state, {}), before);
}

TEST(StateCodec, EveryTruncationOfADocumentIsAnErrorThatSaysWhatToDo) {
  const std::string text = encode_state(sample());
  for (size_t size = 0; size < text.size(); ++size) {
    const auto decoded = decode_state(text.substr(0, size));
    ASSERT_FALSE(decoded.ok()) << size;
    ASSERT_EQ(decoded.error().code, ErrorCode::kStateDamaged);
    ASSERT_NE(decoded.error().message.find("Restore"), std::string::npos);
  }
}

TEST(StateCodec, AnUnknownVersionIsNamed) {
  auto document = nlohmann::json::parse(encode_state(sample()));
  document["ringsync"] = 7;
  const auto decoded = decode_state(document.dump());
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().code, ErrorCode::kStateVersion);
  EXPECT_NE(decoded.error().message.find("version 7"), std::string::npos);
}

TEST(StateCodec, EachMissingFieldAndEachWrongTypeIsAnError) {
  const auto whole = nlohmann::json::parse(encode_state(sample()));
  const auto flat = whole.flatten();
  int tried = 0;
  for (const auto& [pointer, value] : flat.items()) {
    if (value.is_array() || value.is_object()) continue;
    const nlohmann::json::json_pointer at(pointer);
    auto wrong = whole;
    wrong[at] = value.is_string() ? nlohmann::json(5) : nlohmann::json("five");
    EXPECT_FALSE(decode_state(wrong.dump()).ok()) << pointer;
    ++tried;
  }
  EXPECT_GT(tried, 20);
}

TEST(StateCodec, AnIntegerBeyondSixtyFourBitsWithASignIsDamage) {
  auto document = nlohmann::json::parse(encode_state(sample()));
  document["tables"]["full"]["last_run_started_us"] = uint64_t{1} << 63;
  EXPECT_FALSE(decode_state(document.dump()).ok());
}

TEST(StateCodec, ATimeThatNoClockShowsIsDamage) {
  for (const auto* field : {"until_ms", "started_us", "after_ms", "window_end_ms"}) {
    auto document = nlohmann::json::parse(encode_state(sample()));
    document["tables"]["Or\"ders"]["run"][field] = std::numeric_limits<int64_t>::max();
    EXPECT_FALSE(decode_state(document.dump()).ok()) << field;
  }
  for (const auto* field : {"cursor_ms", "floor_ms", "last_run_started_us"}) {
    auto document = nlohmann::json::parse(encode_state(sample()));
    document["tables"]["Or\"ders"][field] = std::numeric_limits<int64_t>::min();
    EXPECT_FALSE(decode_state(document.dump()).ok()) << field;
  }
}

TEST(StateCodec, RangesThatContradictEachOtherAreDamage) {
  const std::vector<std::pair<std::vector<TokenRange>, std::vector<ScanPosition>>> contradictions{
      {{{5, 5}}, {}},
      {{{9, 3}}, {}},
      {{{0, 10}, {5, 20}}, {}},
      {{{10, 20}, {0, 5}}, {}},
      {{{0, 10}}, {{{5, 20}, 7, {1}}}},
      {{}, {{{5, 20}, 5, {1}}}},
      {{}, {{{5, 20}, 21, {1}}}},
  };
  for (const auto& [done, active] : contradictions) {
    SyncState state = sample();
    state.tables["Or\"ders"].run->done = done;
    state.tables["Or\"ders"].run->active = active;
    EXPECT_FALSE(decode_state(encode_state(state)).ok());
  }
}

TEST(StateCodec, ADocumentWithoutTheFieldsThatCameLaterIsRead) {
  const auto decoded = decode_state(R"({"ringsync":1,
    "source":{"cluster":"Test Cluster","keyspace":"nyc"},
    "tables":{
      "flights":{"table_id":"5bc5","mode":"timestamp","key":"91ab","columns":"07f3",
        "column_names":["id","updated_at"],"last_run_started_us":1764000030000000,
        "cursor_column":"updated_at","cursor_ms":1764000000000,
        "run":{"kind":"incremental","until_ms":1764003600000,"after_ms":1763999699999,
          "started_us":1764003630000000,"paging":"c0ffee",
          "done":[[-9223372036854775808,-10]],"active":[[-10,5,3,"00ff10"]]}},
      "planes":{"table_id":"77","mode":"full","key":"k","columns":"c","column_names":["id"],
        "dropped_columns":["year"],"last_run_started_us":7}}})");
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  const TableState& flights = decoded->tables.at("flights");
  ASSERT_TRUE(flights.run.has_value());
  EXPECT_EQ(flights.run->cursor_after_ms, 1'763'999'699'999);
  EXPECT_FALSE(flights.run->window_end_ms.has_value());
  EXPECT_FALSE(flights.floor_ms.has_value());
  EXPECT_EQ(flights.run->active.at(0).paging_state, (std::vector<uint8_t>{0, 255, 16}));
  EXPECT_EQ(decoded->tables.at("planes").dropped_columns, std::vector<std::string>{"year"});
}

TEST(StateCodec, AWindowThatDoesNotEndAfterItsStartIsDamage) {
  for (const int64_t end_ms : {12, 11, -5}) {
    SyncState state = sample();
    state.tables["Or\"ders"].run->window_end_ms = end_ms;
    EXPECT_FALSE(decode_state(encode_state(state)).ok()) << end_ms;
  }
}

TEST(StateCodec, TheExamplesOwnStateIsNotTakenForOurs) {
  EXPECT_FALSE(decode_state(R"({"orders":{"last_updated_at":"2024-01-01 00:00:00"}})").ok());
  EXPECT_FALSE(decode_state("[]").ok());
}

}  // namespace
}  // namespace ringsync
