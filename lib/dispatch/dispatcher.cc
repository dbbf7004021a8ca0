#include "dispatch/dispatcher.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/log.h"
#include "base/token.h"
#include "base/trace.h"
#include "dispatch/error_result.h"
#include "envelope/codec.h"
#include "envelope/tool_requests.h"
#include "tutor/names.h"

namespace lyceum::dispatch {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr int64_t kErrorsRetryMs = 20;  // While the publisher has no room.
constexpr int kNoResponders = 503;

DispatchTable::Options TableOptions(DispatchTable::Options options) {
  options.calls_max += Dispatcher::kCallsSlack;
  return options;
}

void AppendNumber(std::string* text, uint64_t number) {
  char digits[20];
  const auto written = std::to_chars(digits, digits + sizeof digits, number);
  text->append(digits, written.ptr);
}

// What `<inbox>.<call>.<send>` answers.
struct Answered {
  CallNumber call = 0;
  uint32_t send = 0;
};
std::optional<Answered> ReadReplySubject(std::string_view subject, std::string_view inbox) {
  if (!subject.starts_with(inbox)) return std::nullopt;
  const char* next = subject.data() + inbox.size();
  const char* const end = subject.data() + subject.size();
  const auto read = [&](auto* number) {
    if (next == end || *next != '.') return false;
    const auto result = std::from_chars(next + 1, end, *number);
    next = result.ptr;
    return result.ec == std::errc();
  };
  Answered answered;
  if (!read(&answered.call) || !read(&answered.send) || next != end) return std::nullopt;
  return answered;
}

envelope::Encoding EncodingOf(const wire::Arrived& message) {
  return envelope::EncodingOf(message.content_type, message.data);
}

}  // namespace

Dispatcher::Dispatcher(wire::Wire* wire, wire::StoredPublisher* publisher, const Clock* clock,
                       Random* random, envelope::Subjects subjects, Options options,
                       std::function<int64_t()> server_now_ms)
    : wire_(wire),
      publisher_(publisher),
      clock_(clock),
      subjects_(std::move(subjects)),
      options_(options),
      server_now_ms_(std::move(server_now_ms)),
      table_(TableOptions(options.table), random->Next()) {
  for (size_t i = 0; i < tools_.size(); ++i) {
    const std::string_view name = tutor::Name(static_cast<tutor::Tool>(i));
    tools_[i] = {table_.ToolNamed(name), subjects_.ToolRequests(name)};
  }
}

Dispatcher::~Dispatcher() {
  wire_->Unsubscribe(answers_);
  wire_->Unsubscribe(heartbeats_);
}

void Dispatcher::OnConnected() {
  wire_->Unsubscribe(answers_);
  wire_->Unsubscribe(heartbeats_);
  answers_ = heartbeats_ = 0;
  inbox_ = wire_->NewInbox();
  auto answers =
      wire_->Subscribe(inbox_ + ".>", "", [this](const wire::Arrived& m) { OnAnswer(m); });
  auto heartbeats = wire_->Subscribe(subjects_.AllHeartbeats(), "",
                                     [this](const wire::Arrived& m) { OnHeartbeat(m); });
  if (answers) answers_ = *answers;
  if (heartbeats) heartbeats_ = *heartbeats;
  // Where this connection is gone already, the next one is told of as well.
  if (!answers) LogWarn("tool answers not subscribed", {{"error", answers.error().text}});
  if (!heartbeats) LogWarn("heartbeats not subscribed", {{"error", heartbeats.error().text}});
  table_.ForgiveSilence(clock_->SteadyMs());
  watching_since_ms_ = clock_->SteadyMs();
}

void Dispatcher::Watch() {
  const int64_t now = clock_->SteadyMs();
  if (now > watch_until_ms_) watching_since_ms_ = now;
  watch_until_ms_ = now + kWatchMs;
}

void Dispatcher::Note(const std::vector<CallId>& in_flight, int64_t now) {
  if (now > watch_until_ms_) return listed_.clear();
  for (const CallId& id : in_flight) {
    if (listed_.size() < kListedMax) listed_[id.value] = now;
  }
  if (now - listed_swept_ms_ < options_.table.listen_ms) return;
  listed_swept_ms_ = now;
  const bool was_full = listed_.size() >= kListedMax;
  std::erase_if(listed_,
                [&](const auto& one) { return now - one.second > 2 * options_.table.listen_ms; });
  if (was_full) watching_since_ms_ = now;  // Some may be missing.
}

bool Dispatcher::IsNowhere(const CallId& id, int64_t now) const {
  return IsInformed(now) && !listed_.contains(id.value);
}

bool Dispatcher::Add(Call call, bool found) {
  const int64_t now = clock_->SteadyMs();
  found = found && !IsNowhere(call.id, now);
  const CallNumber number = table_.Add({.id = call.id.value,
                                        .partition = call.partition,
                                        .tool = tools_[static_cast<size_t>(call.tool)].number,
                                        .duration_ms = call.duration_ms,
                                        .deadline_cap_ms = call.deadline_cap_ms},
                                       found, now);
  if (number == 0) return false;
  if (requests_.size() < table_.slots()) requests_.resize(table_.slots());
  requests_[SlotOf(number)] = {number,
                               call.partition,
                               call.tool,
                               std::move(call.user),
                               std::move(call.trace),
                               std::move(call.request),
                               found ? -1 : now};
  Act(now);
  return true;
}

bool Dispatcher::HasRoom() const {
  return !quiet_ && table_.size() + errors_.size() < options_.table.calls_max;
}

void Dispatcher::Again(const CallId& id) {
  const int64_t now = clock_->SteadyMs();
  table_.OnAgain(table_.Find(id.value), now);
  Act(now);
}

void Dispatcher::End(const CallId& id, bool tell_worker) {
  const CallNumber number = table_.Find(id.value);
  if (number == 0) return;
  const int64_t now = clock_->SteadyMs();
  Request& request = requests_[SlotOf(number)];
  if (request.accepted) {
    times_[static_cast<size_t>(request.tool)].call.AddMs(now - request.added_ms);
  }
  request = {};
  table_.OnEnded(number, tell_worker, now);
  Act(now);
}

void Dispatcher::TellRefused(const CallId& id, std::string_view worker, std::string_view reason) {
  if (!IsToken(worker) || reason.empty()) return;
  const std::string subject = subjects_.ToolControl(worker);
  const std::string data = envelope::EncodeToolRefused({id, std::string(reason)});
  const auto published = wire_->Publish({.subject = subject, .data = data, .content_type = kJson});
  if (!published) {
    LogWarn("refusal not sent", {{"call", id.value}, {"error", published.error().text}});
  }
}

void Dispatcher::FailResult(const CallId& id) {
  const int64_t now = clock_->SteadyMs();
  table_.OnBadResult(table_.Find(id.value), now);
  Act(now);
}

void Dispatcher::DropPartition(uint16_t partition) {
  table_.DropPartition(partition);
  for (Request& request : requests_) {
    if (request.number != 0 && table_.IdOf(request.number) == nullptr) request = {};
  }
}

void Dispatcher::Tick() {
  const int64_t now = clock_->SteadyMs();
  if (!wire_->connected()) table_.ForgiveSilence(now);
  table_.Tick(now);
  Act(now);
  SendErrors();
}

int64_t Dispatcher::NextTickMs() const {
  const int64_t next = table_.NextTick();
  return errors_.empty() ? next : std::min(next, clock_->SteadyMs() + kErrorsRetryMs);
}

bool Dispatcher::settled() const { return errors_.empty() && error_count_->in_flight == 0; }

Dispatcher::Counters Dispatcher::counters() const {
  return {table_.counters(), malformed_, error_count_->refused};
}

void Dispatcher::OnAnswer(const wire::Arrived& message) {
  const auto answered = ReadReplySubject(message.subject, inbox_);
  if (!answered) return OnMalformed("tool answer", Reject("its subject names no call"));
  const int64_t now = clock_->SteadyMs();
  if (message.status == kNoResponders) {
    table_.OnNoResponders(answered->call, answered->send, now);
    return Act(now);
  }
  const auto ack = envelope::ReadToolAck(message.data, EncodingOf(message), &spare_ack_);
  if (!ack) return OnMalformed("tool answer", ack.error());
  if (const CallId* id = table_.IdOf(answered->call); id != nullptr && id->value != ack->id) {
    return OnMalformed("tool answer", Reject("it names another call"));
  }
  if (ack->accepted) {
    Request* request = RequestOf(answered->call);
    if (request != nullptr && !request->accepted && request->added_ms >= 0) {
      request->accepted = true;
      times_[static_cast<size_t>(request->tool)].wait.AddMs(now - request->added_ms);
    }
    table_.OnAccepted(answered->call, answered->send, ack->worker, now);
  } else {
    table_.OnBusy(answered->call, answered->send, now);
  }
  Act(now);
}

void Dispatcher::OnHeartbeat(const wire::Arrived& message) {
  auto heartbeat = envelope::DecodeToolHeartbeat(message.data, EncodingOf(message));
  if (!heartbeat) return OnMalformed("tool heartbeat", heartbeat.error());
  const int64_t now = clock_->SteadyMs();
  // Our part of them: the others dispatch as much, and who sends more hears `busy` and backs off.
  Note(heartbeat->in_flight, now);
  const uint32_t slots = (heartbeat->slots + options_.sharers - 1) / options_.sharers;
  table_.OnHeartbeat({.worker = std::move(heartbeat->worker),
                      .tools = std::move(heartbeat->tools),
                      .slots = heartbeat->draining ? 0 : slots,
                      .free = heartbeat->free,
                      .in_flight = std::move(heartbeat->in_flight),
                      .protobuf = heartbeat->protobuf,
                      .direct = heartbeat->direct},
                     now);
  Act(now);
}

// A worker that speaks wrongly does so often: the 1st, 2nd, 4th, 8th ... are logged.
void Dispatcher::OnMalformed(std::string_view what, const Error& error) {
  ++malformed_;
  if ((malformed_ & (malformed_ - 1)) != 0) return;
  LogWarn("malformed", {{"what", what}, {"error", error.text}, {"count", malformed_}});
}

// What is done can lead to more. That ends: each call is refused at most once, and one that could
// not be sent backs off.
void Dispatcher::Act(int64_t now) {
  while (table_.has_actions()) {
    table_.DrainActions(&actions_);
    for (const Action& action : actions_) {
      std::visit([&](const auto& what) { Do(what, now); }, action);
    }
  }
  SendErrors();
}

Dispatcher::Request* Dispatcher::RequestOf(CallNumber call) {
  if (SlotOf(call) >= requests_.size()) return nullptr;  // A number of nobody's.
  Request& request = requests_[SlotOf(call)];
  return request.number == call ? &request : nullptr;
}

void Dispatcher::Do(const SendRequest& action, int64_t now) {
  const Request* request = RequestOf(action.call);
  if (quiet_ || request == nullptr) return;
  const ToolNames& tool = tools_[static_cast<size_t>(request->tool)];
  reply_.assign(inbox_).push_back('.');
  AppendNumber(&reply_, action.call);
  reply_.push_back('.');
  AppendNumber(&reply_, action.send);
  const int64_t deadline_ms = std::max<int64_t>(server_now_ms_() + (action.deadline_ms - now), 0);
  Result<void> published;
  const auto publish = [&](std::string_view subject) {
    return wire_->Publish({.subject = subject,
                           .reply = reply_,
                           .data = data_,
                           .content_type = action.protobuf ? std::string_view() : kJson,
                           .trace = request->trace});
  };
  if (action.protobuf) {
    data_.assign(request->bytes);
    envelope::AppendAttempt(&data_, action.attempt, deadline_ms);
  } else {
    auto json = envelope::ToolRequestAsJson(request->bytes, action.attempt, deadline_ms);
    if (json)
      data_ = *std::move(json);
    else
      published = Reject(json.error().text);
  }
  if (published) {
    published =
        action.to_worker.empty()
            ? publish(tool.subject)
            : publish(subjects_.ToolRequestsTo(tutor::Name(request->tool), action.to_worker));
  }
  if (published) return;
  if (published.error().fault != Fault::kReject) {
    return table_.OnNotSent(action.call, action.send, now);
  }
  LogError("tool request refused", {{"call", table_.IdOf(action.call)->value},
                                    {"error", published.error().text},
                                    {"trace", TraceIdIn(request->trace)}});
  table_.OnRefused(action.call, now);
}

void Dispatcher::Do(const CancelCall& action, int64_t) {
  if (!IsToken(action.worker)) return;  // A worker of that name cannot listen.
  const std::string subject = subjects_.ToolControl(action.worker);
  const std::string data = envelope::EncodeToolCancel(action.id);
  // Best effort: a worker that does not learn of it works for nothing.
  const auto published = wire_->Publish({.subject = subject, .data = data, .content_type = kJson});
  if (!published) {
    LogWarn("cancel not sent", {{"call", action.id.value}, {"error", published.error().text}});
  }
}

void Dispatcher::Do(const FailCall& action, int64_t) {
  Request* request = RequestOf(action.call);
  if (quiet_ || request == nullptr) return;
  const CallId& id = *table_.IdOf(action.call);
  LogWarn("tool call failed", {{"call", id.value},
                               {"tool", tutor::Name(request->tool)},
                               {"attempt", action.attempt},
                               {"why", CodeOf(action.why)},
                               {"trace", TraceIdIn(request->trace)}});
  request->bytes = {};  // It is not sent again.
  if (failed_) failed_(id, request->partition, request->user);
  if (errors_.size() >= options_.table.calls_max + kCallsSlack) {
    ++error_count_->refused;
    return LogError("error result dropped: there are too many", {{"call", id.value}});
  }
  errors_.push_back({id, request->tool, request->user, request->trace, action.attempt, action.why});
}

void Dispatcher::SendErrors() {
  while (!errors_.empty()) {
    const ErrorResult& error = errors_.front();
    const tutor::Event event = ErrorEvent(error.id, error.tool, error.attempt, error.why);
    wire::StoredMessageOut message;
    message.subject = subjects_.In(envelope::RecordClass::kTool, error.user);
    message.data = envelope::EncodeEvent(event, envelope::Encoding::kJson, error.trace);
    message.content_type = kJson;
    message.message_id = event.id.value;
    // Not `this`: the publisher may live longer.
    auto done = [count = error_count_, id = error.id](const Result<uint64_t>& stored) {
      --count->in_flight;
      if (stored) return;
      ++count->refused;
      LogError("error result not stored", {{"call", id.value}, {"error", stored.error().text}});
    };
    ++error_count_->in_flight;
    if (!publisher_->Send(std::move(message), options_.error_ms_max, std::move(done))) {
      --error_count_->in_flight;
      return;
    }
    errors_.pop_front();
  }
}

}  // namespace lyceum::dispatch
