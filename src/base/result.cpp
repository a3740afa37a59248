#include "base/result.h"

namespace ringsync {

Error Error::within(std::string_view context) const {
  std::string text(context);
  text += ": ";
  text += message;
  return Error{code, std::move(text)};
}

}  // namespace ringsync
