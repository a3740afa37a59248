#include "server/configuration_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "config/keys.h"

namespace ringsync {
namespace {

namespace wire = fivetran_sdk::v2;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const wire::ConfigurationFormResponse& form() {
  static const wire::ConfigurationFormResponse made = configuration_form();
  return made;
}

/// Fields by name, those behind a switch among them.
std::map<std::string, wire::FormField> fields_by_name() {
  std::map<std::string, wire::FormField> fields;
  for (const wire::FormField& field : form().fields()) {
    if (!field.has_conditional_fields()) {
      fields[field.name()] = field;
      continue;
    }
    for (const wire::FormField& inner : field.conditional_fields().fields()) {
      fields[inner.name()] = inner;
    }
  }
  return fields;
}

TEST(ConfigurationForm, HasEveryKeyThatMeansSomethingToFivetranOnce) {
  std::set<std::string> wanted;
  for (const ConfigKey& key : configuration_keys()) {
    if (!key.databases_only) wanted.insert(std::string(key.name));
  }
  std::set<std::string> found;
  for (const auto& [name, field] : fields_by_name()) found.insert(name);
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(found.count("commit_rows"), 0U);
  EXPECT_EQ(found.count("nested_types"), 0U);
}

TEST(ConfigurationForm, SaysOfEveryFieldWhatItIs) {
  for (const auto& [name, field] : fields_by_name()) {
    const ConfigKey& key = *find_key(name);
    EXPECT_EQ(field.label(), key.label);
    EXPECT_EQ(field.required(), key.required) << name;
    EXPECT_EQ(field.default_value(), key.default_value) << name;
    EXPECT_NE(field.type_case(), wire::FormField::TYPE_NOT_SET) << name;
    EXPECT_GT(field.description().size(), 10U) << name;
    EXPECT_THAT(field.description(), Not(HasSubstr("`"))) << name;
    EXPECT_THAT(field.placeholder(), Not(HasSubstr("<YOUR"))) << name;
  }
}

TEST(ConfigurationForm, HidesThePasswordAndNothingElse) {
  for (const auto& [name, field] : fields_by_name()) {
    EXPECT_EQ(field.text_field() == wire::Password, name == "password") << name;
  }
}

TEST(ConfigurationForm, ShowsTlsFieldsWhereTlsIsOn) {
  std::set<std::string> behind;
  for (const wire::FormField& field : form().fields()) {
    if (!field.has_conditional_fields()) continue;
    EXPECT_EQ(field.conditional_fields().condition().condition_field(), "tls");
    EXPECT_TRUE(field.conditional_fields().condition().bool_value());
    for (const wire::FormField& inner : field.conditional_fields().fields()) {
      behind.insert(inner.name());
    }
  }
  EXPECT_EQ(behind,
            (std::set<std::string>{"tls_verify", "tls_ca_file", "tls_cert_file", "tls_key_file"}));
}

TEST(ConfigurationForm, ShowsASwitchBeforeWhatItSwitches) {
  bool is_tls_met = false;
  for (const wire::FormField& field : form().fields()) {
    if (field.name() == "tls") is_tls_met = true;
    EXPECT_TRUE(!field.has_conditional_fields() || is_tls_met);
  }
  EXPECT_TRUE(fields_by_name()["tls"].has_toggle_field());
}

TEST(ConfigurationForm, TakesCertificatesAndKeysAsUploads) {
  for (const char* name : {"tls_ca_file", "tls_cert_file", "tls_key_file"}) {
    const wire::FormField field = fields_by_name()[name];
    ASSERT_TRUE(field.has_upload_field()) << name;
    EXPECT_EQ(field.upload_field().max_file_size_bytes(), 1 << 20);
    for (const std::string& ending : field.upload_field().allowed_file_type()) {
      EXPECT_EQ(ending.front(), '.');
    }
    EXPECT_THAT(field.description(), Not(HasSubstr("path"))) << name;
  }
}

TEST(ConfigurationForm, ExplainsEachChoice) {
  const wire::FormField field = fields_by_name()["tls_verify"];
  ASSERT_TRUE(field.has_descriptive_dropdown_fields());
  const auto& choices = field.descriptive_dropdown_fields().descriptive_dropdown_field();
  ASSERT_EQ(choices.size(), 3);
  EXPECT_EQ(choices[0].value(), "ca");
  EXPECT_THAT(choices[0].description(), HasSubstr("trusted authority"));
}

TEST(ConfigurationForm, OffersTablesToSelectAndFourTests) {
  EXPECT_FALSE(form().schema_selection_supported());
  EXPECT_TRUE(form().table_selection_supported());
  std::vector<std::string> names;
  for (const auto& test : form().tests()) {
    names.push_back(test.name());
    EXPECT_FALSE(test.label().empty());
  }
  EXPECT_THAT(names, ElementsAre("connect", "authenticate", "keyspace", "tables"));
}

}  // namespace
}  // namespace ringsync
