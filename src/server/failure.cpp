#include "server/failure.h"

#include <fmt/format.h>

#include "base/error_catalogue.h"

namespace ringsync {
namespace {

// The message travels in a header, percent-encoded (a byte may take three), and clients take 8 KiB
// of headers by default.
constexpr size_t kMessageBytesMax = 2400;

grpc::StatusCode status_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kAuth: return grpc::StatusCode::UNAUTHENTICATED;
    case ErrorCode::kUnauthorized: return grpc::StatusCode::PERMISSION_DENIED;
    case ErrorCode::kUnknownTable: return grpc::StatusCode::INVALID_ARGUMENT;
    case ErrorCode::kCancelled: return grpc::StatusCode::CANCELLED;
    case ErrorCode::kBusy: return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case ErrorCode::kShuttingDown: return grpc::StatusCode::UNAVAILABLE;
    case ErrorCode::kInternal:
    case ErrorCode::kMalformed:
    case ErrorCode::kInvalidQuery: return grpc::StatusCode::INTERNAL;
    default: break;
  }
  if (is_transient(code)) return grpc::StatusCode::UNAVAILABLE;
  const bool is_request = catalogue_entry(code).kind == ErrorClass::kUsage;
  return is_request ? grpc::StatusCode::INVALID_ARGUMENT : grpc::StatusCode::FAILED_PRECONDITION;
}

std::string shortened(std::string text) {
  if (text.size() <= kMessageBytesMax) return text;
  size_t end = kMessageBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "…";
}

// What the catalogue says of states is for destinations that the user can restore.
std::string_view remedy(ErrorCode code) {
  const ErrorEntry& entry = catalogue_entry(code);
  if (entry.kind != ErrorClass::kState) return entry.remedy;
  return kFullResync;
}

}  // namespace

bool needs_user(ErrorCode code) {
  return code == ErrorCode::kAuth || code == ErrorCode::kUnauthorized ||
         catalogue_entry(code).kind == ErrorClass::kState;
}

std::string failure_text(const Error& error) {
  return fmt::format("{}\n{}", coded_text(error), remedy(error.code));
}

grpc::Status failure_status(const Error& error) {
  return {status_code(error.code), shortened(coded_text(error))};
}

}  // namespace ringsync
