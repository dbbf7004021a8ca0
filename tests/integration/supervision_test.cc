// A supervised session on the real programs: what the model says waits for a teacher.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>

#include "support/eventually.h"
#include "support/gateway.h"
#include "support/llm_server.h"
#include "support/stack.h"

namespace lyceum::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience{30};
const std::string kOfModel = "A half is what the model says it is.";

bool IsText(const Gateway::Received& received) {
  return !received.is_delta && !received.is_retract && BodyOf<tutor::TextOut>(received) != nullptr;
}

class SupervisedLesson : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteFile(dir_ / "lyceum.toml",
              fmt::format("[llm]\n[[llm.provider]]\nname = \"one\"\napi = \"openai\"\n"
                          "base_url = \"{}/v1\"\nkey_env = \"\"\nmodel = \"m\"\n",
                          model_.url()));
    stack_.ImportCourse(SourceFile("ops/courses/fractions.toml"));
    tools_ = stack_.StartToolWorker(
        "tools-1", {"--config", dir_ / "lyceum.toml", "--prompts", SourceFile("ops/prompts")});
    stack_.StartSessionWorker();
    gateway_.Listen("c");
  }

  // A learner in the course's first segment who has asked something.
  void Ask(const std::string& more_context = "") {
    AskIn(R"("supervision":"draft")" + more_context);
  }
  void AskIn(const std::string& context) {
    ASSERT_TRUE(gateway_.Send(
        "ada", fmt::format(R"({{"id":"start","client":"c","start":{{"course":"fractions",)"
                           R"("context":{{{}}}}}}})",
                           context)));
    ASSERT_TRUE(gateway_.Hear("c", IsText, kPatience))
        << stack_.session_worker_logs() << tools_->err();
    ASSERT_TRUE(gateway_.Send("ada", R"({"id":"ask","client":"c","message":{"text":)"
                                     R"("What is a half?","intent":"QUESTION"}})"));
    const auto wait = gateway_.Hear(
        "c",
        [this](const Gateway::Received& received) {
          Look(received);
          return BodyOf<tutor::WaitOut>(received) != nullptr;
        },
        kPatience);
    ASSERT_TRUE(wait) << stack_.session_worker_logs() << tools_->err();
    EXPECT_EQ(wait->message.state, tutor::StateName::kAwaitingApproval);
    EXPECT_EQ(wait->message.in_reply_to, EventId("ask"));
  }

  // What is said in the end.
  std::string Said(milliseconds wait = kPatience) {
    const auto text = gateway_.Hear("c", IsText, wait);
    if (!text) return "nothing: " + stack_.session_worker_logs();
    EXPECT_EQ(text->message.in_reply_to, EventId("ask"));
    return BodyOf<tutor::TextOut>(*text)->text;
  }

  // Nothing of a draft may reach the learner before it is decided on.
  void Look(const Gateway::Received& received) {
    EXPECT_FALSE(received.is_delta) << received.delta_text;
    const auto* text = BodyOf<tutor::TextOut>(received);
    EXPECT_TRUE(received.is_delta || text == nullptr || text->text != kOfModel);
  }

  json Waiting(const std::string& more = "12") {
    const Ran ran = stack_.Lyceum(
        "teacher", {"supervise", "list", "--course", "fractions", "--json", "--seconds", more});
    EXPECT_EQ(ran.code, 0) << ran.err;
    return json::parse(ran.out.substr(0, ran.out.find('\n')), nullptr, false);
  }

  std::string DraftId() {
    const json view =
        json::parse(stack_.Lyceum("operator", {"state", "ada", "--json"}).out, nullptr, false);
    return view.is_object() && view.contains("draft") ? view["draft"]["id"].get<std::string>() : "";
  }

  TempDir dir_;
  LlmServer model_{[](const LlmCall&) { return LlmReply{.text = kOfModel}; }};
  Stack stack_;
  std::unique_ptr<Process> tools_;
  Gateway gateway_{stack_.nats().Connect("gateway")};
};

TEST_F(SupervisedLesson, ACourseIsSupervisedWhateverAStartAsksFor) {
  WriteFile(dir_ / "course.toml",
            "supervision = { undecided = \"authored\", decide_seconds = 600 }\n" +
                ReadFile(SourceFile("ops/courses/fractions.toml")));
  stack_.ImportCourse(dir_ / "course.toml");
  ASSERT_NO_FATAL_FAILURE(AskIn(R"("supervision":"none")"));
  const json draft = Waiting();
  ASSERT_TRUE(draft.is_object()) << stack_.session_worker_logs();
  EXPECT_EQ(draft["text"], kOfModel);
  EXPECT_EQ(draft["undecided"], "authored");
  EXPECT_EQ(stack_.Lyceum("teacher", {"supervise", "approve", "ada", draft["id"]}).code, 0);
  EXPECT_EQ(Said(), kOfModel);
}

TEST_F(SupervisedLesson, AnApprovedDraftIsSaidAndOneIsFoundAgainAfterARestart) {
  ASSERT_NO_FATAL_FAILURE(Ask());
  stack_.session_worker().Kill9();
  stack_.StartSessionWorker();
  const json draft = Waiting();
  ASSERT_TRUE(draft.is_object()) << stack_.session_worker_logs();
  EXPECT_EQ(draft["user"], "ada");
  EXPECT_EQ(draft["text"], kOfModel);
  EXPECT_EQ(draft["asked"], "What is a half?");
  EXPECT_EQ(draft["undecided"], "authored");
  EXPECT_EQ(draft["model"], "m");
  EXPECT_FALSE(draft["authored"].get<std::string>().empty());
  for (const auto& received : gateway_.Everything("c", milliseconds(1))) Look(received);
  const std::string id = draft["id"];
  const Ran ran = stack_.Lyceum("teacher", {"supervise", "approve", "ada", id});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(Said(), kOfModel);
  const Ran again = stack_.Lyceum("teacher", {"supervise", "approve", "ada", id});
  EXPECT_EQ(again.code, 1);
  EXPECT_NE(again.err.find("no_draft"), std::string::npos) << again.err;
  const Ran replay = stack_.Lyceum("operator", {"replay", "ada", "--verify"});
  EXPECT_EQ(replay.code, 0) << replay.out << replay.err;
}

TEST_F(SupervisedLesson, ATeachersTextIsSaidInPlaceOfTheDraft) {
  ASSERT_NO_FATAL_FAILURE(Ask());
  const Ran edited = stack_.Lyceum(
      "teacher", {"supervise", "edit", "ada", DraftId(), "--text-file", "-"}, "One of two parts.");
  EXPECT_EQ(edited.code, 0) << edited.err;
  EXPECT_EQ(Said(), "One of two parts.");
  const Ran state = stack_.Lyceum("operator", {"state", "ada", "--json"});
  EXPECT_EQ(state.out.find(kOfModel), std::string::npos);
}

TEST_F(SupervisedLesson, DecisionsAreTakenLineByLine) {
  ASSERT_NO_FATAL_FAILURE(Ask());
  const std::string lines = dir_ / "lines";
  ASSERT_EQ(mkfifo(lines.c_str(), 0600), 0);
  const int fd = open(lines.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  Process live({"/bin/sh", "-c", "exec " + Program("lyceum") + " supervise <" + lines},
               stack_.nats().env_for("teacher"));
  ASSERT_TRUE(Eventually(seconds(15), [&] {
    return live.out().find("[1] ada") != std::string::npos;
  })) << live.err();
  const std::string line = "replace 1 Cut it in two.\n";
  ASSERT_EQ(write(fd, line.data(), line.size()), static_cast<ssize_t>(line.size()));
  EXPECT_EQ(Said(), "Cut it in two.");
  EXPECT_TRUE(Eventually(seconds(5), [&] {
    return live.out().find("  replace") != std::string::npos;
  })) << live.out();
  close(fd);
  EXPECT_EQ(live.Wait(In(seconds(10))), 0) << "at the end of its input";
}

TEST_F(SupervisedLesson, UndecidedTheCourseSpeaks) {
  ASSERT_NO_FATAL_FAILURE(Ask(R"(,"decide_seconds":5)"));
  const std::string said = Said();
  EXPECT_NE(said, kOfModel);
  EXPECT_NE(said.find("material"), std::string::npos) << said;
}

TEST_F(SupervisedLesson, UndecidedAsItIsTheModelSpeaks) {
  ASSERT_NO_FATAL_FAILURE(Ask(R"(,"undecided":"as_is","decide_seconds":5)"));
  EXPECT_EQ(Said(), kOfModel);
}

TEST_F(SupervisedLesson, ALearnersProgramDecidesNothing) {
  ASSERT_NO_FATAL_FAILURE(Ask());
  const std::string id = DraftId();
  ASSERT_FALSE(id.empty());
  const std::string event = fmt::format(
      R"({{"id":"mine","client":"c","supervise":{{"draft":"{}","approve":{{}}}}}})", id);
  EXPECT_FALSE(gateway_.Send("ada", event, "", "teacher")) << "the server refuses it";
  ASSERT_TRUE(gateway_.Send("ada", event));
  const auto refusal = gateway_.Reply("c", "mine");
  ASSERT_TRUE(refusal);
  ASSERT_NE(BodyOf<tutor::ErrorOut>(*refusal), nullptr);
  EXPECT_EQ(BodyOf<tutor::ErrorOut>(*refusal)->code, "refused");
  EXPECT_EQ(DraftId(), id) << "it still waits";
}

}  // namespace
}  // namespace lyceum::test
