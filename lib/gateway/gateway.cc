#include "gateway/gateway.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.h"
#include "base/json_object.h"
#include "base/span_names.h"
#include "base/token.h"
#include "envelope/event_names.h"
#include "gateway/call.h"
#include "gateway/limits.h"
#include "gateway/native.h"
#include "tutor/limits.h"

namespace lyceum::gateway {
namespace {

constexpr char kNoSession[] = "There is no such session: use the id of your own, or `me`.";
constexpr uint32_t kHistoryShown = 200;
constexpr size_t kDemoNameBytesMax = 48;

bool IsJson(std::string_view content_type) {
  constexpr std::string_view kJson = "application/json";
  return content_type.substr(0, kJson.size()) == kJson &&
         (content_type.size() == kJson.size() || content_type[kJson.size()] == ';' ||
          content_type[kJson.size()] == ' ');
}

// The part of an origin, "http://host:port", behind the slashes.
std::string_view HostOf(std::string_view origin) {
  const size_t slashes = origin.find("://");
  return slashes == std::string_view::npos ? std::string_view() : origin.substr(slashes + 3);
}

// Of a header that is there twice, a program on the way may have looked at the other one.
bool SaysOnce(const Request& request) {
  constexpr std::array<std::string_view, 5> kOnce = {"host", "origin", "authorization",
                                                     "content-type", "last-event-id"};
  return std::all_of(kOnce.begin(), kOnce.end(), [&](std::string_view name) {
    return std::count_if(request.headers.begin(), request.headers.end(),
                         [&](const auto& header) { return header.first == name; }) <= 1;
  });
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Response Refusal(int status, std::string_view sentence, std::string_view source, bool retryable) {
  JsonObject body;
  body.Add("error", sentence).Add("source", source).Add("retryable", retryable);
  Response response{.status = status, .body = body.End()};
  if (retryable) response.headers.emplace_back("Retry-After", "1");
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

Gateway::Gateway(Sessions* sessions, const Clock* clock, Options options, Pages pages)
    : sessions_(sessions),
      clock_(clock),
      options_(std::move(options)),
      issuers_(options_.issuers),
      pages_(std::move(pages)),
      events_(options_.events_per_minute, options_.events_burst, kRatesKept),
      handshakes_(options_.handshakes_per_minute, options_.handshakes_per_minute, kRatesKept) {
  AnswerForTickets();
}

Gateway::~Gateway() {
  CHECK(peers_.empty());
  sessions_->AnswerGateways(id_, nullptr);
}

void Gateway::Tick() {
  // Those whose socket is closed go soon.
  const int64_t unix_ms = clock_->UnixMs();
  for (const auto& [expires_ms, peer] : peers_) {
    if (expires_ms > unix_ms) break;
    peer->CloseBecauseOver();
  }
  const int64_t steady_ms = clock_->SteadyMs();
  for (LearnerPeer* peer : ticking_) peer->Tick(steady_ms);
}

void Gateway::CloseAll() {
  for (const auto& [expires_ms, peer] : peers_) peer->CloseForRestart();
}

size_t Gateway::BodyBytesMax(std::string_view target) const {
  const bool whole_transcript =
      target.substr(0, 5) == "/api/" || target.substr(0, target.find('?')) == "/v1/ag-ui";
  return whole_transcript ? kLargeBodyBytesMax : kBodyBytesMax;
}

Response Gateway::Refuse(int status, std::string_view sentence) {
  ++(status == 503 ? counters_.refused_full : CounterOf(status));
  return Refusal(status, sentence, "gateway", status == 503 || status == 504 || status == 408);
}

std::atomic<uint64_t>& Gateway::CounterOf(int status) {
  switch (status) {
    case 413:
    case 431:
      return counters_.refused_size;
    case 429:
      return counters_.refused_rate;
    case 503:
    case 504:
      return counters_.refused_away;
    default:
      return counters_.refused_request;
  }
}

void Gateway::Fail(const std::shared_ptr<Call>& call, std::atomic<uint64_t>& counter,
                   Response response) {
  ++counter;
  call->Answer(std::move(response));
}

bool Gateway::CheckOrigin(const std::shared_ptr<Call>& call) {
  const std::string_view origin = call->request.header("origin");
  const auto& allowed = options_.origins;
  if (!origin.empty()) {
    if (std::find(allowed.begin(), allowed.end(), origin) == allowed.end()) {
      Fail(call, counters_.refused_origin,
           Refusal(403, "This origin may not use this gateway: its operator has to allow it."));
      return false;
    }
    call->allow_origin = origin;
  }
  if (!options_.demo) return true;
  // A page of somebody else whose name was made to point to this machine sends its own name.
  const std::string_view host = call->request.header("host");
  const bool ours = std::any_of(allowed.begin(), allowed.end(),
                                [&](const std::string& one) { return HostOf(one) == host; });
  if (ours) return true;
  Fail(call, counters_.refused_origin,
       Refusal(403, "In demo mode this gateway answers to its own address only."));
  return false;
}

void Gateway::Handle(Request request, Done done) {
  ++counters_.requests;
  const auto call = std::make_shared<Call>(Call{std::move(request), std::move(done), {}, {}, {}});
  auto target = ParseTarget(call->request.target);
  if (!target) {
    return Fail(call, counters_.refused_request,
                Refusal(400, "The address is not well formed: write a path and a query."));
  }
  call->target = *std::move(target);
  if (!SaysOnce(call->request)) {
    return Fail(call, counters_.refused_request,
                Refusal(400,
                        "Send each of the headers Host, Origin, Authorization, Content-Type and "
                        "Last-Event-ID once."));
  }
  if (!CheckOrigin(call)) return;
  if (!call->request.header("content-encoding").empty()) {
    return Fail(call, counters_.refused_request,
                Refusal(415, "Compressed bodies are not read: send it as it is."));
  }
  if (call->request.method == "OPTIONS" && !call->allow_origin.empty()) {
    Response response{.status = 204, .content_type = "", .body = ""};
    response.headers = {{"Access-Control-Allow-Methods", "GET, POST"},
                        {"Access-Control-Allow-Headers",
                         "Authorization, Content-Type, Last-Event-ID, User-Agent, traceparent"},
                        {"Access-Control-Max-Age", "600"}};
    return call->Answer(std::move(response));
  }
  Route(call);
}

void Gateway::Route(const std::shared_ptr<Call>& call) {
  const auto& path = call->target.path;
  const std::string& method = call->request.method;
  const bool get = method == "GET" || method == "HEAD";
  if (!get && method != "POST") {
    return Fail(call, counters_.refused_request, Refusal(405, "This gateway knows GET and POST."));
  }
  if (path.size() >= 3 && path[0] == "v1" && path[1] == "sessions") return RouteSession(call);
  if (path.size() >= 2 && path[0] == "api") return RouteChat(call);
  if (path == std::vector<std::string>{"v1", "ag-ui"} && !get) return RouteAgUi(call);
  if (path == std::vector<std::string>{"v1", "tickets"} && !get) return MakeTicket(call);
  if (path == std::vector<std::string>{"v1", "courses"} && get) return ShowCourses(call);
  if (path == std::vector<std::string>{"v1", "demo", "token"} && !get && options_.demo) {
    return MakeDemoToken(call);
  }
  if (path == std::vector<std::string>{"v1", "demo"} && get && options_.demo) {
    JsonObject body;
    body.Add("course", options_.demo_course);
    return call->Answer(Response{.body = body.End()});
  }
  if (path == std::vector<std::string>{"livez"} && get) {
    return call->Answer(Response{.content_type = "text/plain", .body = "alive\n"});
  }
  if (path == std::vector<std::string>{"readyz"} && get) {
    if (sessions_->connected()) {
      return call->Answer(Response{.content_type = "text/plain", .body = "ready\n"});
    }
    return Fail(call, counters_.refused_away,
                Refusal(503, "Not connected to NATS: try again in a second.", "gateway", true));
  }
  if (get) return ServePage(call);
  Fail(call, counters_.refused_request, Refusal(404, "There is nothing at this address."));
}

void Gateway::ServePage(const std::shared_ptr<Call>& call) {
  std::string path;
  for (const std::string& segment : call->target.path) path += "/" + segment;
  const Response* found = pages_.Find(path.empty() ? "/" : path);
  if (found == nullptr) {
    return Fail(call, counters_.refused_request, Refusal(404, "There is nothing at this address."));
  }
  const std::string_view known = call->request.header("if-none-match");
  if (!known.empty() && known == found->headers.front().second) {
    return call->Answer(
        Response{.status = 304, .content_type = "", .body = "", .headers = found->headers});
  }
  call->Answer(*found);
}

bool Gateway::AllowHandshake(const std::shared_ptr<Call>& call) {
  if (handshakes_.Allow(call->request.remote, clock_->SteadyMs())) return true;
  Fail(call, counters_.refused_handshakes,
       Refusal(429, "Too many connections from this address: try again in a minute.", "gateway",
               true));
  return false;
}

bool Gateway::Authorize(const std::shared_ptr<Call>& call, bool ticket_allowed) {
  const auto refuse = [&](std::string_view sentence) {
    Fail(call, counters_.refused_token, Refusal(401, sentence));
    return false;
  };
  const std::string ticket = call->target.QueryText("ticket");
  if (ticket_allowed && !ticket.empty()) {
    auto identity = tickets_.Use(ticket, clock_->SteadyMs());
    if (!identity) return refuse(kNoTicket);
    call->identity = *std::move(identity);
    return true;
  }
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view header = call->request.header("authorization");
  if (header.substr(0, kBearer.size()) != kBearer) {
    return refuse("Send a token: the header Authorization: Bearer with a JWT in it.");
  }
  const std::string token(header.substr(kBearer.size()));
  Error last = Reject("This gateway has no issuer of tokens.");
  for (const Issuer& issuer : issuers_) {
    Result<Identity> identity = CheckToken(issuer, token, clock_->UnixMs());
    if (identity) {
      call->identity = *std::move(identity);
      return true;
    }
    last = identity.error();
  }
  return refuse(last.text);
}

bool Gateway::CheckSession(const std::shared_ptr<Call>& call, const std::string& id) {
  if (id == "me" || id == call->identity.user.value || id == call->identity.name) return true;
  Fail(call, counters_.refused_session, Refusal(404, kNoSession));
  return false;
}

bool Gateway::AllowSocket(const std::shared_ptr<Call>& call) {
  const auto open = sockets_.find(call->identity.user);
  if (open == sockets_.end() || open->second < options_.sockets_per_user) return true;
  Fail(call, counters_.refused_sockets,
       Refusal(429, "You have as many connections as you may: close one first.", "gateway", true));
  return false;
}

void Gateway::RouteSession(const std::shared_ptr<Call>& call) {
  const auto& path = call->target.path;
  const bool get = call->request.method == "GET";
  const bool post = call->request.method == "POST";
  const bool socket = get && path.size() == 4 && (path[3] == "ws" || path[3] == "events");
  const bool known =
      (get && path.size() == 3) || socket || (post && path.size() == 4 && path[3] == "events");
  if (!known) {
    return Fail(call, counters_.refused_request, Refusal(404, "There is nothing at this address."));
  }
  if (socket && !AllowHandshake(call)) return;
  if (socket && AskForTicket(call)) return;
  if (!Authorize(call, socket)) return;
  if (!CheckSession(call, path[2])) return;
  if (socket) return OpenSocket(call);
  if (get) return ShowSession(call);
  PostEvent(call);
}

void Gateway::MakeDemoToken(const std::shared_ptr<Call>& call) {
  if (!IsJson(call->request.header("content-type"))) {
    return Fail(call, counters_.refused_request,
                Refusal(415, "Send JSON: Content-Type: application/json."));
  }
  const auto body = nlohmann::json::parse(call->request.body, nullptr, false);
  std::string learner;
  if (body.is_object() && body.contains("learner") && body["learner"].is_string()) {
    learner = body["learner"].get<std::string>();
  }
  if (learner.empty() || learner.size() > kDemoNameBytesMax || !ToToken(learner)) {
    return Fail(call, counters_.refused_request,
                Refusal(400, "Name the learner: {\"learner\": 1 to 48 bytes}."));
  }
  const int64_t expires = clock_->UnixMs() / 1000 + kTokenSecondsMax;
  JsonObject out;
  out.Add("token", MakeToken(*options_.demo, learner, expires)).Add("expires", expires);
  call->Answer(Response{.body = out.End()});
}

void Gateway::ShowSession(const std::shared_ptr<Call>& call) {
  sessions_->View(call->identity.user, kHistoryShown, [this, call](const auto& view) {
    if (!view) {
      return Fail(call, counters_.refused_away,
                  Refusal(503, "The session does not answer: try again.", "session", true));
    }
    if (!view->found) {
      return Fail(call, counters_.refused_session, Refusal(404, kNoSession));
    }
    call->Answer(Response{.body = LearnersView(view->json)});
  });
}

void Gateway::ShowCourses(const std::shared_ptr<Call>& call) {
  if (!Authorize(call, false)) return;
  nlohmann::json courses = nlohmann::json::array();
  for (const auto& [course, title] : options_.courses) {
    courses.push_back({{"course", course}, {"title", title}});
  }
  const nlohmann::json body = {{"courses", std::move(courses)}};
  call->Answer(
      Response{.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
}

Response EventRefusal(int status, const Error& error) {
  return Refusal(status, error.text, "gateway", error.fault == Fault::kRetry);
}

Result<tutor::Event> Gateway::ReadEvent(const UserId& user, std::string_view text, int* status) {
  Result<tutor::Event> event = ParseEvent(user, text, status);
  if (!event) ++CounterOf(*status);
  return event;
}

Result<tutor::Event> Gateway::ParseEvent(const UserId& user, std::string_view text, int* status) {
  *status = 429;
  if (!events_.Allow(user.value, clock_->SteadyMs())) {
    return Retry("Too many events: one a second, send it again in a second.");
  }
  *status = 400;
  Result<tutor::Event> event = envelope::EventFromJson(text);
  if (!event) return Reject("This is not an event: " + event.error().text);
  if (event->id.empty()) return Reject("An event needs an id of its own: send it again with one.");
  if (envelope::ClassOf(event->kind) != envelope::RecordClass::kUser) {
    *status = 403;
    return Reject("Learners send start, message, hint, skip, continue, stop and review.");
  }
  if (std::holds_alternative<tutor::Attach>(event->kind) ||
      std::holds_alternative<tutor::Detach>(event->kind)) {
    return Reject("The gateway attaches by itself: connect again with ?after=.");
  }
  const auto* message = std::get_if<tutor::UserMessage>(&event->kind);
  if (message != nullptr && message->text.size() > tutor::kLearnerTextBytesMax) {
    *status = 413;
    return Reject("A message has 16 KiB of text at most: send a shorter one.");
  }
  return event;
}

void Gateway::Store(const UserId& user, tutor::Event event, std::string_view trace,
                    Sessions::Stored done) {
  std::shared_ptr<Span> span;
  std::string own;
  if (options_.tracer != nullptr) {
    const std::string_view kind = envelope::NameOf(event.kind);
    span = std::make_shared<Span>(Tracer::Begin(options_.tracer->Under(trace), SpanKind::kProducer,
                                                "publish " + std::string(kind)));
    span->attributes = {{span_names::kEventKind, std::string(kind)}};
    own = Traceparent(span->context);
  } else if (ParseTraceparent(trace)) {
    own = trace;
  }
  sessions_->Publish(
      user, std::move(event),
      [this, span, done = std::move(done)](Result<uint64_t> stored) {
        ++(stored ? counters_.events : counters_.refused_away);
        if (span != nullptr) {
          if (stored)
            span->attributes.emplace_back(span_names::kSequence, static_cast<int64_t>(*stored));
          if (!stored) span->error = "not_stored";
          options_.tracer->End(std::move(*span));
        }
        done(std::move(stored));
      },
      own);
}

void Gateway::PostEvent(const std::shared_ptr<Call>& call) {
  if (!IsJson(call->request.header("content-type"))) {
    return Fail(call, counters_.refused_request,
                Refusal(415, "Send JSON: Content-Type: application/json."));
  }
  const UserId& user = call->identity.user;
  int status = 0;
  Result<tutor::Event> event = ReadEvent(user, call->request.body, &status);
  if (!event) return call->Answer(EventRefusal(status, event.error()));
  event->client = sessions_->ClientFor(user);
  const std::string id = event->id.value;
  const std::string_view trace = call->request.header("traceparent");
  Store(user, *std::move(event), trace, [call, id](const Result<uint64_t>& stored) {
    if (!stored) {
      const bool later = stored.error().fault == Fault::kRetry;
      return call->Answer(
          Refusal(later ? 503 : 400,
                  later ? "The event is not stored for certain: send it again with the same id."
                        : stored.error().text,
                  "session", later));
    }
    JsonObject body;
    body.Add("id", id).Add("sequence", *stored);
    call->Answer(Response{.status = 202, .body = body.End()});
  });
}

void Gateway::OpenSocket(const std::shared_ptr<Call>& call) {
  const bool web_socket = call->target.path[3] == "ws";
  std::string after(call->request.header("last-event-id"));
  if (after.empty()) after = call->target.QueryText("after");
  const auto after_n = ParseNumber(after.empty() ? "0" : after);
  if (!after_n) {
    return Fail(call, counters_.refused_request,
                Refusal(400, "`after` is the number of the last message that you have."));
  }
  if (web_socket && !call->request.upgrade) {
    return Fail(call, counters_.refused_request,
                Refusal(426, "This address is a WebSocket: connect with one."));
  }
  if (!AllowSocket(call)) return;
  if (web_socket) {
    return call->Answer(Upgrade{std::make_unique<SocketPeer>(this, SocketPeer::Kind::kWebSocket,
                                                             call->identity, *after_n)});
  }
  call->Answer(
      StreamStart{.content_type = "text/event-stream",
                  .headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}},
                  .keep_alive = ":\n\n",
                  .peer = std::make_unique<SocketPeer>(this, SocketPeer::Kind::kServerSentEvents,
                                                       call->identity, *after_n)});
}

}  // namespace lyceum::gateway
