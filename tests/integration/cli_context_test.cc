// Contexts, completion and the man page: what `lyceum` knows without being told each time.
#include <sys/stat.h>

#include <algorithm>

#include "cli_fixture.h"

namespace lyceum {
namespace {

using test::Program;

// Nothing of the environment names a server, and contexts lie in a folder of the test.
class Contexts : public ::testing::Test {
 protected:
  test::TempDir config;
  std::map<std::string, std::string> Env(std::map<std::string, std::string> more = {}) const {
    for (const char* name : {"NATS_URL", "NATS_USER", "NATS_PASSWORD", "NATS_CREDS",
                             "LYCEUM_NATS_URL", "LYCEUM_NATS_USER", "LYCEUM_CONTEXT"}) {
      more.emplace(name, "");
    }
    more["XDG_CONFIG_HOME"] = config / "";
    return more;
  }
  test::Ran Lyceum(std::vector<std::string> args,
                   std::map<std::string, std::string> env = {}) const {
    args.insert(args.begin(), Program("lyceum"));
    return test::Run(std::move(args), Env(std::move(env)));
  }
  void Add(const std::string& name, const std::string& url, const std::string& user,
           const std::string& password, std::vector<std::string> more = {}) const {
    std::vector<std::string> args = {"context", "add",         name, "--nats-url",
                                     url,       "--nats-user", user};
    args.insert(args.end(), more.begin(), more.end());
    const test::Ran ran = Lyceum(std::move(args), {{"NATS_PASSWORD", password}});
    ASSERT_EQ(ran.code, 0) << ran.err;
  }
  json Shown(const std::string& name) const {
    return json::parse(Lyceum({"context", "show", name}).out, nullptr, false);
  }
};

TEST_F(Contexts, AreAddedUsedListedShownAndRemoved) {
  EXPECT_EQ(Lyceum({"context", "list"}).out, "");
  Add("school", "nats://127.0.0.1:1", "gateway", "a-password-of-16-letters");
  Add("home", "nats://127.0.0.1:2", "operator", "another-password-of-it", {"--prefix", "other"});
  EXPECT_EQ(Lyceum({"context", "use", "home"}).code, 0);
  EXPECT_EQ(Lyceum({"context", "list"}).out,
            "* home  operator at nats://127.0.0.1:2\n  school  gateway at nats://127.0.0.1:1\n");
  const json shown = Shown("home");
  EXPECT_EQ(shown.at("prefix"), "other");
  EXPECT_EQ(shown.at("password_is_set"), true);
  for (const auto& args :
       {std::vector<std::string>{"context", "show", "school"}, {"context", "list", "--json"}}) {
    EXPECT_EQ(Lyceum(args).out.find("password-of"), std::string::npos);
  }
  EXPECT_EQ(Lyceum({"context", "remove", "home"}).code, 0);
  EXPECT_EQ(Lyceum({"context", "show"}).code, 1);
  const test::Ran gone = Lyceum({"context", "use", "home"});
  EXPECT_EQ(gone.code, 1);
  EXPECT_TRUE(Says(gone, "lyceum context list")) << gone.err;
  EXPECT_EQ(Lyceum({"context", "add", "../x"}).code, 2);
}

TEST_F(Contexts, FilesAreForTheirOwnerAlone) {
  Add("school", "nats://127.0.0.1:1", "gateway", "a-password-of-16-letters");
  for (const auto& [path, mode] : {std::pair<const char*, mode_t>{"lyceum/context", 0700},
                                   {"lyceum/context/school.json", 0600}}) {
    struct stat found {};
    ASSERT_EQ(::stat((config / path).c_str(), &found), 0) << path;
    EXPECT_EQ(found.st_mode & 0777, mode) << path;
  }
}

TEST_F(Contexts, ThoseOfTheNatsCommandAreReadAndNeverWritten) {
  test::Run({"mkdir", "-p", config / "nats/context"});
  const std::string text =
      R"({"description":"d","url":"nats://127.0.0.1:3","user":"admin","password":"p"})";
  test::WriteFile(config / "nats/context/theirs.json", text);
  test::WriteFile(config / "nats/context/odd.json",
                  R"({"url":"nats://127.0.0.1:4","nkey":"/a/b"})");
  EXPECT_TRUE(Says(Lyceum({"context", "list"}), "theirs  admin at nats://127.0.0.1:3  (of nats)"));
  EXPECT_EQ(Lyceum({"context", "use", "theirs"}).code, 0);
  EXPECT_EQ(Shown("").at("of"), "nats");
  EXPECT_EQ(Lyceum({"context", "remove", "theirs"}).code, 1);
  EXPECT_EQ(test::ReadFile(config / "nats/context/theirs.json"), text);
  const test::Ran odd = Lyceum({"--context", "odd", "course", "list"});
  EXPECT_EQ(odd.code, 2);
  EXPECT_TRUE(Says(odd, "nkey")) << odd.err;
}

TEST_F(Contexts, APasswordNeverGoesToAServerThatSomethingElseNames) {
  Add("school", "nats://127.0.0.1:1", "gateway", "a-password-of-16-letters", {"--select"});
  const int port = test::FreePort();
  const std::string other = "nats://127.0.0.1:" + std::to_string(port);
  const std::vector<std::string> list = {"course", "list"};
  EXPECT_TRUE(Says(Lyceum(list), "127.0.0.1:1")) << "the selected one counts";
  EXPECT_TRUE(Says(Lyceum(list, {{"NATS_URL", other}}), other)) << "unless something names another";
  EXPECT_TRUE(
      Says(Lyceum({"course", "list", "--context", "school"}, {{"NATS_URL", other}}), "127.0.0.1:1"))
      << "a flag counts more than a variable";
  EXPECT_EQ(Lyceum({"course", "list", "--context", "school", "--nats-url", other}).code, 2);
  EXPECT_EQ(Lyceum({"course", "list", "--context", "nowhere"}).code, 2);
}

class ContextsOfALyceum : public Contexts {
 protected:
  test::Stack stack;
  void SetUp() override {
    for (const char* role : {"gateway", "operator", "author"}) {
      Add(role, stack.nats().url(), role, stack.nats().password(role));
    }
  }
};

TEST_F(ContextsOfALyceum, OneNamedAsItsRoleIsUsedByACommandByItself) {
  EXPECT_EQ(Lyceum({"course", "import", test::SourceFile("ops/courses/fractions.toml")}).code, 0);
  const test::Ran list = Lyceum({"course", "list"});
  EXPECT_EQ(list.code, 0) << list.err;
  EXPECT_TRUE(Says(list, "fractions")) << list.out;
  const test::Ran sent = Lyceum({"send", "--user", "ada", "--client", "c", "--start", "fractions"});
  EXPECT_EQ(sent.code, 0) << sent.err;
  // The wrong one is refused, and the refusal names the right one.
  EXPECT_EQ(Lyceum({"context", "use", "gateway"}).code, 0);
  const test::Ran refused = Lyceum({"course", "list"});
  EXPECT_NE(refused.code, 0);
  EXPECT_TRUE(Says(refused, "needs the role operator")) << refused.err;
}

// Every command and flag, in what is made for shells and for man(1).
TEST(CommandDocs, CompletionKnowsEachCommandAndItsFlags) {
  test::TempDir dir;
  const test::Ran made = test::Run({Program("lyceum"), "completion", "bash"});
  ASSERT_EQ(made.code, 0) << made.err;
  test::WriteFile(dir / "completion", made.out);
  const auto completes = [&](const std::string& line) {
    const std::string script = ". " + (dir / "completion") + "; COMP_WORDS=(" + line +
                               "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _lyceum; "
                               "printf '%s ' \"${COMPREPLY[@]}\"";
    const test::Ran ran = test::Run({"bash", "-c", script});
    EXPECT_EQ(ran.err, "") << line;
    return " " + ran.out;
  };
  EXPECT_EQ(completes("lyceum sta"), " status state ");
  EXPECT_EQ(completes("lyceum course im"), " import ");
  EXPECT_EQ(completes("lyceum course import --prob"), " --problems ");
  EXPECT_EQ(completes("lyceum --json chat --ag"), " --again ");
  EXPECT_EQ(completes("lyceum send --tex"), " --text ");
  EXPECT_EQ(completes("lyceum chat --nats-u"), " --nats-url --nats-user ");
  EXPECT_NE(completes("lyceum tool ''").find(" ask "), std::string::npos);
  const test::Ran zsh = test::Run({Program("lyceum"), "completion", "zsh"});
  EXPECT_EQ(zsh.out.rfind("#compdef lyceum\n", 0), 0u);
  EXPECT_NE(zsh.out.find("/course/import"), std::string::npos);
  EXPECT_EQ(test::Run({Program("lyceum"), "completion", "tcsh"}).code, 2);
}

TEST(CommandDocs, ZshReadsItsCompletion) {
  if (std::system("zsh --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "needs zsh";
  test::TempDir dir;
  test::WriteFile(dir / "_lyceum", test::Run({Program("lyceum"), "completion", "zsh"}).out);
  const std::string script =
      "compadd() { shift; print -r -- \"$@\" }; _files() { : }; compdef() { : }; words=(lyceum "
      "course i); "
      "CURRENT=3; . " +
      (dir / "_lyceum") + "; _lyceum";
  const test::Ran ran = test::Run({"zsh", "-f", "-c", script});
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.out.rfind("import check preview export diff list show", 0), 0u) << ran.out;
}

TEST(CommandDocs, TheManPageHasEachCommandAndTroffHasNothingToSay) {
  const test::Ran page = test::Run({Program("lyceum"), "man"});
  ASSERT_EQ(page.code, 0) << page.err;
  EXPECT_NE(page.out.find(".TH LYCEUM 1"), std::string::npos);
  const std::string help = test::Run({Program("lyceum"), "--help"}).out;
  size_t commands = 0;
  std::istringstream lines(help.substr(help.find("Subcommands:")));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && line.rfind("  ", 0) == 0) {
    const std::string name = line.substr(2, line.find(' ', 2) - 2);
    if (name.empty()) continue;
    EXPECT_NE(page.out.find("\n.SS " + name), std::string::npos) << name;
    ++commands;
  }
  EXPECT_GE(commands, 20u) << help;
  for (const char* flag : {"\\-\\-nats\\-url", "\\-\\-again", "\\-\\-partition", "\\-\\-text"}) {
    EXPECT_NE(page.out.find(flag), std::string::npos) << flag;
  }
  if (std::system("groff --version >/dev/null 2>&1") != 0) return;
  const test::Ran troff = test::Run({"groff", "-man", "-ww", "-Tascii"}, {}, page.out);
  EXPECT_EQ(troff.code, 0);
  EXPECT_EQ(troff.err, "");
}

}  // namespace
}  // namespace lyceum
