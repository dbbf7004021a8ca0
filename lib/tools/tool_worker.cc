#include "tools/tool_worker.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/token.h"
#include "tools/call_table.h"
#include "tools/delta_sender.h"
#include "tools/tool_reply.h"
#include "tutor/names.h"
#include "wire/acked_publisher.h"

namespace lyceum::tools {
namespace {

using envelope::ToolRequest;
using std::chrono::milliseconds;

constexpr int kControlTag = 1000;
constexpr int kWakeTag = 1001;
constexpr size_t kBoxMax = 4096;
constexpr size_t kTakenMax = 64;
constexpr milliseconds kFullPatience{50};
constexpr milliseconds kAckPoll{10};      // While results are on the way.
constexpr milliseconds kRejoin{1000};     // After a subscription that failed.
constexpr milliseconds kGiveUp{120'000};  // The server's window for dropping repeats.
// A slot without work; a thousand of them are not to wake for nothing.
constexpr std::chrono::seconds kIdleSlot{60};
constexpr int64_t kDeadlineMsMax = 60 * 60 * 1000;  // From now: longer ones are as good.

struct Job {
  ToolRequest request;
  uint64_t run = 0;
  std::stop_token stop{};
};
struct Finished {
  CallId id;
  uint64_t run = 0;
  wire::Message result;
  bool error = false;
  bool late = false;
  bool degraded = false;
  uint32_t attempts = 0;
  uint32_t fallbacks = 0;
};

// For the accounts: what was asked of language models, and what it took.
void LogAnswer(const ToolRequest& request, const ToolAnswer& answer, int64_t took_ms) {
  const auto* error = std::get_if<tutor::ToolError>(&answer.outcome);
  LogInfo("tool answered", {{"call", request.id.value},
                            {"tool", tutor::Name(request.tool)},
                            {"outcome", error == nullptr ? "ok" : error->code},
                            {"provider", answer.provider},
                            {"model", answer.model},
                            {"attempts", answer.attempts},
                            {"fallbacks", answer.fallbacks},
                            {"degraded", answer.degraded},
                            {"latency_ms", took_ms},
                            {"first_text_ms", answer.first_text_ms},
                            {"input_tokens", answer.usage.input_tokens},
                            {"output_tokens", answer.usage.output_tokens},
                            {"cached_tokens", answer.usage.cached_tokens}});
}

}  // namespace

struct ToolWorker::Impl {
  Impl(std::shared_ptr<wire::Connection> nats, Toolbox box_of_tools, Options given)
      : connection(std::move(nats)),
        toolbox(std::move(box_of_tools)),
        options(std::move(given)),
        replier{options.subjects, options.id, options.provider, connection->payload_bytes_max()},
        box(std::make_shared<wire::MessageBox>(kBoxMax)),
        acks(std::make_shared<Mailbox<wire::Acked>>(options.unacked_max + options.slots)),
        publisher(connection, acks, {options.unacked_max + options.slots, milliseconds(1000)}),
        jobs(options.slots),
        deltas([this](const wire::Message& message) { return connection->Publish(message); }) {}

  // --- The threads of the slots.
  void RunJobs();
  Finished RunJob(const Job& job);
  ToolAnswer RunTool(const Job& job, Deadline deadline);

  // --- The worker's own thread.
  void Loop();
  Deadline NextWake() const;
  void Take(const wire::Message& message);
  void TakeRequest(const wire::Message& message);
  void TakeCancel(const wire::Message& message);
  void Refuse(const ToolRequest& request, const std::string& problem);
  void Repeat(const CallId& id);
  void TakeFinished();
  void TakeAcks();
  void SendResult(const CallId& id);
  void Answer(const wire::Message& message, const CallId& id, bool accepted);
  void Beat();
  void JoinOrLeave();
  bool HasRoom() const;
  void Count(uint64_t Counters::*counter, uint64_t by = 1);
  void Wake();

  std::shared_ptr<wire::Connection> connection;
  const Toolbox toolbox;
  const Options options;
  const Replier replier;
  std::shared_ptr<wire::MessageBox> box;
  std::shared_ptr<Mailbox<wire::Acked>> acks;
  wire::AckedPublisher publisher;
  Mailbox<Job> jobs;
  DeltaSender deltas;

  std::mutex finished_mutex;
  std::deque<Finished> finished;

  // Of the worker's own thread.
  CallTable calls;
  std::unordered_map<uint64_t, std::stop_source> stops;  // Of what runs, by its run.
  size_t busy_slots = 0;  // Running ones and cancelled ones that still run.
  std::optional<wire::Subscription> control;
  std::vector<wire::Subscription> joined;
  Deadline join_after{};
  std::optional<Deadline> full_since;
  bool turned_away = false;  // A request, since it is full.
  Deadline next_beat{};

  std::atomic<bool> draining{false};
  std::atomic<bool> stopped{false};
  mutable std::mutex mutex;  // Of the two below.
  Counters counters;
  bool drained = false;
  std::condition_variable changed;

  std::vector<std::thread> pool;
  std::thread loop;
};

void ToolWorker::Impl::RunJobs() {
  while (!stopped) {
    auto job = jobs.Pop(In(kIdleSlot));
    if (!job) continue;
    Finished done = RunJob(*job);
    {
      std::lock_guard lock(finished_mutex);
      finished.push_back(std::move(done));
    }
    Wake();
  }
}

ToolAnswer ToolWorker::Impl::RunTool(const Job& job, Deadline deadline) {
  std::shared_ptr<DeltaStream> stream;
  if (IsStreamed(options.subjects, job.request)) stream = deltas.Open(job.request, job.stop);
  ToolAnswer answer = toolbox.Run({job.request, job.stop, deadline, stream.get()});
  if (stream != nullptr) stream->Finish();
  return answer;
}

Finished ToolWorker::Impl::RunJob(const Job& job) {
  const auto begin = Steady::now();
  Finished done{.id = job.request.id, .run = job.run};
  ToolAnswer answer = ToolErrorOf("deadline", false, "The call's deadline had passed.");
  const int64_t left = job.request.deadline_ms - UnixMs();
  done.late = left <= 0;
  if (!done.late) {
    answer = RunTool(job, In(milliseconds(std::min(left, kDeadlineMsMax))));
    done.late = UnixMs() >= job.request.deadline_ms;
    if (done.late) {
      answer.outcome = ToolErrorOf("deadline", false, "The tool took longer than allowed.");
    }
  }
  done.error = std::holds_alternative<tutor::ToolError>(answer.outcome);
  done.degraded = answer.degraded;
  done.attempts = answer.attempts;
  done.fallbacks = answer.fallbacks;
  const auto took = std::chrono::duration_cast<milliseconds>(Steady::now() - begin).count();
  if (answer.attempts > 0 || answer.degraded) LogAnswer(job.request, answer, took);
  done.result = ReplyMessage(replier, job.request, std::move(answer), took);
  return done;
}

void ToolWorker::Impl::Loop() {
  while (!stopped) {
    JoinOrLeave();
    for (const wire::Message& message : box->PopSome(kTakenMax, NextWake())) Take(message);
    TakeFinished();
    TakeAcks();
    if (Steady::now() >= next_beat) Beat();
    if (draining && calls.running() == 0 && calls.unacked() == 0) {
      {
        std::lock_guard lock(mutex);
        drained = true;
      }
      changed.notify_all();
    }
  }
  joined.clear();
  control.reset();
}

Deadline ToolWorker::Impl::NextWake() const {
  Deadline next = next_beat;
  if (calls.unacked() > 0) next = std::min(next, In(kAckPoll));
  if (full_since && !joined.empty()) next = std::min(next, *full_since + kFullPatience);
  return next;
}

void ToolWorker::Impl::Take(const wire::Message& message) {
  if (message.tag == kWakeTag) return;
  if (message.tag == kControlTag) {
    TakeCancel(message);
  } else {
    TakeRequest(message);
  }
}

void ToolWorker::Impl::TakeRequest(const wire::Message& message) {
  const auto encoding = envelope::EncodingOf(message.header("Content-Type"), message.data);
  auto request = envelope::DecodeToolRequest(message.data, encoding);
  if (!request) {
    Count(&Counters::unreadable);
    LogWarn("tool request can not be read", {{"why", request.error().text}});
    if (const auto peeked = PeekRequest(message.data)) {
      Answer(message, peeked->id, true);
      Refuse(*peeked, "The request can not be read: " + request.error().text);
    }
    return;
  }
  if (calls.Find(request->id) != CallTable::Known::kNew) {
    Answer(message, request->id, true);
    Repeat(request->id);
    return;
  }
  if (!HasRoom() || draining) {
    turned_away = true;
    Count(&Counters::busy);
    Answer(message, request->id, false);
    return;
  }
  Answer(message, request->id, true);
  const auto problem =
      RequestProblem(options.subjects, *request, static_cast<tutor::Tool>(message.tag));
  if (!problem.empty()) return Refuse(*request, problem);
  Count(&Counters::accepted);
  const CallId id = request->id;
  const uint64_t run = calls.Begin(id);
  ++busy_slots;
  std::stop_source& stop = stops[run];
  CHECK(jobs.TryPush({std::move(*request), run, stop.get_token()}));
}

void ToolWorker::Impl::Refuse(const ToolRequest& request, const std::string& problem) {
  Count(&Counters::refused);
  LogWarn("tool request refused", {{"call", request.id.value}, {"why", problem}});
  if (calls.Find(request.id) != CallTable::Known::kNew || !HasRoom()) return;
  const uint64_t run = calls.Begin(request.id);
  calls.Finish(request.id, run,
               ReplyMessage(replier, request, ToolErrorOf("bad_request", false, problem), 0));
  SendResult(request.id);
}

void ToolWorker::Impl::Repeat(const CallId& id) {
  Count(&Counters::repeated);
  // One that is on the way is sent again by the publisher anyway.
  if (calls.Find(id) == CallTable::Known::kDone) SendResult(id);
}

void ToolWorker::Impl::TakeCancel(const wire::Message& message) {
  const auto encoding = envelope::EncodingOf(message.header("Content-Type"), message.data);
  const auto id = envelope::DecodeToolCancel(message.data, encoding);
  if (!id) {
    Count(&Counters::unreadable);
    LogWarn("tool cancel can not be read", {{"why", id.error().text}});
  } else if (const auto cancelled = calls.Cancel(*id)) {
    Count(&Counters::cancelled);
    // Its slot is free as soon as the tool has heard it.
    if (const auto stop = stops.find(*cancelled); stop != stops.end()) stop->second.request_stop();
  }
}

void ToolWorker::Impl::TakeFinished() {
  std::deque<Finished> taken;
  {
    std::lock_guard lock(finished_mutex);
    taken.swap(finished);
  }
  for (Finished& done : taken) {
    --busy_slots;
    stops.erase(done.run);
    if (done.late) Count(&Counters::late);
    if (done.error) Count(&Counters::errors);
    if (done.degraded) Count(&Counters::degraded);
    Count(&Counters::attempts, done.attempts);
    Count(&Counters::fallbacks, done.fallbacks);
    if (!calls.Finish(done.id, done.run, std::move(done.result))) continue;  // Cancelled.
    SendResult(done.id);
  }
}

void ToolWorker::Impl::SendResult(const CallId& id) {
  auto sending = calls.Send(id);
  if (!sending) return;
  // HasRoom keeps fewer on the way than the publisher takes: there is always room.
  const bool sent = publisher.Send(std::move(sending->message), id.value, sending->cookie,
                                   Deadline{}, In(kGiveUp));
  if (sent) return;
  Count(&Counters::given_up);
  LogError("no room for a tool result", {{"call", id.value}});
  calls.Acked(sending->cookie);
}

void ToolWorker::Impl::TakeAcks() {
  while (auto ack = acks->Pop(Deadline{})) {
    calls.Acked(ack->cookie);
    Count(ack->ok ? &Counters::results : &Counters::given_up);
    if (!ack->ok) LogError("tool result given up", {{"why", ack->error}});
  }
}

void ToolWorker::Impl::Answer(const wire::Message& message, const CallId& id, bool accepted) {
  if (message.reply.empty()) return;
  wire::Message answer;
  answer.subject = message.reply;
  answer.data = envelope::EncodeToolAck({id, accepted, options.id});
  if (auto sent = connection->Publish(answer); !sent) {
    LogWarn("tool ack not sent", {{"call", id.value}, {"why", sent.error().text}});
  }
}

void ToolWorker::Impl::Beat() {
  next_beat = In(options.heartbeat);
  envelope::ToolHeartbeat beat;
  beat.worker = options.id;
  for (const tutor::Tool tool : toolbox.tools()) beat.tools.emplace_back(tutor::Name(tool));
  beat.slots = static_cast<uint32_t>(options.slots);
  beat.free = draining ? 0 : static_cast<uint32_t>(options.slots - busy_slots);
  beat.draining = draining;
  beat.in_flight = calls.InFlight();
  beat.protobuf = true;
  wire::Message message;
  message.subject = options.subjects.Heartbeat(options.id);
  message.data = envelope::EncodeToolHeartbeat(beat);
  // Not connected: nobody hears it, and the next one comes soon.
  if (auto sent = connection->Publish(message); !sent && sent.error().fault == Fault::kReject) {
    LogError("heartbeat refused", {{"why", sent.error().text}});
  }
}

bool ToolWorker::Impl::HasRoom() const {
  return busy_slots < options.slots && calls.unacked() < options.unacked_max;
}

// Leaving and joining again costs the server more than a quick call: who is full only for a moment,
// and asked for nothing meanwhile, stays.
void ToolWorker::Impl::JoinOrLeave() {
  const bool in = !joined.empty();
  if (HasRoom()) {
    full_since.reset();
    turned_away = false;
  } else if (!full_since) {
    full_since = Steady::now();
  }
  const bool patient = !turned_away && (!full_since || Steady::now() < *full_since + kFullPatience);
  const bool wanted = !draining && (in ? patient : HasRoom());
  if (in && !wanted) joined.clear();
  if (in || !wanted || Steady::now() < join_after) return;
  for (const tutor::Tool tool : toolbox.tools()) {
    auto subscription =
        connection->Subscribe(options.subjects.ToolRequests(tutor::Name(tool)),
                              std::string(envelope::kToolQueueGroup), box, static_cast<int>(tool));
    if (!subscription) {
      LogWarn("can not join the queue group", {{"why", subscription.error().text}});
      joined.clear();
      join_after = In(kRejoin);
      return;
    }
    joined.push_back(std::move(*subscription));
  }
}

void ToolWorker::Impl::Count(uint64_t Counters::*counter, uint64_t by) {
  std::lock_guard lock(mutex);
  counters.*counter += by;
}

// Full means that the loop has enough to do and looks at everything soon.
void ToolWorker::Impl::Wake() {
  wire::Message message;
  message.tag = kWakeTag;
  box->TryPush(std::move(message));
}

ToolWorker::ToolWorker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<ToolWorker>> ToolWorker::Start(std::shared_ptr<wire::Connection> connection,
                                                      Toolbox toolbox, Options options) {
  if (!IsToken(options.id)) return Reject("the worker's id is not [A-Za-z0-9_-]{1,64}");
  if (options.slots == 0) return Reject("a worker needs at least one slot");
  if (toolbox.tools().empty()) return Reject("a worker needs at least one tool");
  auto impl = std::make_unique<Impl>(std::move(connection), std::move(toolbox), std::move(options));
  auto control = impl->connection->Subscribe(impl->options.subjects.ToolControl(impl->options.id),
                                             "", impl->box, kControlTag);
  if (!control) return control.error();
  impl->control = std::move(*control);
  for (size_t i = 0; i < impl->options.slots; ++i) {
    impl->pool.emplace_back([raw = impl.get()] { raw->RunJobs(); });
  }
  impl->loop = std::thread([raw = impl.get()] { raw->Loop(); });
  return std::unique_ptr<ToolWorker>(new ToolWorker(std::move(impl)));
}

ToolWorker::~ToolWorker() {
  impl_->stopped = true;
  impl_->Wake();
  impl_->box->Close();
  impl_->loop.join();
  for (auto& [run, stop] : impl_->stops) stop.request_stop();
  impl_->jobs.Close();
  for (std::thread& thread : impl_->pool) thread.join();
}

bool ToolWorker::Drain(Deadline deadline) {
  impl_->draining = true;
  impl_->Wake();
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_until(lock, deadline, [&] { return impl_->drained; });
}

ToolWorker::Counters ToolWorker::counters() const {
  const DeltaSender::Counters streamed = impl_->deltas.counters();
  std::lock_guard lock(impl_->mutex);
  Counters counters = impl_->counters;
  counters.deltas = streamed.deltas;
  counters.retracts = streamed.retracts;
  counters.deltas_lost = streamed.lost;
  return counters;
}

}  // namespace lyceum::tools
