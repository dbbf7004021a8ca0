// TLS between the programs and the NATS server: a lesson over it, and what is refused with which words.
#include "cli_fixture.h"
#include "support/certificate.h"

namespace lyceum {
namespace {

using std::chrono::seconds;
using test::NatsServer;
using test::Process;
using test::Program;
using test::Ran;
using test::Stack;

class NatsTls : public ::testing::Test {
 protected:
  NatsServer::Tls Make(const std::string& name, const std::string& alternative_name, bool both) {
    const test::Certificate made = test::MakeCertificate(alternative_name);
    test::WriteFile(dir_ / (name + ".pem"), made.pem);
    test::WriteFile(dir_ / (name + ".key"), made.key_pem);
    return {dir_ / (name + ".pem"), dir_ / (name + ".key"), both};
  }
  NatsServer Server(NatsServer::Tls tls) {
    return NatsServer({.roles = false, .tls = std::move(tls)});
  }
  static Ran Ready(std::map<std::string, std::string> env) {
    return test::Run({Program("lyceum"), "ready", "--timeout", "5"}, std::move(env));
  }
  test::TempDir dir_;
};

TEST_F(NatsTls, ALessonWhereBothSidesShowACertificate) {
  Stack stack({.tls = Make("server", "IP:127.0.0.1", true)});
  test::WriteFile(dir_ / "small.toml", kCourse);
  stack.ImportCourse(dir_ / "small.toml");
  stack.StartSessionWorker();
  const auto tools = stack.StartToolWorker("t1");
  test::WriteFile(dir_ / "script", "/continue\n/continue\n4\n/quit\n");
  const Ran chat = stack.Lyceum(
      "gateway", {"chat", "--user", "ada", "--course", "small", "--script", dir_ / "script"});
  EXPECT_EQ(chat.code, 0) << chat.err;
  EXPECT_TRUE(Says(chat, "Which one is even?")) << chat.out << stack.session_worker_logs();
  const Ran replay = stack.Lyceum("operator", {"replay", "ada", "--verify"});
  EXPECT_EQ(replay.code, 0) << replay.out << replay.err;
}

TEST_F(NatsTls, WhoShowsNoCertificateIsNotLetIn) {
  NatsServer server = Server(Make("server", "IP:127.0.0.1", true));
  auto env = server.env_for("");
  env["NATS_CERT"] = env["NATS_KEY"] = "";
  const Ran ran = Ready(env);
  EXPECT_EQ(ran.code, 3) << ran.out << ran.err;
  EXPECT_TRUE(Says(ran, "a certificate of ours: --nats-cert")) << ran.err;
}

TEST_F(NatsTls, AServerOfAnotherAuthorityIsNotTrusted) {
  NatsServer server = Server(Make("server", "IP:127.0.0.1", false));
  auto env = server.env_for("");
  env["NATS_CA"] = Make("other", "IP:127.0.0.1", false).certificate;
  const Ran ran = Ready(env);
  EXPECT_EQ(ran.code, 2);
  EXPECT_TRUE(Says(ran, "no TLS with the NATS server at tls://127.0.0.1")) << ran.err;
  EXPECT_TRUE(Says(ran, "certificate")) << ran.err;
}

TEST_F(NatsTls, AServerOfAnotherNameIsNotTrusted) {
  NatsServer server = Server(Make("server", "DNS:elsewhere.example", false));
  const Ran ran = Ready(server.env_for(""));
  EXPECT_EQ(ran.code, 2);
  EXPECT_TRUE(Says(ran, "no TLS with the NATS server")) << ran.err;
}

TEST_F(NatsTls, AServerThatWantsItIsNotTalkedToInTheClear) {
  NatsServer server = Server(Make("server", "IP:127.0.0.1", false));
  auto env = server.env_for("");
  env["NATS_CA"] = "";
  env["NATS_URL"] = "nats://127.0.0.1:" + std::to_string(server.port());
  const Ran ran = Ready(env);
  EXPECT_EQ(ran.code, 2);
  EXPECT_TRUE(Says(ran, "wants TLS: write tls://")) << ran.err;
  Process worker({Program("lyceum-session-worker"), "--id", "w", "--data-dir", dir_ / "w"}, env);
  EXPECT_EQ(worker.Wait(In(seconds(20))), 2) << worker.err();
  EXPECT_NE(worker.err().find("wants TLS"), std::string::npos) << worker.err();
}

TEST_F(NatsTls, AServerWithoutItIsNotTalkedToWhereThereIsAnAuthority) {
  NatsServer server({.roles = false});
  auto env = server.env_for("");
  env["NATS_CA"] = Make("server", "IP:127.0.0.1", false).certificate;
  const Ran ran = Ready(env);
  EXPECT_EQ(ran.code, 2);
  EXPECT_TRUE(Says(ran, "speaks no TLS")) << ran.err;
}

// Threads of the library end while the process does.
TEST_F(NatsTls, ACommandEndsAsItShouldHoweverOftenItIsRun) {
  Stack stack({.tls = Make("server", "IP:127.0.0.1", false)});
  for (int i = 0; i < 30; ++i) {
    const Ran ran = stack.Lyceum("admin", {"init"});
    ASSERT_EQ(ran.code, 0) << i << ran.err;
  }
}

TEST_F(NatsTls, FilesThatAreNotThereAreNamed) {
  const std::string here = dir_ / "no-such.pem";
  const Ran ran = Ready({{"NATS_URL", "tls://127.0.0.1:1"}, {"NATS_CA", here}});
  EXPECT_EQ(ran.code, 2);
  EXPECT_TRUE(Says(ran, "can not read " + here)) << ran.err;
  const Ran alone = Ready({{"NATS_URL", "tls://127.0.0.1:1"}, {"NATS_KEY", here}});
  EXPECT_TRUE(Says(alone, "needs its key, and a key its certificate")) << alone.err;
}

}  // namespace
}  // namespace lyceum
