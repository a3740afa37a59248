#include "source/scylla/index_text.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace ringsync {
namespace {

// Cassandra compares its aliases in lower case (IndexMetadata: "sai", "storageattachedindex").
IndexKind kind_of(std::string class_name) {
  std::transform(class_name.begin(), class_name.end(), class_name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string simple = class_name.substr(class_name.rfind('.') + 1);
  if (simple == "sai" || simple == "storageattachedindex") return IndexKind::kSai;
  if (simple == "sasiindex") return IndexKind::kSasi;
  return IndexKind::kOther;
}

bool is_plain(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_';
  });
}

// The column that the target names as a whole, or nothing.
std::string column_of(const std::string& target) {
  if (target.size() < 2 || target.front() != '"' || target.back() != '"') {
    return is_plain(target) ? target : "";
  }
  std::string name;
  for (size_t i = 1; i + 1 < target.size(); ++i) {
    if (target[i] == '"') {
      const bool doubled = i + 2 < target.size() && target[i + 1] == '"';
      if (!doubled) return "";
      ++i;
    }
    name += target[i];
  }
  return name;
}

}  // namespace

Index make_index(std::string name, std::string class_name, const std::string& target) {
  return {std::move(name), column_of(target), kind_of(std::move(class_name))};
}

}  // namespace ringsync
