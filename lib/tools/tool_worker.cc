#include "tools/tool_worker.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

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

constexpr milliseconds kFullPatience{50};
constexpr milliseconds kAckPoll{10};                // While somebody waits for acks.
constexpr milliseconds kRejoin{1000};               // After a subscription that failed.
constexpr milliseconds kGiveUp{120'000};            // The server's window for dropping repeats.
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
        acks(std::make_shared<Mailbox<wire::Acked>>(options.unacked_max + options.slots)),
        publisher(connection, acks, {options.unacked_max + options.slots, milliseconds(1000)}),
        deltas([this](const wire::Message& message) { return connection->Publish(message); }),
        threads(options.slots) {}

  // --- Wherever a tool runs.
  Task<void> RunJob(Job job);
  Task<Finished> Answered(const Job& job);
  Task<ToolAnswer> RunTool(const Job& job, Deadline deadline);
  void Finish(Finished done);

  // --- The threads of the subscriptions.
  void TakeRequest(const wire::Message& message, tutor::Tool tool);
  void TakeCancel(const wire::Message& message);
  void Unreadable(const wire::Message& message, const std::string& why);
  void Refuse(const ToolRequest& request, const std::string& problem);

  // --- The worker's own thread.
  void Loop();
  Deadline NextWake() const;
  void TakeAcks();
  void Beat();
  void JoinOrLeave();

  void SendResult(const CallId& id);
  void Send(CallTable::Sending sending, const CallId& id);
  void Answer(const wire::Message& message, const CallId& id, bool accepted);
  // With the lock held:
  bool HasRoom() const;
  void NoteRoom();
  // Wakes the worker's own thread where it has something to do.
  void Tell();
  bool Idle() const { return calls.running() == 0 && calls.unacked() == 0; }

  std::shared_ptr<wire::Connection> connection;
  const Toolbox toolbox;
  const Options options;
  const Replier replier;
  std::shared_ptr<Mailbox<wire::Acked>> acks;
  wire::AckedPublisher publisher;
  DeltaSender deltas;

  mutable std::mutex mutex;
  std::condition_variable changed;  // For the worker's own thread, and for Drain.
  // From here on guarded by mutex.
  CallTable calls;
  std::unordered_map<uint64_t, std::stop_source> stops;  // Of what runs, by its run.
  size_t jobs = 0;        // Begun, and not yet over with all that follows.
  size_t busy_slots = 0;  // Running ones and cancelled ones that still run.
  std::optional<Deadline> full_since;
  bool turned_away = false;  // A request, since it is full.
  bool in_group = false;
  bool look = false;  // There is something for the worker's own thread.
  bool draining = false;
  bool drained = false;
  Counters counters;

  std::atomic<bool> stopped{false};

  // Of the worker's own thread.
  std::optional<wire::Subscription> control;
  std::vector<wire::Subscription> joined;
  Deadline join_after{};
  Deadline next_beat{};

  std::thread loop;
  ThreadPool threads;
};

Task<void> ToolWorker::Impl::RunJob(Job job) {
  Finished done = co_await Answered(job);
  Finish(std::move(done));
  const std::lock_guard lock(mutex);
  if (--jobs == 0 && stopped) changed.notify_all();
}

Task<ToolAnswer> ToolWorker::Impl::RunTool(const Job& job, Deadline deadline) {
  std::shared_ptr<DeltaStream> stream;
  if (IsStreamed(options.subjects, job.request)) stream = deltas.Open(job.request, job.stop);
  const ToolCall call{job.request, job.stop, deadline, stream.get(), &threads};
  ToolAnswer answer = co_await toolbox.Start(call);
  if (stream != nullptr) stream->Finish();
  co_return answer;
}

Task<Finished> ToolWorker::Impl::Answered(const Job& job) {
  const auto begin = Steady::now();
  Finished done{.id = job.request.id, .run = job.run};
  ToolAnswer answer = ToolErrorOf("deadline", false, "The call's deadline had passed.");
  const int64_t left = job.request.deadline_ms - UnixMs();
  done.late = left <= 0;
  if (!done.late) {
    answer = co_await RunTool(job, In(milliseconds(std::min(left, kDeadlineMsMax))));
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
  co_return done;
}

void ToolWorker::Impl::Finish(Finished done) {
  std::optional<CallTable::Sending> sending;
  {
    const std::lock_guard lock(mutex);
    --busy_slots;
    stops.erase(done.run);
    counters.late += done.late ? 1 : 0;
    counters.errors += done.error ? 1 : 0;
    counters.degraded += done.degraded ? 1 : 0;
    counters.attempts += done.attempts;
    counters.fallbacks += done.fallbacks;
    // One that was cancelled is not wanted. One that is waits for its ack from now on: else who
    // drains would find nothing left to do.
    if (calls.Finish(done.id, done.run, std::move(done.result))) sending = calls.Send(done.id);
    Tell();
  }
  if (sending) Send(*std::move(sending), done.id);
}

void ToolWorker::Impl::TakeRequest(const wire::Message& message, tutor::Tool tool) {
  const auto encoding = envelope::EncodingOf(message.header("Content-Type"), message.data);
  auto request = envelope::DecodeToolRequest(message.data, encoding);
  if (!request) return Unreadable(message, request.error().text);
  const std::string problem = RequestProblem(options.subjects, *request, tool);
  CallTable::Known known = CallTable::Known::kNew;
  bool accepted = true;
  std::optional<Job> job;
  {
    const std::lock_guard lock(mutex);
    known = calls.Find(request->id);
    if (known != CallTable::Known::kNew) {
      ++counters.repeated;
    } else if (!HasRoom() || draining) {
      accepted = false;
      turned_away = true;
      ++counters.busy;
      Tell();
    } else if (problem.empty()) {
      ++counters.accepted;
      const uint64_t run = calls.Begin(request->id);
      ++busy_slots;
      ++jobs;
      job.emplace(Job{std::move(*request), run, stops[run].get_token()});
      Tell();
    }
  }
  Answer(message, job ? job->request.id : request->id, accepted);
  if (job) {
    Detach(RunJob(*std::move(job)));
  } else if (known == CallTable::Known::kDone) {
    // One that is on the way is sent again by the publisher anyway.
    SendResult(request->id);
  } else if (known == CallTable::Known::kNew && accepted) {
    Refuse(*request, problem);
  }
}

void ToolWorker::Impl::Unreadable(const wire::Message& message, const std::string& why) {
  LogWarn("tool request can not be read", {{"why", why}});
  {
    const std::lock_guard lock(mutex);
    ++counters.unreadable;
  }
  const auto peeked = PeekRequest(message.data);
  if (!peeked) return;
  Answer(message, peeked->id, true);
  Refuse(*peeked, "The request can not be read: " + why);
}

void ToolWorker::Impl::Refuse(const ToolRequest& request, const std::string& problem) {
  LogWarn("tool request refused", {{"call", request.id.value}, {"why", problem}});
  wire::Message result =
      ReplyMessage(replier, request, ToolErrorOf("bad_request", false, problem), 0);
  std::optional<CallTable::Sending> sending;
  {
    const std::lock_guard lock(mutex);
    ++counters.refused;
    if (calls.Find(request.id) != CallTable::Known::kNew || !HasRoom()) return;
    calls.Finish(request.id, calls.Begin(request.id), std::move(result));
    sending = calls.Send(request.id);
    Tell();
  }
  if (sending) Send(*std::move(sending), request.id);
}

void ToolWorker::Impl::TakeCancel(const wire::Message& message) {
  const auto encoding = envelope::EncodingOf(message.header("Content-Type"), message.data);
  const auto id = envelope::DecodeToolCancel(message.data, encoding);
  std::optional<std::stop_source> stop;
  {
    const std::lock_guard lock(mutex);
    if (!id) {
      ++counters.unreadable;
    } else if (const auto cancelled = calls.Cancel(*id)) {
      ++counters.cancelled;
      // Its slot is free as soon as the tool has heard it.
      if (const auto found = stops.find(*cancelled); found != stops.end()) stop = found->second;
    }
  }
  // What it calls may take locks of its own.
  if (stop) stop->request_stop();
  if (!id) LogWarn("tool cancel can not be read", {{"why", id.error().text}});
}

void ToolWorker::Impl::SendResult(const CallId& id) {
  std::optional<CallTable::Sending> sending;
  {
    const std::lock_guard lock(mutex);
    sending = calls.Send(id);
    if (!sending) return;
    Tell();
  }
  Send(*std::move(sending), id);
}

void ToolWorker::Impl::Send(CallTable::Sending sending, const CallId& id) {
  // HasRoom keeps fewer on the way than the publisher takes: there is always room.
  const bool sent =
      publisher.Send(std::move(sending.message), id.value, sending.cookie, Deadline{}, In(kGiveUp));
  if (sent) return;
  LogError("no room for a tool result", {{"call", id.value}});
  const std::lock_guard lock(mutex);
  ++counters.given_up;
  calls.Acked(sending.cookie);
}

void ToolWorker::Impl::NoteRoom() {
  if (HasRoom()) {
    full_since.reset();
    turned_away = false;
  } else if (!full_since) {
    full_since = Steady::now();
  }
}

void ToolWorker::Impl::Tell() {
  const bool was_full = full_since.has_value();
  NoteRoom();
  const bool join = !in_group && !full_since && !draining;
  const bool leave = in_group && full_since && (!was_full || turned_away);
  if (!join && !leave && !(draining && Idle())) return;
  look = true;
  changed.notify_all();
}

void ToolWorker::Impl::Loop() {
  std::unique_lock lock(mutex);
  while (!stopped) {
    look = false;
    lock.unlock();
    TakeAcks();
    JoinOrLeave();
    if (Steady::now() >= next_beat) Beat();
    lock.lock();
    if (draining && Idle() && !drained) {
      drained = true;
      changed.notify_all();
    }
    changed.wait_until(lock, NextWake(), [&] { return look || stopped; });
  }
}

// With the lock held.
Deadline ToolWorker::Impl::NextWake() const {
  Deadline next = next_beat;
  // Else nobody waits for them.
  if (calls.unacked() > 0 && (draining || !HasRoom())) next = std::min(next, In(kAckPoll));
  if (full_since && in_group) next = std::min(next, *full_since + kFullPatience);
  if (!in_group && HasRoom() && !draining) next = std::min(next, join_after);
  return next;
}

void ToolWorker::Impl::TakeAcks() {
  std::vector<std::string> given_up;
  {
    const std::lock_guard lock(mutex);
    while (auto ack = acks->Pop(Deadline{})) {
      calls.Acked(ack->cookie);
      ++(ack->ok ? counters.results : counters.given_up);
      if (!ack->ok) given_up.push_back(std::move(ack->error));
    }
    NoteRoom();
  }
  for (const std::string& why : given_up) LogError("tool result given up", {{"why", why}});
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
  beat.protobuf = true;
  {
    const std::lock_guard lock(mutex);
    beat.free = draining ? 0 : static_cast<uint32_t>(options.slots - busy_slots);
    beat.draining = draining;
    beat.in_flight = calls.InFlight();
  }
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
  bool wanted = false;
  {
    const std::lock_guard lock(mutex);
    const bool patient =
        !turned_away && (!full_since || Steady::now() < *full_since + kFullPatience);
    wanted = !draining && (in ? patient : HasRoom() && Steady::now() >= join_after);
    in_group = wanted;
  }
  // Without the lock, which a request that is being taken may wait for.
  if (in && !wanted) joined.clear();
  if (in || !wanted) return;
  for (const tutor::Tool tool : toolbox.tools()) {
    auto subscription = connection->Subscribe(
        options.subjects.ToolRequests(tutor::Name(tool)), std::string(envelope::kToolQueueGroup),
        [this, tool](const wire::Message& message) { TakeRequest(message, tool); });
    if (!subscription) {
      LogWarn("can not join the queue group", {{"why", subscription.error().text}});
      joined.clear();
      join_after = In(kRejoin);
      const std::lock_guard lock(mutex);
      in_group = false;
      return;
    }
    joined.push_back(std::move(*subscription));
  }
}

ToolWorker::ToolWorker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<ToolWorker>> ToolWorker::Start(std::shared_ptr<wire::Connection> connection,
                                                      Toolbox toolbox, Options options) {
  if (!IsToken(options.id)) return Reject("the worker's id is not [A-Za-z0-9_-]{1,64}");
  if (options.slots == 0) return Reject("a worker needs at least one slot");
  if (toolbox.tools().empty()) return Reject("a worker needs at least one tool");
  auto impl = std::make_unique<Impl>(std::move(connection), std::move(toolbox), std::move(options));
  auto control = impl->connection->Subscribe(
      impl->options.subjects.ToolControl(impl->options.id), "",
      [raw = impl.get()](const wire::Message& message) { raw->TakeCancel(message); });
  if (!control) return control.error();
  impl->control = std::move(*control);
  impl->loop = std::thread([raw = impl.get()] { raw->Loop(); });
  return std::unique_ptr<ToolWorker>(new ToolWorker(std::move(impl)));
}

ToolWorker::~ToolWorker() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopped = true;
  }
  impl_->changed.notify_all();
  impl_->loop.join();
  impl_->joined.clear();
  impl_->control.reset();
  std::unordered_map<uint64_t, std::stop_source> stops;
  {
    const std::lock_guard lock(impl_->mutex);
    stops = impl_->stops;
  }
  for (auto& [run, stop] : stops) stop.request_stop();
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [&] { return impl_->jobs == 0; });
}

bool ToolWorker::Drain(Deadline deadline) {
  std::unique_lock lock(impl_->mutex);
  impl_->draining = true;
  impl_->look = true;
  impl_->changed.notify_all();
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
