#include "wire/http.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "http_vocabulary.h"
#include "support/eventually.h"
#include "support/llm_server.h"
#include "support/nats_server.h"

namespace lyceum::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Eventually;
using test::LlmCall;
using test::LlmReply;
using test::LlmServer;
using test::Trouble;

const std::string kStream = R"({"model":"m","stream":true})";

test::LlmScript Says(LlmReply reply) {
  return [reply](const LlmCall&) { return reply; };
}
LlmReply Text(const std::string& text, Trouble trouble = Trouble::kNone) {
  LlmReply reply;
  reply.text = text;
  reply.trouble = trouble;
  return reply;
}

size_t OpenDescriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

TEST(Http, RequestAndResponseArriveAsTheyAre) {
  LlmServer server(Says(Text("hello")));
  auto client = Client();
  HttpRequest request = Post(server.url() + "/v1/messages?a=b", R"({"model":"m"})");
  request.headers.emplace_back("x-empty", "");
  HttpTransfer transfer = client->Begin(request);
  const auto head = Wait(transfer.Head());
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("Content-TYPE"), "application/json");
  EXPECT_EQ(head->header("absent"), "");
  const auto body = Wait(transfer.ReadAll(100'000));
  ASSERT_TRUE(body);
  EXPECT_NE(body->find("hello"), std::string::npos);
  EXPECT_EQ(*Wait(transfer.Read()), "");
  EXPECT_FALSE(transfer.failure());

  const LlmCall call = server.calls().at(0);
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.path, "/v1/messages?a=b");
  EXPECT_EQ(call.body, request.body);
  EXPECT_EQ(call.header("x-api-key"), kKey);
  EXPECT_EQ(call.header("content-type"), "application/json");
  EXPECT_EQ(call.header("user-agent"), "lyceum");
  EXPECT_EQ(call.header("accept-encoding"), "gzip");
  EXPECT_EQ(call.header("expect"), "");
  EXPECT_EQ(std::count_if(call.headers.begin(), call.headers.end(),
                          [](const auto& header) { return header.first == "x-empty"; }),
            1);
}

TEST(Http, LargeBodyIsSentWithoutAsking) {
  LlmServer server(Says(Text("hello")));
  auto client = Client();
  const Read read = Ask(*client, Post(server.url() + "/v1/messages", std::string(3'000'000, ' ')));
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(server.calls().at(0).body.size(), 3'000'000u);
  EXPECT_EQ(server.calls().at(0).header("expect"), "");
}

TEST(Http, GetIsAsked) {
  LlmServer server(Says(Text("hello")));
  auto client = Client();
  HttpRequest request = Post(server.url() + "/v1/models", "");
  request.method = "GET";
  EXPECT_EQ(Ask(*client, request).status, 200);
  EXPECT_EQ(server.calls().at(0).method, "GET");
}

TEST(Http, ConnectionOfWholeResponseIsUsedAgain) {
  LlmServer server(Says(Text("hello")));
  auto client = Client();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Ask(*client, Post(server.url() + "/v1/messages", kStream)).status, 200);
  }
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_EQ(client->counters().connections, 1u);
  EXPECT_EQ(client->counters().done, 20u);
  EXPECT_EQ(client->counters().running, 0u);
}

TEST(Http, ConnectionThatWasClosedMeanwhileIsOpenedAnew) {
  // Each connection answers one request and closes when the second arrives.
  RawServer server([](RawServer::Peer& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    peer.ReadRequest();
  });
  auto client = Client();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Ask(*client, Post(server.url())).body, "ok");
  EXPECT_EQ(server.connections(), 3u);
}

TEST(Http, StatusIsNoFailure) {
  LlmReply reply = Text("", Trouble::kStatus);
  reply.status = 529;
  reply.retry_after = "7";
  LlmServer server(Says(reply));
  auto client = Client();
  HttpTransfer transfer = client->Begin(Post(server.url() + "/v1/messages"));
  const auto head = Wait(transfer.Head());
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 529);
  EXPECT_EQ(head->header("Retry-After"), "7");
  EXPECT_NE(Wait(transfer.ReadAll(10'000))->find("overloaded_error"), std::string::npos);
}

TEST(Http, RedirectIsNotFollowed) {
  LlmServer other(Says(Text("hello")));
  LlmReply reply = Text("", Trouble::kRedirect);
  reply.location = other.url() + "/v1/messages";
  LlmServer server(Says(reply));
  auto client = Client();
  HttpTransfer transfer = client->Begin(Post(server.url() + "/v1/messages"));
  const auto head = Wait(transfer.Head());
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 302);
  EXPECT_EQ(head->header("location"), reply.location);
  EXPECT_EQ(*Wait(transfer.Read()), "");
  EXPECT_EQ(other.connections(), 0u);
}

TEST(Http, TlsIsTrustedByItsFile) {
  LlmServer::Options tls;
  tls.tls = true;
  LlmServer server(Says(Text("hello")), tls);
  HttpClient::Options options;
  options.ca_file = server.ca_file();
  auto client = Client(options);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Ask(*client, Post(server.url() + "/v1/messages", kStream)).status, 200);
  }
  EXPECT_EQ(server.connections(), 1u);
}

TEST(Http, UnknownAuthorityIsTls) {
  LlmServer::Options tls;
  tls.tls = true;
  LlmServer server(Says(Text("hello")), tls);
  auto client = Client();
  const Read read = Ask(*client, Post(server.url() + "/v1/messages"));
  EXPECT_EQ(read.failure, HttpFailure::kTls);
  EXPECT_EQ(read.error.fault, Fault::kReject);
  EXPECT_EQ(server.call_count(), 0u);
}

TEST(Http, CertificateOfAnotherHostIsTls) {
  LlmServer::Options tls;
  tls.tls = true;
  tls.bad_certificate = true;
  LlmServer server(Says(Text("hello")), tls);
  HttpClient::Options options;
  options.ca_file = server.ca_file();
  auto client = Client(options);
  const Read read = Ask(*client, Post(server.url() + "/v1/messages"));
  EXPECT_EQ(read.failure, HttpFailure::kTls);
  EXPECT_EQ(read.error.fault, Fault::kReject);
  EXPECT_EQ(server.call_count(), 0u);
}

TEST(Http, TlsToAPlainServerIsTls) {
  RawServer server([](RawServer::Peer& peer) {
    char first = 0;
    if (recv(peer.fd(), &first, 1, 0) == 1) peer.Send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  auto client = Client();
  const Read read = Ask(*client, Post("https" + server.url().substr(4)));
  EXPECT_EQ(read.failure, HttpFailure::kTls) << read.error.text;
}

TEST(Http, DeadPortIsConnectAndSaysWhere) {
  auto client = Client();
  const std::string where = "127.0.0.1:" + std::to_string(test::FreePort());
  const Read read = Ask(*client, Post("http://" + where + "/secret-path"));
  EXPECT_EQ(read.failure, HttpFailure::kConnect);
  EXPECT_EQ(read.error.fault, Fault::kRetry);
  EXPECT_EQ(read.error.text, "nobody listens at " + where);
}

TEST(Http, NameThatIsNoneIsResolve) {
  auto client = Client();
  // Longer than a label may be: known without asking a name server.
  const Read read = Ask(*client, Post("https://" + std::string(70, 'a') + ".invalid/secret-path"));
  EXPECT_EQ(read.failure, HttpFailure::kResolve) << read.error.text;
  EXPECT_EQ(client->counters().connections, 0u);
}

TEST(Http, EgressRulesAreKeptBeforeAnythingIsSent) {
  auto client = Client();
  for (const std::string url :
       {"http://model.invalid/", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/",
        "http://127.0.0.1/a b", "http://127.0.0.1/\r\nHost: x", ""}) {
    const Read read = Ask(*client, Post(url));
    EXPECT_EQ(read.failure, HttpFailure::kUrl) << url;
    EXPECT_EQ(read.error.fault, Fault::kReject) << url;
  }
  EXPECT_EQ(client->counters().connections, 0u);
  EXPECT_EQ(client->counters().failed, 6u);
}

TEST(Http, HeaderThatWouldBeTwoIsRefused) {
  LlmServer server(Says(Text("hello")));
  auto client = Client();
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"x-key", "a\r\nx-other: b"}, {"x-key", "a\nb"}, {"x-key", std::string("a\0b", 3)},
      {"x-key: a\r\nx-other", "b"}, {"", "a"},         {"x key", "a"},
      {"Content-Length", "0"},      {"host", "other"}, {"Transfer-Encoding", "chunked"}};
  for (const auto& header : bad) {
    HttpRequest request = Post(server.url() + "/v1/messages");
    request.headers.push_back(header);
    EXPECT_EQ(Ask(*client, request).failure, HttpFailure::kUrl) << header.first;
  }
  EXPECT_EQ(server.connections(), 0u);
}

TEST(Http, TwoHundredAtOnce) {
  LlmReply reply = Text(std::string(4000, 'x'));
  reply.before = milliseconds(100);
  reply.gap = milliseconds(1);
  reply.piece_bytes = 100;
  LlmServer server(Says(reply));
  auto client = Client();
  std::vector<HttpTransfer> transfers;
  for (int i = 0; i < 200; ++i) {
    transfers.push_back(client->Begin(Post(server.url() + "/v1/messages", kStream)));
  }
  EXPECT_TRUE(Eventually(seconds(10), [&] { return server.call_count() == 200; }));
  size_t bytes = 0;
  for (HttpTransfer& transfer : transfers) {
    const Read read = ReadWhole(transfer);
    EXPECT_EQ(read.status, 200) << read.error.text;
    if (bytes == 0) bytes = read.body.size();
    EXPECT_EQ(read.body.size() / 10, bytes / 10);  // Its number has one to three digits.
  }
  EXPECT_EQ(client->counters().done, 200u);
}

TEST(Http, NoRoomForOneMoreIsClosed) {
  LlmServer server(Says(Text("", Trouble::kNoFirstByte)));
  HttpClient::Options options;
  options.transfers_max = 2;
  auto client = Client(options);
  {
    HttpTransfer first = client->Begin(Post(server.url() + "/v1/messages"));
    HttpTransfer second = client->Begin(Post(server.url() + "/v1/messages"));
    const Read third = Ask(*client, Post(server.url() + "/v1/messages"));
    EXPECT_EQ(third.failure, HttpFailure::kClosed);
    EXPECT_EQ(third.error.fault, Fault::kRetry);
  }
  EXPECT_TRUE(Eventually(seconds(5), [&] { return client->counters().running == 0; }));
  EXPECT_EQ(client->counters().dropped, 2u);
  HttpTransfer fourth = client->Begin(Post(server.url() + "/v1/messages"));
  EXPECT_TRUE(Eventually(seconds(5), [&] { return server.call_count() >= 1; }));
  EXPECT_FALSE(fourth.failure());
}

TEST(Http, ClientThatEndsFailsWhatRuns) {
  LlmServer server(Says(Text("some text to be cut", Trouble::kStall)));
  auto client = Client();
  std::vector<HttpTransfer> transfers;
  for (int i = 0; i < 20; ++i) {
    transfers.push_back(client->Begin(Post(server.url() + "/v1/messages", kStream)));
  }
  EXPECT_TRUE(Eventually(seconds(5), [&] { return server.call_count() == 20; }));
  client.reset();
  for (HttpTransfer& transfer : transfers) {
    const Read read = ReadWhole(transfer);
    EXPECT_EQ(read.failure, HttpFailure::kClosed);
    EXPECT_EQ(read.error.fault, Fault::kRetry);
  }
  EXPECT_TRUE(Eventually(seconds(5), [&] { return server.open_connections() == 0; }));
}

TEST(Http, ManyInFlightLeaveRoomForTheConnectionsThatAreKept) {
  constexpr size_t kSilent = 4;
  LlmServer server([](const LlmCall& call) {
    return Text("text", call.number <= kSilent ? Trouble::kNoFirstByte : Trouble::kNone);
  });
  HttpClient::Options options;
  options.connections_kept_max = 2;
  auto client = Client(options);
  std::vector<HttpTransfer> silent;
  for (size_t i = 0; i < kSilent; ++i) {
    silent.push_back(client->Begin(Post(server.url() + "/v1/messages", kStream)));
  }
  ASSERT_TRUE(Eventually(seconds(10), [&] { return server.call_count() == kSilent; }));
  for (int i = 0; i < 3; ++i) {
    HttpTransfer transfer = client->Begin(Post(server.url() + "/v1/messages", kStream));
    ReadWhole(transfer);
  }
  EXPECT_EQ(server.connections(), kSilent + 1);
}

TEST(Http, NoDescriptorIsLeaked) {
  constexpr int kTransfers = 2000;
  constexpr int kAskers = 8;
  constexpr size_t kKept = 4;
  constexpr size_t kClientsOwn = 8;  // epoll, eventfd, and what curl wakes itself with.
  constexpr std::array<Trouble, 8> kMix = {
      Trouble::kNone,     Trouble::kStatus,      Trouble::kStall,    Trouble::kCutInEvent,
      Trouble::kHugeBody, Trouble::kNoFirstByte, Trouble::kRedirect, Trouble::kNotStreamed};
  LlmServer server([&](const LlmCall& call) {
    return Text("twenty bytes of text", kMix[call.number % kMix.size()]);
  });
  const size_t before = OpenDescriptors();
  {
    HttpClient::Options options;
    options.connections_kept_max = kKept;
    auto client = Client(options);
    std::vector<std::thread> askers;
    for (int asker = 0; asker < kAskers; ++asker) {
      askers.emplace_back([&] {
        for (int i = 0; i < kTransfers / kAskers; ++i) {
          HttpRequest request = Post(server.url() + "/v1/messages", kStream);
          request.bounds.first_byte = milliseconds(50);
          request.bounds.between_bytes = milliseconds(50);
          request.bounds.body_bytes_max = 100'000;
          std::stop_source stop;
          HttpTransfer transfer = client->Begin(request, stop.get_token());
          if (i % 4 == 0) continue;  // Dropped at once.
          if (i % 4 == 1) static_cast<void>(Wait(transfer.Head()));
          if (i % 4 == 2) stop.request_stop();
          if (i % 4 == 3) ReadWhole(transfer);
        }
      });
    }
    for (std::thread& asker : askers) asker.join();
    EXPECT_TRUE(Eventually(seconds(20), [&] { return client->counters().running == 0; }));
    const HttpClient::Counters counters = client->counters();
    EXPECT_EQ(counters.begun, static_cast<uint64_t>(kTransfers));
    EXPECT_EQ(counters.done + counters.failed + counters.dropped, counters.begun);
    EXPECT_GT(counters.done, 0u);
    EXPECT_GT(counters.failed, 0u);
    EXPECT_GT(counters.dropped, 0u);
    // Both ends of what is kept.
    EXPECT_TRUE(Eventually(seconds(10),
                           [&] { return OpenDescriptors() <= before + 2 * kKept + kClientsOwn; }))
        << OpenDescriptors() << " are open, " << before << " were";
  }
  EXPECT_TRUE(Eventually(seconds(10), [&] { return server.open_connections() == 0; }));
  EXPECT_EQ(OpenDescriptors(), before);
}

}  // namespace
}  // namespace lyceum::wire
