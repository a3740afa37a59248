#include "cli/error_text.h"

#include <fmt/format.h>

#include "base/wrapped.h"
#include "cli/exit_codes.h"

namespace ringsync {
namespace {

constexpr std::string_view kDocumentHead = R"(# Errors

<!-- Made by `ringsync help errors --markdown`; do not edit. -->

Every error has a code, `error[<code>]: …`, that keeps its meaning: on standard error, in the log (in JSON as the field `code`; a warning
that tells of one has it in its text), in the summary and in `--summary-json`, and in each answer of `ringsync serve` but those that gRPC gives
by itself, as to a message that is too large. `ringsync help <code>` prints its line of this table. A message says what happened, where, and
what to do; it holds no row data and no secret.

Errors that may pass are tried again by themselves, for `retry_seconds`, before they end a table. An error of one table lets
the others finish; the exit code is then 1, or that of the error where every table failed of the same kind.

| code | meaning | what to do | tried again | exit code |
|---|---|---|---|--:|
)";

constexpr std::string_view kExitHead = R"(
## Exit codes

| exit code | meaning |
|--:|---|
)";

}  // namespace

std::string errors_help(size_t width) {
  constexpr size_t kIdWidth = 18;
  std::string help = "Errors are shown as error[<code>]; ringsync help <code> says what helps.\n\n";
  for (const ErrorEntry& entry : error_catalogue()) {
    help += fmt::format("  {:<{}} {}\n", entry.id, kIdWidth,
                        wrapped(entry.meaning, width - kIdWidth - 3, kIdWidth + 3));
  }
  return help;
}

std::string error_help(const ErrorEntry& entry, size_t width) {
  return fmt::format("error[{}]: {}\n\n{}\n\n{}Exit code {}.\n", entry.id,
                     wrapped(entry.meaning, width - entry.id.size() - 9, 0),
                     wrapped(entry.remedy, width, 0),
                     entry.may_pass ? "Tried again by itself, for `retry_seconds`. " : "",
                     static_cast<int>(exit_code(entry.code)));
}

std::string errors_document() {
  std::string document(kDocumentHead);
  for (const ErrorEntry& entry : error_catalogue()) {
    document += fmt::format("| `{}` | {} | {} | {} | {} |\n", entry.id, entry.meaning, entry.remedy,
                            entry.may_pass ? "yes" : "no", static_cast<int>(exit_code(entry.code)));
  }
  document += kExitHead;
  for (const auto& [code, meaning] : exit_code_meanings()) {
    document += fmt::format("| {} | {} |\n", static_cast<int>(code), meaning);
  }
  return document;
}

}  // namespace ringsync
