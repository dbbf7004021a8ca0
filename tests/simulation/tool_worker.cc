#include "simulation/tool_worker.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulation/course.h"
#include "tutor/names.h"

namespace lyceum::simulation {
namespace {

constexpr int64_t kBeatMs = 500;
constexpr int64_t kTickMs = 100;
constexpr int64_t kNever = INT64_MAX;

std::vector<std::string> AllTools() {
  std::vector<std::string> names;
  for (int i = 0; i < tutor::kToolCount; ++i) {
    names.emplace_back(tutor::Name(static_cast<tutor::Tool>(i)));
  }
  return names;
}

}  // namespace

ToolWorker::ToolWorker(wire::MemoryBroker* broker, ManualClock* clock, std::string name,
                       uint64_t seed, Ledger* ledger)
    : broker_(broker), clock_(clock), name_(std::move(name)), ledger_(ledger), dice_(seed) {
  Connect();
}

ToolWorker::~ToolWorker() = default;

void ToolWorker::Connect() {
  publisher_.reset();
  wire_ = broker_->Connect();
  publisher_ = std::make_unique<wire::StoredPublisher>(wire_.get(), clock_,
                                                       wire::StoredPublisher::Options());
  wire_->SetConnectionHandler([this](bool connected) { OnConnection(connected); });
}

void ToolWorker::Crash() {
  running_.clear();
  Connect();
}

void ToolWorker::OnConnection(bool connected) {
  if (!connected) return;
  publisher_->OnConnected();
  const auto handler = [this](const wire::Arrived& message) { OnRequest(message); };
  for (const std::string& tool : AllTools()) {
    (void)wire_->Subscribe(subjects_.ToolRequests(tool), envelope::kToolQueueGroup, handler);
    (void)wire_->Subscribe(subjects_.ToolRequestsTo(tool, name_), "", handler);
  }
  (void)wire_->Subscribe(subjects_.ToolControl(name_), "", [this](const wire::Arrived& message) {
    const auto control = envelope::DecodeToolControl(
        message.data, envelope::EncodingOf(message.content_type, message.data));
    const auto* cancel = control ? std::get_if<envelope::ToolCancel>(&*control) : nullptr;
    if (cancel == nullptr) return;
    std::erase_if(running_, [&](const Running& one) { return one.request.id == cancel->id; });
  });
  beat_ms_ = clock_->SteadyMs();
  wire_->Flush();
}

void ToolWorker::OnRequest(const wire::Arrived& message) {
  if (mood_ == Mood::kDeaf) return;
  auto request = envelope::DecodeToolRequest(
      message.data, envelope::EncodingOf(message.content_type, message.data));
  if (!request) {
    ledger_->OnMessage("unreadable tool request", envelope::Encoding::kProtobuf, "");
    ledger_->OnMessage("unreadable tool request", envelope::Encoding::kProtobuf,
                       request.error().text);
    return;
  }
  ledger_->OnToolRequest(*request);
  const bool known = std::any_of(running_.begin(), running_.end(),
                                 [&](const Running& one) { return one.request.id == request->id; });
  const bool room = known || (running_.size() < kSlots && mood_ != Mood::kBusy);
  const std::string ack = envelope::EncodeToolAck({request->id, room, room ? name_ : ""});
  if (mood_ != Mood::kWild || !dice_.OneIn(8)) {
    (void)wire_->Publish({.subject = message.reply, .data = ack});
  }
  if (!room || known) return;
  int64_t ms = dice_.Between(1, 40);
  if (mood_ == Mood::kSlow) ms = dice_.Between(500, 7'000);
  if (mood_ == Mood::kSilent) ms = kNever / 2;
  running_.push_back({std::move(*request), clock_->SteadyMs() + ms});
}

void ToolWorker::Finish(const envelope::ToolRequest& request) {
  tutor::ToolOutcome right = ResultOf(request);
  const std::string& id = request.id.value;
  if (mood_ == Mood::kWild) {
    const std::string other = fmt::format("{}-{}", id, ++made_);
    switch (dice_.Below(12)) {
      case 0:
        Publish(request, id, right);
        return Publish(request, other, right);
      case 1:
        Publish(request, other, tutor::ToolError{"tool_failed", true, "twice"});
        return Publish(request, id, right);
      case 2:
        return Publish(request, id, tutor::ClassifyIntentOk{tutor::FoundIntent::kHint, 1});
      case 3:
        return Publish(request, id, tutor::ToolError{"tool_failed", true, "no"});
      case 4:
        return Publish(request, id, tutor::ToolError{"not_found", false, "none"});
      case 5: {
        wire::StoredMessageOut garbage;
        garbage.subject = request.reply_subject;
        garbage.data = "\x0a\xff\xff garbage";
        garbage.message_id = other;
        (void)publisher_->Send(std::move(garbage), kNever, [](const Result<uint64_t>&) {});
        return Publish(request, id, right);
      }
      case 6: {
        envelope::ToolRequest stray = request;
        stray.id = CallId("0-999999-1");
        Publish(stray, other, right);
        return Publish(request, id, right);
      }
      default:
        break;
    }
  }
  Publish(request, id, std::move(right));
}

void ToolWorker::Publish(const envelope::ToolRequest& request, const std::string& id,
                         tutor::ToolOutcome outcome) {
  tutor::ToolReply reply;
  reply.call = request.id;
  reply.attempt = request.attempt;
  reply.worker = name_;
  reply.outcome = std::move(outcome);
  const tutor::Event event{.id = EventId(id), .kind = tutor::ToolResult{std::move(reply)}};
  wire::StoredMessageOut message;
  message.subject = request.reply_subject;
  message.data = envelope::EncodeEvent(
      event, dice_.OneIn(3) ? envelope::Encoding::kJson : envelope::Encoding::kProtobuf);
  if (message.data.starts_with('{')) message.content_type = "application/json";
  message.message_id = id;
  (void)publisher_->Send(std::move(message), kNever, [](const Result<uint64_t>&) {});
}

void ToolWorker::Beat() {
  envelope::ToolHeartbeat beat;
  beat.worker = name_;
  beat.tools = AllTools();
  beat.slots = kSlots;
  beat.free = static_cast<uint32_t>(kSlots - std::min(kSlots, running_.size()));
  if (mood_ == Mood::kBusy) beat.free = 0;
  beat.protobuf = true;
  beat.direct = true;
  for (const Running& one : running_) beat.in_flight.push_back(one.request.id);
  const std::string data = envelope::EncodeToolHeartbeat(beat);
  (void)wire_->Publish({.subject = subjects_.Heartbeat(name_), .data = data});
}

int64_t ToolWorker::NextUs() const {
  int64_t next_ms = std::min(beat_ms_, publisher_->in_flight() > 0 ? tick_ms_ : kNever);
  for (const Running& one : running_) next_ms = std::min(next_ms, one.due_ms);
  return next_ms > kNever / 2'000 ? kNever : next_ms * 1'000;
}

void ToolWorker::Run() {
  const int64_t now = clock_->SteadyMs();
  for (size_t i = 0; i < running_.size();) {
    if (running_[i].due_ms > now || mood_ == Mood::kSilent || mood_ == Mood::kDeaf) {
      if (running_[i].due_ms <= now) running_[i].due_ms = now + 1'000;
      ++i;
      continue;
    }
    const envelope::ToolRequest request = std::move(running_[i].request);
    running_.erase(running_.begin() + static_cast<ptrdiff_t>(i));
    Finish(request);
  }
  if (now >= tick_ms_) {
    tick_ms_ = now + kTickMs;
    if (mood_ != Mood::kDeaf) publisher_->Tick();
  }
  if (now >= beat_ms_) {
    beat_ms_ = now + kBeatMs;
    if (mood_ != Mood::kDeaf && wire_->connected()) Beat();
  }
  wire_->Flush();
}

void ToolWorker::OnTouched() { wire_->Flush(); }

}  // namespace lyceum::simulation
