// A model's stream that stalls, seen by all who look at it.
//
// cloudflare/agents #2042: a watchdog ends the turn, and the stream stays open.
#include <gtest/gtest.h>

#include "support/eventually.h"
#include "support/gateway.h"
#include "support/llm_server.h"
#include "support/stack.h"

namespace lyceum::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kStall{1500};  // Silence after which the model is given up.

TEST(StalledStream, EveryAttachedClientHasAnEndWithinTheStallAndASecond) {
  LlmServer server([](const LlmCall&) {
    return LlmReply{
        .text = "A numerator counts the parts that are meant, and a denominator names them.",
        .trouble = Trouble::kStall,
        .piece_bytes = 8};
  });
  Stack stack;
  stack.ImportCourse(SourceFile("ops/courses/fractions.toml"));
  TempDir dir;
  WriteFile(dir / "lyceum.toml",
            "[llm]\n[[llm.provider]]\nname = \"near\"\napi = \"openai\"\nbase_url = \"" +
                server.url() + "/v1\"\nkey_env = \"\"\nmodel = \"m\"\nattempts = 1\n" +
                "between_bytes_ms = " + std::to_string(kStall.count()) + "\n");
  const auto tools = stack.StartToolWorker(
      "tools-1", {"--config", dir / "lyceum.toml", "--prompts", SourceFile("ops/prompts")});
  stack.StartSessionWorker();
  Gateway gateway(stack.nats().Connect("gateway"));
  const std::vector<std::string> clients = {"first", "second", "third"};
  for (const std::string& client : clients) gateway.Listen(client);
  ASSERT_TRUE(gateway.Send("ada", R"({"id":"s","client":"first","start":{"course":"fractions"}})"));
  ASSERT_TRUE(gateway.Hear("first", [](const Gateway::Received& received) {
    return BodyOf<tutor::TextOut>(received) != nullptr;
  })) << stack.session_worker_logs();
  for (const std::string& client : {clients[1], clients[2]}) {
    const std::string id = "a-" + client;
    ASSERT_TRUE(gateway.Send(
        "ada", "{\"id\":\"" + id + "\",\"client\":\"" + client + "\",\"attach\":{\"after_n\":0}}"));
    ASSERT_TRUE(gateway.Reply(client, id));
  }
  ASSERT_TRUE(gateway.Send(
      "ada",
      R"({"id":"q","client":"first","message":{"text":"what is a numerator?","intent":"QUESTION"}})"));
  for (const std::string& client : clients) {
    ASSERT_TRUE(
        gateway.Hear(client, [](const Gateway::Received& received) { return received.is_delta; }))
        << client << tools->err();
  }
  // No later than the last delta that came: the stall began before.
  const Deadline end_by = In(kStall + seconds(1));
  for (const std::string& client : clients) {
    const auto end = gateway.Hear(
        client,
        [](const Gateway::Received& received) {
          return received.message.in_reply_to.value == "q" &&
                 (BodyOf<tutor::TextOut>(received) != nullptr ||
                  BodyOf<tutor::ErrorOut>(received) != nullptr);
        },
        milliseconds(LeftMs(end_by)));
    EXPECT_TRUE(end) << client << tools->err() << stack.session_worker_logs();
    if (!end) continue;
    EXPECT_NE(end->message.state, tutor::StateName::kAwaitingToolResult);
  }
}

}  // namespace
}  // namespace lyceum::test
