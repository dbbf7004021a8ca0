// The command `lyceum chat` and what operators see of it, with real workers; and a lost message.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_fixture.h"

namespace lyceum {
namespace {

using std::chrono::seconds;
using test::Program;
using test::Ran;

// The test is the session: it loses a message on the way to the client.
TEST_F(Installed, AMessageThatWasLostIsAskedForAgain) {
  const UserId user("ada");
  FakeOwner owner(stack_.nats(), subjects_.Queries(subjects_.PartitionOf(user)),
                  R"({"found":false})");
  test::Process chat({Program("lyceum"), "chat", "--user", "ada", "--course", "small", "--client",
                      "c", "--script", "/dev/null", "--json"},
                     stack_.nats().env_for("gateway"));
  auto operators = stack_.nats().Connect("operator");
  const auto event = [&](uint64_t sequence) {
    const std::string stream = subjects_.LogStream(subjects_.PartitionOf(user));
    json found;
    EXPECT_TRUE(test::Eventually(seconds(20),
                                 [&] {
                                   auto message = wire::GetMessage(*operators, stream, sequence);
                                   if (!message || !*message) return false;
                                   found = json::parse((*message)->data, nullptr, false);
                                   return true;
                                 }))
        << sequence << chat.err();
    return found;
  };
  auto session = stack_.nats().Connect("session_worker");
  const auto say = [&](int n, const std::string& in_reply_to, const char* state) {
    const json message = {{"user", "ada"},  {"id", fmt::format("1-{}-0", n)},
                          {"n", n},         {"in_reply_to", in_reply_to},
                          {"state", state}, {"text", "hello"}};
    ASSERT_TRUE(
        session->Publish({.subject = subjects_.Out(ClientId("c")), .data = message.dump()}));
  };
  const std::string start = event(1).value("id", "");
  say(1, start, "awaiting_tool_result");
  say(3, start, "completed");
  EXPECT_EQ(event(2)["attach"]["after_n"], 1);
  say(2, start, "awaiting_tool_result");
  say(3, start, "completed");
  ASSERT_EQ(chat.Wait(In(seconds(20))), 0) << chat.err() << chat.out();
  const std::vector<json> messages = Lines(chat.out());
  ASSERT_EQ(messages.size(), 3u) << chat.out();
  for (size_t i = 0; i < messages.size(); ++i) EXPECT_EQ(messages[i]["n"], i + 1) << chat.out();
  EXPECT_TRUE(event(3).contains("detach"));
}

// --- With workers ---

class Running : public Installed {
 protected:
  void SetUp() override {
    test::WriteFile(dir_ / "small.toml", kCourse);
    stack_.ImportCourse(dir_ / "small.toml");
    stack_.StartSessionWorker();
    tools_ = stack_.StartToolWorker("t1");
    ASSERT_TRUE(test::Eventually(seconds(20), [&] {
      return Lyceum("operator", {"state", "nobody", "--timeout", "1"}).code == 1;
    })) << stack_.session_worker_logs();
  }
  test::TempDir dir_;
  std::unique_ptr<test::Process> tools_;
};

TEST_F(Running, ReadyIsWhereEveryPartitionAnswersAndAToolWorkerIsThere) {
  const Ran ready = Lyceum("operator", {"ready", "--json"});
  ASSERT_EQ(ready.code, 0) << ready.err;
  EXPECT_EQ(json::parse(ready.out)["partitions"], 16);
  EXPECT_EQ(json::parse(ready.out)["tool_worker"], "t1");
  tools_->Kill9();
  const Ran no_tools = Lyceum("operator", {"ready", "--timeout", "2"});
  EXPECT_EQ(no_tools.code, 3);
  EXPECT_TRUE(Says(no_tools, "no tool worker")) << no_tools.err;
  tools_ = stack_.StartToolWorker("t2");
  stack_.session_worker().Kill9();
  const Ran no_owner = Lyceum("operator", {"ready", "--timeout", "2"});
  EXPECT_EQ(no_owner.code, 3);
  EXPECT_TRUE(Says(no_owner, "no session worker")) << no_owner.err;
}

constexpr char kScript[] = "# the whole course\n/continue\n/continue\n/hint\n5\n4\nb\n";

TEST_F(Running, AScriptGoesThroughACourseToItsEnd) {
  test::WriteFile(dir_ / "script", kScript);
  const Ran ran = Lyceum("gateway", {"chat", "--user", "Åda Lövelace", "--course", "small",
                                     "--script", dir_ / "script", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err << ran.out;
  const std::vector<json> messages = Lines(ran.out);
  ASSERT_FALSE(messages.empty());
  for (size_t i = 0; i < messages.size(); ++i) {
    EXPECT_EQ(messages[i]["n"], i + 1) << ran.out;
  }
  EXPECT_TRUE(messages.back().contains("completed")) << ran.out;
  std::vector<std::string> verdicts;
  for (const json& message : messages) {
    if (message.contains("feedback")) verdicts.push_back(message["feedback"]["verdict"]);
  }
  EXPECT_EQ(verdicts, (std::vector<std::string>{"incorrect", "correct", "correct"})) << ran.out;

  const Ran state = Lyceum("operator", {"state", "Åda Lövelace", "--json"});
  ASSERT_EQ(state.code, 0) << state.err;
  EXPECT_EQ(json::parse(state.out)["state"], "completed");
  const Ran replay = Lyceum("operator", {"replay", "Åda Lövelace", "--verify"});
  EXPECT_EQ(replay.code, 0) << replay.err << replay.out;
  EXPECT_TRUE(Says(replay, "same")) << replay.out;
}

TEST_F(Running, ALessonFromAnotherFormatHasPartsOfAScore) {
  test::WriteFile(dir_ / "q.gift",
                  "Which are even? {~%50%two ~%50%four ~%-100%five#Five is odd.}\n\n"
                  "Match. {=a -> b}\n\nHow long? {=ten =%50%nine#One more.}\n");
  const Ran import = Lyceum("admin", {"course", "import", "--from", "gift", "--course", "even",
                                      "--lenient", dir_ / "q.gift"});
  ASSERT_EQ(import.code, 0) << import.err;
  EXPECT_TRUE(Says(import, "2 questions, 1 items refused")) << import.out;
  EXPECT_TRUE(Says(import, "matching")) << import.err;
  test::WriteFile(dir_ / "even", "a\na, c\nA and B\nnine\nten\n");
  const Ran ran = Lyceum("gateway", {"chat", "--user", "eve", "--course", "even", "--script",
                                     dir_ / "even", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err << ran.out;
  std::vector<std::string> feedback;
  std::string formats;
  for (const json& message : Lines(ran.out)) {
    if (message.contains("question"))
      formats += message["question"]["format"].get<std::string>() + " ";
    if (!message.contains("feedback")) continue;
    const json& given = message["feedback"];
    feedback.push_back(given["verdict"].get<std::string>() + " " +
                       std::to_string(given.value("score", 0.0)).substr(0, 3));
  }
  EXPECT_EQ(formats, "multiple_choice text ");
  EXPECT_EQ(feedback,
            (std::vector<std::string>{"partially_correct 0.5", "incorrect 0.0", "correct 1.0",
                                      "partially_correct 0.5", "correct 1.0"}))
      << ran.out;
}

TEST_F(Running, AnInterruptedConversationGoesOnWhereItWas) {
  const std::vector<std::string> chat = {"chat", "--user", "ada", "--course", "small"};
  const Ran first = Lyceum("gateway", chat, "/continue\n/continue\n");
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_TRUE(Says(first, "What is 2 + 2?")) << first.out;
  const Ran second = Lyceum("gateway", chat, "4\n");
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_TRUE(Says(second, "What is 2 + 2?")) << second.out;
  EXPECT_TRUE(Says(second, "✓")) << second.out;
  EXPECT_TRUE(Says(second, "b) four")) << second.out;
}

// Lines for a conversation while it goes on.
class Fifo {
 public:
  explicit Fifo(std::string path) : path_(std::move(path)) {
    EXPECT_EQ(mkfifo(path_.c_str(), 0600), 0);
    fd_ = open(path_.c_str(), O_RDWR);  // Does not wait for a reader.
    EXPECT_GE(fd_, 0);
  }
  ~Fifo() { Close(); }
  void Write(const std::string& text) {
    EXPECT_EQ(write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int fd_ = -1;
};

TEST_F(Running, AConversationLivesThroughTheServersEnd) {
  Fifo lines(dir_ / "lines");
  test::Process chat({Program("lyceum"), "chat", "--user", "ada", "--course", "small", "--script",
                      lines.path(), "--json"},
                     stack_.nats().env_for("gateway"));
  lines.Write("/continue\n");
  ASSERT_TRUE(test::Eventually(seconds(30), [&] { return Lines(chat.out()).size() >= 3; }))
      << chat.err() << chat.out();
  stack_.nats().Kill9();
  lines.Write("/continue\n4\nb\n");
  stack_.nats().Restart();
  lines.Close();
  ASSERT_EQ(chat.Wait(In(seconds(60))), 0) << chat.err() << chat.out();
  std::vector<json> messages = Lines(chat.out());
  // What answers an attach has no number.
  std::erase_if(messages, [](const json& message) { return message.contains("resumed"); });
  for (size_t i = 0; i < messages.size(); ++i) EXPECT_EQ(messages[i]["n"], i + 1) << chat.out();
  EXPECT_TRUE(messages.back().contains("completed")) << chat.out();
  const Ran replay = Lyceum("operator", {"replay", "ada", "--verify"});
  EXPECT_EQ(replay.code, 0) << replay.err << replay.out;
}

TEST_F(Running, OperatorsEventsAreCommands) {
  ASSERT_EQ(Lyceum("gateway", {"send", "--user", "ada", "--start", "small"}).code, 0);
  ASSERT_TRUE(test::Eventually(seconds(20), [&] {
    return Says(Lyceum("operator", {"state", "ada", "--json"}), R"("state":"exposition")");
  }));
  const Ran skipped = Lyceum("operator", {"skip", "ada"});
  EXPECT_EQ(skipped.code, 0) << skipped.err;
  EXPECT_TRUE(Says(skipped, "awaiting_answer")) << skipped.out;
  const Ran moved = Lyceum("operator", {"goto", "ada", "first"});
  EXPECT_EQ(moved.code, 0) << moved.err;
  for (const char* command : {"retry", "remediate", "shutdown"}) {
    const Ran ran = Lyceum("operator", {command, "ada"});
    EXPECT_EQ(ran.code, 0) << command << ": " << ran.err;
  }
  const Ran ended = Lyceum("operator", {"end", "ada", "--reason", "done", "--json"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(json::parse(ended.out)["state"], "completed") << ended.out;
  const Ran nobody = Lyceum("operator", {"skip", "nobody"});
  EXPECT_EQ(nobody.code, 1);
  EXPECT_TRUE(Says(nobody, "there is no session of nobody")) << nobody.err;
  const Ran refused = Lyceum("gateway", {"skip", "ada"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_TRUE(Says(refused, "needs the role operator")) << refused.err;
}

TEST_F(Running, ChatGoesOnWithoutTheNameOfTheCourseAndBeginsWhereItIsTold) {
  const Ran unknown = Lyceum("gateway", {"chat", "--user", "ada"}, "");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_TRUE(Says(unknown, "--course")) << unknown.err;
  const Ran begun =
      Lyceum("gateway", {"chat", "--user", "ada", "--course", "small", "--topic", "first"}, "");
  EXPECT_EQ(begun.code, 0) << begun.err;
  const Ran on = Lyceum("gateway", {"chat", "--user", "ada"}, "/continue\n");
  EXPECT_EQ(on.code, 0) << on.err;
  EXPECT_TRUE(Says(on, "Read it again.")) << on.out;
  EXPECT_EQ(json::parse(Lyceum("operator", {"state", "ada", "--json"}).out)["busy_policy"],
            "defer");
}

TEST_F(Running, ACompletedCourseIsBegunAgainWhereTheChatIsToldTo) {
  const std::string skips = "/skip\n/skip\n/skip\n";
  const Ran done = Lyceum("gateway", {"chat", "--user", "ada", "--course", "small"}, skips);
  ASSERT_TRUE(Says(done, "completed")) << done.out << done.err;
  const Ran over = Lyceum("gateway", {"chat", "--user", "ada"}, "");
  EXPECT_FALSE(Says(over, "Two and two are four.")) << over.out;
  const Ran again = Lyceum("gateway", {"chat", "--user", "ada", "--again"}, "/skip\n");
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_TRUE(Says(again, "Two and two are four.")) << again.out;
  EXPECT_TRUE(Says(again, "What is 2 + 2?")) << again.out;
}

TEST_F(Running, ARefusedRecordIsFoundInTheDeadLetters) {
  auto gateway = stack_.nats().Connect("gateway");
  ASSERT_TRUE(
      wire::PublishAcked(*gateway,
                         {.subject = subjects_.In(envelope::RecordClass::kUser, UserId("ada")),
                          .data = "\x1b garbage"},
                         "g1", seconds(5)));
  Ran list;
  ASSERT_TRUE(test::Eventually(seconds(20), [&] {
    list = Lyceum("operator", {"dlq", "list", "--json"});
    return list.code == 0 && !list.out.empty();
  })) << list.err;
  const json letter = Lines(list.out)[0];
  EXPECT_EQ(letter["reason"], "undecodable");
  const Ran show = Lyceum("operator", {"dlq", "show", letter["dlq_sequence"].dump(), "--json"});
  ASSERT_EQ(show.code, 0) << show.err;
  EXPECT_EQ(json::parse(show.out)["record_hex"], "1b2067617262616765");
  EXPECT_EQ(Lyceum("operator", {"dlq", "show", "999"}).code, 1);
}

}  // namespace
}  // namespace lyceum
