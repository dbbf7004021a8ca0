#include "gateway_world.h"

namespace lyceum::gateway {
namespace {

class LinkTest : public GatewayWorld {
 protected:
  // A WebSocket of ada's.
  void Open(const std::string& query = "") {
    Request request = Make("GET", "/v1/sessions/me/ws" + query, Token("ada"));
    request.upgrade = true;
    auto answer = Ask(std::move(request));
    ASSERT_TRUE(answer && std::holds_alternative<Upgrade>(*answer));
    peer_ = std::move(std::get<Upgrade>(*answer).peer);
    socket_ = std::make_shared<FakeSocket>();
    peer_->OnOpen(socket_);
    RunMs(100);
  }
  void TearDown() override { peer_.reset(); }
  json Last() { return Record("ada", Records("ada") - 1); }
  std::string client() { return Record("ada", 0)["client"]; }
  json Resumed(uint32_t first, uint32_t last) {
    return {{"user", "ada"},
            {"id", "r"},
            {"in_reply_to", Last()["id"]},
            {"state", "exposition"},
            {"resumed", {{"first_n", first}, {"last_n", last}}}};
  }
  json Text(uint32_t n) {
    return {{"user", "ada"},
            {"id", "3-1-" + std::to_string(n)},
            {"n", n},
            {"state", "exposition"},
            {"text", "t" + std::to_string(n)}};
  }
  std::vector<int> Shown() {
    std::vector<int> shown;
    for (const std::string& text : socket_->sent) {
      const json message = json::parse(text);
      if (message.contains("n")) shown.push_back(message["n"]);
    }
    return shown;
  }
  std::unique_ptr<Peer> peer_;
  std::shared_ptr<FakeSocket> socket_;
};

// A session moves from one worker to another: for a moment nobody answers for it.
TEST_F(LinkTest, AViewThatNobodyIsThereToAnswerIsAskedForAgain) {
  std::optional<Result<envelope::SessionView>> seen;
  const auto view = [&] {
    seen.reset();
    sessions_->View(UserId("ada"), 1, [&](auto answer) { seen = std::move(answer); });
  };
  view();
  RunMs(1'000);
  EXPECT_FALSE(seen) << "it is too early to give up";
  AnswerQueries({{"user", "ada"}, {"found", true}, {"state", "exposition"}});
  ASSERT_TRUE(RunUntil([&] { return seen.has_value(); }, 500));
  EXPECT_TRUE(*seen);
}

TEST_F(LinkTest, AViewThatNobodyAnswersIsGivenUpInTime) {
  std::optional<Result<envelope::SessionView>> seen;
  sessions_->View(UserId("ada"), 1, [&](auto answer) { seen = std::move(answer); });
  ASSERT_TRUE(RunUntil([&] { return seen.has_value(); }, 4'000));
  EXPECT_FALSE(*seen);
}

TEST_F(LinkTest, AttachesFromWhatTheClientHas) {
  Open("?after=4");
  ASSERT_EQ(Records("ada"), 1u);
  EXPECT_EQ(Last()["attach"]["after_n"], 4);
}

TEST_F(LinkTest, HandsOnEachMessageOnceAndInOrder) {
  Open();
  Say(client(), Resumed(1, 2));
  for (const uint32_t n : {1, 2, 2, 1, 3, 3}) Say(client(), Text(n));
  RunMs(100);
  EXPECT_EQ(Shown(), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(Records("ada"), 1u);
}

TEST_F(LinkTest, AsksForWhatIsMissing) {
  Open();
  Say(client(), Resumed(1, 1));
  Say(client(), Text(1));
  Say(client(), Text(3));
  Say(client(), Text(4));
  RunMs(100);
  EXPECT_EQ(Shown(), (std::vector<int>{1}));
  ASSERT_EQ(Records("ada"), 2u);  // One attach at a time.
  EXPECT_EQ(Last()["attach"]["after_n"], 1);
  Say(client(), Resumed(2, 4));
  for (const uint32_t n : {2, 3, 4}) Say(client(), Text(n));
  RunMs(100);
  EXPECT_EQ(Shown(), (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(LinkTest, WhatIsGoneForGoodIsNotAskedForForEver) {
  Open();
  Say(client(), Resumed(7, 7));
  Say(client(), Text(7));
  RunMs(100);
  EXPECT_EQ(Shown(), (std::vector<int>{7}));
  EXPECT_EQ(Records("ada"), 1u);
}

TEST_F(LinkTest, AnAttachWithoutAnAnswerIsSentAgain) {
  Open();
  RunMs(2'500);
  EXPECT_EQ(Records("ada"), 2u);
  EXPECT_NE(Record("ada", 0)["id"], Record("ada", 1)["id"]);
}

// "Resumed" says how far the messages go that follow it: of messages to clients each may be lost.
TEST_F(LinkTest, WhatWasPromisedAndDoesNotComeIsAskedForAgain) {
  Open();
  Say(client(), Resumed(1, 3));
  Say(client(), Text(1));
  RunMs(1'000);
  EXPECT_EQ(Records("ada"), 1u) << "it may still come";
  RunMs(1'500);
  ASSERT_EQ(Records("ada"), 2u);
  EXPECT_EQ(Last()["attach"]["after_n"], 1);
  Say(client(), Resumed(2, 3));
  for (const uint32_t n : {2, 3}) Say(client(), Text(n));
  RunMs(20'000);
  EXPECT_EQ(Shown(), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(Records("ada"), 2u) << "there is nothing more to ask for";
}

TEST_F(LinkTest, WhatIsPromisedAndNeverComesIsNotAskedForForEver) {
  Open();
  for (int s = 0; s < 120; ++s) {
    if (Last().contains("attach")) Say(client(), Resumed(1, 3));
    RunMs(1'000);
  }
  EXPECT_LE(Records("ada"), 5u);
  Say(client(), Text(4));
  RunMs(100);
  EXPECT_EQ(Shown(), (std::vector<int>{4}));
}

// One that comes while the others are still sent: asked for at once, as soon as the attach before it is answered.
TEST_F(LinkTest, WhatComesBeforeThePromisedIsAskedForAtOnce) {
  Open();
  Say(client(), Resumed(1, 2));
  Say(client(), Text(3));
  RunMs(100);
  ASSERT_EQ(Records("ada"), 2u);
  EXPECT_TRUE(Last().contains("attach"));
  for (const uint32_t n : {1, 2}) Say(client(), Text(n));
  Say(client(), Resumed(1, 3));
  for (const uint32_t n : {1, 2, 3}) Say(client(), Text(n));
  RunMs(20'000);
  EXPECT_EQ(Shown(), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(Records("ada"), 2u);
}

TEST_F(LinkTest, AfterABreakItAttachesFromTheLastMessage) {
  Open();
  Say(client(), Resumed(1, 2));
  Say(client(), Text(1));
  Say(client(), Text(2));
  RunMs(100);
  broker_.RestartServer(200'000);
  RunMs(2'000);
  ASSERT_GE(Records("ada"), 2u);
  EXPECT_EQ(Last()["attach"]["after_n"], 2);
  Say(client(), Text(3));
  RunMs(100);
  EXPECT_EQ(Shown(), (std::vector<int>{1, 2, 3}));
}

TEST_F(LinkTest, WhereThereIsNoSessionItAttachesAsSoonAsThereIsOne) {
  Open();
  AnswerQueries(json::object());
  Say(client(), {{"user", "ada"},
                 {"id", "x"},
                 {"in_reply_to", Last()["id"]},
                 {"state", "exposition"},
                 {"error", {{"code", "no_session"}, {"text", "send start"}}}});
  RunMs(6'000);
  EXPECT_EQ(Records("ada"), 1u);
  EXPECT_EQ(json::parse(socket_->sent.at(0))["error"]["code"], "no_session");
  AnswerQueries({{"found", true}, {"user", "ada"}});
  RunMs(9'000);
  EXPECT_GE(Records("ada"), 2u);
}

TEST_F(LinkTest, DetachesWhenTheSocketIsGone) {
  Open();
  peer_.reset();
  RunMs(100);
  EXPECT_TRUE(Last().contains("detach"));
}

TEST_F(LinkTest, MessagesForSomebodyElseAreNotHandedOn) {
  Open();
  json other = Text(1);
  other["user"] = "bob";
  Say(client(), other);
  Say(client(), {{"nonsense", 1}});
  RunMs(100);
  EXPECT_TRUE(socket_->sent.empty());
}

TEST_F(LinkTest, AnEventOfTheSocketIsAnsweredByItsId) {
  Open();
  peer_->OnText(R"({"id": "e1", "message": {"text": "4"}})");
  peer_->OnText(R"({"id": "e2", "message": {"nonsense": "4"}})");
  RunMs(100);
  EXPECT_EQ(Last()["message"]["text"], "4");
  EXPECT_EQ(Last()["client"], client());
  ASSERT_EQ(socket_->sent.size(), 2u);
  EXPECT_EQ(json::parse(socket_->sent[0])["refused"]["id"], "e2");
  EXPECT_EQ(json::parse(socket_->sent[1])["accepted"]["id"], "e1");
}

TEST_F(LinkTest, WhoIsDetachedIsClosed) {
  Open();
  Say(client(), {{"user", "ada"},
                 {"id", "d"},
                 {"state", "exposition"},
                 {"detached", {{"reason", "too many clients"}}}});
  RunMs(100);
  EXPECT_EQ(socket_->code, 1001);
}

}  // namespace
}  // namespace lyceum::gateway
