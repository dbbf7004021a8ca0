// The gateway's own port over TLS: real clients, versions, what does not come to speak TLS, and new certificates.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <csignal>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gateway_bytes.h"
#include "support/certificate.h"
#include "support/seed.h"

namespace lyceum {
namespace {

constexpr int kHandshakeS = 10;

// A client that trusts one certificate. Blocks, with the time-out of its socket.
class TlsClient {
 public:
  TlsClient(int fd, const std::string& trusted_pem, int version = 0) : fd_(fd) {
    signal(SIGPIPE,
           SIG_IGN);  // OpenSSL writes to what the other side has closed; programs get their own.
    context_.reset(SSL_CTX_new(TLS_client_method()));
    BIO* in = BIO_new_mem_buf(trusted_pem.data(), static_cast<int>(trusted_pem.size()));
    X509* trusted = PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), trusted);
    X509_free(trusted);
    BIO_free(in);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (version != 0) {
      SSL_CTX_set_security_level(context_.get(), 0);  // Else it offers none of before 1.2 itself.
      SSL_CTX_set_min_proto_version(context_.get(), version);
      SSL_CTX_set_max_proto_version(context_.get(), version);
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_);
    open_ = SSL_connect(ssl_.get()) == 1;
    ERR_clear_error();
  }
  ~TlsClient() { close(fd_); }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool open() const { return open_; }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  void Send(const std::string& bytes) {
    EXPECT_EQ(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())),
              static_cast<int>(bytes.size()));
  }
  // Until `wanted` has come, or the end.
  std::string Read(const std::string& wanted = "") {
    std::string answer;
    char part[4096];
    for (int count; (count = SSL_read(ssl_.get(), part, sizeof(part))) > 0;) {
      answer.append(part, static_cast<size_t>(count));
      if (!wanted.empty() && answer.find(wanted) != std::string::npos) return answer;
    }
    whole_ = (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
    ERR_clear_error();
    return answer;
  }
  // At once, with a reset: no end is said.
  void Reset() {
    const linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    shutdown(fd_, SHUT_RD);
  }
  // The end was said, and not only there.
  bool whole() const { return whole_; }

 private:
  template <auto kFree>
  struct Free {
    template <class T>
    void operator()(T* handle) const {
      kFree(handle);
    }
  };
  const int fd_;
  std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Free<SSL_free>> ssl_;
  bool open_ = false;
  bool whole_ = false;
};

class GatewayTls : public GatewayFrames {
 protected:
  GatewayTls() {
    Write(made_);
    node_env_["NODE_EXTRA_CA_CERTS"] = dir_ / "c.pem";
    tls_ = true;
    Restart({"--tls-cert", dir_ / "c.pem", "--tls-key", dir_ / "k.pem"});
  }
  void Write(const test::Certificate& certificate) {
    test::WriteFile(dir_ / "c.pem", certificate.pem);
    test::WriteFile(dir_ / "k.pem", certificate.key_pem);
  }
  std::string Base() override { return "https://" + Host(); }
  bool Ready() override {
    return tls_ ? Metric("lyceum_gateway_connected") == 1 : GatewayFrames::Ready();
  }
  std::string Live(TlsClient* client) {
    client->Send(Head("GET /livez"));
    return client->Read("alive");
  }
  bool IsGood(const test::Certificate& certificate, int version = 0) {
    TlsClient client(Connect(), certificate.pem, version);
    return client.open() && Live(&client).find("alive") != std::string::npos;
  }

  std::string Token() {
    const std::string body = R"({"learner":"ada"})";
    TlsClient client(Connect(), made_.pem);
    client.Send(Head("POST /v1/demo/token", "Content-Type: application/json\r\nContent-Length: " +
                                                std::to_string(body.size()) + "\r\n") +
                body);
    const std::string answer = client.Read("}");
    return json::parse(answer.substr(answer.find("\r\n\r\n") + 4))["token"];
  }

  const test::Certificate made_ = test::MakeCertificate("IP:127.0.0.1");
  bool tls_ = false;
};

TEST_F(GatewayTls, AWholeLessonOverAWebSocket) { Fact("native.mjs", "AWholeLessonOverAWebSocket"); }
TEST_F(GatewayTls, AWholeLessonOverServerSentEvents) {
  Fact("native.mjs", "AWholeLessonOverServerSentEvents");
}
TEST_F(GatewayTls, AWholeLessonOverAnEventSourceThatIsCut) {
  ClientFact("native.mjs", "AWholeLessonOverAnEventSourceThatIsCut", "eventsource");
}
TEST_F(GatewayTls, ASocketCutAfterEachFrameLosesNothing) {
  Fact("native.mjs", "ASocketCutAfterEachFrameLosesNothing");
}
TEST_F(GatewayTls, UseChatHasAWholeLesson) { AiFact("AWholeLesson"); }
TEST_F(GatewayTls, AgUiHasAWholeLesson) { AgUiFact("AWholeLesson"); }
TEST_F(GatewayTls, ThePageShowsTheSameAfterAReload) { PageFact("AReloadShowsTheSame"); }
TEST_F(GatewayTls, TheNativeClientOfTheDocumentationWorksAsTyped) {
  DocumentedFact("TheNativeClientIsAsTyped");
}
TEST_F(GatewayTls, TheAgentOfTheDocumentationWorksAsTyped) { DocumentedFact("TheAgentIsAsTyped"); }
TEST_F(GatewayTls, UseChatOfTheDocumentationWorksAsTyped) { DocumentedFact("UseChatIsAsTyped"); }

TEST_F(GatewayTls, SpeaksVersions12And13AndNoneBefore) {
  EXPECT_TRUE(IsGood(made_, TLS1_2_VERSION));
  EXPECT_TRUE(IsGood(made_, TLS1_3_VERSION));
  EXPECT_EQ(Refused("tls"), 0);
  EXPECT_FALSE(IsGood(made_, TLS1_1_VERSION));
  EXPECT_EQ(Refused("tls"), 1);
}

// An end that is not said is one that somebody on the way may have made.
TEST_F(GatewayTls, SaysTheEndOfAnAnswerThatIsWhole) {
  TlsClient client(Connect(), made_.pem);
  client.Send(Head("GET /livez", "Connection: close\r\n"));
  EXPECT_NE(client.Read().find("alive"), std::string::npos);
  EXPECT_TRUE(client.whole());
  TlsClient wrong(Connect(), made_.pem);
  wrong.Send("nonsense\r\n\r\n");
  EXPECT_EQ(Status(wrong.Read()), "400");
  EXPECT_TRUE(wrong.whole());
}

TEST_F(GatewayTls, AHandshakeThatIsNotFinishedIsGivenUpAndNobodyWaitsForIt) {
  constexpr int kEach = 40;
  std::vector<int> slow;
  for (int i = 0; i < kEach; ++i) {
    slow.push_back(Connect());  // Says nothing.
    slow.push_back(Connect());
    // A hello of 512 bytes, whose next one is always in time.
    Send(slow.back(), std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  }
  const Deadline begun = Steady::now();
  EXPECT_TRUE(test::Eventually(seconds(kHandshakeS + 10), [&] {
    for (size_t i = 1; i < slow.size(); i += 2) {
      (void)!send(slow[i], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    test::PassTime(std::chrono::milliseconds(500));
    EXPECT_TRUE(IsGood(made_));
    return Metric("lyceum_gateway_timeouts_total") == 2 * kEach;
  })) << Metric("lyceum_gateway_timeouts_total");
  EXPECT_LT(Steady::now() - begun, seconds(kHandshakeS + 3));
  for (const int fd : slow) close(fd);
}

TEST_F(GatewayTls, WhoSpeaksHttpWithoutItIsToldSo) {
  const std::string answer = Ask(Head("GET /livez"));
  EXPECT_EQ(Status(answer), "400");
  const size_t body = answer.find("\r\n\r\n");
  ASSERT_NE(body, std::string::npos);
  EXPECT_NE(json::parse(answer.substr(body + 4))["error"].get<std::string>().find("https://"),
            std::string::npos);
  EXPECT_NE(answer.find("Content-Length: " + std::to_string(answer.size() - body - 4) + "\r\n"),
            std::string::npos);
  EXPECT_EQ(Refused("tls"), 1);
  Ask("\x01\x02nothing that anybody speaks\r\n\r\n");
  EXPECT_TRUE(test::Eventually(seconds(5), [&] { return Refused("tls") == 2; }));
  EXPECT_TRUE(IsGood(made_));
}

TEST_F(GatewayTls, ConnectionsAreBoundedAlsoBeforeTheyShakeHands) {
  Restart({"--tls-cert", dir_ / "c.pem", "--tls-key", dir_ / "k.pem", "--connections-max", "8"});
  std::vector<int> silent;
  for (int i = 0; i < 8; ++i) silent.push_back(Connect());
  EXPECT_TRUE(
      test::Eventually(seconds(5), [&] { return Metric("lyceum_gateway_connections") == 8; }));
  EXPECT_FALSE(IsGood(made_));
  EXPECT_EQ(Refused("full"), 1);
  for (const int fd : silent) close(fd);
  EXPECT_TRUE(test::Eventually(seconds(5), [&] { return IsGood(made_); }));
}

TEST_F(GatewayTls, ConnectionsThatAreCutAnywhereLeaveNothing) {
  Restart({"--tls-cert", dir_ / "c.pem", "--tls-key", dir_ / "k.pem", "--socket-idle-s", "2",
           "--sockets-per-user", "8"});
  std::mt19937_64 random(test::Seed());
  const std::string bearer = "Authorization: Bearer " + Token() + "\r\n";
  const std::string streams = Head("GET /v1/sessions/me/events", bearer);
  const std::string socket = Head("GET /v1/sessions/me/ws",
                                  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                                      bearer);
  std::vector<std::unique_ptr<TlsClient>> open;
  for (int i = 0; i < 300; ++i) {
    auto client = std::make_unique<TlsClient>(Connect(), made_.pem);
    ASSERT_TRUE(client->open()) << gateway_->err();
    const std::string& request = i % 2 == 0 ? streams : socket;
    client->Send(
        request.substr(0, random() % 8 == 0 ? random() % request.size() + 1 : request.size()));
    if (random() % 2 == 0) {
      client->Send(Frame(kFin | kPing, "x"));
    }
    if (random() % 3 == 0) client->Reset();
    open.push_back(std::move(client));
    if (open.size() > 6) open.erase(open.begin() + static_cast<long>(random() % open.size()));
  }
  open.clear();
  EXPECT_TRUE(test::Eventually(seconds(25), [&] {
    return Metric("lyceum_gateway_connections") == 0 && Metric("lyceum_gateway_sockets") == 0;
  })) << Metric("lyceum_gateway_connections");
  EXPECT_TRUE(IsGood(made_));
}

TEST_F(GatewayTls, ANewCertificateIsUsedWithoutARestart) {
  TlsClient before(Connect(), made_.pem);
  EXPECT_NE(Live(&before).find("alive"), std::string::npos);
  const double ends = Metric("lyceum_gateway_tls_certificate_ends");
  EXPECT_NEAR(ends, static_cast<double>(UnixMs()) / 1000 + 24 * 60 * 60, 120);
  const test::Certificate next = test::MakeCertificate("IP:127.0.0.1");
  // Half of it, for a while: what was there stays.
  test::WriteFile(dir_ / "c.pem", next.pem);
  EXPECT_TRUE(test::Eventually(seconds(10), [&] {
    return gateway_->err().find("the certificate is as before") != std::string::npos;
  })) << gateway_->err();
  EXPECT_TRUE(IsGood(made_));
  test::WriteFile(dir_ / "k.pem", next.key_pem);
  EXPECT_TRUE(test::Eventually(seconds(10), [&] { return IsGood(next); })) << gateway_->err();
  EXPECT_FALSE(IsGood(made_));
  EXPECT_NE(Live(&before).find("alive"), std::string::npos) << "who is there stays";
}

TEST_F(GatewayTls, AConnectionThatSaysNothingIsSmall) {
  constexpr int kCount = 300;
  std::vector<std::unique_ptr<TlsClient>> idle;
  idle.push_back(std::make_unique<TlsClient>(Connect(), made_.pem));
  const auto resident_kib = [&] {
    std::ifstream status("/proc/" + std::to_string(gateway_->pid()) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.rfind("VmRSS:", 0) == 0) return std::stod(line.substr(6));
    }
    return 0.0;
  };
  const double before = resident_kib();
  for (int i = 0; i < kCount; ++i) {
    idle.push_back(std::make_unique<TlsClient>(Connect(), made_.pem));
    EXPECT_NE(Live(idle.back().get()).find("alive"), std::string::npos);
  }
  const double each = (resident_kib() - before) / kCount;
  std::printf("%.1f KiB each\n", each);
  RecordProperty("kib_each", std::to_string(each));
  EXPECT_LT(each, 128);
}

TEST_F(GatewayProgram, AFileThatIsNoCertificateIsSaidAtTheStart) {
  const test::Certificate made = test::MakeCertificate("IP:127.0.0.1");
  test::WriteFile(dir_ / "c.pem", made.pem);
  test::WriteFile(dir_ / "other.pem", test::MakeCertificate("IP:127.0.0.1").key_pem);
  const auto start = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(),
                 {test::Program("lyceum-gateway"), "--demo", "--listen", "127.0.0.1:0"});
    const test::Ran ran = test::Run(flags);
    EXPECT_EQ(ran.code, 2) << ran.err;
    return ran.err;
  };
  EXPECT_NE(start({"--tls-cert", dir_ / "c.pem"}).find("name both --tls-cert and --tls-key"),
            std::string::npos);
  EXPECT_NE(start({"--tls-cert", dir_ / "c.pem", "--tls-key", dir_ / "other.pem"})
                .find("other.pem: is the key of another certificate"),
            std::string::npos);
  EXPECT_NE(start({"--tls-cert", dir_ / "none", "--tls-key", dir_ / "other.pem"})
                .find("none: cannot be read"),
            std::string::npos);
}

// At an address that this machine does not have: it warns before it looks.
TEST_F(GatewayProgram, WarnsWhereNothingHidesWhatCrossesTheNetwork) {
  test::WriteFile(dir_ / "secret", std::string(32, 's'));
  const auto warns = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(),
                 {test::Program("lyceum-gateway"), "--listen", "192.0.2.1:0", "--jwt-key-file",
                  dir_ / "secret", "--jwt-issuer", "https://id.example.org"});
    const test::Ran ran = test::Run(flags);
    EXPECT_NE(ran.code, 0);
    return ran.err.find("in the clear") != std::string::npos;
  };
  EXPECT_TRUE(warns({}));
  EXPECT_FALSE(warns({"--tls-at-proxy"}));
  const test::Certificate made = test::MakeCertificate("IP:127.0.0.1");
  test::WriteFile(dir_ / "c.pem", made.pem);
  test::WriteFile(dir_ / "k.pem", made.key_pem);
  EXPECT_FALSE(warns({"--tls-cert", dir_ / "c.pem", "--tls-key", dir_ / "k.pem"}));
  EXPECT_EQ(gateway_->err().find("in the clear"), std::string::npos) << "on loopback nothing";
}

}  // namespace
}  // namespace lyceum
