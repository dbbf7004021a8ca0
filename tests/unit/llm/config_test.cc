#include "llm/config.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "support/temp_dir.h"

namespace lyceum::llm {
namespace {

using Env = std::map<std::string, std::string>;

Result<Config> Read(const std::string& toml,
                    Env env = {{"ANTHROPIC_API_KEY", "sk-a"}, {"OPENAI_API_KEY", "sk-o"}}) {
  return ReadConfig(toml, [env](const std::string& name) -> std::optional<std::string> {
    const auto found = env.find(name);
    if (found == env.end()) return std::nullopt;
    return found->second;
  });
}

const std::string kClaude = "[[provider]]\nname='claude'\napi='anthropic'\nmodel='m'\n";
const std::string kGpt = "[[provider]]\nname='gpt'\napi='openai'\nmodel='m'\n";

std::string WhyNot(const std::string& toml, Env env = {{"ANTHROPIC_API_KEY", "sk-a"}}) {
  const Result<Config> config = Read(toml, std::move(env));
  return config ? "" : config.error().text;
}

TEST(ConfigTest, DefaultsAreTheVendors) {
  const Result<Config> config = Read(kClaude + kGpt);
  ASSERT_TRUE(config) << config.error().text;
  const Provider& claude = config->providers[0];
  EXPECT_EQ(claude.base_url, "https://api.anthropic.com");
  EXPECT_EQ(claude.key, "sk-a");
  EXPECT_EQ(claude.attempts, 3u);
  EXPECT_EQ(claude.limits.concurrency, 32u);
  EXPECT_EQ(claude.quirks.schema, SchemaWay::kNative);
  const Provider& gpt = config->providers[1];
  EXPECT_EQ(gpt.base_url, "https://api.openai.com/v1");
  EXPECT_EQ(gpt.key, "sk-o");
  EXPECT_EQ(config->user_tokens_per_day, 0u);
}

TEST(ConfigTest, EverythingCanBeSaid) {
  const Result<Config> config = Read(R"(
user_tokens_per_day = 200000
[[provider]]
name = "near"
api = "openai"
base_url = "http://127.0.0.1:8080/v1/"
model = "m"
models = { check_answer = "large", clarify_concept = "small" }
concurrency = 4
requests_per_min = 60
tokens_per_min = 90000
attempts = 2
connect_ms = 100
first_byte_ms = 200
between_bytes_ms = 300
whole_ms = 400
backoff_ms = 5
breaker_open_ms = 600
max_tokens = 4000
grading_ms = 3000
[provider.quirks]
max_tokens_field = "max_tokens"
schema = "json_object"
stream_usage = false
)");
  ASSERT_TRUE(config) << config.error().text;
  const Provider& near = config->providers[0];
  EXPECT_EQ(config->user_tokens_per_day, 200'000u);
  EXPECT_EQ(near.base_url, "http://127.0.0.1:8080/v1");
  EXPECT_EQ(near.ModelOf("check_answer"), "large");
  EXPECT_EQ(near.ModelOf("give_hint"), "m");
  EXPECT_EQ(near.limits.tokens_per_min, 90'000u);
  EXPECT_EQ(near.bounds.between_bytes.count(), 300);
  EXPECT_EQ(near.whole.count(), 400);
  EXPECT_EQ(near.breaker_open.count(), 600);
  EXPECT_EQ(near.quirks.max_tokens_field, "max_tokens");
  EXPECT_EQ(near.quirks.schema, SchemaWay::kJsonObject);
  EXPECT_FALSE(near.quirks.stream_usage);
  EXPECT_EQ(near.max_tokens, 4000u);
  EXPECT_EQ(near.grading.count(), 3000);
  EXPECT_EQ(near.ca_file, "");
}

TEST(ConfigTest, WhoIsTrustedIsNamedByTheFileOrTheEnvironment) {
  const test::TempDir dir;
  test::WriteFile(dir / "a.pem", "a");
  test::WriteFile(dir / "b.pem", "b");
  const Env env = {{"ANTHROPIC_API_KEY", "sk-a"}, {"SSL_CERT_FILE", dir / "b.pem"}};
  EXPECT_EQ(Read(kClaude, env)->providers[0].ca_file, dir / "b.pem");
  EXPECT_EQ(Read(kClaude + "ca_file='" + (dir / "a.pem") + "'\n", env)->providers[0].ca_file,
            dir / "a.pem");
  const Result<Config> none = Read(kClaude + "ca_file='/nowhere.pem'\n", env);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().text.find("ca_file names no readable file"), std::string::npos)
      << none.error().text;
}

TEST(ConfigTest, AKeyIsNotSentToSomebodyElseUnasked) {
  const Result<Config> config = Read(kGpt + "base_url='https://models.example/v1'\n");
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->providers[0].key, "");
  const Result<Config> asked =
      Read(kGpt + "base_url='https://models.example/v1'\nkey_env='OPENAI_API_KEY'\n");
  ASSERT_TRUE(asked) << asked.error().text;
  EXPECT_EQ(asked->providers[0].key, "sk-o");
}

TEST(ConfigTest, TheEnvironmentNamesTheAddressOnlyWhereTheFileDoesNot) {
  const Env env = {{"ANTHROPIC_BASE_URL", "https://relay.example"}, {"ANTHROPIC_API_KEY", "sk-a"}};
  EXPECT_EQ(Read(kClaude, env)->providers[0].base_url, "https://relay.example");
  EXPECT_EQ(Read(kClaude, env)->providers[0].key, "sk-a");
  EXPECT_EQ(Read(kClaude + "base_url='https://models.example'\n", env)->providers[0].base_url,
            "https://models.example");
}

TEST(ConfigTest, AKeyMayLieInAFile) {
  const test::TempDir dir;
  test::WriteFile(dir / "key", "sk-from-file\n");
  const Result<Config> config = Read(kClaude, {{"ANTHROPIC_API_KEY_FILE", dir / "key"}});
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->providers[0].key, "sk-from-file");
  EXPECT_NE(
      WhyNot(kClaude, {{"ANTHROPIC_API_KEY_FILE", dir / "none"}}).find("ANTHROPIC_API_KEY_FILE"),
      std::string::npos);
}

TEST(ConfigTest, AMissingKeySaysWhichVariable) {
  EXPECT_NE(WhyNot(kClaude, {}).find("ANTHROPIC_API_KEY is not set"), std::string::npos);
  EXPECT_EQ(WhyNot(kClaude + "key_env=''\n", {}), "");
}

TEST(ConfigTest, AKeyIsNeverQuoted) {
  for (const std::string& text :
       {WhyNot(kClaude, {{"ANTHROPIC_API_KEY", "sk-secret with\nlines"}}),
        WhyNot(kClaude + "key_env='sk-secret-1'\n"), WhyNot(kClaude + "api_key='sk-secret-1'\n"),
        WhyNot(kClaude + "model=sk-secret-1\n"),
        WhyNot(kClaude + "base_url='https://ada:sk-secret@models.example'\n"),
        WhyNot(kClaude + "base_url='https://models.example?key=sk-secret'\n"),
        WhyNot(kClaude, {{"ANTHROPIC_API_KEY", std::string(5'000, 's')}})}) {
    EXPECT_NE(text, "");
    EXPECT_EQ(text.find("secret"), std::string::npos) << text;
    EXPECT_EQ(text.find("ssss"), std::string::npos) << text;
  }
}

TEST(ConfigTest, UnknownKeysAreRefusedWithTheKnownOnes) {
  EXPECT_NE(WhyNot(kClaude + "modell='m'\n").find("unknown key modell: there are name, api"),
            std::string::npos);
  EXPECT_NE(WhyNot("tokens=1\n").find("user_tokens_per_day"), std::string::npos);
  EXPECT_NE(WhyNot(kClaude + "[provider.quirks]\nx=1\n").find("max_tokens_field"),
            std::string::npos);
}

TEST(ConfigTest, WrongValuesSayWhatTheKeyTakes) {
  struct Case {
    std::string toml, says;
  };
  const Case cases[] = {
      {kClaude + "attempts=0\n", "attempts takes a whole number from 1 to 10"},
      {kClaude + "attempts='3'\n", "attempts takes a whole number"},
      {kClaude + "whole_ms=99999999\n", "whole_ms takes"},
      {kClaude + "plain_http=1\n", "plain_http takes true or false"},
      {kClaude + "models={ 'Bad Tool' = 'm' }\n", "models takes"},
      {kClaude + "models=1\n", "models takes a table"},
      {kClaude + kClaude, "another one has that name"},
      {kClaude + "base_url='http://models.example'\n", "base_url"},
      {kClaude + "[provider.quirks]\nschema='response_format'\n", "output_config"},
      {kGpt + "[provider.quirks]\nschema='tool'\n", "json_object"},
      {"[[provider]]\nname='A'\napi='openai'\nmodel='m'\n", "name takes"},
      {"[[provider]]\nname='a'\napi='other'\nmodel='m'\n", "anthropic or openai"},
      {"[[provider]]\nname='a'\napi='openai'\n", "model takes"},
      {"provider=1\n", "write [[llm.provider]]"},
      {"provider=[1]\n", "write [[llm.provider]]"},
      {"user_tokens_per_day=-1\n", "user_tokens_per_day takes"},
      {"= 1", "not TOML"},
  };
  for (const Case& each : cases) {
    const std::string text =
        WhyNot(each.toml, {{"ANTHROPIC_API_KEY", "a"}, {"OPENAI_API_KEY", "o"}});
    EXPECT_NE(text.find(each.says), std::string::npos) << each.toml << " -> " << text;
  }
}

TEST(ConfigTest, ProvidersAreBounded) {
  std::string toml;
  for (int i = 0; i < 9; ++i) {
    toml += "[[provider]]\nname='p" + std::to_string(i) + "'\napi='openai'\nmodel='m'\n";
  }
  EXPECT_NE(WhyNot(toml, {{"OPENAI_API_KEY", "o"}}).find("there may be 8"), std::string::npos);
}

}  // namespace
}  // namespace lyceum::llm
