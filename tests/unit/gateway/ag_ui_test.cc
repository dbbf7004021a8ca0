#include "gateway/ag_ui.h"

#include "answer_world.h"

namespace lyceum::gateway {
namespace {

json UserMessage(const std::string& id, const std::string& text) {
  return {{"id", id}, {"role", "user"}, {"content", text}};
}
json OurMessage(const std::string& id, const std::string& text) {
  return {{"id", id}, {"role", "assistant"}, {"content", text}};
}

class AgUiTest : public AnswerWorld {
 protected:
  Request Run(const json& messages, const json& more = json::object()) {
    json body = {
        {"threadId", "ada"}, {"runId", "r1"}, {"messages", messages}, {"protocolVersion", "1.0"}};
    body.update(more);
    return Make("POST", "/v1/ag-ui", Token("ada"), body.dump());
  }
  // A whole transcript whose last message is of the user.
  Request RunWith(const std::string& text) {
    return Run({UserMessage("u0", "old"), OurMessage("lyceum-1", "Old."), UserMessage("u1", text)});
  }
  // Of a session that has said one thing before.
  void Begin(Request request) {
    View("exposition", 1, 0);
    Open(std::move(request));
    Say(client(), Message(1, "u0", {{"text", "Old."}}));
  }
  std::string Types() {
    std::string types;
    for (const json& event : Chunks()) {
      types += (types.empty() ? "" : " ") + event["type"].get<std::string>();
    }
    return types;
  }
  // What the client shows: as its `apply` has it, from this transcript on.
  json Shown(json messages) {
    for (const json& event : Chunks()) {
      const std::string type = event["type"];
      const auto find = [&](const json& id) {
        return std::find_if(messages.begin(), messages.end(),
                            [&](const json& message) { return message["id"] == id; });
      };
      if (type == "TEXT_MESSAGE_START" && find(event["messageId"]) == messages.end()) {
        messages.push_back(OurMessage(event["messageId"], ""));
      } else if (type == "TEXT_MESSAGE_CONTENT") {
        const auto open = find(event["messageId"]);
        (*open)["content"] =
            (*open)["content"].get<std::string>() + event["delta"].get<std::string>();
      } else if (type == "MESSAGES_SNAPSHOT") {
        json merged = json::array();
        for (const json& old : messages) {
          for (const json& now : event["messages"]) {
            if (now["id"] == old["id"]) merged.push_back(now);
          }
        }
        for (const json& now : event["messages"]) {
          const bool there = std::any_of(merged.begin(), merged.end(), [&](const json& message) {
            return message["id"] == now["id"];
          });
          if (!there) merged.push_back(now);
        }
        messages = merged;
      }
    }
    return messages;
  }
  json Texts(const json& messages) {
    json texts = json::array();
    for (const json& message : messages) texts.push_back(message["content"]);
    return texts;
  }
  int Refused(const json& messages, const json& more = json::object()) {
    RunMs(2'000);  // Of the rate.
    return Status(Run(messages, more));
  }
  void View(const std::string& state, uint32_t n, uint64_t applied,
            const json& history = json::array()) {
    AnswerQueries({{"found", true},
                   {"user", "ada"},
                   {"state", state},
                   {"n", n},
                   {"history", history},
                   {"applied_seq", std::to_string(applied)}});
  }
};

// agent-framework #8140: a client sends its transcript again.
TEST_F(AgUiTest, AWholeTranscriptIsOneRecord) {
  Begin(RunWith("why?"));
  ASSERT_EQ(Records("ada"), 2u);  // Attach, and
  EXPECT_EQ(Record("ada", 1)["id"], "u1");
  EXPECT_EQ(Record("ada", 1)["message"]["text"], "why?");
}

TEST_F(AgUiTest, ARunBeginsAtOnceAndEndsWhenTheSessionSaysSo) {
  Begin(RunWith("why?"));
  EXPECT_EQ(Types(), "RUN_STARTED");
  EXPECT_EQ(Chunks()[0]["threadId"], "ada");
  EXPECT_EQ(Chunks()[0]["runId"], "r1");
  EXPECT_EQ(Chunks()[0]["protocolVersion"], "1.0");
  Say(client(), Message(2, "u1", {{"text", "Because."}}));
  View("exposition", 2, 2);
  RunMs(500);
  EXPECT_EQ(Types(),
            "RUN_STARTED TEXT_MESSAGE_START TEXT_MESSAGE_CONTENT TEXT_MESSAGE_END STATE_SNAPSHOT "
            "RUN_FINISHED");
  EXPECT_EQ(Chunks().back()["outcome"]["type"], "success");
  EXPECT_EQ(socket_->code, 1000);
}

TEST_F(AgUiTest, AClientBefore1GetsNothingThatIsNewIn1) {
  Request request = RunWith("why?");
  json body = json::parse(request.body);
  body.erase("protocolVersion");
  request.body = body.dump();
  Begin(std::move(request));
  Say(client(), Message(2, "u1", {{"text", "Because."}}));
  View("exposition", 2, 2);
  RunMs(500);
  EXPECT_FALSE(Chunks().front().contains("protocolVersion"));
  EXPECT_EQ(Chunks().back()["type"], "RUN_FINISHED");
  EXPECT_FALSE(Chunks().back().contains("outcome"));
}

TEST_F(AgUiTest, AStepIsOpenAsLongAsAToolRuns) {
  Begin(RunWith("4"));
  Say(client(), Message(2, "u1", {{"text", "Let me see."}}, "awaiting_tool_result"));
  Say(client(),
      Message(3, "u1", {{"feedback", {{"verdict", "correct"}, {"score", 1}, {"text", "Right."}}}}));
  View("exposition", 3, 2);
  RunMs(500);
  EXPECT_EQ(Types(),
            "RUN_STARTED TEXT_MESSAGE_START TEXT_MESSAGE_CONTENT TEXT_MESSAGE_END STEP_STARTED "
            "TEXT_MESSAGE_START TEXT_MESSAGE_CONTENT TEXT_MESSAGE_END CUSTOM STEP_FINISHED "
            "STATE_SNAPSHOT RUN_FINISHED");
  const json custom = Chunks()[8];
  EXPECT_EQ(custom["name"], "lyceum-feedback");
  EXPECT_EQ(custom["value"]["feedback"]["verdict"], "correct");
  EXPECT_EQ(custom["value"]["messageId"], "lyceum-3");
}

TEST_F(AgUiTest, DeltasAndTheFinalTextAreOneMessage) {
  Begin(RunWith("why?"));
  for (const json& delta : {Delta(1, 0, "Be"), Delta(1, 2, "cau"), Delta(1, 2, "cause")}) {
    Say(client(), delta);
  }
  Say(client(), Message(2, "u1", {{"text", "Because of it."}}));
  RunMs(100);
  EXPECT_EQ(Texts(Shown(json::array())), json::array({"Because of it."}));
}

TEST_F(AgUiTest, ARetractIsASnapshotOfEverythingElse) {
  const json transcript = {UserMessage("u0", "old"), OurMessage("lyceum-1", "Old."),
                           UserMessage("u1", "why?")};
  Begin(Run(transcript));
  Say(client(), Message(2, "u1", {{"text", "One."}}, "awaiting_tool_result"));
  Say(client(), Delta(1, 0, "Wrong"));
  RunMs(50);
  EXPECT_EQ(Texts(Shown(transcript)), json::array({"old", "Old.", "why?", "One.", "Wrong"}));
  Say(client(), {{"user", "ada"}, {"retract", {{"request_id", "3-9-0"}, {"attempt", 1}}}});
  RunMs(50);
  EXPECT_EQ(Texts(Shown(transcript)), json::array({"old", "Old.", "why?", "One."}));
  Say(client(), Delta(2, 0, "Right"));
  Say(client(), Message(3, "u1", {{"text", "Right."}}));
  View("exposition", 3, 2);
  RunMs(500);
  EXPECT_EQ(Texts(Shown(transcript)), json::array({"old", "Old.", "why?", "One.", "Right."}));
  EXPECT_EQ(Chunks().back()["type"], "RUN_FINISHED");
  std::vector<std::string> ids;
  for (const json& event : Chunks()) {
    if (event["type"] == "TEXT_MESSAGE_START") ids.push_back(event["messageId"]);
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"lyceum-2", "lyceum-s-3-9-0-1", "lyceum-s-3-9-0-2"}));
}

TEST_F(AgUiTest, NothingIsSpokenToATranscriptThatCannotBeSentBack) {
  Begin(Run({UserMessage("u0", std::string(200'000, 'x')), UserMessage("u1", "why?")}));
  Say(client(), Delta(1, 0, "Wrong"));
  Say(client(), {{"user", "ada"}, {"retract", {{"request_id", "3-9-0"}, {"attempt", 1}}}});
  Say(client(), Message(2, "u1", {{"text", "Right."}}));
  RunMs(100);
  EXPECT_EQ(Types(), "RUN_STARTED TEXT_MESSAGE_START TEXT_MESSAGE_CONTENT TEXT_MESSAGE_END");
}

TEST_F(AgUiTest, AnErrorIsTheLastEvent) {
  Begin(RunWith("why?"));
  Say(client(), Delta(1, 0, "Wro"));
  Say(client(), Message(0, "u1", {{"error", {{"code", "no_session"}, {"text", "Start first."}}}}));
  RunMs(500);
  EXPECT_EQ(Chunks().back()["type"], "RUN_ERROR");
  EXPECT_EQ(Chunks().back()["message"], "Start first.");
  EXPECT_EQ(Chunks().back()["code"], "no_session");
  EXPECT_EQ(socket_->code, 1000);
}

// recoupable/app #1924: a body without a last event would be taken for a whole one.
TEST_F(AgUiTest, AGatewayThatGoesAwaySaysSoAsTheLastEvent) {
  Begin(RunWith("why?"));
  Say(client(), Delta(1, 0, "Bec"));
  RunMs(50);
  gateway_->CloseAll();
  EXPECT_EQ(Chunks().back()["type"], "RUN_ERROR");
  EXPECT_EQ(socket_->code, 1000);
}

TEST_F(AgUiTest, ATokenThatEndsIsSaidAsTheLastEvent) {
  Begin(RunWith("why?"));
  clock_.AdvanceMs(700'000);
  RunMs(200);
  EXPECT_EQ(Chunks().back()["type"], "RUN_ERROR");
}

// ag-ui #2817: a client that lost its transcript.
TEST_F(AgUiTest, AKnownThreadWithoutMessagesGetsSnapshotsAndMakesNoRecord) {
  View("exposition", 3, 9,
       {{{"index", 1}, {"role", "tutor"}, {"kind", "text"}, {"text", "Welcome."}},
        {{"index", 2}, {"role", "learner"}, {"kind", "message"}, {"text", "why?"}},
        {{"index", 3}, {"role", "operator"}, {"kind", "note"}, {"text", "Hidden."}},
        {{"index", 4}, {"role", "tutor"}, {"kind", "question"}, {"text", "Which?"}}});
  Open(Run(json::array()));
  ASSERT_EQ(Records("ada"), 1u);
  EXPECT_TRUE(Record("ada", 0).contains("attach"));
  Say(client(), Message(1, "s", {{"text", "Welcome."}}));
  Say(client(), Message(2, "u1", {{"progress", {{"topic", "t"}, {"done", 1}, {"total", 2}}}}));
  Say(client(),
      Message(
          3, "u1",
          {{"question",
            {{"id", "q"}, {"text", "Which?"}, {"format", "choice"}, {"choices", {"a", "b"}}}}}));
  RunMs(500);
  EXPECT_EQ(Types(), "RUN_STARTED MESSAGES_SNAPSHOT STATE_SNAPSHOT STATE_SNAPSHOT RUN_FINISHED");
  EXPECT_EQ(Chunks()[1]["messages"],
            json::array({OurMessage("lyceum-1", "Welcome."), UserMessage("lyceum-h-2", "why?"),
                         OurMessage("lyceum-3", "Which?\n\n- a\n- b")}));
  EXPECT_EQ(Chunks()[2]["snapshot"]["state"], "exposition");
  EXPECT_EQ(Records("ada"), 1u);
}

TEST_F(AgUiTest, ARejoinFollowsWhatStillRuns) {
  View("awaiting_tool_result", 1, 9,
       {{{"index", 1}, {"role", "tutor"}, {"kind", "text"}, {"text", "Welcome."}}});
  Open(Run(json::array()));
  Say(client(), Message(1, "s", {{"text", "Welcome."}}));
  RunMs(500);
  EXPECT_EQ(Types(), "RUN_STARTED MESSAGES_SNAPSHOT STATE_SNAPSHOT");
  Say(client(), Message(2, "u1", {{"text", "Because."}}));
  View("exposition", 2, 10);
  RunMs(500);
  EXPECT_EQ(Texts(Shown(json::array())), json::array({"Welcome.", "Because."}));
  EXPECT_EQ(Chunks().back()["type"], "RUN_FINISHED");
}

TEST_F(AgUiTest, AThreadWithoutASessionIsEmpty) {
  AnswerQueries({{"found", false}, {"user", "ada"}});
  const Response response = AskForResponse(Run(json::array()));
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.body.find(R"("messages":[])"), std::string::npos);
  EXPECT_NE(response.body.find("RUN_FINISHED"), std::string::npos);
  EXPECT_EQ(Records("ada"), 0u);
}

// vercel/ai #18457: what was cut is there once.
TEST_F(AgUiTest, AResumeTakesAwayWhatTheClientHasOfTheAnswerAndBeginsItAnew) {
  View("exposition", 4, 9);
  const json transcript = {UserMessage("u1", "why?"), OurMessage("lyceum-s-3-7-0-1", "One."),
                           OurMessage("lyceum-3", "Tw")};
  Open(Run(transcript));
  Say(client(), Message(1, "u0", {{"text", "Old."}}));
  Say(client(), Message(2, "u1", {{"text", "One."}}));
  Say(client(), Message(3, "u1", {{"text", "Two."}}));
  Say(client(), Message(4, "u1", {{"text", "Three."}}));
  RunMs(500);
  EXPECT_EQ(Texts(Shown(transcript)), json::array({"why?", "One.", "Two.", "Three."}));
  EXPECT_EQ(Chunks().back()["type"], "RUN_FINISHED");
  for (size_t i = 0; i < Records("ada"); ++i) EXPECT_FALSE(Record("ada", i).contains("message"));
}

TEST_F(AgUiTest, AnEventOfOursGoesWithTheMessageOfTheUser) {
  Begin(Run(json::array({UserMessage("u1", "go on")}),
            {{"forwardedProps", {{"lyceum", {{"continue", json::object()}}}}}}));
  EXPECT_EQ(Record("ada", 1)["id"], "u1");
  EXPECT_TRUE(Record("ada", 1).contains("continue"));
}

TEST_F(AgUiTest, AStartNeedsNoMessage) {
  AnswerQueries({{"found", false}, {"user", "ada"}});
  Open(Run(json::array(), {{"forwardedProps", {{"lyceum", {{"start", {{"course", "c"}}}}}}}}));
  EXPECT_EQ(Record("ada", 1)["id"], "r-r1");
  EXPECT_TRUE(Record("ada", 1).contains("start"));
}

// agent-framework #6471: a thread id does not authorise.
TEST_F(AgUiTest, ForeignThreadsAreAnsweredLikeUnknownOnes) {
  View("exposition", 1, 0);
  EXPECT_EQ(Refused(json::array(), {{"threadId", "bob"}}), 404);
  EXPECT_EQ(Refused(json::array({UserMessage("u1", "x")}), {{"threadId", "nobody"}}), 404);
  EXPECT_EQ(Status(Make("POST", "/v1/ag-ui", "", "{}")), 401);
}

TEST_F(AgUiTest, WhatIsNotARunIsRefusedBeforeTheStream) {
  View("exposition", 1, 0);
  const json user = UserMessage("u1", "x");
  EXPECT_EQ(Refused(json::array({user}), {{"runId", 7}}), 400);
  EXPECT_EQ(Refused(json::array({user}), {{"runId", ""}}), 400);
  EXPECT_EQ(Refused(json::array({user}), {{"protocolVersion", 1}}), 400);
  EXPECT_EQ(
      Refused(json::array({user}), {{"resume", {{{"interruptId", "i"}, {"status", "resolved"}}}}}),
      400);
  EXPECT_EQ(Refused(json::object()), 400);
  EXPECT_EQ(Refused(json::array({7})), 400);
  EXPECT_EQ(Refused(json::array({json{{"role", "user"}}})), 400);
  EXPECT_EQ(Refused(json::array({UserMessage("u1", "")})), 400);
  const auto with = [](const json& lyceum) {
    return json{{"forwardedProps", {{"lyceum", lyceum}}}};
  };
  EXPECT_EQ(
      Refused(json::array({user}), with({{"hint", json::object()}, {"skip", json::object()}})),
      400);
  EXPECT_EQ(Refused(json::array({user}), with({{"force_skip", json::object()}})), 403);
  // It would be the event of a message that has been answered.
  EXPECT_EQ(Refused({user, OurMessage("lyceum-2", "y")}, with({{"hint", json::object()}})), 400);
  EXPECT_EQ(
      Refused(json::array({UserMessage("lyceum-h-1", "y")}), with({{"hint", json::object()}})),
      400);
  // Too long to be sent back.
  EXPECT_EQ(
      Refused({UserMessage("u0", std::string(200'000, 'x')), user, OurMessage("lyceum-2", "y")}),
      413);
  EXPECT_EQ(Records("ada"), 0u);
}

TEST_F(AgUiTest, ABodyThatIsNestedVeryDeepIsRefused) {
  View("exposition", 1, 0);
  const std::string deep(400'000, '[');
  const std::string body = R"({"threadId":"ada","runId":"r","forwardedProps":{"lyceum":{"start":)" +
                           deep + std::string(400'000, ']') +
                           R"(}},"messages":[{"id":"u1","role":"user","content":"x"}]})";
  EXPECT_EQ(Status(Make("POST", "/v1/ag-ui", Token("ada"), body)), 400);
  const std::string chat = R"({"id":"ada","lyceum":{"start":)" + deep + std::string(400'000, ']') +
                           R"(},"messages":[{"id":"u1","role":"user","parts":[]}]})";
  EXPECT_EQ(Status(Make("POST", "/api/chat", Token("ada"), chat)), 400);
}

}  // namespace
}  // namespace lyceum::gateway
