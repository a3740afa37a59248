#include "server/configuration_form.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

#include "config/keys.h"
#include "server/private_files.h"

namespace ringsync {
namespace {

namespace wire = fivetran_sdk::v2;

constexpr std::array<ConnectionTestEntry, 4> kTests{{
    {ConnectionTest::kConnect, "connect", "Connect to a node of the cluster"},
    {ConnectionTest::kAuthenticate, "authenticate", "Log in"},
    {ConnectionTest::kKeyspace, "keyspace", "Read the keyspace's tables and columns"},
    {ConnectionTest::kTables, "tables", "Read from every selected table"},
}};

/// Documents set names in backticks; the form shows plain text.
std::string plain(std::string_view text) {
  std::string out(text);
  std::erase(out, '`');
  return out;
}

std::string sentence(std::string_view clause) {
  std::string text = plain(clause);
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text + ".";
}

std::string description(const ConfigKey& key) {
  // What documents advise on secrets is about files.
  if (key.secret) return sentence(key.description);
  return sentence(key.description) + " " + plain(key.advice);
}

/// Choices with their meanings, so that no document is needed beside the form.
void set_choices(const ConfigKey& key, wire::FormField& field) {
  auto& choices = *field.mutable_descriptive_dropdown_fields();
  for (const Choice& choice : key.choices) {
    auto& entry = *choices.add_descriptive_dropdown_field();
    entry.set_value(std::string(choice.name));
    entry.set_label(std::string(choice.name));
    entry.set_description(sentence(choice.meaning));
  }
}

void set_type(const ConfigKey& key, wire::FormField& field) {
  switch (key.kind) {
    case KeyKind::kBoolean: field.mutable_toggle_field(); return;
    case KeyKind::kChoice: set_choices(key, field); return;
    case KeyKind::kFile: {
      auto& upload = *field.mutable_upload_field();
      for (const char* ending : {".pem", ".crt", ".cer", ".key"}) {
        upload.add_allowed_file_type(ending);
      }
      upload.set_max_file_size_bytes(static_cast<int32_t>(PrivateFiles::kBytesMax));
      return;
    }
    case KeyKind::kString:
    case KeyKind::kHost:
    case KeyKind::kPort:
    case KeyKind::kInteger:
    case KeyKind::kTables:
    case KeyKind::kDateTime:
    case KeyKind::kDecimalTypes:
      field.set_text_field(key.secret ? wire::Password : wire::PlainText);
      return;
  }
}

/// An example to write like; the original example's placeholders are none.
std::string placeholder(const ConfigKey& key) {
  if (!key.default_value.empty()) return std::string(key.default_value);
  if (key.kind == KeyKind::kHost) return "10.0.0.1";
  return key.example.starts_with("<") ? "" : std::string(key.example);
}

void fill(const ConfigKey& key, wire::FormField& field) {
  field.set_name(std::string(key.name));
  field.set_label(std::string(key.label));
  field.set_required(key.required);
  field.set_description(description(key));
  set_type(key, field);
  if (!key.default_value.empty()) field.set_default_value(std::string(key.default_value));
  if (!field.has_text_field()) return;
  if (const std::string text = placeholder(key); !text.empty()) field.set_placeholder(text);
}

/// The fields that show where `switch_name` is on; made where the switch's first one is met.
wire::ConditionalFields& fields_behind(std::string_view switch_name,
                                       wire::ConfigurationFormResponse& form) {
  for (wire::FormField& field : *form.mutable_fields()) {
    if (!field.has_conditional_fields()) continue;
    wire::ConditionalFields& fields = *field.mutable_conditional_fields();
    if (fields.condition().condition_field() == switch_name) return fields;
  }
  wire::FormField& field = *form.add_fields();
  field.set_name(std::string(switch_name) + "_fields");
  wire::ConditionalFields& fields = *field.mutable_conditional_fields();
  fields.mutable_condition()->set_condition_field(std::string(switch_name));
  fields.mutable_condition()->set_bool_value(true);
  return fields;
}

}  // namespace

std::span<const ConnectionTestEntry> connection_tests() { return kTests; }

wire::ConfigurationFormResponse configuration_form() {
  wire::ConfigurationFormResponse form;
  form.set_schema_selection_supported(false);
  form.set_table_selection_supported(true);
  for (const ConfigKey& key : configuration_keys()) {
    if (key.databases_only) continue;
    fill(key,
         key.needs.empty() ? *form.add_fields() : *fields_behind(key.needs, form).add_fields());
  }
  for (const ConnectionTestEntry& test : connection_tests()) {
    auto& entry = *form.add_tests();
    entry.set_name(std::string(test.name));
    entry.set_label(std::string(test.label));
  }
  return form;
}

}  // namespace ringsync
