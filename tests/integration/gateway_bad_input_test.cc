// What is no request, no event and no frame is refused with a status and a sentence, and nobody else feels it.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gateway_bytes.h"

namespace lyceum {
namespace {

TEST_F(GatewayProgram, BytesThatAreNotARequestAreRefusedAndNobodyElseFeelsIt) {
  const std::string host = "Host: " + Host() + "\r\n";
  const auto status = [&](const std::string& bytes) {
    const std::string answer = Ask(bytes);
    return answer.size() > 12 ? answer.substr(9, 3) : "none";
  };
  EXPECT_EQ(status("nonsense\r\n\r\n"), "400");
  EXPECT_EQ(status("GET / HTTP/9.9\r\n" + host + "\r\n"), "400");
  EXPECT_EQ(status("GET /\x01 HTTP/1.1\r\n" + host + "\r\n"), "400");
  EXPECT_EQ(status("GET /livez HTTP/1.1\r\n" + host + "Bad Header: x\r\n\r\n"), "400");
  EXPECT_EQ(status("POST /v1/tickets HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n"), "400");
  EXPECT_EQ(status("POST /v1/tickets HTTP/1.1\r\n" + host +
                   "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "400");
  EXPECT_EQ(
      status("POST /v1/tickets HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
      "400");
  EXPECT_EQ(status("GET /livez HTTP/1.1\r\n" + host + "X: " + std::string(9000, 'x') + "\r\n\r\n"),
            "431");
  EXPECT_EQ(status("POST /v1/tickets HTTP/1.1\r\n" + host + "Content-Length: 40000\r\n\r\n" +
                   std::string(40'000, 'x')),
            "413");
  EXPECT_EQ(status("TRACE /livez HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n"), "405");
  EXPECT_EQ(status("GET /../../etc/passwd HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n"),
            "400");
  EXPECT_EQ(status("GET /livez HTTP/1.1\r\nHost: evil.example.org\r\nConnection: close\r\n\r\n"),
            "403");
  EXPECT_EQ(status("GET /livez HTTP/1.1\r\n" + host +
                   "Origin: http://evil.example.org\r\nConnection: close\r\n\r\n"),
            "403");
  // Two at once are answered one after the other.
  const std::string two = Ask("GET /livez HTTP/1.1\r\n" + host + "\r\nGET /livez HTTP/1.1\r\n" +
                              host + "Connection: close\r\n\r\n");
  EXPECT_NE(two.find("alive"), two.rfind("alive"));
  EXPECT_TRUE(gateway_->running());
}

// What two programs on the way may read in two ways is read by none: where a body ends, and so what is the next request.
TEST_F(GatewayBounds, ARequestWhoseEndIsNotCertainIsRefusedAndNothingAfterItIsRead) {
  const std::string next = Head("GET /livez", "Connection: close\r\n");
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  const auto post = [&](const std::string& headers, const std::string& body) {
    return Head("POST /v1/tickets", headers) + body;
  };
  const std::vector<std::pair<std::string, std::string>> requests = {
      {"two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello")},
      {"a length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")},
      {"a list of lengths", post("Content-Length: 5, 5\r\n", "hello")},
      {"a signed length", post("Content-Length: +5\r\n", "hello")},
      {"a hexadecimal length", post("Content-Length: 0x5\r\n", "hello")},
      {"a length of two parts", post("Content-Length: 5 5\r\n", "hello")},
      {"a length beyond all numbers", post("Content-Length: 99999999999999999999\r\n", "hello")},
      {"a length and chunks", post("Content-Length: 5\r\n" + chunked, "0\r\n\r\n")},
      {"chunks and a length", post(chunked + "Content-Length: 5\r\n", "0\r\n\r\n")},
      {"an unknown coding", post("Transfer-Encoding: xchunked\r\n", "")},
      {"no coding", post("Transfer-Encoding: identity\r\n", "")},
      {"two codings", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")},
      {"a compressed coding", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
      {"two headers of codings", post(chunked + "Transfer-Encoding: identity\r\n", "0\r\n\r\n")},
      {"chunks twice", post(chunked + chunked, "0\r\n\r\n")},
      {"a space before the colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")},
      {"a control character before the coding", post("Transfer-Encoding: \x0b"
                                                     "chunked\r\n",
                                                     "0\r\n\r\n")},
      {"a chunk of a negative size", post(chunked, "-1\r\n\r\n")},
      {"a chunk with 0x", post(chunked, "0x5\r\nhello\r\n0\r\n\r\n")},
      {"a chunk beyond all numbers", post(chunked, "fffffffffffffffff\r\nhello\r\n0\r\n\r\n")},
      {"a chunk that is longer than it says", post(chunked, "5\r\nhello, \r\n0\r\n\r\n")},
      {"chunks of HTTP/1.0",
       "POST /v1/tickets HTTP/1.0\r\nHost: " + Host() + "\r\n" + chunked + "\r\n0\r\n\r\n"},
      {"a bare line feed", "POST /v1/tickets HTTP/1.1\nHost: " + Host() + "\n\n"},
      {"a NUL", Head("GET /livez", std::string("X: a\0b\r\n", 8))},
      {"two hosts", Head("GET /livez", "Host: " + Host() + "\r\n")},
      {"two tokens",
       Head("GET /v1/sessions/me", "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n")},
  };
  for (const auto& [name, bytes] : requests) {
    const std::string answer = Ask(bytes + next);
    EXPECT_EQ(Status(answer), "400") << name << "\n" << answer;
    if (name.substr(0, 3) == "two" && Answers(answer) == 2) continue;  // Its end is certain.
    EXPECT_EQ(Answers(answer), 1u) << name << "\n" << answer;
  }
  EXPECT_TRUE(Alive());
}

TEST_F(GatewayBounds, ACompressedBodyIsNotUnpacked) {
  Restart({});
  const std::string bomb("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  const std::string answer =
      Ask(Head("POST /v1/sessions/me/events",
               "Authorization: Bearer " + Bearer("bomb") +
                   "\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
                   "Connection: close\r\nContent-Length: 10\r\n") +
          bomb);
  EXPECT_EQ(Status(answer), "415") << answer;
  EXPECT_EQ(Refused("request"), 1);
}

TEST_F(GatewayFrames, FramesThatAreNotTheProtocolsCloseTheirSocketAlone) {
  Restart({});
  const int other = OpenSocket("other");
  ASSERT_GE(other, 0) << head_;
  const std::string hint = R"({"id":"h1","hint":{}})";
  EXPECT_EQ(CloseCodeAfter(Frame(kFin | kText, hint, false)), 1002) << "not masked";
  EXPECT_EQ(CloseCodeAfter(Frame(kFin | 0x40 | kText, hint)), 1002) << "compressed";
  EXPECT_EQ(CloseCodeAfter(Frame(kFin | 3, hint)), 1002) << "an opcode that is not one";
  EXPECT_EQ(CloseCodeAfter(Frame(kFin | kPing, std::string(126, 'x'))), 1002) << "a long ping";
  EXPECT_EQ(CloseCodeAfter(Frame(kPing, "x")), 1002) << "a part of a ping";
  EXPECT_EQ(CloseCodeAfter(Frame(kFin | kMore, hint)), 1002) << "the end of nothing";
  EXPECT_EQ(CloseCodeAfter(Frame(kText, "{") + Frame(kFin | kText, hint)), 1002)
      << "a text in another";
  EXPECT_EQ(CloseCodeAfter(Frame(kFin | kBinary, hint)), 1003);
  EXPECT_EQ(CloseCodeAfter(Frame(kFin | kText, "\xff\xfe")), 1007);
  EXPECT_EQ(CloseCodeAfter(Frame(kText, "\xe2\x82") + Frame(kFin | kMore, "x")), 1007)
      << "a character that goes wrong in the next part";
  EXPECT_EQ(CloseCodeAfter(Frame(kFin | kText, std::string(40'000, 'x'))), 1009);
  EXPECT_EQ(CloseCodeAfter(Frame(kText, std::string(30'000, 'x')) +
                           Frame(kFin | kMore, std::string(30'000, 'x'))),
            1009)
      << "too large in two parts";
  // Parts with a ping between them are one text; and one that is no event is answered, and the socket goes on.
  Send(other, Frame(kText, R"({"id":)") + Frame(kFin | kPing, "p") + Frame(kMore, R"("parts",)") +
                  Frame(kFin | kMore, R"("nonsense":1})") + Frame(kFin | kText, "[]"));
  ReadFrames(other, R"("id":"parts")");
  EXPECT_NE(texts_.back().find("refused"), std::string::npos) << texts_.back();
  EXPECT_NE(std::find(texts_.begin(), texts_.end(), "p"), texts_.end()) << "the pong";
  ReadFrames(other, "refused");
  EXPECT_EQ(Refused("request"), 2);
  close(other);
}

TEST_F(GatewayFrames, CompressionOfAWebSocketIsNotAgreedTo) {
  const int fd = OpenSocket("deflate", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  ASSERT_GE(fd, 0) << head_;
  EXPECT_EQ(head_.find("permessage-deflate"), std::string::npos) << head_;
  close(fd);
}

TEST_F(GatewayFrames, NothingThatALearnerSendsIsInTheLog) {
  Restart({"--log-level", "debug"});
  const std::string token = Bearer("canary-learner");
  const std::string bearer = "Authorization: Bearer " + token + "\r\n";
  const auto post = [&](const std::string& target, const std::string& body) {
    return Ask(
        Head("POST " + target, bearer +
                                   "Content-Type: application/json\r\nX-Canary: canary-header\r\n"
                                   "Connection: close\r\nContent-Length: " +
                                   std::to_string(body.size()) + "\r\n") +
        body);
  };
  EXPECT_EQ(Status(post("/v1/sessions/me/events",
                        R"({"id":"canary-id","message":{"text":"canary-text"}})")),
            "202");
  EXPECT_EQ(
      Status(post("/v1/sessions/me/events", R"({"id":"canary-id","message":{"canary-field":1}})")),
      "400");
  EXPECT_EQ(Status(post("/v1/sessions/canary-other/events", "canary-body")), "404");
  EXPECT_EQ(Status(post("/canary-path", "canary-body")), "404");
  EXPECT_EQ(Status(Ask("canary-nonsense\r\n\r\n")), "400");
  const std::string made = post("/v1/tickets", "");
  const std::string ticket = json::parse(made.substr(made.find("\r\n\r\n") + 4))["ticket"];
  EXPECT_EQ(Status(Ask(Head("GET /v1/sessions/me/ws?ticket=" + ticket, "Connection: close\r\n"))),
            "426");
  const int fd = OpenSocket("canary-learner");
  ASSERT_GE(fd, 0) << head_;
  Send(fd, Frame(kFin | kText, "canary-frame"));
  ReadFrames(fd, "refused");
  close(fd);
  gateway_->Terminate();
  EXPECT_EQ(gateway_->Wait(In(seconds(5))), 0);
  const std::string log = gateway_->err();
  EXPECT_NE(log.find("started"), std::string::npos);
  for (const std::string& secret : {std::string("canary"), token, ticket}) {
    EXPECT_EQ(log.find(secret), std::string::npos) << log;
  }
}

}  // namespace
}  // namespace lyceum
