// A lesson with a real server of language models: llama.cpp's, with whatever model it is given.
//
// LYCEUM_LLAMA_SERVER names a program that starts it on `--port N` with the other flags it is
// given. Without it these tests are skipped.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "support/eventually.h"
#include "support/gateway.h"
#include "support/stack.h"
#include "wire/http.h"

namespace lyceum::test {
namespace {

using std::chrono::seconds;

class LlamaServer : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* program = std::getenv("LYCEUM_LLAMA_SERVER");
    if (program == nullptr || *program == '\0') {
      GTEST_SKIP() << "set LYCEUM_LLAMA_SERVER to a program that starts llama.cpp's server";
    }
    const int port = FreePort();
    url_ = fmt::format("http://127.0.0.1:{}", port);
    server_ = std::make_unique<Process>(std::vector<std::string>{
        program, "--port", std::to_string(port), "-c", "32768", "-np", "2", "-t", "2"});
    ASSERT_TRUE(Eventually(seconds(60), [&] { return Get("/health") == 200; }))
        << server_->out() << server_->err();
    WriteFile(dir_ / "lyceum.toml",
              fmt::format("[llm]\n[[llm.provider]]\nname = \"llama\"\napi = \"openai\"\n"
                          "base_url = \"{}/v1\"\nkey_env = \"\"\nmodel = \"tiny\"\n",
                          url_));
  }
  int Get(const std::string& path) {
    auto http = wire::HttpClient::Start({}).value();
    auto transfer = http->Begin({.method = "GET",
                                 .url = url_ + path,
                                 .headers = {},
                                 .body = {},
                                 .deadline = In(seconds(5))});
    const auto head = Wait(transfer.Head());
    return head ? head->status : 0;
  }

  TempDir dir_;
  std::string url_;
  std::unique_ptr<Process> server_;
};

TEST_F(LlamaServer, TheCheckSaysItsSpeedAndItsContext) {
  const Ran ran = test::Run({Program("lyceum-tool-worker"), "--config", dir_ / "lyceum.toml",
                             "--prompts", SourceFile("ops/prompts"), "--provider-check"},
                            {}, "", seconds(300));
  RecordProperty("said", ran.out);
  // A tiny model of random words need not grade well, but it is reached, and measured.
  EXPECT_LE(ran.code, 1) << ran.out << ran.err;
  EXPECT_EQ(ran.out.find("nobody is reached"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("tokens/s"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("a context of "), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("check_answer: answered in"), std::string::npos) << ran.out;
}

TEST_F(LlamaServer, ALearnerIsAnsweredByIt) {
  Stack stack;
  stack.ImportCourse(SourceFile("ops/courses/fractions.toml"));
  const auto tools = stack.StartToolWorker(
      "tools-1", {"--config", dir_ / "lyceum.toml", "--prompts", SourceFile("ops/prompts")});
  stack.StartSessionWorker();
  Gateway gateway(stack.nats().Connect("gateway"));
  gateway.Listen("c");
  ASSERT_TRUE(gateway.Send("ada", R"({"id":"start","client":"c","start":{"course":"fractions"}})"));
  ASSERT_TRUE(gateway.Hear(
      "c",
      [](const Gateway::Received& received) {
        return !received.is_delta && !received.is_retract &&
               BodyOf<tutor::TextOut>(received) != nullptr &&
               received.message.state == tutor::StateName::kExposition;
      },
      seconds(60)))
      << stack.session_worker_logs() << tools->err();
  ASSERT_TRUE(gateway.Send(
      "ada",
      R"({"id":"q","client":"c","message":{"text":"What is a half?","intent":"QUESTION"}})"));
  std::string streamed;
  const auto reply = gateway.Hear(
      "c",
      [&](const Gateway::Received& received) {
        if (received.is_retract) streamed.clear();
        if (received.is_delta) streamed += received.delta_text;
        return !received.is_delta && !received.is_retract &&
               received.message.in_reply_to.value == "q";
      },
      seconds(60));
  ASSERT_TRUE(reply) << tools->err();
  const auto* text = BodyOf<tutor::TextOut>(*reply);
  ASSERT_NE(text, nullptr);
  EXPECT_FALSE(text->text.empty());
  EXPECT_EQ(text->text, streamed) << "what was streamed is what is kept";
  EXPECT_TRUE(Eventually(seconds(10), [&] {
    return tools->err().find("\"provider\":\"llama\"") != std::string::npos;
  })) << tools->err();
}

}  // namespace
}  // namespace lyceum::test
