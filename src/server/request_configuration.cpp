#include "server/request_configuration.h"

#include <map>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "front/open_source.h"

namespace ringsync {

Result<std::unique_ptr<RequestConfiguration>> RequestConfiguration::read(const Values& values) {
  std::unique_ptr<RequestConfiguration> made(new RequestConfiguration);
  const std::map<std::string, std::string> texts(values.begin(), values.end());
  RINGSYNC_ASSIGN(ParsedConfiguration parsed,
                  parse_configuration(texts, SystemClock().wall_us() / 1000,
                                      [files = made->files_.get()](std::string_view value) {
                                        return files->keep(value);
                                      }));
  for (const std::string& warning : parsed.warnings) log_warning("configuration: {}", warning);
  made->configuration_ = std::move(parsed.configuration);
  return made;
}

Result<std::unique_ptr<Source>> RequestConfiguration::open_source() {
  auto source = ringsync::open_source(configuration_);
  files_.reset();
  return source;
}

}  // namespace ringsync
