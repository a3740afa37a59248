// Result<T>: a value or an Error. The way every fallible function of Ringsync answers; exceptions
// of libraries are caught in the one adapter that meets them and become an Error there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace ringsync {

/// What kind of failure it was, as far as a user must tell them apart. Decides retries and the exit
/// code; what each means stands in error_catalogue.cpp.
enum class ErrorCode : uint8_t {
  kUsage,
  kListen,
  kRequest,
  kBusy,
  kShuttingDown,
  kConfig,  // found before any connection, or a data centre that does not exist
  kConnect,
  kAuth,
  kUnauthorized,
  kTls,
  kUnavailable,
  kReadFailure,
  kOverloaded,
  kTimeout,  // the server's or the client's
  kInvalidQuery,
  kSchema,
  kUnknownTable,
  kSelection,
  kSchemaChanged,  // a page's columns differ from the plan's
  kBadPagingState,
  kUnsupportedType,
  kUnrepresentable,
  kMalformed,
  kDestination,
  kDestinationAuth,
  kDestinationBusy,
  kDestinationTable,
  kNameCollision,
  kKeyChanged,
  kDriver,
  kOutput,
  kStateDamaged,
  kStateVersion,
  kStateMismatch,
  kStateFile,
  kStateImport,
  kCancelled,  // the caller cancelled
  kMemory,     // the process may not have more
  kInternal,   // the last one
};

/// Short stable name of a code, as logs and messages show it ("connect", "bad_paging_state", …).
std::string_view to_string(ErrorCode code);

/// True for failures that may pass when the same request is sent again later.
bool is_transient(ErrorCode code);

/// What happened, to what, and what the user can do. Never holds a secret or row data.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  /// The same error with `context` and ": " before its message.
  [[nodiscard]] Error within(std::string_view context) const;
};

/// A value or an Error. Reading the wrong side is a broken invariant and ends the program.
template <typename T>
class [[nodiscard]] Result {
 public:
  // Implicit by design: `return value;` and `return Error{…};`.
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return held_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return std::get<0>(held_); }
  const T& value() const& { return std::get<0>(held_); }
  T&& value() && { return std::get<0>(std::move(held_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { return std::get<1>(held_); }
  Error&& error() && { return std::get<1>(std::move(held_)); }

 private:
  std::variant<T, Error> held_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return held_.index() == 0; }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return std::get<1>(held_); }
  Error&& error() && { return std::get<1>(std::move(held_)); }

 private:
  std::variant<std::monostate, Error> held_;
};

using Status = Result<void>;

}  // namespace ringsync

/// Returns the error of `expression` (a Result) from the current function, if it has one.
#define RINGSYNC_TRY(expression)                      \
  do {                                                \
    auto ringsync_try_result_ = (expression);         \
    if (!ringsync_try_result_.ok()) {                 \
      return std::move(ringsync_try_result_).error(); \
    }                                                 \
  } while (false)

#define RINGSYNC_CONCAT_INNER_(a, b) a##b
#define RINGSYNC_CONCAT_(a, b) RINGSYNC_CONCAT_INNER_(a, b)
// NOLINTBEGIN(bugprone-macro-parentheses): a name and a declaration cannot stand in parentheses
#define RINGSYNC_ASSIGN_INNER_(name, declaration, expression) \
  auto name = (expression);                                   \
  if (!name.ok()) return std::move(name).error();             \
  declaration = std::move(name).value()
// NOLINTEND(bugprone-macro-parentheses)

/// Declares or assigns `declaration` from the value of `expression`, or returns its error.
#define RINGSYNC_ASSIGN(declaration, expression) \
  RINGSYNC_ASSIGN_INNER_(RINGSYNC_CONCAT_(ringsync_result_, __LINE__), declaration, expression)
