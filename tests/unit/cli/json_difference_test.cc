#include "cli/json_difference.h"

#include <gtest/gtest.h>

namespace lyceum::cli {
namespace {

std::string Difference(const char* live, const char* replayed) {
  return FirstDifference(nlohmann::ordered_json::parse(live),
                         nlohmann::ordered_json::parse(replayed), "");
}

TEST(JsonDifference, EqualValuesHaveNone) {
  EXPECT_EQ(Difference(R"({"a":[1,{"b":"x"}]})", R"({"a":[1,{"b":"x"}]})"), "");
}

TEST(JsonDifference, TheOrderOfMembersIsNone) {
  EXPECT_EQ(Difference(R"({"a":1,"b":[2]})", R"({"b":[2],"a":1})"), "");
}

TEST(JsonDifference, ThePathLeadsToIt) {
  EXPECT_EQ(Difference(R"({"a":1,"s":{"done":["x","y"]}})", R"({"a":1,"s":{"done":["x","z"]}})"),
            R"(s.done[1]: live "y", replayed "z")");
}

TEST(JsonDifference, AMissingMemberIsNull) {
  EXPECT_EQ(Difference(R"({"a":1})", R"({})"), "a: live 1, replayed null");
  EXPECT_EQ(Difference(R"({})", R"({"a":1})"), "a: live null, replayed 1");
}

TEST(JsonDifference, ListsOfOtherLengthDifferAsAWhole) {
  EXPECT_EQ(Difference(R"({"a":[1]})", R"({"a":[1,2]})"), "a: live [1], replayed [1,2]");
}

std::string All(const char* was, const char* is) {
  std::string text;
  for (const JsonDifference& each :
       Differences(nlohmann::ordered_json::parse(was), nlohmann::ordered_json::parse(is))) {
    text += each.path + ": " + each.was.dump() + " -> " + each.is.dump() + "\n";
  }
  return text;
}

TEST(JsonDifference, AllOfThemAreNamedAndWhatIsNotThereIsNull) {
  EXPECT_EQ(All(R"({"a":1,"b":[1,2]})", R"({"b":[1,2],"a":1})"), "");
  EXPECT_EQ(All(R"({"a":1,"b":{"c":"x","d":2}})", R"({"a":2,"b":{"c":"y","d":2}})"),
            "a: 1 -> 2\nb.c: \"x\" -> \"y\"\n");
  EXPECT_EQ(All(R"({"a":[{"b":1}]})", R"({"a":[{"b":1},{"b":2,"c":3}]})"),
            "a[1].b: null -> 2\na[1].c: null -> 3\n");
  EXPECT_EQ(All(R"({"a":{"b":1}})", R"({})"), "a.b: 1 -> null\n");
  EXPECT_EQ(All(R"({"a":{"b":1}})", R"({"a":[1]})"), "a: {\"b\":1} -> [1]\n");
}

}  // namespace
}  // namespace lyceum::cli
