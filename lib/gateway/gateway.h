// Gateway: who may do what, and which convention answers. Transport and NATS are behind exchange.h and
// sessions.h; so this runs in tests without a socket.
//
//   GET  /v1/sessions/{id}                  what a learner may see of the session
//   GET  /v1/sessions/{id}/events?after=N   server-sent events, a ClientMessage each
//   POST /v1/sessions/{id}/events           an Event; 202 once JetStream has it
//   GET  /v1/sessions/{id}/ws?after=N       both, as a WebSocket
//   POST /v1/tickets                        a ticket that opens one socket (browsers can set no header there)
//   /api/chat ...                           the AI SDK's convention, see ai_sdk.h
//   POST /v1/ag-ui                          AG-UI, see ag_ui.h
//   GET  /v1/courses                        what a page may offer where its address names no course
//   GET  /livez /readyz                     for probes
//   POST /v1/demo/token                     in demo mode only: a token for whoever asks
//   GET  /...                               the learner's page
//
// The session of a request is the one of its token. {id} has to agree with it (`me` always does): any other id is
// answered as one that does not exist, whoever's it is. Every refusal is
// {"error": a sentence, "source": "gateway" | "session", "retryable": bool}.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/trace.h"
#include "gateway/exchange.h"
#include "gateway/pages.h"
#include "gateway/rates.h"
#include "gateway/sessions.h"
#include "gateway/target.h"
#include "gateway/token.h"

namespace lyceum::gateway {

// What a learner may begin.
struct CourseOffer {
  std::string course;  // Its id.
  std::string title;
};

struct Options {
  std::vector<Issuer> issuers;
  // Exact, as browsers send it: "https://learn.example.org". A request that names another origin is refused;
  // one that names none comes from no browser.
  std::vector<std::string> origins;
  // Demo mode: makes tokens itself, with this issuer (HS256), which is also one of `issuers`.
  std::optional<Issuer> demo;
  std::string demo_course;
  std::vector<CourseOffer> courses;
  double events_per_minute = 60;  // Of a user,
  double events_burst = 5;
  int sockets_per_user = 3;           // streams and WebSockets.
  double handshakes_per_minute = 20;  // Of an address: sockets and tickets.
  Tracer* tracer = nullptr;           // Makes a span of each event. Null: none.
};

struct Counters {
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> events{0};        // Stored.
  std::atomic<uint64_t> messages{0};      // To clients.
  std::atomic<uint64_t> sockets{0};       // Now.
  std::atomic<uint64_t> slow_clients{0};  // Closed because they did not read.
  std::atomic<uint64_t> timeouts{
      0};  // Closed because they did not finish a request, or answer a ping.
  // Refused, and why.
  std::atomic<uint64_t> refused_request{0};  // Not HTTP, no such route, bad body.
  std::atomic<uint64_t> refused_tls{0};      // It did not come to speak TLS with us.
  std::atomic<uint64_t> refused_size{0};  // A header, a body, a text or a transcript is too large.
  std::atomic<uint64_t> refused_token{0};
  std::atomic<uint64_t> refused_origin{0};
  std::atomic<uint64_t> refused_session{0};
  std::atomic<uint64_t> refused_rate{0};        // Of a learner's events.
  std::atomic<uint64_t> refused_sockets{0};     // More than a learner may have.
  std::atomic<uint64_t> refused_handshakes{0};  // Of an address; or too many tickets.
  std::atomic<uint64_t> refused_full{0};        // Connections, or large bodies, of all.
  std::atomic<uint64_t> refused_away{0};        // NATS or the session did not answer.
};

// A refusal as all of them are written.
Response Refusal(int status, std::string_view sentence, std::string_view source = "gateway",
                 bool retryable = false);
// That of an event which ReadEvent refused.
Response EventRefusal(int status, const Error& error);

class Gateway final : public Handler {
 public:
  // `sessions` and `clock` outlive it.
  Gateway(Sessions* sessions, const Clock* clock, Options options, Pages pages);
  ~Gateway() override;

  void Handle(Request request, Done done) override;
  size_t BodyBytesMax(std::string_view target) const override;
  Response Refuse(int status, std::string_view sentence) override;
  void Tick();      // Every 100 ms or so.
  void CloseAll();  // The sockets, so that their clients connect somewhere else.
  // From the next request on. Sockets that are open stay until their token ends.
  void SetIssuers(std::vector<Issuer> issuers) { issuers_ = std::move(issuers); }

  Counters& counters() { return counters_; }

 private:
  friend class LearnerPeer;
  struct Call;  // One request on its way through the routes.

  void Route(const std::shared_ptr<Call>& call);
  void RouteSession(const std::shared_ptr<Call>& call);
  void ServePage(const std::shared_ptr<Call>& call);
  void MakeDemoToken(const std::shared_ptr<Call>& call);
  void MakeTicket(const std::shared_ptr<Call>& call);
  void ShowSession(const std::shared_ptr<Call>& call);
  void ShowCourses(const std::shared_ptr<Call>& call);
  void PostEvent(const std::shared_ptr<Call>& call);
  void OpenSocket(const std::shared_ptr<Call>& call);
  void RouteAgUi(const std::shared_ptr<Call>& call);
  void RouteChat(const std::shared_ptr<Call>& call);
  void PostChat(const std::shared_ptr<Call>& call, bool streams);
  void ResumeChat(const std::shared_ptr<Call>& call, bool streams);
  void StopChat(const std::shared_ptr<Call>& call);

  bool CheckOrigin(const std::shared_ptr<Call>& call);
  bool Authorize(const std::shared_ptr<Call>& call, bool ticket_allowed);
  // Where the call has a ticket of another gateway: asks it, and goes on when it has answered.
  bool AskForTicket(const std::shared_ptr<Call>& call);
  void AnswerForTickets();  // To other gateways.
  bool AllowHandshake(const std::shared_ptr<Call>& call);
  bool AllowSocket(const std::shared_ptr<Call>& call);
  // That it is the session of the token.
  bool CheckSession(const std::shared_ptr<Call>& call, const std::string& id);
  void Fail(const std::shared_ptr<Call>& call, std::atomic<uint64_t>& counter, Response response);

  // An event that a learner sent, as JSON. kReject: why not. Takes its price off the user's rate.
  Result<tutor::Event> ReadEvent(const UserId& user, std::string_view json, int* status);
  Result<tutor::Event> ParseEvent(const UserId& user, std::string_view json, int* status);
  std::atomic<uint64_t>& CounterOf(int status);  // Of refusals.
  // `trace`: the traceparent of who sent it, if there is one.
  void Store(const UserId& user, tutor::Event event, std::string_view trace, Sessions::Stored done);

  Sessions* const sessions_;
  const Clock* const clock_;
  const Options options_;
  std::vector<Issuer> issuers_;  // Of the options, or set later.
  const Pages pages_;
  Counters counters_;
  Rates events_;
  Rates handshakes_;
  Tickets tickets_;
  std::string id_;  // By which other gateways find this one; a new one each time it starts.
  std::unordered_map<UserId, int> sockets_;
  std::multimap<int64_t, class LearnerPeer*> peers_;  // By the end of their tokens.
  std::unordered_set<class LearnerPeer*> ticking_;    // Those that asked for ticks.
};

}  // namespace lyceum::gateway
