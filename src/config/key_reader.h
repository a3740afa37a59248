// KeyReader: fills a Configuration from a JSON object, key by key, and collects everything that is
// wrong with it. Pure but for what it asks of its Surroundings.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.h"
#include "config/keys.h"
#include "config/raw_value.h"

namespace ringsync {

class KeyReader {
 public:
  /// How messages name a key: by its own name, or by that of the option that stands for it.
  enum class Names : uint8_t { kKeys, kOptions };

  /// Both outlive the reader. `document` is an object.
  KeyReader(const nlohmann::json& document, const Surroundings& surroundings,
            Names names = Names::kKeys);

  void read_all();
  /// Reads one key, which must have a value.
  void read_given(const ConfigKey& key);
  void add_problem(std::string line) { problems_.push_back(std::move(line)); }
  /// A line each; without secrets.
  const std::vector<std::string>& problems() const { return problems_; }
  ParsedConfiguration take() { return std::move(parsed_); }

 private:
  RawValue value_of(const ConfigKey& key) const;
  void read_key(const ConfigKey& key, const RawValue& raw);
  bool read_fallback(const ConfigKey& key);
  void read_list(const ConfigKey& key, const RawValue& raw);
  void read_list_item(const ConfigKey& key, std::string_view item);
  void read_text(const ConfigKey& key, std::string_view text);
  void read_file(const ConfigKey& key, std::string_view path);
  void read_upload(const ConfigKey& key, std::string_view value);
  std::optional<std::string> variable(const ConfigKey& key) const;
  void store_host(const ConfigKey& key, std::string host);
  void report_absent(const ConfigKey& key, bool present);
  void warn_of_placeholder(const ConfigKey& key);
  void warn_of_unknown_keys();
  std::string shown(std::string_view value) const;
  void problem(const ConfigKey& key, std::string_view what);

  template <typename Value, typename Keep>
  void keep(const ConfigKey& key, std::string_view text, Result<Value> result, Keep store);

  const nlohmann::json& document_;
  const Surroundings& surroundings_;
  const Names names_;
  ParsedConfiguration parsed_;
  std::vector<std::string> problems_;
  std::vector<std::string> secrets_;
  std::vector<std::string_view> given_;  // names of keys whose value is the file's
  bool hide_values_ = false;             // of the key being read: it holds the environment's
};

}  // namespace ringsync
