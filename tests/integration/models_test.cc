// The programs with language models: the check of the providers, grading by a model, prompts read
// again.
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "support/eventually.h"
#include "support/llm_server.h"
#include "support/stack.h"

namespace lyceum::test {
namespace {

constexpr char kKey[] = "sk-not-a-real-key-0123456789";

std::string ConfigFor(const std::string& api, const std::string& base_url,
                      const std::string& key_env = "NEAR_KEY") {
  return "[llm]\n[[llm.provider]]\nname = \"near\"\napi = \"" + api + "\"\nbase_url = \"" +
         base_url + "\"\nkey_env = \"" + key_env + "\"\nmodel = \"m\"\nattempts = 1\n";
}

class ProviderCheck : public testing::TestWithParam<std::string> {
 protected:
  Ran Check(const LlmServer& server) {
    const std::string url = GetParam() == "openai" ? server.url() + "/v1" : server.url();
    WriteFile(dir_ / "lyceum.toml", ConfigFor(GetParam(), url));
    return test::Run(
        {Program("lyceum-tool-worker"), "--config", dir_ / "lyceum.toml", "--provider-check"},
        {{"NEAR_KEY", kKey}});
  }
  TempDir dir_;
};

TEST_P(ProviderCheck, AGoodOneIsGood) {
  LlmServer server([](const LlmCall&) { return LlmReply{.text = "ok"}; });
  const Ran ran = Check(server);
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_EQ(ran.out.substr(0, 3), "ok ") << ran.out;
  EXPECT_EQ(server.call_count(), 1u);
}

TEST_P(ProviderCheck, AWrongKeyIsNamedByItsVariableAndNeverShown) {
  LlmServer server([](const LlmCall&) {
    return LlmReply{.text = "", .trouble = Trouble::kStatus, .status = 401};
  });
  const Ran ran = Check(server);
  EXPECT_EQ(ran.code, 1) << ran.out << ran.err;
  EXPECT_EQ(ran.out.substr(0, 3), "BAD") << ran.out;
  EXPECT_NE(ran.out.find("NEAR_KEY"), std::string::npos) << ran.out;
  EXPECT_EQ((ran.out + ran.err).find(kKey), std::string::npos);
}

TEST_P(ProviderCheck, AModelThatIsNotThereIsNamed) {
  LlmServer server([](const LlmCall&) {
    return LlmReply{.text = "", .trouble = Trouble::kStatus, .status = 404};
  });
  const Ran ran = Check(server);
  EXPECT_EQ(ran.code, 1) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("model"), std::string::npos) << ran.out;
}

// What fits the schema that a tool asks with; a text where it asks with none.
std::string FitFor(const LlmCall& call) {
  const auto asks = [&](const char* field) {
    return call.wants_schema && call.body.find(field) != std::string::npos;
  };
  if (asks("\"verdict\"") || asks("known_error_id")) {
    return R"({"verdict":"correct","score":1,"confidence":0.9,"known_error_id":"","feedback":"Well."})";
  }
  if (asks("hypotheses")) return R"({"hypotheses":[],"text":"Look again.","probe":"Why?"})";
  if (asks("solution")) {
    return R"({"text":"1+1?","format":"numeric","choices":[],"answers":["2"],"unit":"","hints":[],"solution":"2"})";
  }
  if (asks("intent")) return R"({"intent":"hint","confidence":0.9})";
  return "A leaf makes sugar of light.";
}

class ToolCheck : public ProviderCheck {
 protected:
  Ran CheckTools(const LlmServer& server, const std::string& more = "") {
    const std::string url = GetParam() == "openai" ? server.url() + "/v1" : server.url();
    WriteFile(dir_ / "lyceum.toml", ConfigFor(GetParam(), url, "") + more);
    return test::Run({Program("lyceum-tool-worker"), "--config", dir_ / "lyceum.toml", "--prompts",
                      SourceFile("ops/prompts"), "--provider-check"});
  }
};

TEST_P(ToolCheck, EachToolIsAskedWithItsOwnPromptAndSchema) {
  LlmServer server([](const LlmCall& call) { return LlmReply{.text = FitFor(call)}; });
  const Ran ran = CheckTools(server);
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  for (const char* tool :
       {"present_material", "clarify_concept", "generate_question", "check_answer", "give_hint",
        "remediate_known_error", "diagnose_error", "classify_intent"}) {
    EXPECT_NE(ran.out.find(std::string(tool) + ": answered in"), std::string::npos) << ran.out;
  }
  EXPECT_NE(ran.out.find("context"), std::string::npos) << ran.out;
}

TEST_P(ToolCheck, AGradeThatComesTooLateIsWarnedOf) {
  LlmServer server([](const LlmCall& call) {
    LlmReply reply{.text = FitFor(call)};
    if (reply.text.find("verdict") != std::string::npos)
      reply.before = std::chrono::milliseconds(150);
    return reply;
  });
  const Ran ran = CheckTools(server, "grading_ms = 50\n");
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  const size_t warned = ran.out.find("WARN");
  ASSERT_NE(warned, std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("check_answer", warned), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("it is waited for 50 ms"), std::string::npos) << ran.out;
}

TEST_P(ToolCheck, AnAnswerOfAnotherFormIsBad) {
  LlmServer server([](const LlmCall&) { return LlmReply{.text = "Certainly!"}; });
  const Ran ran = CheckTools(server);
  EXPECT_EQ(ran.code, 1) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("BAD"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("quirks.schema"), std::string::npos) << ran.out;
}

INSTANTIATE_TEST_SUITE_P(Formats, ToolCheck, testing::Values("anthropic", "openai"),
                         [](const auto& instance) { return instance.param; });
INSTANTIATE_TEST_SUITE_P(Formats, ProviderCheck, testing::Values("anthropic", "openai"),
                         [](const auto& instance) { return instance.param; });

TEST(ProviderCheckWithout, AConfigurationIsAskedFor) {
  const Ran ran = test::Run({Program("lyceum-tool-worker"), "--provider-check"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_NE(ran.err.find("[llm]"), std::string::npos) << ran.err;
}

std::string PairLine(const std::string& id, const std::string& answer, bool correct) {
  return nlohmann::json{{"id", id},
                        {"question", "Why does ice float?"},
                        {"answer_kind", "free_text"},
                        {"reference_answers", {"Ice is less dense than water."}},
                        {"student_answer", answer},
                        {"correct", correct}}
             .dump() +
         "\n";
}

TEST(GradeByModel, WhatNoCheckerMayJudgeIsJudgedAndTheOrderKept) {
  LlmServer server([](const LlmCall& call) {
    const bool right = call.last_user_text.find("lighter") != std::string::npos;
    const nlohmann::json verdict{{"verdict", right ? "correct" : "incorrect"},
                                 {"score", right ? 1 : 0},
                                 {"confidence", 0.9},
                                 {"known_error_id", ""},
                                 {"feedback", "Well."}};
    // The later ones are answered first.
    return LlmReply{.text = verdict.dump(), .before = std::chrono::milliseconds(40 / call.number)};
  });
  TempDir dir;
  WriteFile(dir / "lyceum.toml", ConfigFor("openai", server.url() + "/v1"));
  std::string lines;
  for (int i = 0; i < 20; ++i) {
    lines +=
        PairLine("a" + std::to_string(i), i % 2 == 0 ? "it is lighter" : "it is magic", i % 2 == 0);
  }
  WriteFile(dir / "pairs.jsonl", lines);
  const Ran ran = test::Run({Program("lyceum"), "grade", "--llm", dir / "pairs.jsonl", "--config",
                             dir / "lyceum.toml", "--prompts", SourceFile("ops/prompts")},
                            {{"NEAR_KEY", kKey}});
  ASSERT_EQ(ran.code, 0) << ran.out << ran.err;
  std::istringstream out(ran.out);
  int i = 0;
  for (std::string line; std::getline(out, line); ++i) {
    const auto grade = nlohmann::json::parse(line);
    EXPECT_EQ(grade.at("id"), "a" + std::to_string(i));
    EXPECT_EQ(grade.at("verdict"), i % 2 == 0 ? "correct" : "incorrect") << line;
    EXPECT_EQ(grade.at("method"), "rubric_llm");
  }
  EXPECT_EQ(i, 20);
  EXPECT_EQ(server.call_count(), 20u);
}

TEST(GradeByModel, WithoutAProviderItSaysWhatIsMissing) {
  TempDir dir;
  WriteFile(dir / "pairs.jsonl", PairLine("a", "it is lighter", true));
  const Ran ran = test::Run({Program("lyceum"), "grade", "--llm", dir / "pairs.jsonl"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_NE(ran.err.find("[llm]"), std::string::npos) << ran.err;
}

TEST(Prompts, AreReadAgainOnHangup) {
  LlmServer server([](const LlmCall&) { return LlmReply{.text = "ok"}; });
  Stack stack;
  TempDir dir;
  WriteFile(dir / "lyceum.toml", ConfigFor("openai", server.url() + "/v1", ""));
  const auto copied = test::Run({"cp", "-r", SourceFile("ops/prompts"), dir / "prompts"});
  ASSERT_EQ(copied.code, 0) << copied.err;
  const auto tools = stack.StartToolWorker(
      "tools-1", {"--config", dir / "lyceum.toml", "--prompts", dir / "prompts"});
  const auto says = [&](const char* what) {
    return Eventually(std::chrono::seconds(20),
                      [&] { return tools->err().find(what) != std::string::npos; });
  };
  ASSERT_TRUE(says("\"started\"")) << tools->err();
  const std::string path = dir / "prompts/rules.part.txt";
  WriteFile(path, ReadFile(path) + "Be brief.\n");
  tools->Signal(SIGHUP);
  EXPECT_TRUE(says("prompts read again")) << tools->err();
  WriteFile(path, "{{#nobody}}");
  tools->Signal(SIGHUP);
  EXPECT_TRUE(says("prompts not read again")) << tools->err();
  EXPECT_TRUE(tools->running());
}

}  // namespace
}  // namespace lyceum::test
