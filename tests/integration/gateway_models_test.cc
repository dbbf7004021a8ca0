// Answers that a language model writes slowly, or that one begins and another one ends, seen by the clients of front ends.
#include <atomic>
#include <string>

#include "gateway_program.h"
#include "support/llm_server.h"

namespace lyceum {
namespace {

// What a client must not show in the end, and what it must.
constexpr char kBroken[] = "A broken beginning that nobody ends, with a number of words in it.";
constexpr char kWhole[] =
    "A whole answer of many words, which takes its time to be said to the end.";

test::LlmReply WholeReply(const test::LlmCall& call) {
  if (call.wants_schema) return {.text = R"({"intent":"question","confidence":0.9})"};
  return {.text = kWhole, .gap = std::chrono::milliseconds(60), .piece_bytes = 8};
}
test::LlmReply BrokenReply(const test::LlmCall& call) {
  if (call.wants_schema) return WholeReply(call);
  return {.text = kBroken,
          .trouble = test::Trouble::kCutInEvent,
          .gap = std::chrono::milliseconds(80),
          .piece_bytes = 8};
}

class GatewayWithModels : public GatewayProgram {
 protected:
  // One that breaks off in mid-stream, where `breaks`, and then one that does not.
  void AskModels(bool breaks) {
    std::string config = "[llm]\n";
    for (const test::LlmServer* server : {&broken_, &whole_}) {
      if (server == &broken_ && !breaks) continue;
      config += std::string("[[llm.provider]]\nname = \"") +
                (server == &broken_ ? "broken" : "whole") + "\"\napi = \"openai\"\nbase_url = \"" +
                server->url() +
                "/v1\"\nkey_env = \"\"\nmodel = \"m\"\nattempts = 1\nbreaker_open_ms = 10\n";
    }
    test::WriteFile(dir_ / "lyceum.toml", config);
    tools_->Terminate();
    tools_->Wait(In(seconds(10)));
    tools_ = stack_.StartToolWorker(
        "t2", {"--config", dir_ / "lyceum.toml", "--prompts", test::SourceFile("ops/prompts")});
  }

  std::atomic<bool> stalled_{false};
  test::LlmServer broken_{BrokenReply};
  // One answer, to a question that says so, lasts until it is stopped.
  test::LlmServer whole_{[this](const test::LlmCall& call) {
    test::LlmReply reply = WholeReply(call);
    const bool asks = call.stream && call.body.find("does it stall") != std::string::npos;
    if (asks && !stalled_.exchange(true)) reply.trouble = test::Trouble::kStall;
    return reply;
  }};
};

class ATextThatIsTakenBack : public GatewayWithModels {
 protected:
  ATextThatIsTakenBack() { AskModels(true); }
};
TEST_F(ATextThatIsTakenBack, IsNotShownOverAWebSocket) {
  Fact("native.mjs", "ATextThatIsTakenBack");
}
TEST_F(ATextThatIsTakenBack, IsNotShownByUseChat) { AiFact("ATextThatIsTakenBack"); }
TEST_F(ATextThatIsTakenBack, IsNotShownByUseChatOfVersion6) {
  AiFact("ATextThatIsTakenBack", "ai-6");
}
TEST_F(ATextThatIsTakenBack, IsNotShownByUseChatOfVersion5) {
  AiFact("ATextThatIsTakenBack", "ai-5");
}
TEST_F(ATextThatIsTakenBack, IsNotShownByAgUi) { AgUiFact("ATextThatIsTakenBack"); }
TEST_F(ATextThatIsTakenBack, IsNotShownByAgUiBefore1) {
  AgUiFact("ATextThatIsTakenBack", "ag-ui-0");
}
TEST_F(ATextThatIsTakenBack, IsNotShownByThePage) { PageFact("ATextThatIsTakenBackGoes"); }

// In the middle of an answer: a second tab, a reload, a stop.
class ASlowAnswer : public GatewayWithModels {
 protected:
  ASlowAnswer() { AskModels(false); }
};
TEST_F(ASlowAnswer, IsTheSameInASecondSocket) { Fact("native.mjs", "ASecondTabInMidStream"); }
TEST_F(ASlowAnswer, IsTheSameInASecondStream) {
  Fact("native.mjs", "ASecondTabInMidStream", "stream");
}
TEST_F(ASlowAnswer, IsTheSameInASecondEventSource) {
  ClientFact("native.mjs", "ASecondTabInMidStream", "eventsource");
}
TEST_F(ASlowAnswer, IsTheSameInASecondUseChat) { AiFact("ASecondTabInMidStream"); }
TEST_F(ASlowAnswer, IsTheSameInASecondUseChatOfVersion6) {
  AiFact("ASecondTabInMidStream", "ai-6");
}
TEST_F(ASlowAnswer, IsTheSameInASecondUseChatOfVersion5) {
  AiFact("ASecondTabInMidStream", "ai-5");
}
TEST_F(ASlowAnswer, IsTheSameInASecondAgUi) { AgUiFact("ASecondTabInMidStream"); }
TEST_F(ASlowAnswer, IsTheSameInASecondAgUiBefore1) { AgUiFact("ASecondTabInMidStream", "ag-ui-0"); }

TEST_F(ASlowAnswer, IsWholeAfterAReloadOverASocket) { Fact("native.mjs", "AReloadInMidStream"); }
TEST_F(ASlowAnswer, IsWholeAfterAReloadOverAStream) {
  Fact("native.mjs", "AReloadInMidStream", "stream");
}
TEST_F(ASlowAnswer, IsWholeAfterAReloadOverAnEventSource) {
  ClientFact("native.mjs", "AReloadInMidStream", "eventsource");
}
TEST_F(ASlowAnswer, IsWholeAfterAReloadOfUseChat) { AiFact("AReloadInMidStream"); }
TEST_F(ASlowAnswer, IsWholeAfterAReloadOfUseChatOfVersion6) {
  AiFact("AReloadInMidStream", "ai-6");
}
TEST_F(ASlowAnswer, IsWholeAfterAReloadOfUseChatOfVersion5) {
  AiFact("AReloadInMidStream", "ai-5");
}
TEST_F(ASlowAnswer, IsWholeAfterAReloadOfUseChatOfReact) {
  ClientFact("react.mjs", "AReloadInMidStream", "@ai-sdk/react");
}

TEST_F(ASlowAnswer, IsStoppedOverASocket) { Fact("native.mjs", "StopEndsWhatRuns"); }
TEST_F(ASlowAnswer, IsStoppedOverAStream) { Fact("native.mjs", "StopEndsWhatRuns", "stream"); }
TEST_F(ASlowAnswer, IsStoppedOverAnEventSource) {
  ClientFact("native.mjs", "StopEndsWhatRuns", "eventsource");
}
TEST_F(ASlowAnswer, IsStoppedByUseChat) { AiFact("StopEndsWhatRuns"); }
TEST_F(ASlowAnswer, IsStoppedByUseChatOfVersion6) { AiFact("StopEndsWhatRuns", "ai-6"); }
TEST_F(ASlowAnswer, IsStoppedByUseChatOfVersion5) { AiFact("StopEndsWhatRuns", "ai-5"); }
TEST_F(ASlowAnswer, IsStoppedByAgUi) { AgUiFact("StopEndsWhatRuns"); }
TEST_F(ASlowAnswer, IsStoppedByAgUiBefore1) { AgUiFact("StopEndsWhatRuns", "ag-ui-0"); }
TEST_F(ASlowAnswer, IsStoppedOnThePage) { PageFact("StopEndsWhatRuns"); }
TEST_F(ASlowAnswer, IsTheSameOnThePageAfterAReload) { PageFact("AReloadInMidStreamShowsTheSame"); }

}  // namespace
}  // namespace lyceum
