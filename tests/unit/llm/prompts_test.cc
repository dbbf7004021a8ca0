#include "llm/prompts.h"

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace lyceum::llm {
namespace {

class PromptsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Write("greet.system.txt", "{{> rules}}\nGreet.");
    Write("greet.user.txt", "{{name}}");
    Write("judge.system.txt", "Judge.");
    Write("judge.user.txt", "{{name}}");
    Write("judge.schema.json", R"({"type":"object"})");
    Write("rules.part.txt", "Be kind.\n");
  }
  void Write(const std::string& name, const std::string& text) const {
    test::WriteFile(folder_ / name, text);
  }
  Result<std::shared_ptr<Prompts>> Load() const {
    const TemplateNames names = {{"name", {}}};
    return Prompts::Load(folder_.path(), {{"greet", names, false}, {"judge", names, true}});
  }
  static std::string System(const Prompts& prompts) {
    const auto prompt = prompts.Render("greet", Values().Text("name", "Ada", 100));
    return prompt ? prompt->system : prompt.error().text;
  }

  test::TempDir folder_;
};

TEST_F(PromptsTest, APromptHasItsPartsItsValuesAndItsSchema) {
  auto prompts = Load();
  ASSERT_TRUE(prompts) << prompts.error().text;
  const auto greet = (*prompts)->Render("greet", Values().Text("name", "Ada", 100));
  ASSERT_TRUE(greet);
  EXPECT_EQ(greet->system, "Be kind.\nGreet.");
  EXPECT_EQ(greet->user, "<data name=\"name\">Ada</data>");
  EXPECT_EQ(greet->schema, nullptr);
  EXPECT_EQ(greet->version, (*prompts)->version());
  const auto judge = (*prompts)->Render("judge", {});
  ASSERT_TRUE(judge);
  ASSERT_NE(judge->schema, nullptr);
  EXPECT_EQ(judge->schema->text(), R"({"type":"object"})");
}

TEST_F(PromptsTest, TheVersionIsOfTheFiles) {
  auto prompts = Load();
  ASSERT_TRUE(prompts);
  const std::string before = (*prompts)->version();
  EXPECT_EQ(before.size(), 64U);
  Write("unread.txt", "nobody reads it");
  ASSERT_TRUE((*prompts)->Reload());
  EXPECT_EQ((*prompts)->version(), before);
  Write("rules.part.txt", "Be very kind.\n");
  ASSERT_TRUE((*prompts)->Reload());
  EXPECT_NE((*prompts)->version(), before);
  EXPECT_EQ(System(**prompts), "Be very kind.\nGreet.");
}

TEST_F(PromptsTest, BadFilesLeaveTheOldOnesInPlace) {
  auto prompts = Load();
  ASSERT_TRUE(prompts);
  const std::string before = (*prompts)->version();
  Write("greet.system.txt", "one\n{{nmae}}");
  const auto again = (*prompts)->Reload();
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().text.find("greet.system.txt: line 2: {{nmae}}"), std::string::npos)
      << again.error().text;
  EXPECT_EQ((*prompts)->version(), before);
  EXPECT_EQ(System(**prompts), "Be kind.\nGreet.");
}

TEST_F(PromptsTest, WhatIsMissingOrWrongIsNamed) {
  const auto refusal = [&] {
    auto prompts = Load();
    return prompts ? std::string() : prompts.error().text;
  };
  Write("judge.schema.json", "{");
  EXPECT_NE(refusal().find("judge.schema.json"), std::string::npos);
  Write("judge.schema.json", "{}");
  Write("judge.user.txt", "\xff");
  EXPECT_NE(refusal().find("judge.user.txt"), std::string::npos);
  Write("judge.user.txt", std::string(kPromptFileBytesMax + 1, 'x'));
  EXPECT_NE(refusal().find("judge.user.txt"), std::string::npos);
  EXPECT_FALSE(Prompts::Load(folder_ / "nowhere", {}));
}

}  // namespace
}  // namespace lyceum::llm
