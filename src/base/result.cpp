#include "base/result.h"

namespace ringsync {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage: return "usage";
    case ErrorCode::kConfig: return "config";
    case ErrorCode::kConnect: return "connect";
    case ErrorCode::kAuth: return "auth";
    case ErrorCode::kUnauthorized: return "unauthorized";
    case ErrorCode::kTls: return "tls";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kOverloaded: return "overloaded";
    case ErrorCode::kTimeout: return "timeout";
    case ErrorCode::kInvalidQuery: return "invalid_query";
    case ErrorCode::kSchema: return "schema";
    case ErrorCode::kSchemaChanged: return "schema_changed";
    case ErrorCode::kBadPagingState: return "bad_paging_state";
    case ErrorCode::kUnsupportedType: return "unsupported_type";
    case ErrorCode::kUnrepresentable: return "unrepresentable";
    case ErrorCode::kMalformed: return "malformed";
    case ErrorCode::kDestination: return "destination";
    case ErrorCode::kDestinationBusy: return "destination_busy";
    case ErrorCode::kState: return "state";
    case ErrorCode::kCancelled: return "cancelled";
    case ErrorCode::kInternal: return "internal";
  }
  return "internal";
}

bool is_transient(ErrorCode code) {
  switch (code) {
    case ErrorCode::kConnect:
    case ErrorCode::kUnavailable:
    case ErrorCode::kOverloaded:
    case ErrorCode::kTimeout: return true;
    default: return false;
  }
}

Error Error::within(std::string_view context) const {
  std::string text(context);
  text += ": ";
  text += message;
  return Error{code, std::move(text)};
}

}  // namespace ringsync
