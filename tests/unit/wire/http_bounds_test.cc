// Every bound of a transfer, and everything a server can do wrong.
#include <gtest/gtest.h>

#include <future>

#include "http_vocabulary.h"
#include "support/eventually.h"
#include "support/llm_server.h"

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
const std::string kOk = "HTTP/1.1 200 OK\r\n";

LlmServer::Options Silent() {
  LlmServer::Options options;
  options.answers = false;
  return options;
}
test::LlmScript Says(LlmReply reply) {
  return [reply](const LlmCall&) { return reply; };
}
LlmReply Text(const std::string& text, Trouble trouble = Trouble::kNone) {
  LlmReply reply;
  reply.text = text;
  reply.trouble = trouble;
  return reply;
}
HttpRequest To(const LlmServer& server) { return Post(server.url() + "/v1/messages", kStream); }

// Milliseconds that something took.
template <class F>
int64_t Took(F&& what) {
  const Deadline begun = Steady::now();
  what();
  return std::chrono::duration_cast<milliseconds>(Steady::now() - begun).count();
}

// Asks; it must fail like this, and not before `at_least_ms`, nor seconds later.
Read Fails(HttpClient& client, const HttpRequest& request, HttpFailure failure,
           int64_t at_least_ms = 0) {
  Read read;
  const int64_t took_ms = Took([&] { read = Ask(client, request); });
  EXPECT_EQ(read.failure, failure) << read.error.text;
  EXPECT_GE(took_ms, at_least_ms);
  EXPECT_LT(took_ms, at_least_ms + 3000);
  return read;
}

TEST(HttpBounds, SilentHandshakeIsConnect) {
  LlmServer server(Says({}), Silent());
  auto client = Client();
  HttpRequest request = Post("https" + server.url().substr(4) + "/secret-path");
  request.bounds.connect = milliseconds(200);
  const Read read = Fails(*client, request, HttpFailure::kConnect, 190);
  EXPECT_EQ(read.error.fault, Fault::kRetry);
}

TEST(HttpBounds, NoAnswerIsFirstByte) {
  LlmServer server(Says(Text("", Trouble::kNoFirstByte)));
  auto client = Client();
  HttpRequest request = To(server);
  request.bounds.first_byte = milliseconds(200);
  request.bounds.between_bytes = milliseconds(50);
  const Read read = Fails(*client, request, HttpFailure::kFirstByte, 200);
  EXPECT_EQ(read.error.fault, Fault::kRetry);
  EXPECT_TRUE(Eventually(seconds(2), [&] { return server.calls().at(0).closed_by_peer; }));
}

TEST(HttpBounds, SilenceInTheMiddleIsStalledAndWhatCameIsRead) {
  LlmServer server(Says(Text(std::string(100, 'x'), Trouble::kStall)));
  auto client = Client();
  HttpRequest request = To(server);
  request.bounds.between_bytes = milliseconds(200);
  const Read read = Fails(*client, request, HttpFailure::kStalled, 200);
  EXPECT_EQ(read.status, 200);
  EXPECT_NE(read.body.find("xxxx"), std::string::npos);
}

TEST(HttpBounds, SilenceInTheHeadIsStalled) {
  RawServer server([](RawServer::Peer& peer) {
    peer.ReadRequest();
    peer.Send(kOk + "Content-Type: text/plain\r\n");
    peer.WaitClosed();
  });
  auto client = Client();
  HttpRequest request = Post(server.url());
  request.bounds.between_bytes = milliseconds(100);
  Fails(*client, request, HttpFailure::kStalled, 100);
}

TEST(HttpBounds, SlowButSteadyIsWhole) {
  LlmReply reply = Text("a text of some length, in many small pieces");
  reply.gap = milliseconds(60);
  reply.piece_bytes = 4;
  LlmServer server(Says(reply));
  auto client = Client();
  HttpRequest request = To(server);
  request.bounds.between_bytes = milliseconds(300);
  EXPECT_FALSE(Ask(*client, request).failure);
}

TEST(HttpBounds, DripEndsAtTheDeadline) {
  LlmReply reply = Text(std::string(1000, 'x'), Trouble::kDrip);
  reply.gap = milliseconds(5);
  LlmServer server(Says(reply));
  auto client = Client();
  HttpRequest request = To(server);
  request.deadline = In(milliseconds(300));
  const Read read = Fails(*client, request, HttpFailure::kDeadline, 290);
  EXPECT_EQ(read.error.fault, Fault::kRetry);
  EXPECT_FALSE(read.body.empty());
}

TEST(HttpBounds, DeadlineInThePastIsKept) {
  LlmServer server(Says(Text("hello")));
  auto client = Client();
  HttpRequest request = To(server);
  request.deadline = Steady::now() - seconds(1);
  Fails(*client, request, HttpFailure::kDeadline);
  EXPECT_TRUE(Eventually(seconds(2), [&] { return client->counters().running == 0; }));
}

TEST(HttpBounds, CutIsCut) {
  for (const Trouble trouble :
       {Trouble::kCutInEvent, Trouble::kCutInCharacter, Trouble::kCutBeforeEnd}) {
    LlmServer server(Says(Text("some text that is cut", trouble)));
    auto client = Client();
    const Read read = Fails(*client, To(server), HttpFailure::kCut);
    EXPECT_EQ(read.error.fault, Fault::kRetry);
    EXPECT_EQ(read.status, 200);
    EXPECT_FALSE(read.body.empty());
  }
}

TEST(HttpBounds, WhatIsNotHttpIsCut) {
  const std::vector<std::string> answers = {
      "",
      "SSH-2.0-OpenSSH\r\n",
      "hello",
      "HTTP/1.1 999999 what\r\n\r\n",
      kOk + "Content-Length: 10\r\n\r\nshort",
      kOk + "Content-Length: -1\r\n\r\n",
      kOk + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
      kOk + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffffff\r\n",
      kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello"};
  for (const std::string& answer : answers) {
    RawServer server(Saying(answer));
    auto client = Client();
    const Read read = Ask(*client, Post(server.url()));
    EXPECT_EQ(read.failure, HttpFailure::kCut) << answer << ": " << read.error.text;
    EXPECT_EQ(read.error.fault, Fault::kRetry);
  }
}

TEST(HttpBounds, InterimResponsesFoldedLinesAndTrailersAreNotTheHead) {
  RawServer server(
      Saying("HTTP/1.1 100 Continue\r\nx-a: 1\r\n\r\n"
             "HTTP/1.1 103 Early Hints\r\nx-b: 1\r\n\r\n" +
             kOk +
             "x-c: one\r\n  two\r\nX-C: three\r\nTransfer-Encoding: chunked\r\n\r\n"
             "5\r\nhello\r\n0\r\nx-d: 1\r\n\r\n"));
  auto client = Client();
  HttpTransfer transfer = client->Begin(Post(server.url()));
  const auto head = Wait(transfer.Head());
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("x-a"), "");
  EXPECT_EQ(head->header("x-b"), "");
  EXPECT_EQ(head->header("x-c"), "one two");
  EXPECT_EQ(head->headers.size(), 3u);
  EXPECT_EQ(*Wait(transfer.ReadAll(100)), "hello");
  EXPECT_EQ(Wait(transfer.Head())->header("x-d"), "");
}

TEST(HttpBounds, HeadOverItsBoundIsTooLarge) {
  std::string many = kOk;
  for (int i = 0; i < 100; ++i) many += "x-header: 0123456789\r\n";
  const std::string one = kOk + "x-header: " + std::string(2000, 'x') + "\r\n";
  // Curl holds a line until it is whole: its own bound is the last.
  const std::string endless = kOk + "x-header: " + std::string(1'000'000, 'x');
  for (const std::string& head : {many, one, endless}) {
    RawServer server(Saying(head + "\r\n\r\n"));
    auto client = Client();
    HttpRequest request = Post(server.url());
    request.bounds.head_bytes_max = 1000;
    const Read read = Fails(*client, request, HttpFailure::kTooLarge);
    EXPECT_EQ(read.error.fault, Fault::kReject);
  }
}

TEST(HttpBounds, BodyOverItsBoundIsTooLarge) {
  for (const Trouble trouble : {Trouble::kHugeBody, Trouble::kHugeEvent}) {
    LlmServer server(Says(Text("text", trouble)));
    auto client = Client();
    HttpRequest request = To(server);
    request.bounds.body_bytes_max = 500'000;
    const Read read = Fails(*client, request, HttpFailure::kTooLarge);
    EXPECT_EQ(read.error.fault, Fault::kReject);
    EXPECT_EQ(read.body.size(), 500'000u);
    EXPECT_TRUE(Eventually(seconds(2), [&] { return server.open_connections() == 0; }));
  }
}

TEST(HttpBounds, BodyOfItsBoundIsWhole) {
  RawServer server(Saying(kOk + "Content-Length: 5\r\n\r\nhello"));
  auto client = Client();
  HttpRequest request = Post(server.url());
  request.bounds.body_bytes_max = 5;
  const Read fits = Ask(*client, request);
  EXPECT_EQ(fits.body, "hello");
  EXPECT_FALSE(fits.failure);
  request.bounds.body_bytes_max = 4;
  const Read over = Ask(*client, request);
  EXPECT_EQ(over.body, "hell");
  EXPECT_EQ(over.failure, HttpFailure::kTooLarge);
}

TEST(HttpBounds, ReadAllDropsTheRest) {
  for (const bool gzip : {false, true}) {
    LlmReply reply = Text("text", Trouble::kHugeBody);
    reply.gzip = gzip;
    LlmServer server(Says(reply));
    auto client = Client();
    HttpTransfer transfer = client->Begin(To(server));
    const auto body = Wait(transfer.ReadAll(1000));
    ASSERT_TRUE(body);
    EXPECT_EQ(body->size(), 1000u);
    EXPECT_EQ(*Wait(transfer.Read()), "");
    EXPECT_FALSE(transfer.failure());
    EXPECT_TRUE(Eventually(seconds(2), [&] { return server.open_connections() == 0; }));
  }
}

TEST(HttpBounds, CompressedBodyIsReadAsItComes) {
  LlmReply reply = Text("a text with ünïcödé in it");
  reply.gzip = true;
  reply.gap = milliseconds(200);
  reply.piece_bytes = 10;
  reply.write_bytes = 3;
  LlmServer server(Says(reply));
  auto client = Client();
  HttpTransfer transfer = client->Begin(To(server));
  const auto first = Wait(transfer.Read());
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->empty());
  EXPECT_EQ(first->find("message_stop"), std::string::npos);
  const auto rest = Wait(transfer.ReadAll(100'000));
  ASSERT_TRUE(rest);
  EXPECT_NE((*first + *rest).find("ün"), std::string::npos);
  EXPECT_TRUE((*first + *rest).ends_with("data: {\"type\":\"message_stop\"}\n\n"));
}

TEST(HttpBounds, CompressedBombIsTooLarge) {
  LlmReply reply = Text("text", Trouble::kHugeEvent);
  reply.gzip = true;
  LlmServer server(Says(reply));
  auto client = Client();
  HttpRequest request = To(server);
  request.bounds.body_bytes_max = 3'000'000;
  HttpTransfer transfer = client->Begin(request);
  size_t bytes = 0;
  while (const auto piece = Wait(transfer.Read())) {
    EXPECT_LE(piece->size(), 64u * 1024);
    bytes += piece->size();
  }
  EXPECT_EQ(transfer.failure(), HttpFailure::kTooLarge);
  EXPECT_EQ(bytes, 3'000'000u);
}

TEST(HttpBounds, CompressionThatIsWrongIsCut) {
  const std::string gzip("\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x4c", 12);  // Begins, and does not end.
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {"gzip", "not compressed at all"}, {"gzip", gzip}, {"br", "x"}, {"gzip, gzip", gzip}};
  for (const auto& [coding, body] : bodies) {
    RawServer server(Saying(kOk + "Content-Encoding: " + coding + "\r\nContent-Length: " +
                            std::to_string(body.size()) + "\r\n\r\n" + body));
    auto client = Client();
    EXPECT_EQ(Ask(*client, Post(server.url())).failure, HttpFailure::kCut) << coding;
  }
}

TEST(HttpBounds, StopEndsItBeforeTheHeadAndInTheMiddle) {
  for (const Trouble trouble : {Trouble::kNoFirstByte, Trouble::kStall}) {
    LlmServer server(Says(Text("some text", trouble)));
    auto client = Client();
    std::stop_source stop;
    HttpTransfer transfer = client->Begin(To(server), stop.get_token());
    if (trouble == Trouble::kStall) {
      ASSERT_TRUE(Wait(transfer.Head()));
    }
    ASSERT_TRUE(Eventually(seconds(5), [&] { return server.call_count() == 1; }));
    Read read;
    std::thread reader([&] { read = ReadWhole(transfer); });
    const int64_t took_ms = Took([&] {
      stop.request_stop();
      reader.join();
    });
    EXPECT_LT(took_ms, 1000);
    EXPECT_EQ(read.failure, HttpFailure::kStopped);
    EXPECT_EQ(read.error.fault, Fault::kReject);
    EXPECT_TRUE(Eventually(seconds(2), [&] { return server.calls().at(0).closed_by_peer; }));
    EXPECT_TRUE(Eventually(seconds(2), [&] { return server.open_connections() == 0; }));
  }
}

TEST(HttpBounds, StopBeforeTheBeginAndAfterTheEnd) {
  LlmServer server(Says(Text("some text")));
  auto client = Client();
  std::stop_source stop;
  HttpTransfer before = client->Begin(To(server), stop.get_token());
  EXPECT_FALSE(ReadWhole(before).failure);
  stop.request_stop();
  EXPECT_FALSE(before.failure());
  HttpTransfer after = client->Begin(To(server), stop.get_token());
  EXPECT_EQ(ReadWhole(after).failure, HttpFailure::kStopped);
}

TEST(HttpBounds, DestroyedTransferClosesItsConnectionSoon) {
  LlmServer server(Says(Text("some text", Trouble::kStall)));
  auto client = Client();
  constexpr int kRounds = 20;
  int64_t total_ms = 0;
  for (int i = 0; i < kRounds; ++i) {
    std::optional<HttpTransfer> transfer(client->Begin(To(server)));
    ASSERT_TRUE(Wait(transfer->Head()));
    total_ms += Took([&] {
      transfer.reset();
      EXPECT_TRUE(Eventually(seconds(2), [&] { return server.open_connections() == 0; }));
    });
  }
  EXPECT_LT(total_ms / kRounds, 50);
  EXPECT_EQ(client->counters().dropped, static_cast<uint64_t>(kRounds));
}

TEST(HttpBounds, FinishedTransferKeepsItsConnectionIfTheEndIsNear) {
  std::promise<void> finished;
  std::shared_future<void> go = finished.get_future().share();
  RawServer server([&](RawServer::Peer& peer) {
    while (!peer.ReadRequest().empty()) {
      peer.Send(kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
      go.wait();
      peer.Send("1\r\n!\r\n0\r\n\r\n");
    }
  });
  auto client = Client();
  {
    HttpTransfer transfer = client->Begin(Post(server.url()));
    EXPECT_EQ(*Wait(transfer.Read()), "hello");
    transfer.Finish();
    EXPECT_EQ(*Wait(transfer.Read()), "");
    EXPECT_FALSE(transfer.failure());
  }
  EXPECT_EQ(client->counters().running, 1u);
  finished.set_value();
  EXPECT_TRUE(Eventually(seconds(2), [&] { return client->counters().done == 1; }));
  EXPECT_EQ(Ask(*client, Post(server.url())).body, "hello!");
  EXPECT_EQ(server.connections(), 1u);
}

TEST(HttpBounds, FinishedTransferEndsAllTheSame) {
  for (const Trouble trouble : {Trouble::kStall, Trouble::kHugeBody}) {
    LlmServer server(Says(Text("some text", trouble)));
    auto client = Client();
    {
      HttpTransfer transfer = client->Begin(To(server));
      ASSERT_TRUE(Wait(transfer.Read()));
      transfer.Finish();
    }
    EXPECT_TRUE(Eventually(seconds(3), [&] { return server.open_connections() == 0; }));
    EXPECT_EQ(client->counters().dropped, 1u);
    EXPECT_EQ(client->counters().running, 0u);
  }
}

TEST(HttpBounds, ItsTimeCanBeMadeShorterButNotLonger) {
  LlmServer server(Says(Text("some text", Trouble::kStall)));
  auto client = Client();
  HttpRequest request = To(server);
  request.bounds.between_bytes = seconds(30);
  request.deadline = In(seconds(30));
  HttpTransfer transfer = client->Begin(request);
  ASSERT_TRUE(Wait(transfer.Read()));
  const Deadline begun = Steady::now();
  transfer.EndWithin(milliseconds(200));
  transfer.EndWithin(seconds(20));
  while (const auto piece = Wait(transfer.Read())) ASSERT_FALSE(piece->empty());
  EXPECT_EQ(transfer.failure(), HttpFailure::kDeadline);
  EXPECT_GE(Steady::now() - begun, milliseconds(150));
  EXPECT_LT(Steady::now() - begun, seconds(5));
}

TEST(HttpBounds, SlowReaderHoldsUpItsServerAndNobodyElse) {
  constexpr size_t kChunk = 64 * 1024;
  constexpr size_t kChunks = 512;
  std::atomic<size_t> sent{0};
  RawServer huge([&](RawServer::Peer& peer) {
    const int room = 64 * 1024;
    setsockopt(peer.fd(), SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    peer.ReadRequest();
    peer.Send(kOk + "Content-Length: " + std::to_string(kChunk * kChunks) + "\r\n\r\n");
    for (size_t i = 0; i < kChunks; ++i) {
      if (!peer.Send(std::string(kChunk, static_cast<char>('a' + i % 26)))) return;
      sent += kChunk;
    }
  });
  LlmServer other(Says(Text("hello")));
  auto client = Client();
  HttpRequest request = Post(huge.url());
  request.bounds.between_bytes = milliseconds(300);
  request.bounds.body_bytes_max = kChunk * kChunks;
  HttpTransfer transfer = client->Begin(request);
  ASSERT_TRUE(Wait(transfer.Head()));
  // Nothing is read, for longer than the other side may be silent: the silence is ours.
  size_t last = 0;
  int still = 0;
  EXPECT_TRUE(Eventually(seconds(10), [&] {
    EXPECT_FALSE(Ask(*client, To(other)).failure);
    still = sent == std::exchange(last, sent) ? still + 1 : 0;
    return still == 100;
  }));
  // What has left the server lies in the pipe and in the kernel's buffers.
  EXPECT_LT(sent, 12u << 20);
  size_t bytes = 0;
  size_t largest = 0;
  while (true) {
    const auto piece = Wait(transfer.Read());
    ASSERT_TRUE(piece) << piece.error().text;
    if (piece->empty()) break;
    for (size_t i = 0; i < piece->size(); ++i) {
      ASSERT_EQ((*piece)[i], static_cast<char>('a' + (bytes + i) / kChunk % 26));
    }
    bytes += piece->size();
    largest = std::max(largest, piece->size());
  }
  EXPECT_EQ(bytes, kChunk * kChunks);
  EXPECT_LE(largest, kHttpPipeBytesMax);
}

}  // namespace
}  // namespace lyceum::wire
