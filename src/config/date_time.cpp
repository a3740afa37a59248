#include "base/date_time.h"

#include <fmt/format.h>

#include "config/values.h"

namespace ringsync {

Result<int64_t> read_date_time(const ConfigKey& key, std::string_view text, int64_t now_ms) {
  const std::optional<int64_t> moment = parse_date_time_ms(text);
  if (!moment) {
    return Error{ErrorCode::kConfig,
                 fmt::format("is no date or time of ISO 8601; write {}", expected_value(key))};
  }
  if (*moment > now_ms) {
    return Error{ErrorCode::kConfig, "lies in the future; write a time that has passed"};
  }
  return *moment;
}

}  // namespace ringsync
