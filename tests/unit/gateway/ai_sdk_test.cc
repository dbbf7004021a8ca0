#include "gateway/ai_sdk.h"

#include <map>
#include <string>
#include <vector>

#include "answer_world.h"
#include "base/time_text.h"

namespace lyceum::gateway {
namespace {

class ChatTest : public AnswerWorld {
 protected:
  Request Post(const std::string& id, const std::string& text, const json& more = json::object()) {
    json body = {
        {"id", "ada"},
        {"trigger", "submit-message"},
        {"messages",
         {{{"id", "u0"}, {"role", "user"}, {"parts", {{{"type", "text"}, {"text", "old"}}}}},
          {{"id", "m-u0"}, {"role", "assistant"}, {"parts", json::array()}},
          {{"id", id}, {"role", "user"}, {"parts", {{{"type", "text"}, {"text", text}}}}}}}};
    body.update(more);
    return Make("POST", "/api/chat", Token("ada"), body.dump());
  }
  std::string Types() {
    std::string types;
    for (const json& chunk : Chunks()) {
      types += (types.empty() ? "" : " ") +
               (chunk.is_string() ? chunk.get<std::string>() : chunk["type"].get<std::string>());
    }
    return types;
  }
};

// agent-framework #8140: a client sends its transcript again.
TEST_F(ChatTest, TheLastMessageOfTheUserIsTheEvent) {
  View("exposition", 0, 0);
  Open(Post("u1", "why?"));
  ASSERT_EQ(Records("ada"), 2u);
  EXPECT_EQ(Record("ada", 1)["id"], "u1");
  EXPECT_EQ(Record("ada", 1)["message"]["text"], "why?");
}

TEST_F(ChatTest, TheStreamSaysWhichProtocolItSpeaks) {
  View("awaiting_tool_result", 3, 9);
  const std::map<std::string, std::string> wanted = {{"Cache-Control", "no-cache"},
                                                     {"X-Accel-Buffering", "no"},
                                                     {"x-vercel-ai-ui-message-stream", "v1"}};
  for (Request& request :
       std::vector<Request>{Post("u1", "why?"), Make("GET", "/api/chat/me/stream", Token("ada"))}) {
    auto answer = Ask(std::move(request));
    ASSERT_TRUE(answer && std::holds_alternative<StreamStart>(*answer));
    const auto& start = std::get<StreamStart>(*answer);
    EXPECT_EQ(start.content_type, "text/event-stream");
    EXPECT_EQ(start.keep_alive, ":\n\n");
    const std::map<std::string, std::string> headers(start.headers.begin(), start.headers.end());
    for (const auto& [name, value] : wanted) {
      EXPECT_TRUE(headers.contains(name) && headers.at(name) == value) << name;
    }
  }
}

TEST_F(ChatTest, AnAnswerIsOverWhenTheSessionSaysSo) {
  View("exposition", 0, 0);
  Open(Post("u1", "why?"));
  View("exposition", 2, 2);
  Say(client(), Message(1, "u1", {{"text", "Because."}}));
  RunMs(500);
  EXPECT_EQ(Types(), "start start-step text-start text-delta text-end");
  Say(client(), Message(2, "u1", {{"progress", {{"topic", "t"}, {"done", 1}, {"total", 2}}}}));
  RunMs(500);
  EXPECT_EQ(Types(),
            "start start-step text-start text-delta text-end data-lyceum-status finish-step finish "
            "[DONE]");
  EXPECT_EQ(Chunks()[0]["messageId"], "m-u1");
  EXPECT_EQ(socket_->code, 1000);
}

// Each message to a client may be lost on the way.
TEST_F(ChatTest, AnAnswerThatIsLostIsAskedForAgain) {
  View("exposition", 0, 0);
  Open(Post("u1", "why?"));
  json resumed = Message(0, Record("ada", 0)["id"], {{"resumed", {{"first_n", 1}, {"last_n", 0}}}});
  Say(client(), resumed);
  View("exposition", 1, 2);
  RunMs(1'500);
  EXPECT_EQ(Records("ada"), 2u) << "it may still come";
  RunMs(1'500);
  ASSERT_EQ(Records("ada"), 3u);
  EXPECT_TRUE(Record("ada", 2).contains("attach"));
  resumed["in_reply_to"] = Record("ada", 2)["id"];
  resumed["resumed"]["last_n"] = 1;
  Say(client(), resumed);
  Say(client(), Message(1, "u1", {{"text", "Because."}}));
  RunMs(500);
  EXPECT_EQ(Types(), "start start-step text-start text-delta text-end finish-step finish [DONE]");
}

TEST_F(ChatTest, WhatIsSaidToAnotherEventIsNotPartOfIt) {
  View("exposition", 0, 0);
  Open(Post("u1", "why?"));
  Say(client(), Message(1, "u7", {{"text", "Not yours."}}));
  Say(client(), Message(2, "u1", {{"text", "Yours."}}));
  RunMs(100);
  EXPECT_EQ(Chunks()[3]["delta"], "Yours.");
}

TEST_F(ChatTest, DeltasAndTheFinalTextAreOneText) {
  View("exposition", 0, 0);
  Open(Post("u1", "why?"));
  for (const json& delta :
       {Delta(1, 0, "Be"), Delta(1, 2, "cau"), Delta(1, 2, "cause"), Delta(1, 0, "B")}) {
    Say(client(), delta);
  }
  Say(client(), Message(1, "u1", {{"text", "Because of it."}}));
  RunMs(100);
  std::string text;
  for (const json& chunk : Chunks()) text += chunk.is_object() ? chunk.value("delta", "") : "";
  EXPECT_EQ(text, "Because of it.");
  EXPECT_EQ(Types(),
            "start start-step text-start text-delta text-delta text-delta text-delta text-end");
}

TEST_F(ChatTest, ARetractTakesTheStepBack) {
  View("exposition", 0, 0);
  Open(Post("u1", "why?"));
  Say(client(), Message(1, "u1", {{"text", "One."}}, "awaiting_tool_result"));
  Say(client(), Delta(1, 0, "Wrong"));
  Say(client(), {{"user", "ada"}, {"retract", {{"request_id", "3-9-0"}, {"attempt", 1}}}});
  Say(client(), Delta(2, 0, "Right"));
  Say(client(), Message(2, "u1", {{"text", "Right."}}));
  RunMs(100);
  EXPECT_EQ(Types(),
            "start start-step text-start text-delta text-end finish-step start-step text-start "
            "text-delta "
            "reset-step text-start text-delta text-delta text-end");
}

TEST_F(ChatTest, AClientBefore7GetsFinalTextsOnly) {
  View("exposition", 0, 0);
  Request request = Post("u1", "why?");
  request.target = "/api/v6/chat";
  Open(std::move(request));
  Say(client(), Delta(1, 0, "Wrong"));
  Say(client(), {{"user", "ada"}, {"retract", {{"request_id", "3-9-0"}, {"attempt", 1}}}});
  Say(client(), Message(1, "u1", {{"text", "Right."}}));
  RunMs(100);
  EXPECT_EQ(Types(), "start start-step text-start text-delta text-end");
}

TEST_F(ChatTest, AnErrorEndsTheStreamWithItsSentence) {
  View("exposition", 0, 0);
  Open(Post("u1", "why?"));
  Say(client(), Message(0, "u1", {{"error", {{"code", "no_session"}, {"text", "Start first."}}}}));
  RunMs(100);
  EXPECT_EQ(Types(), "start start-step error [DONE]");
  EXPECT_EQ(socket_->code, 1000);
}

TEST_F(ChatTest, AWaitThatKeepsNothingIsTheWholeAnswer) {
  View("awaiting_tool_result", 0, 0);
  Open(Post("u1", "why?"));
  Say(client(), Message(1, "u1", {{"wait", {{"kept", false}}}}, "awaiting_tool_result"));
  RunMs(100);
  EXPECT_EQ(Types(), "start start-step data-lyceum-status finish-step finish [DONE]");
}

// recoupable/app #1924: never an end without finish, error or abort.
TEST_F(ChatTest, AStreamThatIsCutShortIsNotEndedWell) {
  View("exposition", 0, 0);
  Open(Post("u1", "why?"));
  Say(client(), Message(1, "u1", {{"text", "One."}}, "awaiting_tool_result"));
  RunMs(100);
  gateway_->CloseAll();
  EXPECT_NE(socket_->code, 1000);
  EXPECT_EQ(Types().find("[DONE]"), std::string::npos);
}

TEST_F(ChatTest, WhereNothingRunsThereIsNothingToResume) {
  View("exposition", 3, 9);
  EXPECT_EQ(Status(Make("GET", "/api/chat/ada/stream", Token("ada"))), 204);
  EXPECT_EQ(Status(Make("GET", "/api/chat/bob/stream", Token("ada"))), 404);
}

TEST_F(ChatTest, AResumeBeginsTheRunningAnswerAnew) {
  View("awaiting_tool_result", 3, 9);
  Open(Make("GET", "/api/chat/me/stream", Token("ada")));
  EXPECT_EQ(Record("ada", 0)["attach"]["after_n"], json());
  Say(client(), Message(1, "u0", {{"text", "Old."}}));
  Say(client(), Message(2, "u1", {{"text", "One."}}, "awaiting_tool_result"));
  Say(client(), Message(3, "u1", {{"text", "Two."}}, "awaiting_tool_result"));
  Say(client(), Message(4, "u1", {{"text", "Three."}}));
  View("exposition", 4, 10);
  RunMs(500);
  std::string text;
  for (const json& chunk : Chunks()) text += chunk.is_object() ? chunk.value("delta", "") : "";
  EXPECT_EQ(text, "One.Two.Three.");
  EXPECT_EQ(Chunks()[0]["messageId"], "m-u1");
  EXPECT_NE(Types().find("finish [DONE]"), std::string::npos);
}

TEST_F(ChatTest, AResumeOfAnAnswerThatHasNotSaidAnythingWaitsForIt) {
  View("awaiting_tool_result", 1, 9);
  Open(Make("GET", "/api/chat/me/stream", Token("ada")));
  Say(client(), Message(1, "u0", {{"text", "Old."}}));
  RunMs(100);
  EXPECT_TRUE(socket_->sent.empty());
  Say(client(), Message(2, "u1", {{"text", "New."}}));
  RunMs(100);
  EXPECT_EQ(Chunks()[0]["messageId"], "m-u1");
}

// A view that was asked for right after the event was stored may not have it yet.
TEST_F(ChatTest, AResumeRightAfterItsEventIsNotTheAnswerBefore) {
  AnswerQueries({{"found", true},
                 {"user", "ada"},
                 {"state", "exposition"},
                 {"n", 1},
                 {"applied_seq", "8"},
                 {"history", {{{"role", "tutor"}, {"at", TimeText(clock_.UnixMs())}}}}});
  Open(Make("GET", "/api/chat/me/stream", Token("ada")));
  json resumed = Message(0, Record("ada", 0)["id"], {{"resumed", {{"first_n", 1}, {"last_n", 1}}}},
                         "awaiting_tool_result");
  Say(client(), resumed);
  Say(client(), Message(1, "u0", {{"text", "Old."}}));
  RunMs(100);
  EXPECT_TRUE(socket_->sent.empty());
  Say(client(), Message(2, "u1", {{"text", "New."}}));
  RunMs(100);
  ASSERT_FALSE(Chunks().empty());
  EXPECT_EQ(Chunks()[0]["messageId"], "m-u1");
}

TEST_F(ChatTest, StopGivesUpWhatRuns) {
  View("awaiting_tool_result", 1, 9);
  EXPECT_EQ(Status(Make("POST", "/api/chat/me/stop", Token("ada"))), 202);
  EXPECT_TRUE(Record("ada", 0).contains("stop"));
  View("exposition", 1, 9);
  EXPECT_EQ(Status(Make("POST", "/api/chat/me/stop", Token("ada"))), 204);
}

TEST_F(ChatTest, WhatIsNotAChatRequestIsRefusedBeforeTheStream) {
  View("exposition", 0, 0);
  const auto status = [&](const std::string& body) {
    RunMs(2'000);
    return Status(Make("POST", "/api/chat", Token("ada"), body));
  };
  for (
      const char* bad :
      {"{", "[]", "{}", R"({"id": "ada", "messages": []})",
       R"({"id": "ada", "messages": [{"role": "assistant", "id": "a"}]})",
       R"({"id": "ada", "messages": [{"role": "user", "parts": []}]})",
       R"({"id": "ada", "messages": [{"role": "user", "id": "u", "parts": [7]}]})",
       R"({"id": "ada", "messages": [{"role": 7, "id": "u"}]})",
       R"({"id": "ada", "lyceum": {"force_skip": {}, "hint": {}}, "messages": [{"role": "user", "id": "u"}]})"}) {
    EXPECT_EQ(status(bad), 400) << bad;
  }
  EXPECT_EQ(
      status(
          R"({"id": "ada", "lyceum": {"force_skip": {}}, "messages": [{"role": "user", "id": "u"}]})"),
      403);
  EXPECT_EQ(
      status(
          R"({"id": "bob", "messages": [{"role": "user", "id": "u", "parts": [{"type": "text", "text": "x"}]}]})"),
      404);
  EXPECT_EQ(Records("ada"), 0u);
}

}  // namespace
}  // namespace lyceum::gateway
