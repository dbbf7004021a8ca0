// Sessions: the way from a gateway to the sessions behind NATS. Links are its clients.
//
// A Link is one client (lyceum.out.<client>) of one learner's session, for one socket. It attaches, hands on
// what comes in the order of n, each message once, and asks again for what it sees missing, or was promised and does
// not come, one attach at a time; after a break of the connection to NATS it attaches again from what it has. Where there is no session
// yet it looks for one, ever more slowly, and attaches as soon as there is. Destroyed, it detaches.
//
// Gateways of one Lyceum also find each other through it, by their ids.
//
// One thread: that of the wire's loop. Everything here is bounded by the number of sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "envelope/events.h"
#include "envelope/messages.h"
#include "envelope/subjects.h"
#include "envelope/views.h"
#include "wire/stored_publisher.h"
#include "wire/wire.h"

namespace lyceum::gateway {

class Sessions;

class Link {
 public:
  // `json`: the message as it came. Views of it are valid until the call returns. It may destroy the link.
  using OnMessage =
      std::function<void(const envelope::ReceivedMessage& message, std::string_view json)>;

  // Attaches, and hands on everything after message after_n. `sessions` outlives it.
  Link(Sessions* sessions, UserId user, uint32_t after_n, OnMessage on_message);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  const UserId& user() const { return user_; }
  const ClientId& client() const { return client_; }
  uint32_t last_n() const { return last_n_; }
  // The session is known to be at message n: what of it does not come by itself is asked for again.
  void Expect(uint32_t n);
  bool attached() const { return attached_; }

 private:
  friend class Sessions;

  void Subscribe();
  void Attach();
  std::string AttachId() const;  // Of the last one.
  void OnData(const wire::Arrived& arrived);
  bool InOrder(uint32_t n);
  void Look();  // Whether there is a session by now.
  void OnConnected();
  bool waits() const { return attach_until_ms_ != 0 || look_at_ms_ != 0; }
  void Tick(int64_t now_ms);

  Sessions* const sessions_;
  const UserId user_;
  const ClientId client_;
  const OnMessage on_message_;
  wire::Wire::SubscriptionId subscription_ = 0;
  uint32_t last_n_;      // Handed on, or known to be gone.
  uint32_t seen_n_ = 0;  // The highest that came.
  bool attached_ = false;
  int64_t attach_until_ms_ =
      0;  // An attach, or what its answer promised, is on its way until then. 0: none.
  bool answered_ = false;    // The last attach.
  uint32_t attaches_ = 0;    // So far: part of their ids.
  uint32_t tries_ = 0;       // Without an answer.
  bool accept_gap_ = false;  // What is missing is not kept any more.
  int64_t look_at_ms_ = 0;   // 0: there is a session, as far as is known.
  int64_t look_wait_ms_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::list<Link*>::iterator in_list_;
};

class Sessions {
 public:
  // `wire` and `clock` outlive it. The wire's connection handler is its own from here on.
  Sessions(wire::Wire* wire, const Clock* clock, envelope::Subjects subjects);
  ~Sessions();

  // Stores an event of the learner in the log. `done` is called once, perhaps before this returns: with the
  // record's sequence; kRetry: not acked in time, or too many are on their way; kReject: refused for ever.
  using Stored = std::function<void(Result<uint64_t>)>;
  // `trace`: its traceparent, or empty.
  void Publish(const UserId& user, tutor::Event event, Stored done, std::string_view trace = {});
  // The view of a session as JSON; kRetry: nobody answers for it, also not after some seconds: a session moves
  // from one worker to another.
  using Seen = std::function<void(Result<envelope::SessionView>)>;
  void View(const UserId& user, uint32_t history_max, Seen done);

  // Under this id (a token) other gateways of the same Lyceum find this one: what one asks is answered at once, until
  // the answer is set anew, or to null.
  using Asked = std::function<std::string(std::string_view question)>;
  void AnswerGateways(const std::string& id, Asked answer);
  // Asks another one. An error: none of that id answers in time.
  void AskGateway(const std::string& id, const std::string& question,
                  std::function<void(Result<std::string>)> done);

  // The client that a learner's events are sent in the name of: that of their newest link here, else one that
  // nobody listens to and that is always the same, so that it is one of the eight at most once.
  ClientId ClientFor(const UserId& user) const;
  size_t links(const UserId& user) const;
  size_t links() const { return link_count_; }
  bool connected() const { return wire_->connected(); }

  void Tick();  // Every 100 ms or so.

 private:
  friend class Link;

  void OnConnected();
  void ListenToGateways();
  struct Question {
    UserId user;
    uint32_t history_max = 0;
    Seen done;
    int64_t give_up_ms = 0;  // Steady.
  };
  void Ask(Question question);
  void OnView(Question question, const Result<wire::Answer>& answer);
  void Register(Link* link);
  void Unregister(Link* link);

  wire::Wire* const wire_;
  const Clock* const clock_;
  const envelope::Subjects subjects_;
  wire::StoredPublisher publisher_;
  std::unordered_map<UserId, std::list<Link*>> by_user_;
  std::unordered_set<Link*> waiting_;  // All that wait for a time, and perhaps some that did.
  size_t link_count_ = 0;
  std::vector<Question> unanswered_;  // Nobody is there to answer; asked again with the next Tick.
  std::string gateway_id_;
  Asked asked_;  // Null: this is no gateway to others.
  wire::Wire::SubscriptionId asked_subscription_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace lyceum::gateway
