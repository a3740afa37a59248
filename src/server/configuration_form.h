// RPC ConfigurationForm: the set-up form, made from the one table of configuration keys.
// Thread rule: pure function.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "proto/source_connector.pb.h"

namespace ringsync {

/// The tests that the form offers. Each goes one step further than the one before it.
enum class ConnectionTest : uint8_t { kConnect, kAuthenticate, kKeyspace, kTables };

struct ConnectionTestEntry {
  ConnectionTest test;
  std::string_view name;
  std::string_view label;
};

/// In the order in which they are run.
std::span<const ConnectionTestEntry> connection_tests();

/// Fields in the order of their groups: those that must be filled in first, TLS behind its switch,
/// the rest with their defaults. Keys that mean nothing to Fivetran are left out.
fivetran_sdk::v2::ConfigurationFormResponse configuration_form();

}  // namespace ringsync
