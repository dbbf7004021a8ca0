// `lyceum tool`: what an author of tools asks of it. No server.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/stack.h"

namespace lyceum::test {
namespace {

constexpr char kResult[] =
    R"({"id":"01-7-0","attempt":1,"tool":"check_answer","worker":"mine",)"
    R"("ok":{"check_answer":{"question_id":"q","verdict":"correct","score":1,"confidence":1}}})";

Ran Check(const std::string& input, std::vector<std::string> more = {}) {
  std::vector<std::string> args = {Program("lyceum"), "tool", "check", "-"};
  args.insert(args.end(), more.begin(), more.end());
  return test::Run(args, {}, input);
}

TEST(ToolCheck, AResultThatFitsIsNamed) {
  const Ran alone = Check(kResult);
  EXPECT_EQ(alone.code, 0) << alone.err;
  EXPECT_EQ(alone.out, "It fits: a result of check_answer for the call 01-7-0\n");
  const Ran event = Check(std::string(R"({"id":"r","tool_result":)") + kResult + "}", {"--json"});
  EXPECT_EQ(event.code, 0) << event.err;
  const auto line = nlohmann::json::parse(event.out);
  EXPECT_EQ(line.at("fits"), true);
  EXPECT_EQ(line.at("tool"), "check_answer");
  const Ran error = Check(R"({"id":"01-7-0","tool":"check_answer","error":{"code":"busy"}})");
  EXPECT_EQ(error.code, 0) << error.err;
}

TEST(ToolCheck, OfOneThatDoesNotFitItSaysWhichFieldAndWhatItMayBe) {
  std::string wrong = kResult;
  wrong.replace(wrong.find("\"correct\""), 9, "\"fine\"");
  const Ran verdict = Check(wrong);
  EXPECT_EQ(verdict.code, 1) << verdict.out;
  EXPECT_NE(verdict.err.find("verdict"), std::string::npos) << verdict.err;
  EXPECT_NE(verdict.err.find("partially_correct"), std::string::npos) << verdict.err;
  for (const char* bad :
       {R"({"tool":"check_answer"})", R"({"id":"01-7-0","tool":"nothing","ok":{}})",
        R"({"id":"e","hint":{}})", "{", "", "nonsense"}) {
    const Ran ran = Check(bad);
    EXPECT_EQ(ran.code, 1) << bad << ran.out;
    EXPECT_NE(ran.err.find("it does not fit"), std::string::npos) << bad << ran.err;
  }
}

TEST(ToolCheck, AFileThatIsNotThereIsWrongUsage) {
  EXPECT_EQ(test::Run({Program("lyceum"), "tool", "check", "/nowhere/result.json"}, {}).code, 2);
}

}  // namespace
}  // namespace lyceum::test
