// The route of AG-UI.
#include <utility>

#include "gateway/ag_ui.h"
#include "gateway/ag_ui_events.h"
#include "gateway/answer.h"
#include "gateway/call.h"
#include "gateway/limits.h"

namespace lyceum::gateway {
namespace {

constexpr uint32_t kEntriesOfSnapshot = 200;

AgUiRun RunOf(const RunInput& input) {
  return {.thread_id = input.thread_id,
          .run_id = input.run_id,
          .says_version = input.says_version,
          .transcript = input.transcript,
          .has_messages = input.has_messages,
          .view_json = {}};
}

// Where there is no session yet: no one's snapshot, and nothing to wait for.
Response EmptyRun(const RunInput& input) {
  AgUiEvents events(RunOf(input));
  if (!input.has_messages) events.AddBefore({}, "");
  events.Finish();
  return {.content_type = "text/event-stream",
          .body = events.Take(),
          .headers = {{"Cache-Control", "no-cache"}}};
}

}  // namespace

void Gateway::RouteAgUi(const std::shared_ptr<Call>& call) {
  if (!Authorize(call, false)) return;
  int status = 0;
  Result<RunInput> input = ReadRunInput(call->request.body, &status);
  if (!input) {
    return Fail(call, CounterOf(status), Refusal(status, input.error().text));
  }
  if (!CheckSession(call, input->thread_id) || !AllowSocket(call)) return;
  std::optional<tutor::Event> event;
  if (input->event_json.empty()) {
    if (!AllowHandshake(call)) return;
  } else {
    Result<tutor::Event> read = ReadEvent(call->identity.user, input->event_json, &status);
    if (!read) return call->Answer(EventRefusal(status, read.error()));
    event = *std::move(read);
  }
  const bool rejoin = !event && input->resumes_event_id.empty();
  const auto shared = std::make_shared<RunInput>(*std::move(input));
  sessions_->View(
      call->identity.user, rejoin ? kEntriesOfSnapshot : 1,
      [this, call, shared, rejoin, event = std::move(event)](const auto& view) {
        if (!view) {
          return Fail(call, counters_.refused_away,
                      Refusal(503, "The session does not answer: try again.", "session", true));
        }
        if (!event && (!view->found || view->n == 0)) {
          return call->Answer(EmptyRun(*shared));
        }
        AgUiRun run = RunOf(*shared);
        if (rejoin) run.view_json = view->json;
        AnswerStart start{.after_n = rejoin ? 0 : AfterForAnswer(view->n),
                          .event = event,
                          .last_n = view->n,
                          .runs = IsBusy(*view),
                          .event_id = shared->resumes_event_id,
                          .follows_all = rejoin,
                          .trace = std::string(call->request.header("traceparent"))};
        call->Answer(StreamStart{
            .content_type = "text/event-stream",
            .headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}},
            .keep_alive = ":\n\n",
            .peer = std::make_unique<AnswerPeer>(
                this, call->identity, std::move(start),
                [run](std::string_view) { return std::make_unique<AgUiEvents>(run); })});
      });
}

}  // namespace lyceum::gateway
