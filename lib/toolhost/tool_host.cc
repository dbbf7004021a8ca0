#include "toolhost/tool_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "base/token.h"
#include "toolhost/tool_host_impl.h"
#include "toolhost/tool_span.h"
#include "tutor/names.h"

namespace lyceum::toolhost {
namespace {

using envelope::ToolRequest;
using std::chrono::milliseconds;

constexpr int64_t kFullPatienceMs = 50;
constexpr int64_t kRejoinMs = 1000;        // After a subscription that failed.
constexpr int64_t kPublisherTickMs = 100;  // While results are on their way.
constexpr int64_t kGiveUpMs = 120'000;     // A result that no stream takes.
constexpr size_t kToolsMax = 64;           // As a heartbeat has.

// For the accounts: what was asked of language models, and what it cost.
void LogAnswer(const ToolRequest& request, const ToolAnswer& answer, int64_t took_ms) {
  const auto* error = std::get_if<tutor::ToolError>(&answer.outcome);
  LogInfo("tool answered", {{"call", request.id.value},
                            {"tool", tutor::Name(request.tool)},
                            {"outcome", error == nullptr ? "ok" : error->code},
                            {"provider", answer.provider},
                            {"model", answer.model},
                            {"attempts", answer.attempts},
                            {"fallbacks", answer.fallbacks},
                            {"functions", answer.functions.size()},
                            {"degraded", answer.degraded},
                            {"latency_ms", took_ms},
                            {"first_text_ms", answer.first_text_ms},
                            {"input_tokens", answer.usage.input_tokens},
                            {"output_tokens", answer.usage.output_tokens},
                            {"cached_tokens", answer.usage.cached_tokens},
                            {"trace", TraceIdIn(request.trace)}});
}

}  // namespace

Task<void> ToolHost::Impl::RunJob(Job job) {
  Finished done = co_await Answered(job);
  co_await OntoLoop{executor, loop};
  Finish(std::move(done));
  --jobs;
}

Task<ToolAnswer> ToolHost::Impl::RunTool(const Job& job, Deadline deadline) {
  std::shared_ptr<DeltaStream> stream;
  if (IsStreamed(options.subjects, job.request)) stream = deltas.Open(job.request, job.stop);
  const ToolCall call{job.request, job.stop,        deadline,      stream.get(),
                      &threads,    job.input_bytes, options.tracer};
  ToolAnswer answer = co_await toolbox.Start(call);
  if (stream != nullptr) stream->Finish();
  co_return answer;
}

Task<Finished> ToolHost::Impl::Answered(Job& job) {
  const auto begin = Steady::now();
  std::optional<Span> span;
  if (options.tracer != nullptr) span = BeginToolSpan(*options.tracer, &job.request);
  Finished done{.id = job.request.id, .run = job.run};
  ToolAnswer answer =
      ToolErrorOf(tutor::ErrorCode::kDeadline, false, "The call's deadline had passed.");
  const int64_t left = job.request.deadline_ms - clock->UnixMs();
  done.late = left <= 0;
  if (!done.late) {
    answer = co_await RunTool(job, In(milliseconds(std::min(left, kDeadlineMsMax))));
    done.late = clock->UnixMs() >= job.request.deadline_ms;
    if (done.late) {
      answer.outcome =
          ToolErrorOf(tutor::ErrorCode::kDeadline, false, "The tool took longer than allowed.");
    }
  }
  done.error = std::holds_alternative<tutor::ToolError>(answer.outcome);
  done.degraded = answer.degraded;
  done.attempts = answer.attempts;
  done.fallbacks = answer.fallbacks;
  const auto elapsed = Steady::now() - begin;
  const auto took = std::chrono::duration_cast<milliseconds>(elapsed).count();
  if (span) EndToolSpan(*options.tracer, *std::move(span), answer);
  done.tool = job.request.tool;
  done.served = tutor::Name(job.request.tool);
  done.took_us = std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
  if (answer.attempts > 0 || answer.degraded) LogAnswer(job.request, answer, took);
  done.result = ReplyMessage(replier, job.request, std::move(answer), took);
  co_return done;
}

void ToolHost::Impl::Finish(Finished done) {
  --busy_slots;
  stops.erase(done.run);
  if (done.tool) options.times->run[static_cast<size_t>(*done.tool)].AddUs(done.took_us);
  wire::EndpointFigures& figures = ended[done.served];
  ++figures.requests;
  figures.errors += done.error ? 1 : 0;
  figures.processing_ns += done.took_us * 1'000;
  counters.late += done.late ? 1 : 0;
  counters.errors += done.error ? 1 : 0;
  counters.degraded += done.degraded ? 1 : 0;
  counters.attempts += done.attempts;
  counters.fallbacks += done.fallbacks;
  // One that was cancelled is not wanted.
  const bool wanted = calls.Finish(done.id, done.run, std::move(done.result));
  if (wanted && !stopped) SendResult(done.id);
}

void ToolHost::Impl::OnRequest(const wire::Arrived& message, tutor::Tool tool) {
  if (!guard.IsFresh()) {
    ++counters.stale;
    return;
  }
  auto request = envelope::DecodeToolRequest(message.data, EncodingOf(message));
  if (!request) return OnUnreadable(message, request.error().text);
  if (!Admit(message, request->id)) return;
  const std::string problem = RequestProblem(options.subjects, *request, tool);
  if (!problem.empty()) return Refuse(*request, problem);
  ++counters.accepted;
  const uint64_t run = calls.Begin(request->id);
  ++busy_slots;
  ++jobs;
  const std::stop_token stop = stops[run].get_token();
  Detach(RunJob(Job{*std::move(request), run, stop, message.data.size()}));
}

bool ToolHost::Impl::Admit(const wire::Arrived& message, const CallId& id) {
  const CallTable::Known known = calls.Find(id);
  if (known != CallTable::Known::kNew) {
    ++counters.repeated;
    SendAck(message, id, true);
    // One that is on the way is sent again by the publisher anyway.
    if (known == CallTable::Known::kDone) SendResult(id);
    return false;
  }
  const bool room = HasRoom() && !draining;
  SendAck(message, id, room);
  if (room) return true;
  turned_away = true;
  ++counters.busy;
  return false;
}

void ToolHost::Impl::OnUnreadable(const wire::Arrived& message, const std::string& why) {
  LogWarn("tool request cannot be read", {{"why", why}});
  ++counters.unreadable;
  const auto peeked = PeekRequest(message.data);
  if (!peeked) return;
  SendAck(message, peeked->id, true);
  Refuse(*peeked, "The request cannot be read: " + why);
}

void ToolHost::Impl::Refuse(const ToolRequest& request, const std::string& problem) {
  LogWarn("tool request refused",
          {{"call", request.id.value}, {"why", problem}, {"trace", TraceIdIn(request.trace)}});
  ++counters.refused;
  if (calls.Find(request.id) != CallTable::Known::kNew || !HasRoom()) return;
  calls.Finish(request.id, calls.Begin(request.id),
               ReplyMessage(replier, request,
                            ToolErrorOf(tutor::ErrorCode::kBadRequest, false, problem), 0));
  SendResult(request.id);
}

void ToolHost::Impl::OnControl(const wire::Arrived& message) {
  const auto control = envelope::DecodeToolControl(message.data, EncodingOf(message));
  if (!control) {
    ++counters.unreadable;
    return LogWarn("tool cancel cannot be read", {{"why", control.error().text}});
  }
  if (const auto* refused = std::get_if<envelope::ToolRefused>(&*control)) {
    ++counters.results_refused;
    LogWarn("tool result refused", {{"call", refused->id.value}, {"why", refused->reason}});
  }
  const CallId& id =
      std::visit([](const auto& each) -> const CallId& { return each.id; }, *control);
  const auto run = calls.Cancel(id);
  if (!run) return;
  ++counters.cancelled;
  // Its slot is free as soon as the tool has ended, which may be inside of this.
  const auto found = stops.find(*run);
  if (found == stops.end()) return;
  std::stop_source stop = found->second;
  stop.request_stop();
}

void ToolHost::Impl::SendResult(const CallId& id) {
  std::optional<CallTable::Sending> sending = calls.Send(id);
  if (!sending) return;
  if (!sending->message.stored) return SendToInbox(*sending);
  const size_t bytes = sending->message.data.size();
  wire::StoredMessageOut out;
  out.subject = std::move(sending->message.subject);
  out.data = std::move(sending->message.data);
  out.message_id = id.value;
  unacked_bytes += bytes;
  const uint64_t cookie = sending->cookie;
  // HasRoom keeps fewer on the way than the publisher takes: there is always room.
  const bool sent = publisher.Send(std::move(out), kGiveUpMs,
                                   [this, cookie, bytes](const Result<uint64_t>& sequence) {
                                     OnAcked(cookie, bytes, sequence);
                                   });
  if (!sent) OnAcked(cookie, bytes, Retry("there is no room for it"));
}

void ToolHost::Impl::OnAcked(uint64_t cookie, size_t bytes, const Result<uint64_t>& sequence) {
  unacked_bytes -= bytes;
  calls.Acked(cookie);
  ++(sequence ? counters.results : counters.given_up);
  if (!sequence) LogError("tool result given up", {{"why", sequence.error().text}});
}

void ToolHost::Impl::SendAck(const wire::Arrived& message, const CallId& id, bool accepted) {
  if (message.reply.empty()) return;
  const std::string data = envelope::EncodeToolAck({id, accepted, options.id});
  if (auto sent = wire->Publish({.subject = message.reply, .data = data}); !sent) {
    LogWarn("tool ack not sent", {{"call", id.value}, {"why", sent.error().text}});
  }
}

void ToolHost::Impl::SendHeartbeat(int64_t now) {
  if (next_beat > 0) {
    counters.heartbeat_late_ms_max = std::max(counters.heartbeat_late_ms_max, now - next_beat);
  }
  next_beat = now + options.heartbeat.count();
  envelope::ToolHeartbeat beat;
  beat.worker = options.id;
  for (const tutor::Tool tool : tools) beat.tools.emplace_back(tutor::Name(tool));
  for (std::string& name : toolbox.functions()) beat.tools.push_back(std::move(name));
  beat.slots = static_cast<uint32_t>(options.slots);
  beat.protobuf = true;
  beat.direct = true;
  beat.free = draining ? 0 : static_cast<uint32_t>(options.slots - busy_slots);
  beat.draining = draining;
  beat.in_flight = calls.InFlight();
  const std::string data = envelope::EncodeToolHeartbeat(beat);
  auto sent = wire->Publish({.subject = options.subjects.Heartbeat(options.id), .data = data});
  // Not connected: nobody receives it, and the next one comes soon.
  if (!sent && sent.error().fault == Fault::kReject) {
    LogError("heartbeat refused", {{"why", sent.error().text}});
  }
}

bool ToolHost::Impl::HasRoom() const {
  return busy_slots < options.slots && calls.unacked() < options.unacked_max &&
         unacked_bytes < options.unacked_bytes_max;
}

void ToolHost::Impl::NoteRoom(int64_t now) {
  if (HasRoom()) {
    full_since.reset();
    turned_away = false;
  } else if (!full_since) {
    full_since = now;
  }
}

bool ToolHost::Impl::Subscribe(const std::string& subject, std::string_view queue,
                               wire::Wire::Handler handler, wire::Wire::SubscriptionId* id) {
  auto subscribed = wire->Subscribe(subject, queue, std::move(handler));
  if (subscribed) {
    *id = *subscribed;
    return true;
  }
  if (subscribed.error().fault == Fault::kReject) {
    LogWarn("cannot subscribe", {{"subject", subject}, {"why", subscribed.error().text}});
  }
  return false;
}

void ToolHost::Impl::Leave() {
  for (const auto id : in_group) wire->Unsubscribe(id);
  in_group.clear();
}

// Leaving and joining again costs the server more than a quick call: a host that is full only for a
// moment, and is asked for nothing meanwhile, stays.
void ToolHost::Impl::JoinOrLeave(int64_t now) {
  NoteRoom(now);
  const bool in = !in_group.empty();
  const bool patient = !turned_away && (!full_since || now < *full_since + kFullPatienceMs);
  const bool room = in ? patient : HasRoom() && now >= join_after;
  const bool wanted = has_direct && !draining && !stopped && room;
  if (in && !wanted) return Leave();
  if (in || !wanted) return;
  for (auto& [name, handler] : Served()) {
    wire::Wire::SubscriptionId id = 0;
    if (!Subscribe(options.subjects.ToolRequests(name), envelope::kToolQueueGroup,
                   std::move(handler), &id)) {
      Leave();
      join_after = now + kRejoinMs;
      return;
    }
    in_group.push_back(id);
  }
}

void ToolHost::Impl::OnConnection(bool connected) {
  in_group.clear();
  has_direct = false;
  guard.OnConnection(connected);
  if (caller != nullptr) caller->OnConnection(connected ? wire : nullptr);
  if (!connected) return;
  replier.payload_bytes_max = wire->payload_bytes_max();
  const int64_t now = clock->SteadyMs();
  SendHeartbeat(now);  // Before the first request: it says what encoding requests may have.
  wire::Wire::SubscriptionId id = 0;
  const std::string& self = options.id;
  has_direct = Subscribe(
      options.subjects.ToolControl(self), "",
      [this](const wire::Arrived& message) { OnControl(message); }, &id);
  for (auto& [name, handler] : Served()) {
    has_direct = has_direct && Subscribe(options.subjects.ToolRequestsTo(name, self), "",
                                         std::move(handler), &id);
  }
  if (!has_direct) return;  // The connection is gone again; the next one is told of as well.
  join_after = 0;
  JoinOrLeave(now);
  publisher.OnConnected();
}

Result<void> ToolHost::Check(const Toolbox& toolbox, const HostOptions& options) {
  if (!IsToken(options.id)) return Reject("the worker's id is not [A-Za-z0-9_-]{1,64}");
  if (options.slots == 0) return Reject("a worker needs at least one slot");
  const size_t tools = toolbox.tools().size() + toolbox.functions().size();
  if (tools == 0) return Reject("a worker needs at least one tool");
  if (tools > kToolsMax) return Reject(fmt::format("a worker has {} tools at most", kToolsMax));
  return {};
}

ToolHost::ToolHost(const Doors& doors, Toolbox toolbox, HostOptions options) {
  CHECK(Check(toolbox, options));
  impl_ = std::make_unique<Impl>(doors, std::move(toolbox), std::move(options));
  impl_->wire->SetConnectionHandler(
      [impl = impl_.get()](bool connected) { impl->OnConnection(connected); });
  if (impl_->wire->connected()) impl_->OnConnection(true);
}

ToolHost::~ToolHost() {
  CHECK(impl_->jobs == 0);
  impl_->wire->SetConnectionHandler({});
  if (impl_->caller != nullptr) impl_->caller->OnConnection(nullptr);
}

void ToolHost::Turn() {
  Impl& impl = *impl_;
  impl.guard.Turn();
  const int64_t now = impl.clock->SteadyMs();
  impl.JoinOrLeave(now);
  impl.deltas.Turn();
  if (impl.caller != nullptr) impl.caller->Turn();
  if (now >= impl.next_publisher_tick) {
    impl.next_publisher_tick = now + kPublisherTickMs;
    impl.publisher.Tick();
  }
  if (now >= impl.next_beat) impl.SendHeartbeat(now);
}

int64_t ToolHost::NextMs() const {
  const Impl& impl = *impl_;
  int64_t next = std::min(impl.next_beat, impl.deltas.NextMs());
  if (impl.caller != nullptr) next = std::min(next, impl.caller->NextMs());
  if (impl.publisher.in_flight() > 0) next = std::min(next, impl.next_publisher_tick);
  const bool in = !impl.in_group.empty();
  if (in && impl.full_since) next = std::min(next, *impl.full_since + kFullPatienceMs);
  if (!in && impl.has_direct && impl.HasRoom() && !impl.draining && !impl.stopped) {
    next = std::min(next, impl.join_after);
  }
  return next;
}

void ToolHost::Drain() { impl_->draining = true; }

bool ToolHost::drained() const {
  const CallTable& calls = impl_->calls;
  return impl_->draining && calls.running() == 0 && calls.unacked() == 0;
}

void ToolHost::Stop() {
  impl_->stopped = true;
  impl_->draining = true;
  impl_->Leave();
  // Each may end inside of it, and leave the table.
  std::vector<std::stop_source> stops;
  for (const auto& [run, stop] : impl_->stops) stops.push_back(stop);
  for (std::stop_source& stop : stops) stop.request_stop();
}

size_t ToolHost::jobs() const { return impl_->jobs; }
bool ToolHost::joined() const { return !impl_->in_group.empty(); }

std::vector<wire::ServiceEndpoint> ToolHost::endpoints() const {
  std::vector<wire::ServiceEndpoint> endpoints;
  for (const std::string& name : impl_->ServedNames()) {
    endpoints.push_back({.name = name,
                         .subject = impl_->options.subjects.ToolRequests(name),
                         .queue_group = std::string(envelope::kToolQueueGroup)});
  }
  return endpoints;
}

std::vector<wire::EndpointFigures> ToolHost::endpoint_figures() const {
  std::vector<wire::EndpointFigures> figures;
  for (const std::string& name : impl_->ServedNames()) {
    const auto found = impl_->ended.find(name);
    figures.push_back(found == impl_->ended.end() ? wire::EndpointFigures() : found->second);
  }
  return figures;
}

HostCounters ToolHost::counters() const {
  HostCounters counters = impl_->counters;
  const DeltaSender::Counters streamed = impl_->deltas.counters();
  counters.deltas = streamed.deltas;
  counters.retracts = streamed.retracts;
  counters.deltas_lost = streamed.lost;
  counters.busy_slots = impl_->busy_slots;
  counters.unacked = impl_->calls.unacked();
  return counters;
}

}  // namespace lyceum::toolhost
