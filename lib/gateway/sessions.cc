#include "gateway/sessions.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "base/base64url.h"
#include "base/check.h"
#include "base/hash.h"
#include "gateway/limits.h"

namespace lyceum::gateway {
namespace {

constexpr int64_t kAttachMs = 2'000;     // Without an answer it is sent again,
constexpr uint32_t kTriesBeforeGap = 3;  // and then what is missing is given up.
constexpr int64_t kLookFirstMs = 500;
constexpr int64_t kLookMaxMs = 8'000;
constexpr size_t kUnansweredMax = 10'000;  // Views that nobody is there to answer yet.
constexpr char kJson[] = "application/json";

ClientId FreshClient() {
  std::array<char, 12> bytes;
  CHECK(getentropy(bytes.data(), bytes.size()) == 0);
  return ClientId("w" + EncodeBase64Url({bytes.data(), bytes.size()}));
}

std::string Hex(uint64_t number) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[(number >> shift) & 15];
  return text;
}

}  // namespace

Link::Link(Sessions* sessions, UserId user, uint32_t after_n, OnMessage on_message)
    : sessions_(sessions),
      user_(std::move(user)),
      client_(FreshClient()),
      on_message_(std::move(on_message)),
      last_n_(after_n) {
  sessions_->Register(this);
  if (sessions_->wire_->connected()) OnConnected();
}

Link::~Link() {
  sessions_->Unregister(this);
  sessions_->wire_->Unsubscribe(subscription_);
  if (attaches_ == 0) return;
  sessions_->Publish(
      user_, {.id = EventId(client_.value + "-d"), .client = client_, .kind = tutor::Detach{}},
      [](const Result<uint64_t>&) {});
}

std::string Link::AttachId() const { return client_.value + "-" + std::to_string(attaches_); }

void Link::OnConnected() {
  Subscribe();
  attach_until_ms_ = 0;  // What was on its way may have gone with the connection.
  Attach();
}

void Link::Subscribe() {
  auto subscribed =
      sessions_->wire_->Subscribe(sessions_->subjects_.Out(client_), "",
                                  [this](const wire::Arrived& arrived) { OnData(arrived); });
  subscription_ = subscribed ? *subscribed : 0;
}

void Link::Attach() {
  if (attach_until_ms_ != 0) return;
  attach_until_ms_ = sessions_->clock_->SteadyMs() + kAttachMs * (1 + std::min(tries_, 4u));
  sessions_->waiting_.insert(this);
  answered_ = false;
  ++attaches_;
  sessions_->Publish(user_,
                     {.id = EventId(AttachId()), .client = client_, .kind = tutor::Attach{last_n_}},
                     [](const Result<uint64_t>&) {});  // An answer or the time tells.
}

void Link::Expect(uint32_t n) {
  seen_n_ = std::max(seen_n_, n);
  if (attach_until_ms_ != 0 || last_n_ >= seen_n_) return;
  attach_until_ms_ = sessions_->clock_->SteadyMs() + kAttachMs;
  sessions_->waiting_.insert(this);
}

bool Link::InOrder(uint32_t n) {
  if (n == 0) return true;
  seen_n_ = std::max(seen_n_, n);
  if (n <= last_n_) return false;
  if (n > last_n_ + 1 && !accept_gap_) {
    if (answered_) attach_until_ms_ = 0;  // That one's answer ends before n.
    Attach();
    return false;  // It comes again.
  }
  last_n_ = n;
  if (last_n_ < seen_n_) return true;
  accept_gap_ = false;
  if (answered_) attach_until_ms_ = tries_ = 0;
  return true;
}

void Link::OnData(const wire::Arrived& arrived) {
  const auto message = envelope::DecodeClientMessage(
      arrived.data, envelope::EncodingOf(arrived.content_type, arrived.data));
  if (!message || message->user != user_) return;
  const auto* error = std::get_if<tutor::ErrorOut>(&message->message.body);
  if (!message->is_delta && !message->is_retract) {
    if (const auto* resumed = std::get_if<tutor::ResumedOut>(&message->message.body)) {
      // A client that claims to have more than there is would wait for ever. Only our present attach says so:
      // an earlier answer may come once more, after a crash of its sender.
      const bool ours = message->message.in_reply_to.value == AttachId();
      if (ours && resumed->last_n < last_n_) last_n_ = resumed->last_n;
      if (resumed->first_n > 0)
        last_n_ = std::max(last_n_, resumed->first_n - 1);  // Gone for good.
      attached_ = true;
      look_at_ms_ = 0;
      if (ours && !answered_) {
        answered_ = true;
        seen_n_ = last_n_;
        attach_until_ms_ = 0;
        Expect(resumed->last_n);
        if (attach_until_ms_ == 0) tries_ = 0;
      }
    } else if (error != nullptr && error->code == "no_session" && message->message.n == 0) {
      attach_until_ms_ = 0;
      if (look_at_ms_ == 0) {
        look_wait_ms_ = kLookFirstMs;
        look_at_ms_ = sessions_->clock_->SteadyMs() + look_wait_ms_;
        sessions_->waiting_.insert(this);
      }
    } else if (message->message.n > 0) {
      attached_ = true;
      look_at_ms_ = 0;
    }
  }
  if (!InOrder(message->message.n)) return;
  on_message_(*message, arrived.data);  // Nothing after it: it may have destroyed us.
}

void Link::Look() {
  look_wait_ms_ = std::min(look_wait_ms_ * 2, kLookMaxMs);
  look_at_ms_ = sessions_->clock_->SteadyMs() + look_wait_ms_;
  sessions_->View(user_, 1, [this, alive = std::weak_ptr<char>(alive_)](const auto& view) {
    if (alive.expired() || look_at_ms_ == 0) return;
    if (view && view->found) Attach();
  });
}

void Link::Tick(int64_t now_ms) {
  if (look_at_ms_ != 0 && now_ms >= look_at_ms_) Look();
  if (attach_until_ms_ == 0 || now_ms < attach_until_ms_) return;
  attach_until_ms_ = 0;
  if (answered_ && accept_gap_) {  // Promised each time, and it never came.
    last_n_ = seen_n_;
    accept_gap_ = false;
    tries_ = 0;
    return;
  }
  ++tries_;
  if (seen_n_ > last_n_ && tries_ >= kTriesBeforeGap) accept_gap_ = true;
  if (sessions_->wire_->connected()) Attach();
}

Sessions::Sessions(wire::Wire* wire, const Clock* clock, envelope::Subjects subjects)
    : wire_(wire), clock_(clock), subjects_(std::move(subjects)), publisher_(wire, clock, {}) {
  wire_->SetConnectionHandler([this](bool connected) {
    if (connected) OnConnected();
  });
  if (wire_->connected()) publisher_.OnConnected();
}

Sessions::~Sessions() {
  CHECK(link_count_ == 0);
  wire_->SetConnectionHandler(nullptr);
  wire_->Unsubscribe(asked_subscription_);
}

void Sessions::OnConnected() {
  publisher_.OnConnected();
  ListenToGateways();
  for (auto& [user, links] : by_user_) {
    for (Link* link : links) link->OnConnected();
  }
}

void Sessions::AnswerGateways(const std::string& id, Asked answer) {
  wire_->Unsubscribe(std::exchange(asked_subscription_, 0));
  gateway_id_ = id;
  asked_ = std::move(answer);
  if (wire_->connected()) ListenToGateways();
}

void Sessions::ListenToGateways() {
  if (asked_ == nullptr) return;
  auto subscribed =
      wire_->Subscribe(subjects_.Gateway(gateway_id_), "", [this](const wire::Arrived& question) {
        if (question.reply.empty()) return;
        const std::string answer = asked_(question.data);
        // Where it is lost the other one hears nothing in time.
        (void)wire_->Publish({.subject = question.reply, .data = answer});
      });
  asked_subscription_ = subscribed ? *subscribed : 0;
}

void Sessions::AskGateway(const std::string& id, const std::string& question,
                          std::function<void(Result<std::string>)> done) {
  const std::string subject = subjects_.Gateway(id);
  wire_->Request({.subject = subject, .data = question}, std::chrono::milliseconds(kGatewayMsMax),
                 [done = std::move(done)](Result<wire::Answer> answer) {
                   if (!answer) return done(answer.error());
                   done(std::move(answer->data));
                 });
}

void Sessions::Register(Link* link) {
  auto& links = by_user_[link->user_];
  links.push_front(link);
  link->in_list_ = links.begin();
  ++link_count_;
}

void Sessions::Unregister(Link* link) {
  const auto found = by_user_.find(link->user_);
  CHECK(found != by_user_.end());
  found->second.erase(link->in_list_);
  waiting_.erase(link);
  if (found->second.empty()) by_user_.erase(found);
  --link_count_;
}

size_t Sessions::links(const UserId& user) const {
  const auto found = by_user_.find(user);
  return found == by_user_.end() ? 0 : found->second.size();
}

ClientId Sessions::ClientFor(const UserId& user) const {
  const auto found = by_user_.find(user);
  if (found != by_user_.end()) return found->second.front()->client_;
  return ClientId("p" + Hex(Fnv1a64(user.value)));
}

void Sessions::Publish(const UserId& user, tutor::Event event, Stored done,
                       std::string_view trace) {
  event.encoding = tutor::Encoding::kJson;
  const auto callback = std::make_shared<Stored>(std::move(done));
  wire::StoredMessageOut message{
      .subject = subjects_.In(envelope::RecordClass::kUser, user),
      .data = envelope::EncodeEvent(event, tutor::Encoding::kJson, trace),
      .content_type = kJson,
      .message_id = user.value + "/" + event.id.value,
      .expected_last = {},
  };
  const bool sent =
      publisher_.Send(std::move(message), kAckMsMax,
                      [callback](Result<uint64_t> stored) { (*callback)(std::move(stored)); });
  if (!sent) (*callback)(Retry("Too many events are on their way: send it again in a second."));
}

void Sessions::View(const UserId& user, uint32_t history_max, Seen done) {
  Ask({user, history_max, std::move(done), clock_->SteadyMs() + kQueryMsMax});
}

void Sessions::Ask(Question question) {
  const std::string subject = subjects_.QueryOf(question.user);
  const std::string query = envelope::EncodeQuery({.history_max = question.history_max});
  const int64_t left_ms = std::max<int64_t>(1, question.give_up_ms - clock_->SteadyMs());
  wire_->Request({.subject = subject, .data = query}, std::chrono::milliseconds(left_ms),
                 [this, alive = std::weak_ptr(alive_),
                  asked = std::move(question)](const Result<wire::Answer>& answer) mutable {
                   if (alive.expired()) return;
                   OnView(std::move(asked), answer);
                 });
}

void Sessions::OnView(Question question, const Result<wire::Answer>& answer) {
  if (!answer) {
    const bool nobody = answer.error().fault == Fault::kReject;
    if (nobody && clock_->SteadyMs() < question.give_up_ms && unanswered_.size() < kUnansweredMax) {
      unanswered_.push_back(std::move(question));
      return;
    }
    return question.done(answer.error());
  }
  auto view = envelope::DecodeSessionView(answer->data,
                                          envelope::EncodingOf(answer->content_type, answer->data));
  if (view && !view->error.empty()) return question.done(Retry(view->error));
  question.done(std::move(view));
}

void Sessions::Tick() {
  publisher_.Tick();
  for (Question& question : std::exchange(unanswered_, {})) Ask(std::move(question));
  // Most links wait for nothing: to look at each of them would be most of what idle sockets cost.
  std::erase_if(waiting_, [](const Link* link) { return !link->waits(); });
  const std::vector<Link*> waiting(waiting_.begin(), waiting_.end());
  const int64_t now = clock_->SteadyMs();
  for (Link* link : waiting) link->Tick(now);
}

}  // namespace lyceum::gateway
