// The error catalogue: what each kind of error means to the user and what helps. One table, from
// which names, retries, exit codes and docs/errors.md are made. Plain values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringsync {

/// Whose failure it is; decides the exit code.
enum class ErrorClass : uint8_t {
  kUsage,
  kSource,
  kTable,  // of one table's data: the others are not concerned
  kDestination,
  kState,
  kInterrupted,
  kInternal,
};

struct ErrorEntry {
  ErrorCode code;
  std::string_view id;  // stable: printed as error[<id>], kept by scripts
  ErrorClass kind;
  bool may_pass;             // the same request may succeed later, so it is tried again
  std::string_view meaning;  // one sentence
  std::string_view remedy;   // whole sentences
};

/// Every code, in the order of the enumeration.
std::span<const ErrorEntry> error_catalogue();

/// The entry of a code.
const ErrorEntry& catalogue_entry(ErrorCode code);

/// An error as users are told of it: `error[<id>]: message`.
std::string coded_text(const Error& error);

/// The entry with this id, or null.
const ErrorEntry* find_error(std::string_view id);

}  // namespace ringsync
