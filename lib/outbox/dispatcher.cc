#include "outbox/dispatcher.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <random>
#include <utility>

#include "base/log.h"
#include "base/token.h"
#include "outbox/error_result.h"
#include "tutor/names.h"

namespace lyceum::outbox {
namespace {

using std::chrono::milliseconds;

enum Tag { kWake, kAnswers, kHeartbeats };

constexpr size_t kMessagesMax = 65'536;
constexpr size_t kMessagesAtOnce = 1'024;
constexpr size_t kErrorsMax = 4'096;  // In flight.
constexpr size_t kCallsSlack =
    65'536;  // What several partitions may commit past the bound at once.
constexpr milliseconds kLookMax{200};
constexpr milliseconds kAckPoll{10};  // While error results are in flight.

int64_t NowMs() {
  return std::chrono::duration_cast<milliseconds>(Steady::now().time_since_epoch()).count();
}

DispatchTable::Options TableOptions(const Outbox::Options& options) {
  DispatchTable::Options table;
  table.ack_timeout_ms = options.ack_timeout_ms;
  table.silent_ms = options.silent_ms;
  table.listen_ms = options.listen_ms;
  table.attempts_max = options.attempts_max;
  table.calls_max = Dispatcher::kCallsMax + kCallsSlack;
  return table;
}

// What `<inbox>.<call>.<send>` answers.
struct Answered {
  CallId id;
  uint32_t send = 0;
};
std::optional<Answered> ReadReplySubject(std::string_view subject, std::string_view inbox) {
  if (!subject.starts_with(inbox) || subject.size() <= inbox.size()) return std::nullopt;
  const std::string_view rest = subject.substr(inbox.size() + 1);
  const size_t dot = rest.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  Answered answered{CallId(std::string(rest.substr(0, dot))), 0};
  const char* end = rest.data() + rest.size();
  const auto read = std::from_chars(rest.data() + dot + 1, end, answered.send);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return answered;
}

Result<CallHead> HeadOf(const std::string& bytes) {
  auto request = envelope::DecodeToolRequest(bytes, envelope::EncodingOf({}, bytes));
  if (!request) return request.error();
  return CallHead{std::move(request->id), request->tool, std::move(request->user),
                  request->deadline_ms, std::move(request->trace)};
}

envelope::Encoding EncodingOf(const wire::Message& message) {
  return envelope::EncodingOf(message.header("Content-Type"), message.data);
}

}  // namespace

Result<std::unique_ptr<Dispatcher>> Dispatcher::Start(std::shared_ptr<wire::Connection> connection,
                                                      const Outbox::Options& options) {
  std::unique_ptr<Dispatcher> dispatcher(new Dispatcher(std::move(connection), options));
  if (auto subscribed = dispatcher->Subscribe(); !subscribed) return subscribed.error();
  dispatcher->thread_ = std::thread([self = dispatcher.get()] { self->Run(); });
  return dispatcher;
}

Dispatcher::Dispatcher(std::shared_ptr<wire::Connection> connection, const Outbox::Options& options)
    : connection_(std::move(connection)),
      subjects_(options.subjects),
      inbox_(connection_->NewInbox()),
      box_(std::make_shared<wire::MessageBox>(kMessagesMax)),
      acks_(std::make_shared<Mailbox<wire::Acked>>(kErrorsMax)),
      table_(TableOptions(options), std::random_device{}()),
      reconnects_(connection_->reconnects()),
      publisher_(std::make_unique<wire::AckedPublisher>(
          connection_, acks_, wire::AckedPublisher::Options{.in_flight_max = kErrorsMax})) {}

Dispatcher::~Dispatcher() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  box_->Close();
  if (thread_.joinable()) thread_.join();
}

Result<void> Dispatcher::Subscribe() {
  auto answers = connection_->Subscribe(inbox_ + ".>", "", box_, kAnswers);
  if (!answers) return answers.error();
  subscriptions_.push_back(*std::move(answers));
  auto heartbeats = connection_->Subscribe(subjects_.AllHeartbeats(), "", box_, kHeartbeats);
  if (!heartbeats) return heartbeats.error();
  subscriptions_.push_back(*std::move(heartbeats));
  return {};
}

void Dispatcher::Adopt(store::PartitionId partition, std::vector<store::Letter> rows) {
  Command command{.partition = partition, .adopt = true, .calls = {}, .again = {}, .ended = {}};
  for (store::Letter& row : rows) {
    if (auto head = HeadOf(row.bytes)) {
      command.calls.push_back({row.id, std::move(row.bytes), std::move(*head)});
    } else {
      LogError("tool request cannot be read",
               {{"partition", partition}, {"error", head.error().text}});
    }
  }
  Push(std::move(command));
}

bool Dispatcher::WaitForRoom(Deadline deadline) {
  std::unique_lock lock(mutex_);
  const auto room = [&] { return draining_ || commanded_ + held_ < kCallsMax; };
  return changed_.wait_until(lock, deadline, room) && !draining_;
}

void Dispatcher::Committed(store::PartitionId partition, const Outgoing& outgoing) {
  if (outgoing.calls.empty() && outgoing.again.empty() && outgoing.ended.empty()) return;
  Command command{.partition = partition,
                  .adopt = false,
                  .calls = outgoing.calls,
                  .again = outgoing.again,
                  .ended = outgoing.ended};
  Push(std::move(command));
}

void Dispatcher::Push(Command command) {
  {
    std::lock_guard lock(mutex_);
    commanded_ += command.calls.size();
    commands_.push_back(std::move(command));
    if (commands_.size() > 1) return;  // Woken for the first one.
  }
  // A full box needs no wake: its reader is on its way.
  box_->TryPush({.subject = {}, .reply = {}, .headers = {}, .data = {}, .tag = kWake});
}

bool Dispatcher::Drain(Deadline deadline) {
  std::unique_lock lock(mutex_);
  draining_ = true;
  return changed_.wait_until(lock, deadline, [&] { return settled_; });
}

DispatchTable::Counters Dispatcher::counters() const {
  std::lock_guard lock(mutex_);
  return counters_;
}

void Dispatcher::Run() {
  for (;;) {
    const auto messages = box_->PopSome(kMessagesAtOnce, NextLook());
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
      quiet_ = draining_;
    }
    const int64_t now = NowMs();
    const uint64_t reconnects = connection_->reconnects();
    if (reconnects != reconnects_ || !connection_->connected()) table_.ForgiveSilence(now);
    reconnects_ = reconnects;
    TakeCommands(now);
    for (const wire::Message& message : messages) OnMessage(message, now);
    table_.Tick(now);
    Act(now);
    SendErrors();
    TakeAcks();
    Report();
  }
}

Deadline Dispatcher::NextLook() const {
  const int64_t wait_ms = std::clamp<int64_t>(table_.NextTick() - NowMs(), 0, kLookMax.count());
  const milliseconds wait{wait_ms};
  return In(errors_.empty() && errors_flying_ == 0 ? wait : std::min(wait, kAckPoll));
}

void Dispatcher::TakeCommands(int64_t now) {
  std::deque<Command> commands;
  {
    std::lock_guard lock(mutex_);
    commands.swap(commands_);
  }
  for (Command& command : commands) Apply(command, now);
}

void Dispatcher::Apply(Command& command, int64_t now) {
  if (command.adopt) table_.DropPartition(command.partition);
  const size_t calls = command.calls.size();
  for (Outgoing::NewCall& call : command.calls) {
    AddCall(command.partition, std::move(call), command.adopt, now);
  }
  for (const CallId& id : command.again) table_.OnAgain(id, now);
  for (const auto& ended : command.ended) {
    table_.OnEnded(ended.id, ended.tell_worker, now);
    requests_.erase(ended.id);
  }
  std::lock_guard lock(mutex_);
  commanded_ -= calls;
  held_ = table_.size();
}

void Dispatcher::AddCall(store::PartitionId partition, Outgoing::NewCall call, bool found,
                         int64_t now) {
  DispatchTable::NewCall entry;
  entry.id = call.head.id;
  entry.partition = partition;
  entry.tool = tutor::Name(call.head.tool);
  entry.deadline_ms = now + (call.head.deadline_ms - UnixMs());
  if (!table_.Add(entry, found, now)) return;
  requests_[entry.id] = {std::move(call.bytes), std::move(call.head)};
}

void Dispatcher::OnMessage(const wire::Message& message, int64_t now) {
  if (message.tag == kAnswers) OnAnswer(message, now);
  if (message.tag == kHeartbeats) OnHeartbeat(message, now);
}

void Dispatcher::OnAnswer(const wire::Message& message, int64_t now) {
  const auto answered = ReadReplySubject(message.subject, inbox_);
  if (!answered) return OnMalformed("tool answer", Reject("its subject names no call"));
  if (message.no_responders) return table_.OnNobody(answered->id, answered->send, now);
  const auto ack = envelope::DecodeToolAck(message.data, EncodingOf(message));
  if (!ack) return OnMalformed("tool answer", ack.error());
  if (ack->id != answered->id) return OnMalformed("tool answer", Reject("it names another call"));
  if (ack->accepted) {
    table_.OnAccepted(ack->id, ack->worker, now);
  } else {
    table_.OnBusy(ack->id, answered->send, now);
  }
}

void Dispatcher::OnHeartbeat(const wire::Message& message, int64_t now) {
  auto heartbeat = envelope::DecodeToolHeartbeat(message.data, EncodingOf(message));
  if (!heartbeat) return OnMalformed("tool heartbeat", heartbeat.error());
  table_.OnHeartbeat({.worker = std::move(heartbeat->worker),
                      .tools = std::move(heartbeat->tools),
                      .slots = heartbeat->draining ? 0 : heartbeat->slots,
                      .free = heartbeat->free,
                      .in_flight = std::move(heartbeat->in_flight),
                      .protobuf = heartbeat->protobuf},
                     now);
}

// A worker that speaks wrongly does so often: the 1st, 2nd, 4th, 8th ... are logged.
void Dispatcher::OnMalformed(std::string_view what, const Error& error) {
  ++malformed_;
  if ((malformed_ & (malformed_ - 1)) != 0) return;
  LogWarn("malformed", {{"what", what}, {"error", error.text}, {"count", malformed_}});
}

void Dispatcher::Act(int64_t now) {
  for (const Action& action : table_.TakeActions()) {
    std::visit([&](const auto& what) { Do(what, now); }, action);
  }
}

void Dispatcher::Do(const SendRequest& action, int64_t now) {
  const auto request = requests_.find(action.id);
  if (quiet_ || request == requests_.end()) return;
  wire::Message message;
  message.subject = subjects_.ToolRequests(tutor::Name(request->second.head.tool));
  message.reply = inbox_ + "." + action.id.value + "." + std::to_string(action.send);
  const auto encoding = action.protobuf ? envelope::Encoding::kProtobuf : envelope::Encoding::kJson;
  if (!action.protobuf) message.headers.emplace_back("Content-Type", "application/json");
  if (!request->second.head.trace.empty()) {
    message.headers.emplace_back("traceparent", request->second.head.trace);
  }
  message.data = WithAttempt(request->second.bytes, action.attempt, encoding);
  const auto published = connection_->Publish(message);
  if (published) return;
  if (published.error().fault != Fault::kReject) {
    return table_.OnNobody(action.id, action.send, now);
  }
  LogError("tool request refused", {{"call", action.id.value}, {"error", published.error().text}});
  table_.OnRefused(action.id, now);
}

void Dispatcher::Do(const CancelAt& action, int64_t) {
  if (!IsToken(action.worker)) return;  // A worker of that name can not listen.
  wire::Message message;
  message.subject = subjects_.ToolControl(action.worker);
  message.headers.emplace_back("Content-Type", "application/json");
  message.data = envelope::EncodeToolCancel(action.id);
  // Best effort: a worker that does not hear of it does work for nothing.
  if (auto published = connection_->Publish(message); !published) {
    LogWarn("cancel not sent", {{"call", action.id.value}, {"error", published.error().text}});
  }
}

void Dispatcher::Do(const FailCall& action, int64_t) {
  const auto request = requests_.find(action.id);
  if (quiet_ || request == requests_.end()) return;
  LogWarn("tool call failed", {{"call", action.id.value},
                               {"tool", tutor::Name(request->second.head.tool)},
                               {"attempt", action.attempt},
                               {"why", CodeOf(action.why)}});
  const tutor::Event event = ErrorEvent(action, request->second.head.tool);
  ErrorResult error;
  error.id = event.id.value;
  error.message.subject = subjects_.In(envelope::RecordClass::kTool, request->second.head.user);
  error.message.headers.emplace_back("Content-Type", "application/json");
  error.message.data =
      envelope::EncodeEvent(event, envelope::Encoding::kJson, request->second.head.trace);
  errors_.push_back(std::move(error));
}

void Dispatcher::SendErrors() {
  while (!errors_.empty()) {
    const ErrorResult& error = errors_.front();
    if (!publisher_->Send(error.message, error.id, 1, Steady::now())) break;
    ++errors_flying_;
    errors_.pop_front();
  }
}

void Dispatcher::TakeAcks() {
  for (const wire::Acked& ack : acks_->PopSome(kErrorsMax, Steady::now())) {
    --errors_flying_;
    if (!ack.ok) LogError("error result refused", {{"error", ack.error}});
  }
}

void Dispatcher::Report() {
  {
    std::lock_guard lock(mutex_);
    counters_ = table_.counters();
    held_ = table_.size();
    settled_ = errors_.empty() && errors_flying_ == 0;
  }
  changed_.notify_all();
}

}  // namespace lyceum::outbox
