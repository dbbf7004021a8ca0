#include "simulation/client.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulation/course.h"

namespace lyceum::simulation {
namespace {

constexpr int64_t kTickMs = 100;
constexpr int64_t kNever = INT64_MAX;
constexpr int64_t kGapMs = 200;  // A gap stands so long before it is asked for.

}  // namespace

Client::Client(wire::MemoryBroker* broker, ManualClock* clock, Options options, Ledger* ledger)
    : clock_(clock),
      options_(std::move(options)),
      ledger_(ledger),
      dice_(options_.seed),
      wire_(broker->Connect()),
      publisher_(std::make_unique<wire::StoredPublisher>(wire_.get(), clock,
                                                         wire::StoredPublisher::Options())) {
  wire_->SetConnectionHandler([this](bool connected) { OnConnection(connected); });
  next_ms_ = clock_->SteadyMs() + dice_.Between(500, 2'000);
}

Client::~Client() = default;

void Client::OnConnection(bool connected) {
  if (!connected) return;
  publisher_->OnConnected();
  (void)wire_->Subscribe(options_.subjects.Out(ClientId(options_.id)), "",
                         [this](const wire::Arrived& message) { OnMessage(message); });
  if (options_.supervised) {
    (void)wire_->Subscribe(options_.subjects.DraftOf(CourseId(kCourse), UserId(options_.user)), "",
                           [this](const wire::Arrived& message) { OnDraft(message); });
  }
  wire_->Flush();
  // What came while nobody listened.
  if (sent_ > 0) gap_since_ms_ = clock_->SteadyMs();
}

void Client::OnMessage(const wire::Arrived& arrived) {
  const auto encoding = envelope::EncodingOf(arrived.content_type, arrived.data);
  const auto message = envelope::DecodeClientMessage(arrived.data, encoding);
  if (!message) return options_.fail("a client cannot read a message: " + message.error().text);
  if (message->is_delta || message->is_retract) return;
  const tutor::ClientMessage& said = message->message;
  options_.came(*message);
  ledger_->CheckSaid(options_.user, said.body);
  ledger_->OnMessage(said.id, encoding, arrived.data);
  if (!known_.insert(said.id).second || said.n == 0) return;
  const auto [known, added] = by_n_.try_emplace(said.n, said.id);
  if (!added) {
    if (!new_numbers_) {
      return options_.fail(fmt::format("client {} has number {} twice: {} and {}", options_.id,
                                       said.n, known->second, said.id));
    }
    known->second = said.id;
  }
  while (by_n_.contains(whole_ + 1)) ++whole_;
  gap_since_ms_ = !has_gap() ? kNever : std::min(gap_since_ms_, clock_->SteadyMs());
}

// Some drafts are never decided, some twice, some by a teacher who is late.
void Client::OnDraft(const wire::Arrived& arrived) {
  const auto draft =
      envelope::DecodeDraft(arrived.data, envelope::EncodingOf(arrived.content_type, arrived.data));
  if (!draft) return options_.fail("a teacher cannot read a draft: " + draft.error().text);
  if (!draft->outcome.empty() ? !dice_.OneIn(10) : dice_.OneIn(3)) return;
  tutor::Supervise decision{draft->id, static_cast<tutor::Decision>(dice_.Below(3)), ""};
  if (decision.decision == tutor::Decision::kApprove) {
    ledger_->Approve(draft->id);
  } else {
    decision.text = "a teacher's own";
  }
  const tutor::Event event = Numbered(std::move(decision));
  SendEvent(event, options_.user + "/" + event.id.value);
}

void Client::AskAgain() { Send(tutor::Attach{whole_}); }

void Client::SendDeadly() {
  ++deadly_;
  Send(tutor::UserMessage{"kill", tutor::Intent::kUnspecified});
}

tutor::Event Client::Numbered(tutor::EventKind kind) {
  tutor::Event event;
  event.id = EventId(fmt::format("{}-{}", options_.id, ++numbered_));
  event.client = ClientId(options_.id);
  event.encoding = options_.json ? tutor::Encoding::kJson : tutor::Encoding::kProtobuf;
  event.kind = std::move(kind);
  return event;
}

void Client::Send(tutor::EventKind kind) {
  detached_ = std::holds_alternative<tutor::Detach>(kind);
  const tutor::Event event = Numbered(std::move(kind));
  last_ = event;
  SendEvent(event, options_.user + "/" + event.id.value);
}

void Client::SendEvent(const tutor::Event& event, const std::string& message_id) {
  wire::StoredMessageOut message;
  message.subject = options_.subjects.In(envelope::ClassOf(event.kind), UserId(options_.user));
  message.data = envelope::EncodeEvent(event, event.encoding);
  if (options_.json) message.content_type = "application/json";
  message.message_id = message_id;
  const auto done = [this, id = event.id.value](const Result<uint64_t>& stored) {
    if (!stored) return options_.fail("an event was refused: " + stored.error().text);
    options_.acked(
        id, {options_.subjects.PartitionOf(UserId(options_.user)), *stored, clock_->NowUs()});
  };
  (void)publisher_->Send(std::move(message), kNever, done);
}

tutor::Start Client::OurStart() const {
  tutor::Start start;
  start.course = CourseId(kCourse);
  if (options_.supervised) {
    start.context.supervision = tutor::Supervision::kDraft;
    start.context.decide_s = 5;
  }
  return start;
}

tutor::EventKind Client::NextKind() {
  using namespace tutor;
  if (sent_ == 0) {
    if (!options_.opens) return Attach{0};
    Start start = OurStart();
    start.version = kVersion;
    start.busy_policy = static_cast<BusyPolicy>(dice_.Below(3));
    return start;
  }
  if (options_.unruly && dice_.OneIn(6)) {
    switch (dice_.Below(9)) {
      case 0:
        return ForceRemediation{ErrorId("sign")};
      case 1:
        return ForceRemediation{};
      case 2:
        return ForceSkip{};
      case 3:
        return GotoTopic{TopicId("t2")};
      case 4:
        return RetryCall{};
      case 5:
        return Shutdown{"operator"};
      case 6:
        return Detach{};
      case 7:
        return GotoTopic{TopicId("none")};
      default:
        return dice_.OneIn(4) ? EventKind(End{"over"}) : EventKind(OurStart());
    }
  }
  switch (dice_.Below(12)) {
    case 0:
    case 1:
    case 2:
      return Continue{};
    case 3:
      return UserMessage{"7", Intent::kAnswer};
    case 4:
      return UserMessage{"9", Intent::kUnspecified};
    case 5:
      return UserMessage{"-7", Intent::kAnswer};
    case 6:
      return UserMessage{"12", Intent::kAnswer};
    case 7:
      return UserMessage{"why is it so?", Intent::kQuestion};
    case 8:
      return UserMessage{"what now", Intent::kUnspecified};
    case 9:
      return Hint{};
    case 10:
      return dice_.OneIn(2) ? EventKind(Skip{}) : EventKind(Continue{});
    default:
      return Attach{dice_.OneIn(2) ? whole_ : static_cast<uint32_t>(dice_.Below(whole_ + 1))};
  }
}

int64_t Client::NextUs() const {
  int64_t next_ms = done() ? kNever : next_ms_;
  if (publisher_->in_flight() > 0) next_ms = std::min(next_ms, tick_ms_);
  if (gap_since_ms_ != kNever) next_ms = std::min(next_ms, gap_since_ms_ + kGapMs);
  return next_ms > kNever / 2'000 ? kNever : next_ms * 1'000;
}

void Client::Run() {
  const int64_t now = clock_->SteadyMs();
  if (!done() && now >= next_ms_) {
    next_ms_ = now + (dice_.OneIn(4) ? dice_.Between(0, 30) : dice_.Between(100, 1'500));
    if (options_.unruly && last_ && dice_.OneIn(12)) {
      // The same event under another message id, as after the log's window for duplicates.
      SendEvent(*last_, fmt::format("{}/{}/{}", options_.user, last_->id.value, sent_));
    } else {
      Send(NextKind());
    }
    ++sent_;
  }
  if (gap_since_ms_ != kNever && now >= gap_since_ms_ + kGapMs) {
    gap_since_ms_ = has_gap() ? now + 1'000 : kNever;  // One at a time.
    if (!detached_) AskAgain();
  }
  if (now >= tick_ms_) {
    tick_ms_ = now + kTickMs;
    publisher_->Tick();
  }
  wire_->Flush();
}

}  // namespace lyceum::simulation
