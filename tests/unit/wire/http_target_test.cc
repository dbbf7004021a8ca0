// Which URLs may be asked, and by which way.
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>

#include "http_vocabulary.h"
#include "support/nats_server.h"

namespace lyceum::wire {
namespace {

// An environment variable for the length of a test.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    setenv(name, value.c_str(), 1);
  }
  ~Environment() { unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
};

TEST(HttpTarget, HttpsAndLoopbackMayBeAsked) {
  for (const std::string url :
       {"https://api.example.com/v1", "https://api.example.com:8443", "https://192.0.2.1/",
        "http://127.0.0.1:11434", "http://127.9.8.7/", "http://localhost:8080/v1",
        "http://LOCALHOST/", "http://[::1]:8080/", "HTTPS://API.EXAMPLE.COM", "https://x?a@b",
        "https://x/a@b", "http://127.1/"}) {
    EXPECT_EQ(UrlProblem(url, false), "") << url;
  }
}

TEST(HttpTarget, PlainHttpToOthersIsRefusedUnlessAllowed) {
  for (const std::string url :
       {"http://api.example.com/", "http://192.0.2.1/", "http://0.0.0.0/", "http://localhost.x/",
        "http://127.0.0.1.example.com/", "http://[::2]/", "http://[::ffff:127.0.0.1]/",
        "http://127.example.com/", "http://xlocalhost/", "http://128.0.0.1/",
        "http://2130706434.x/"}) {
    EXPECT_NE(UrlProblem(url, false), "") << url;
    EXPECT_EQ(UrlProblem(url, true), "") << url;
  }
}

TEST(HttpTarget, WhatIsNoUrlIsRefused) {
  for (const std::string& url : std::vector<std::string>{"",
                                                         "api.example.com",
                                                         "/v1/messages",
                                                         "ftp://x/",
                                                         "file:///etc/passwd",
                                                         "gopher://x/",
                                                         "https://",
                                                         "https:///v1",
                                                         "https://a b/",
                                                         "https://x/\r\nHost: y",
                                                         "https://x/\t",
                                                         std::string("https://x/\0y", 12),
                                                         "https://x:0/",
                                                         "https://x:99999/",
                                                         "https://x:y/",
                                                         "https://u@x/",
                                                         "https://u:p@x/",
                                                         "https://:p@x/",
                                                         "https://@x/",
                                                         "http://127.0.0.1@x/",
                                                         "https://x/\xc3\xa9",
                                                         "https://x/" + std::string(9000, 'a')}) {
    EXPECT_NE(UrlProblem(url, true), "") << url;
  }
}

TEST(HttpTarget, ProblemNeverQuotesPathOrPassword) {
  for (const std::string url : {"http://api.example.com/secret?key=secret", "https://u:secret@x/",
                                "secret://x/", "https://x:0/secret"}) {
    EXPECT_EQ(UrlProblem(url, false).find("secret"), std::string::npos) << url;
  }
}

TEST(HttpTarget, PlainHttpGoesThroughTheProxy) {
  std::promise<std::string> asked;
  RawServer proxy([&](RawServer::Peer& peer) {
    asked.set_value(peer.ReadRequest());
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  const Environment variable("HTTP_PROXY", proxy.url(""));
  auto client = Client();
  HttpRequest request = Post("http://model.invalid/v1");
  request.plain_http_allowed = true;
  EXPECT_EQ(Ask(*client, request).body, "ok");
  const std::string seen = asked.get_future().get();
  EXPECT_TRUE(seen.starts_with("POST http://model.invalid/v1 HTTP/1.1\r\n")) << seen;
}

TEST(HttpTarget, ProxyOfHttpsSeesNoKeyAndItsRefusalIsConnect) {
  std::promise<std::string> asked;
  RawServer proxy([&](RawServer::Peer& peer) {
    asked.set_value(peer.ReadRequest());
    peer.Send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
  });
  const Environment variable("HTTPS_PROXY",
                             "http://user:" + kKey + "@127.0.0.1:" + std::to_string(proxy.port()));
  auto client = Client();
  const Read read = Ask(*client, Post("https://model.invalid/secret-path"));
  EXPECT_EQ(read.failure, HttpFailure::kConnect) << read.error.text;
  EXPECT_EQ(read.error.text, "the proxy did not connect to model.invalid:443: status 407");
  const std::string seen = asked.get_future().get();
  EXPECT_TRUE(seen.starts_with("CONNECT model.invalid:443 HTTP/1.1\r\n")) << seen;
  EXPECT_EQ(seen.find("x-api-key"), std::string::npos);
  EXPECT_EQ(seen.find("secret-path"), std::string::npos);
}

TEST(HttpTarget, LoopbackAndNoProxyAreAskedDirectly) {
  RawServer proxy(Saying("HTTP/1.1 500 Wrong\r\nContent-Length: 0\r\n\r\n"));
  RawServer server(Saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  const Environment http("HTTP_PROXY", proxy.url(""));
  const Environment https("HTTPS_PROXY", proxy.url(""));
  const Environment none("NO_PROXY", ".invalid");
  auto client = Client();
  EXPECT_EQ(Ask(*client, Post(server.url())).body, "ok");
  // Longer than a label may be: known without asking a name server.
  const Read read = Ask(*client, Post("https://" + std::string(70, 'a') + ".invalid/"));
  EXPECT_EQ(read.failure, HttpFailure::kResolve) << read.error.text;
  EXPECT_EQ(proxy.connections(), 0u);
}

TEST(HttpTarget, DeadProxyIsNotTakenForTheHost) {
  const std::string where = "127.0.0.1:" + std::to_string(test::FreePort());
  const Environment https("HTTPS_PROXY", "http://" + where);
  auto client = Client();
  const Read read = Ask(*client, Post("https://model.invalid/"));
  EXPECT_EQ(read.failure, HttpFailure::kConnect);
  EXPECT_NE(read.error.text.find("proxy"), std::string::npos) << read.error.text;
}

}  // namespace
}  // namespace lyceum::wire
