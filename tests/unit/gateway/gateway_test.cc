#include "gateway_world.h"

namespace lyceum::gateway {
namespace {

constexpr char kHello[] = R"({"id": "e1", "message": {"text": "4"}})";

class GatewayTest : public GatewayWorld {};

TEST_F(GatewayTest, AnEventIsAcceptedOnceTheLogHasIt) {
  const Response response =
      AskForResponse(Make("POST", "/v1/sessions/ada/events", Token("ada"), kHello));
  EXPECT_EQ(response.status, 202) << response.body;
  EXPECT_EQ(json::parse(response.body)["sequence"], 1);
  EXPECT_EQ(Records("ada"), 1u);
  EXPECT_EQ(Record("ada", 0)["message"]["text"], "4");
}

// agent-framework #8140: what is sent again is not there twice.
TEST_F(GatewayTest, TheSameEventAgainIsTheSameRecord) {
  const auto post = [&] {
    return json::parse(
        AskForResponse(Make("POST", "/v1/sessions/me/events", Token("ada"), kHello)).body);
  };
  const json first = post();
  EXPECT_EQ(post(), first);
  EXPECT_EQ(Records("ada"), 1u);
}

TEST_F(GatewayTest, WithoutALogTheClientIsToldToSendItAgain) {
  broker_.StopServer();
  RunMs(100);
  const Response response =
      AskForResponse(Make("POST", "/v1/sessions/me/events", Token("ada"), kHello));
  EXPECT_EQ(response.status, 503);
  const json body = json::parse(response.body);
  EXPECT_EQ(body["source"], "session");
  EXPECT_EQ(body["retryable"], true);
  EXPECT_EQ(Status(Make("GET", "/readyz")), 503);
  EXPECT_EQ(Status(Make("GET", "/livez")), 200);
}

constexpr char kTraceparent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST_F(GatewayTest, TheCallersTraceIsHandedOnWhereItIsOne) {
  Request request = Make("POST", "/v1/sessions/me/events", Token("ada"), kHello);
  request.headers.emplace_back("traceparent", kTraceparent);
  EXPECT_EQ(Status(request), 202);
  EXPECT_EQ(Record("ada", 0)["trace"], kTraceparent);
  Request other = Make("POST", "/v1/sessions/me/events", Token("bob"), kHello);
  other.headers.emplace_back("traceparent", "what I wish");
  EXPECT_EQ(Status(other), 202);
  EXPECT_FALSE(Record("bob", 0).contains("trace"));
}

struct SpansKept : SpanSink {
  void Add(Span span) override { spans.push_back(std::move(span)); }
  std::vector<Span> spans;
  Tracer tracer{this, 1};
};
class TracedGateway : protected SpansKept, public GatewayWorld {
 protected:
  TracedGateway() : GatewayWorld(With(&tracer)) {}
  static Options With(Tracer* tracer) {
    Options options = DefaultOptions();
    options.tracer = tracer;
    return options;
  }
};

TEST_F(TracedGateway, AnEventHasASpanBelowItsCaller) {
  Request request = Make("POST", "/v1/sessions/me/events", Token("ada"), kHello);
  request.headers.emplace_back("traceparent", kTraceparent);
  EXPECT_EQ(Status(request), 202);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].name, "publish message");
  EXPECT_EQ(spans[0].kind, SpanKind::kProducer);
  EXPECT_EQ(spans[0].parent, ParseTraceparent(kTraceparent)->span);
  EXPECT_EQ(Record("ada", 0)["trace"], Traceparent(spans[0].context));
  EXPECT_EQ(Status(Make("POST", "/v1/sessions/me/events", Token("bob"), kHello)), 202);
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[1].parent, 0u);
}

TEST_F(TracedGateway, AnEventThatIsNotStoredSaysSo) {
  broker_.StopServer();
  RunMs(100);
  EXPECT_EQ(Status(Make("POST", "/v1/sessions/me/events", Token("ada"), kHello)), 503);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].error, "not_stored");
}

// agent-framework #6471: an id does not authorise.
TEST_F(GatewayTest, EachRouteRefusesWhoMayNot) {
  struct Route {
    std::string method;
    std::string path;
    std::string body;
    bool has_session;
  };
  const std::vector<Route> routes = {
      {"GET", "/v1/sessions/{}", "", true},
      {"GET", "/v1/sessions/{}/events", "", true},
      {"GET", "/v1/sessions/{}/ws", "", true},
      {"POST", "/v1/sessions/{}/events", kHello, true},
      {"POST", "/v1/tickets", "", false},
      {"GET", "/v1/courses", "", false},
      {"POST", "/api/chat",
       R"({"id":"{}","messages":[{"id":"u","role":"user","parts":[{"type":"text","text":"x"}]}]})",
       true},
      {"GET", "/api/chat/{}/stream", "", true},
      {"POST", "/api/chat/{}/stop", "", true},
      {"POST", "/v1/ag-ui",
       R"({"threadId":"{}","runId":"r","messages":[{"id":"u","role":"user","content":"x"}]})",
       true},
      {"POST", "/v1/ag-ui", R"({"threadId":"{}","runId":"r","messages":[]})", true},
  };
  Issuer other_audience = TestIssuer();
  other_audience.audience = "somebody-else";
  Issuer other_issuer = TestIssuer();
  other_issuer.issuer = "https://evil.example.org";
  Issuer other_key = TestIssuer();
  other_key.key = "another-secret-another-secret-another";
  const int64_t now_s = clock_.UnixMs() / 1000;
  AnswerQueries({{"found", true}, {"user", "bob"}});
  for (const Route& route : routes) {
    const auto request_for = [&](const std::string& id, const std::string& token) {
      const auto with_id = [&](std::string text) {
        if (const size_t at = text.find("{}"); at != std::string::npos) text.replace(at, 2, id);
        return text;
      };
      return Make(route.method, with_id(route.path), token, with_id(route.body));
    };
    const auto status = [&](const std::string& token, const std::string& origin = "") {
      RunMs(61'000);  // Rates are another test's matter.
      Request request = request_for("ada", token);
      if (!origin.empty()) request.headers.emplace_back("origin", origin);
      return Status(std::move(request));
    };
    SCOPED_TRACE(route.method + " " + route.path);
    EXPECT_EQ(status(""), 401);
    EXPECT_EQ(status("nonsense"), 401);
    EXPECT_EQ(status(Token("ada", -1)), 401);
    EXPECT_EQ(status(Token("ada", 3600)), 401);
    EXPECT_EQ(status(MakeToken(other_audience, "ada", now_s + 600)), 401);
    EXPECT_EQ(status(MakeToken(other_issuer, "ada", now_s + 600)), 401);
    EXPECT_EQ(status(MakeToken(other_key, "ada", now_s + 600)), 401);
    EXPECT_EQ(status(Token("ada"), "https://evil.example.org"), 403);
    if (!route.has_session) continue;
    const Response theirs = AskForResponse(request_for("bob", Token("ada")));
    const Response nobodys = AskForResponse(request_for("nobody", Token("ada")));
    EXPECT_EQ(theirs.status, 404);
    EXPECT_EQ(nobodys.status, theirs.status);
    EXPECT_EQ(nobodys.body, theirs.body);
    EXPECT_EQ(nobodys.headers, theirs.headers);
  }
  EXPECT_EQ(Records("ada") + Records("bob") + Records("nobody"), 0u);
}

TEST_F(GatewayTest, ASessionThatIsNotThereLooksLikeOneOfSomebodyElse) {
  AnswerQueries(json::object());
  const Response own = AskForResponse(Make("GET", "/v1/sessions/ada", Token("ada")));
  const Response theirs = AskForResponse(Make("GET", "/v1/sessions/bob", Token("ada")));
  EXPECT_EQ(own.status, 404);
  EXPECT_EQ(own.body, theirs.body);
  EXPECT_EQ(own.headers, theirs.headers);
}

TEST_F(GatewayTest, TheViewOfALearnerHasNothingOfTheMachinery) {
  AnswerQueries(json::parse(R"({"found": true, "user": "ada", "state": "awaiting_answer", "n": 7,
      "owner": "session-1", "clients": ["c"], "state_digest": "x",
      "syllabus": {"course": "fractions", "topic": "meaning", "queue": ["q2", "q3"]},
      "current_question": {"question": {"id": "q1", "text": "?"}, "hints_shown": 1,
                           "attempts": [{"answer": "4", "verdict": "incorrect", "error_id": "e"}]},
      "pending_calls": [{"id": "3-4-5", "tool": "check_answer"}],
      "history": [{"role": "learner", "text": "4", "kind": "message"},
                  {"role": "operator", "text": "secret", "kind": "end"}]})"));
  const Response response = AskForResponse(Make("GET", "/v1/sessions/me", Token("ada")));
  ASSERT_EQ(response.status, 200);
  const json view = json::parse(response.body);
  EXPECT_EQ(view["current_question"]["question"]["id"], "q1");
  EXPECT_EQ(view["busy"], true);
  EXPECT_EQ(view["history"].size(), 1u);
  for (const char* hidden :
       {"queue", "error_id", "owner", "clients", "digest", "secret", "3-4-5"}) {
    EXPECT_EQ(response.body.find(hidden), std::string::npos) << hidden;
  }
}

TEST_F(GatewayTest, WhatIsOfferedIsTold) {
  EXPECT_EQ(AskForResponse(Make("GET", "/v1/courses", Token("ada"))).body, R"({"courses":[]})");
  Options options = DefaultOptions();
  options.courses = {{"fractions", "Fractions \"from\" the start"}, {"algebra", "Algebra"}};
  gateway_ = std::make_unique<Gateway>(sessions_.get(), &clock_, std::move(options), Pages());
  EXPECT_EQ(json::parse(AskForResponse(Make("GET", "/v1/courses", Token("ada"))).body)["courses"],
            json::parse(R"([{"course": "fractions", "title": "Fractions \"from\" the start"},
                            {"course": "algebra", "title": "Algebra"}])"));
}

TEST_F(GatewayTest, BadEventsAreRefusedWithASentence) {
  const auto refused = [&](const std::string& body, int status) {
    RunMs(2'000);
    const Response response =
        AskForResponse(Make("POST", "/v1/sessions/me/events", Token("ada"), body));
    EXPECT_EQ(response.status, status) << body.substr(0, 80) << " " << response.body;
    const json said = json::parse(response.body);
    EXPECT_GT(said["error"].get<std::string>().size(), 20u);
    EXPECT_EQ(said["source"], "gateway");
    EXPECT_EQ(said["retryable"], false);
  };
  refused("{", 400);
  refused("[]", 400);
  refused("nonsense", 400);
  refused(R"({"message": {"text": "no id"}})", 400);
  refused(R"({"id": "e1"})", 400);
  refused(R"({"id": "e1", "message": {"text": "4", "colour": "red"}})", 400);
  refused("{\"id\": \"e1\", \"message\": {\"text\": \"\xff\"}}", 400);
  refused(R"({"id": "e1", "attach": {"after_n": 3}})", 400);
  refused(R"({"id": "e1", "force_skip": {}})", 403);
  refused(R"({"id": "e1", "goto_topic": {"topic": "t"}})", 403);
  refused(R"({"id": "e1", "supervise": {"draft": "3-1-1", "approve": {}}})", 403);
  refused(R"({"id": "e1", "message": {"text": ")" + std::string(17'000, 'x') + R"("}})", 413);
  EXPECT_EQ(Records("ada"), 0u);
}

TEST_F(GatewayTest, BadRequestsAreRefusedWithAStatus) {
  const std::string token = Token("ada");
  EXPECT_EQ(Status(Make("DELETE", "/v1/sessions/me", token)), 405);
  EXPECT_EQ(Status(Make("GET", "/v1/sessions/me/../bob", token)), 400);
  EXPECT_EQ(Status(Make("GET", "/v1/sessions/%2e%2e", token)), 400);
  EXPECT_EQ(Status(Make("GET", "/v1/sessions/me%00", token)), 400);
  EXPECT_EQ(Status(Make("GET", "/v1/sessions/me/other", token)), 404);
  EXPECT_EQ(Status(Make("POST", "/v1/sessions/me", token, "{}")), 404);
  EXPECT_EQ(Status(Make("GET", "/etc/passwd")), 404);
  EXPECT_EQ(Status(Make("GET", "http://other/livez")), 400);
  EXPECT_EQ(Status(Make("GET", "/v1/sessions/me/events?after=-1", token)), 400);
  EXPECT_EQ(Status(Make("GET", "/v1/sessions/me/ws", token)), 426);
  Request form = Make("POST", "/v1/sessions/me/events", token, kHello);
  form.headers.back().second = "text/plain";
  EXPECT_EQ(Status(std::move(form)), 415);
  Request zipped = Make("POST", "/v1/sessions/me/events", token, kHello);
  zipped.headers.emplace_back("content-encoding", "gzip");
  EXPECT_EQ(Status(std::move(zipped)), 415);
  EXPECT_EQ(Status(Make("POST", "/v1/demo/token", "", R"({"learner": "you"})")), 404);
}

TEST_F(GatewayTest, IssuersThatWereExchangedCountFromTheNextRequest) {
  Issuer next = TestIssuer();
  next.key = std::string(40, 'n');
  const std::string before = Token("ada");
  const std::string after = MakeToken(next, "ada", clock_.UnixMs() / 1000 + 600);
  EXPECT_EQ(Status(Make("POST", "/v1/tickets", before)), 201);
  EXPECT_EQ(Status(Make("POST", "/v1/tickets", after)), 401);
  gateway_->SetIssuers({next});
  EXPECT_EQ(Status(Make("POST", "/v1/tickets", before)), 401);
  EXPECT_EQ(Status(Make("POST", "/v1/tickets", after)), 201);
}

TEST_F(GatewayTest, ATicketOpensOneSocketOnce) {
  const auto ticket = [&] {
    const Response response = AskForResponse(Make("POST", "/v1/tickets", Token("ada")));
    EXPECT_EQ(response.status, 201);
    return json::parse(response.body)["ticket"].get<std::string>();
  };
  const std::string first = ticket();
  auto opened = Ask(Make("GET", "/v1/sessions/me/events?ticket=" + first));
  EXPECT_TRUE(opened && std::holds_alternative<StreamStart>(*opened));
  EXPECT_EQ(Status(Make("GET", "/v1/sessions/me/events?ticket=" + first)), 401);
  const std::string second = ticket();
  EXPECT_EQ(Status(Make("GET", "/v1/sessions/bob/events?ticket=" + second)), 404);
  const std::string third = ticket();
  RunMs(31'000);
  EXPECT_EQ(Status(Make("GET", "/v1/sessions/me/events?ticket=" + third)), 401);
  // Only sockets are opened by tickets.
  EXPECT_EQ(Status(Make("GET", "/v1/sessions/me?ticket=" + ticket())), 401);
}

// Behind a proxy that asks one after the other, a ticket comes to another gateway than the one that made it.
TEST_F(GatewayTest, ATicketIsGoodAtEachGatewayAndOnceInAll) {
  auto wire = broker_.Connect();
  Sessions sessions(wire.get(), &clock_, subjects_);
  auto other = std::make_unique<Gateway>(&sessions, &clock_, DefaultOptions(), Pages());
  ASSERT_TRUE(RunUntil([&] { return wire->connected(); }));
  wire->Flush();  // Now it can be asked.
  RunMs(50);
  const auto ask = [&](Gateway* gateway, Request request) {
    const auto answer = std::make_shared<std::optional<Answer>>();
    gateway->Handle(std::move(request), [answer](Answer given) { *answer = std::move(given); });
    EXPECT_TRUE(RunUntil([&] {
      wire->Flush();
      return answer->has_value();
    }));
    return std::move(*answer);
  };
  const auto ticket_of = [&](Gateway* gateway) {
    auto made = ask(gateway, Make("POST", "/v1/tickets", Token("ada")));
    return json::parse(std::get<Response>(*made).body)["ticket"].get<std::string>();
  };
  const auto opens = [&](Gateway* gateway, const std::string& ticket, const std::string& whose) {
    auto answer = ask(gateway, Make("GET", "/v1/sessions/" + whose + "/events?ticket=" + ticket));
    const auto* refusal = std::get_if<Response>(&*answer);
    return refusal == nullptr ? 200 : refusal->status;
  };
  const std::string first = ticket_of(other.get());
  EXPECT_EQ(opens(gateway_.get(), first, "me"), 200);
  EXPECT_EQ(opens(gateway_.get(), first, "me"), 401);
  EXPECT_EQ(opens(other.get(), first, "me"), 401);
  EXPECT_EQ(opens(gateway_.get(), ticket_of(other.get()), "bob"), 404) << "it is ada's";
  EXPECT_EQ(opens(other.get(), ticket_of(gateway_.get()), "ada"), 200);
  const std::string late = ticket_of(other.get());
  RunMs(31'000);
  EXPECT_EQ(opens(gateway_.get(), late, "me"), 401);
  const std::string lost = ticket_of(other.get());
  other.reset();
  EXPECT_EQ(opens(gateway_.get(), lost, "me"), 401) << "its gateway is gone";
  for (const char* wrong : {"a.b", "............", "aaaaaaaaaaaa.x", "aaaa%20aaaaaaa.x", "*.x",
                            "%3eaaaaaaaaaaa.x", "aaaaaa.aaaaa.x"}) {
    EXPECT_EQ(opens(gateway_.get(), wrong, "me"), 401) << wrong;
  }
}

TEST_F(GatewayTest, WhatSaysWhoAsksStandsInARequestOnce) {
  for (const char* name : {"host", "origin", "authorization", "content-type", "last-event-id"}) {
    Request request = Make("GET", "/v1/sessions/me", Token("ada"));
    const std::string value = std::string(name) == "origin" ? kOrigin : "x";
    request.headers.emplace_back(name, value);
    if (std::string(name) != "authorization") request.headers.emplace_back(name, value);
    EXPECT_EQ(Status(std::move(request)), 400) << name;
  }
}

TEST_F(GatewayTest, EachRefusalIsCountedUnderItsName) {
  Counters& counters = gateway_->counters();
  const auto hint = [&](const std::string& id) {
    return Status(Make("POST", "/v1/sessions/me/events", Token("ada"),
                       R"({"id": ")" + id + R"(", "hint": {}})"));
  };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(hint("e" + std::to_string(i)), 202);
  EXPECT_EQ(hint("e5"), 429);
  EXPECT_EQ(counters.refused_rate, 1u);
  RunMs(61'000);
  EXPECT_EQ(
      Status(Make("POST", "/v1/sessions/me/events", Token("ada"),
                  R"({"id": "long", "message": {"text": ")" + std::string(17'000, 'x') + R"("}})")),
      413);
  EXPECT_EQ(gateway_->Refuse(431, "too large").status, 431);
  EXPECT_EQ(counters.refused_size, 2u);
  EXPECT_EQ(gateway_->Refuse(503, "full").status, 503);
  EXPECT_EQ(counters.refused_full, 1u);
  std::vector<Answer> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(*Ask(Make("GET", "/v1/sessions/me/events", Token("ada"))));
  }
  EXPECT_EQ(Status(Make("GET", "/v1/sessions/me/events", Token("ada"))), 429);
  EXPECT_EQ(counters.refused_sockets, 1u);
  for (int i = 0; i < 20; ++i) (void)Ask(Make("GET", "/v1/sessions/me/events", Token("bob")));
  EXPECT_GE(counters.refused_handshakes, 4u);
  EXPECT_EQ(counters.refused_request + counters.refused_token + counters.refused_away, 0u);
}

TEST_F(GatewayTest, ALearnerHasSoManySocketsAndNoMore) {
  std::vector<Answer> open;
  for (int i = 0; i < 3; ++i) {
    auto answer = Ask(Make("GET", "/v1/sessions/me/events", Token("ada")));
    ASSERT_TRUE(answer && std::holds_alternative<StreamStart>(*answer));
    open.push_back(*std::move(answer));
  }
  const Response fourth = AskForResponse(Make("GET", "/v1/sessions/me/events", Token("ada")));
  EXPECT_EQ(fourth.status, 429);
  EXPECT_EQ(json::parse(fourth.body)["retryable"], true);
  open.pop_back();
  auto again = Ask(Make("GET", "/v1/sessions/me/events", Token("ada")));
  EXPECT_TRUE(again && std::holds_alternative<StreamStart>(*again));
  auto others = Ask(Make("GET", "/v1/sessions/me/events", Token("bob")));
  EXPECT_TRUE(others && std::holds_alternative<StreamStart>(*others));
}

TEST_F(GatewayTest, EventsHaveARate) {
  int stored = 0;
  for (int i = 0; i < 8; ++i) {
    const std::string body = R"({"id": "e)" + std::to_string(i) + R"(", "hint": {}})";
    const int status = Status(Make("POST", "/v1/sessions/me/events", Token("ada"), body));
    stored += status == 202 ? 1 : 0;
    EXPECT_TRUE(status == 202 || status == 429) << status;
  }
  EXPECT_EQ(stored, 5);
  EXPECT_EQ(Status(Make("POST", "/v1/sessions/me/events", Token("bob"), kHello)), 202);
  RunMs(1'100);
  EXPECT_EQ(Status(Make("POST", "/v1/sessions/me/events", Token("ada"), kHello)), 202);
}

TEST_F(GatewayTest, AnAddressHasARateOfHandshakes) {
  int refused = 0;
  for (int i = 0; i < 25; ++i) {
    auto answer = Ask(Make("GET", "/v1/sessions/me/events", Token("u" + std::to_string(i))));
    ASSERT_TRUE(answer);
    const auto* response = std::get_if<Response>(&*answer);
    if (response != nullptr && response->status == 429) ++refused;
  }
  EXPECT_GE(refused, 4);
  EXPECT_LE(refused, 5);
}

TEST_F(GatewayTest, AnOriginThatIsAllowedIsNamedInTheAnswer) {
  Request request = Make("OPTIONS", "/v1/sessions/me/events");
  request.headers.emplace_back("origin", kOrigin);
  const Response response = AskForResponse(std::move(request));
  EXPECT_EQ(response.status, 204);
  bool named = false;
  for (const auto& [name, value] : response.headers) {
    if (name == "Access-Control-Allow-Origin") named = value == kOrigin;
  }
  EXPECT_TRUE(named);
}

TEST_F(GatewayTest, ASocketEndsWithItsToken) {
  auto answer = Ask(Make("GET", "/v1/sessions/me/events", Token("ada", 100)));
  ASSERT_TRUE(answer && std::holds_alternative<StreamStart>(*answer));
  const auto socket = std::make_shared<FakeSocket>();
  std::get<StreamStart>(*answer).peer->OnOpen(socket);
  RunMs(90'000);
  EXPECT_EQ(socket->code, 0);
  RunMs(11'000);
  EXPECT_EQ(socket->code, 1008);
}

}  // namespace
}  // namespace lyceum::gateway
