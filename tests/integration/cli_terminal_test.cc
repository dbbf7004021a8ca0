// The command `lyceum chat` on a terminal: keys go in and the screen is read, through tmux.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "cli_fixture.h"
#include "envelope/messages.h"

namespace lyceum {
namespace {

using std::chrono::seconds;
using test::Program;
using test::Ran;

// Rows break where they are full, also within what is looked for.
std::string WithoutBlanks(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
  return text;
}

size_t Count(const std::string& rows, const std::string& words) {
  const std::string text = WithoutBlanks(rows);
  const std::string part = WithoutBlanks(words);
  size_t count = 0;
  for (size_t i = text.find(part); i != std::string::npos; i = text.find(part, i + 1)) ++count;
  return count;
}

// False in a chroot without /dev/pts, for example.
bool HasPseudoTerminals() {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0) return false;
  const char* const name =
      grantpt(terminal) == 0 && unlockpt(terminal) == 0 ? ptsname(terminal) : nullptr;
  const bool usable = name != nullptr && access(name, R_OK | W_OK) == 0;
  close(terminal);
  return usable;
}

// A terminal with one program in it.
class Screen {
 public:
  explicit Screen(int columns = 80, int rows = 24) : columns_(columns), rows_(rows) {}
  ~Screen() { (void)Tmux({"kill-server"}); }

  void Start(const std::map<std::string, std::string>& env, const std::vector<std::string>& args) {
    std::string command = "env -u NO_COLOR XDG_STATE_HOME=" + dir_ / "state";
    for (const auto& [name, value] : env) command += fmt::format(" {}='{}'", name, value);
    for (const std::string& arg : args) command += fmt::format(" '{}'", arg);
    command += "; echo \"ended with $?\"; exec sleep 1000";
    const Ran ran = Tmux({"new-session", "-d", "-s", "s", "-x", std::to_string(columns_), "-y",
                          std::to_string(rows_), command});
    ASSERT_EQ(ran.code, 0) << ran.err;
  }
  Ran Tmux(std::vector<std::string> args, const std::string& input = "") {
    std::vector<std::string> all = {"tmux", "-u", "-L", "t", "-f", "/dev/null"};
    all.insert(all.end(), args.begin(), args.end());
    return test::Run(all, {{"TMUX_TMPDIR", dir_.path()}, {"TMUX", ""}}, input);
  }
  void Keys(const std::vector<std::string>& keys) {
    std::vector<std::string> args = {"send-keys", "-t", "s"};
    args.insert(args.end(), keys.begin(), keys.end());
    EXPECT_EQ(Tmux(args).code, 0);
  }
  void Type(const std::string& text) {
    EXPECT_EQ(Tmux({"send-keys", "-t", "s", "-l", text}).code, 0);
  }
  void Line(const std::string& text) {
    Type(text);
    Keys({"Enter"});
  }
  // As a terminal pastes: in brackets where the program asked for them.
  void Paste(const std::string& text) {
    const std::string file = dir_ / "paste";
    test::WriteFile(file, text);
    EXPECT_EQ(Tmux({"load-buffer", file}).code, 0);
    EXPECT_EQ(Tmux({"paste-buffer", "-p", "-t", "s"}).code, 0);
  }
  std::string Text() { return Tmux({"capture-pane", "-p", "-t", "s"}).out; }
  // With what has scrolled away.
  std::string All() { return Tmux({"capture-pane", "-p", "-J", "-S", "-", "-t", "s"}).out; }
  bool Shows(const std::string& what) {
    return test::Eventually(seconds(20), [&] { return Text().find(what) != std::string::npos; });
  }
  bool ShowsNot(const std::string& what) {
    return test::Eventually(seconds(20), [&] { return Text().find(what) == std::string::npos; });
  }
  const test::TempDir& dir() const { return dir_; }

 private:
  const int columns_;
  const int rows_;
  test::TempDir dir_;
};

class Terminal : public Installed {
 protected:
  void SetUp() override {
    if (std::system("tmux -V >/dev/null 2>&1") != 0) GTEST_SKIP() << "needs tmux";
    if (!HasPseudoTerminals()) GTEST_SKIP() << "needs pseudo-terminals: mount devpts on /dev/pts";
    test::WriteFile(dir_ / "small.toml", kCourse);
    stack_.ImportCourse(dir_ / "small.toml");
    stack_.StartSessionWorker();
    tools_ = stack_.StartToolWorker("t1");
    ASSERT_TRUE(test::Eventually(seconds(20), [&] {
      return Lyceum("operator", {"state", "nobody", "--timeout", "1"}).code == 1;
    })) << stack_.session_worker_logs();
  }
  void Chat(Screen& screen) {
    screen.Start(stack_.nats().env_for("gateway"), {Program("lyceum"), "chat", "--user", "ada",
                                                    "--course", "small", "--client", "c"});
    ASSERT_TRUE(screen.Shows("\n>")) << screen.Text();
  }
  json State() {
    const Ran state = Lyceum("operator", {"state", "ada", "--json", "--history", "100"});
    return json::parse(state.out, nullptr, false);
  }
  bool HistoryHas(const std::string& text) {
    return test::Eventually(seconds(20), [&] {
      const json state = State();
      for (const json& entry : state.value("history", json::array())) {
        if (entry.value("text", "") == text) return true;
      }
      return false;
    });
  }
  test::TempDir dir_;
  std::unique_ptr<test::Process> tools_;
};

TEST_F(Terminal, ALineIsEditedRememberedAndTypedInSeveralRows) {
  Screen screen;
  Chat(screen);
  ASSERT_TRUE(screen.Shows("Two and two are four."));
  screen.Type("/contnue");
  screen.Keys({"Left", "Left", "Left", "i"});
  ASSERT_TRUE(screen.Shows("> /continue")) << screen.Text();
  screen.Keys({"Enter"});
  ASSERT_TRUE(screen.Shows("Read it again.")) << screen.Text();
  screen.Keys({"Up", "Enter"});
  ASSERT_TRUE(screen.Shows("What is 2 + 2?")) << screen.Text();
  screen.Type("/ask why");
  screen.Keys({"M-Enter"});
  screen.Type("漢字 und Äpfel");
  screen.Keys({"BSpace", "BSpace", "BSpace", "BSpace", "BSpace"});
  screen.Line("Öl?");
  EXPECT_TRUE(HistoryHas("why\n漢字 und Öl?")) << State().dump(1);
  // Ctrl-C clears a line, and ends on an empty one.
  screen.Type("never sent");
  ASSERT_TRUE(screen.Shows("> never sent"));
  screen.Keys({"C-c"});
  screen.Keys({"C-d"});
  EXPECT_TRUE(screen.Shows("ended with 0")) << screen.Text();
  EXPECT_EQ(State().dump().find("never sent"), std::string::npos);
  EXPECT_NE(test::ReadFile(screen.dir() / "state/lyceum/chat_history").find("/continue"),
            std::string::npos);
}

TEST_F(Terminal, APasteOf12KiBWithItsLinesIsOneMessage) {
  Screen screen;
  Chat(screen);
  ASSERT_TRUE(screen.Shows("Two and two are four."));
  std::string text = "Why ";
  for (int i = 0; text.size() < 12 * 1024; ++i) {
    text += fmt::format("{} is a number,{}", i, i % 20 == 19 ? "\n" : " ");
  }
  text += "end?";
  screen.Paste(text);
  ASSERT_TRUE(screen.Shows("end?")) << screen.Text();
  screen.Keys({"Enter"});
  EXPECT_TRUE(HistoryHas(text)) << State().dump(1).substr(0, 2000);
}

TEST_F(Terminal, WhatComesMeanwhileLeavesTheHalfTypedLineWhole) {
  Screen screen;
  Chat(screen);
  ASSERT_TRUE(screen.Shows("Two and two are four."));
  const std::string half =
      "this line is half typed and longer than a row of this terminal has columns, yes";
  screen.Type(half);
  ASSERT_TRUE(test::Eventually(seconds(20), [&] { return Count(screen.Text(), half) == 1; }))
      << screen.Text();
  auto tool = stack_.nats().Connect("tool_worker");
  const UserId user("ada");
  const auto say = [&](const std::string& bytes) {
    ASSERT_TRUE(tool->Publish({.subject = subjects_.Out(ClientId("c")), .data = bytes}));
  };
  const CallId call("1-9-0");
  say(envelope::EncodeDelta(user, {call, 1, 0, "It is said "}, tutor::Encoding::kJson));
  ASSERT_TRUE(screen.Shows("It is said")) << screen.Text();
  say(envelope::EncodeDelta(user, {call, 1, 11, "word by word."}, tutor::Encoding::kJson));
  ASSERT_TRUE(screen.Shows("It is said word by word.")) << screen.Text();
  EXPECT_EQ(Count(screen.All(), "It is said"), 1u) << screen.All();
  EXPECT_EQ(Count(screen.All(), half), 1u) << screen.All();
  // Another width: the text and the line are there, once.
  ASSERT_EQ(screen.Tmux({"resize-window", "-t", "s", "-x", "40", "-y", "20"}).code, 0);
  say(envelope::EncodeDelta(user, {call, 1, 24, " More."}, tutor::Encoding::kJson));
  ASSERT_TRUE(screen.Shows("More.")) << screen.Text();
  EXPECT_EQ(Count(screen.All(), "It is said"), 1u) << screen.All();
  EXPECT_EQ(Count(screen.All(), half), 1u) << screen.All();
  // What is taken back is gone, and the line still there.
  say(envelope::EncodeRetract(user, call, 1, tutor::Encoding::kJson));
  ASSERT_TRUE(screen.ShowsNot("It is said")) << screen.Text();
  EXPECT_EQ(Count(screen.All(), half), 1u) << screen.All();
  screen.Keys({"Enter"});
  EXPECT_TRUE(HistoryHas(half)) << State().dump(1);
}

TEST_F(Terminal, NobodyWhoAnswersIsSaidAndNoLineIsLost) {
  Screen screen;
  Chat(screen);
  ASSERT_TRUE(screen.Shows("Two and two are four."));
  stack_.session_worker().Kill9();
  screen.Line("/continue");
  ASSERT_TRUE(screen.Shows("Nobody answers right now")) << screen.Text();
  stack_.StartSessionWorker();
  EXPECT_TRUE(screen.Shows("Read it again.")) << screen.Text();
  EXPECT_TRUE(screen.ShowsNot("… nobody answers")) << screen.Text();
}

TEST_F(Terminal, WhoComesBackSeesWhereTheyAre) {
  {
    Screen screen;
    Chat(screen);
    ASSERT_TRUE(screen.Shows("Two and two are four."));
    screen.Line("go on");
    ASSERT_TRUE(screen.Shows("Read it again."));
    screen.Line("next");
    ASSERT_TRUE(screen.Shows("What is 2 + 2?"));
    // So much that the question is not among what is shown again.
    for (int i = 0; i < 6; ++i) {
      const uint32_t before = State().value("n", 0u);
      screen.Line("/ask what is two?");
      ASSERT_TRUE(test::Eventually(seconds(20), [&] { return State().value("n", 0u) > before; }));
    }
    screen.Line("/quit");
    ASSERT_TRUE(screen.Shows("ended with 0")) << screen.Text();
  }
  Screen screen;
  Chat(screen);
  EXPECT_TRUE(screen.Shows("What is 2 + 2?")) << screen.Text();
  EXPECT_NE(screen.All().find("going on with small, topic first"), std::string::npos)
      << screen.All();
  screen.Line("4");
  EXPECT_TRUE(screen.Shows("✓")) << screen.Text();
  EXPECT_TRUE(screen.Shows("b) four")) << screen.Text();
  screen.Line("(b)");
  EXPECT_TRUE(screen.Shows("The course is completed.")) << screen.Text();
}

}  // namespace
}  // namespace lyceum
