// ToolHost, the part of it that serves functions.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "toolhost/tool_host_impl.h"
#include "tutor/names.h"

namespace lyceum::toolhost {

using std::chrono::milliseconds;

std::vector<std::pair<std::string, wire::Wire::Handler>> ToolHost::Impl::Served() {
  std::vector<std::pair<std::string, wire::Wire::Handler>> served;
  for (const tutor::Tool tool : tools) {
    served.emplace_back(tutor::Name(tool),
                        [this, tool](const wire::Arrived& message) { OnRequest(message, tool); });
  }
  for (const std::string& name : toolbox.functions()) {
    served.emplace_back(name,
                        [this, name](const wire::Arrived& message) { OnFunction(message, name); });
  }
  return served;
}

std::vector<std::string> ToolHost::Impl::ServedNames() const {
  std::vector<std::string> names;
  for (const tutor::Tool tool : tools) names.emplace_back(tutor::Name(tool));
  for (std::string& name : toolbox.functions()) names.push_back(std::move(name));
  return names;
}

void ToolHost::Impl::OnFunction(const wire::Arrived& message, const std::string& name) {
  if (!guard.IsFresh()) {
    ++counters.stale;
    return;
  }
  auto request = envelope::DecodeFunctionRequest(message.data, EncodingOf(message));
  if (!request) {
    ++counters.unreadable;
    return LogWarn("function request cannot be read", {{"why", request.error().text}});
  }
  // There is no other subject to say so on: who asked waits, and gives up.
  if (request->name != name || !envelope::IsFunctionReply(request->reply_subject)) {
    ++counters.refused;
    return LogWarn("function request refused", {{"call", request->id.value}, {"function", name}});
  }
  if (!Admit(message, request->id)) return;
  ++counters.accepted;
  const uint64_t run = calls.Begin(request->id);
  ++busy_slots;
  ++jobs;
  Detach(RunFunction({*std::move(request), run, stops[run].get_token()}));
}

Task<void> ToolHost::Impl::RunFunction(FunctionJob job) {
  Finished done = co_await FunctionAnswered(job);
  co_await OntoLoop{executor, loop};
  Finish(std::move(done));
  --jobs;
}

Task<Finished> ToolHost::Impl::FunctionAnswered(const FunctionJob& job) {
  const auto begin = Steady::now();
  Finished done{.id = job.request.id, .run = job.run};
  FunctionAnswer answer = ToolErrorOf("deadline", false, "The call's deadline had passed.");
  const int64_t left = job.request.deadline_ms - clock->UnixMs();
  done.late = left <= 0;
  if (!done.late) {
    co_await threads.Enter();
    const Deadline deadline = begin + milliseconds(std::min(left, kDeadlineMsMax));
    answer = toolbox.RunFunction({job.request, job.stop, deadline});
    done.late = Steady::now() >= deadline;
  }
  const auto elapsed = Steady::now() - begin;
  const auto took = std::chrono::duration_cast<milliseconds>(elapsed).count();
  done.took_us = std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
  done.served = job.request.name;
  done.result = FunctionReplyMessage(replier, job.request, std::move(answer), took, &done.error);
  co_return done;
}

// Whether it arrives nobody tells: who asked asks again, or its time ends.
void ToolHost::Impl::SendToInbox(const CallTable::Sending& sending) {
  const auto sent =
      wire->Publish({.subject = sending.message.subject, .data = sending.message.data});
  if (!sent) LogWarn("function result not sent", {{"why", sent.error().text}});
  ++(sent ? counters.results : counters.given_up);
  calls.Acked(sending.cookie);
}

}  // namespace lyceum::toolhost
