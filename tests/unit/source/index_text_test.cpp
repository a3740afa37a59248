#include "source/scylla/index_text.h"

#include <gtest/gtest.h>

namespace ringsync {
namespace {

TEST(IndexText, EverySpellingOfAStorageAttachedIndexIsKnown) {
  for (const char* name : {"sai", "SAI", "StorageAttachedIndex", "storageattachedindex",
                           "org.apache.cassandra.index.sai.StorageAttachedIndex"}) {
    EXPECT_EQ(make_index("i", name, "updated_at"), (Index{"i", "updated_at", IndexKind::kSai}))
        << name;
  }
}

TEST(IndexText, OtherIndexesAreNotTakenForOne) {
  EXPECT_EQ(make_index("i", "", "a").kind, IndexKind::kOther);
  EXPECT_EQ(make_index("i", "org.apache.cassandra.index.sasi.SASIIndex", "a").kind,
            IndexKind::kSasi);
  EXPECT_EQ(make_index("i", "com.example.sai.Lookalike", "a").kind, IndexKind::kOther);
}

TEST(IndexText, ATargetNamesItsColumnPlainOrQuoted) {
  EXPECT_EQ(make_index("i", "sai", "\"UpdAt\"").column, "UpdAt");
  EXPECT_EQ(make_index("i", "sai", "\"a\"\"b\"").column, "a\"b");
  EXPECT_EQ(make_index("i", "sai", "\"\"\"\"").column, "\"");
}

TEST(IndexText, ATargetThatIsNoWholeColumnNamesNone) {
  for (const char* target : {"", "\"", "keys(m)", "entries(m)", "full(m)", "\"a\"b\"",
                             "{\"pk\":[\"a\"],\"ck\":[\"b\"]}"}) {
    EXPECT_EQ(make_index("i", "sai", target).column, "") << target;
  }
}

}  // namespace
}  // namespace ringsync
