#include "gateway/ag_ui_events.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_object.h"
#include "base/overloaded.h"
#include "gateway/ag_ui.h"
#include "gateway/limits.h"
#include "gateway/native.h"

namespace lyceum::gateway {
namespace {

using nlohmann::json;

constexpr char kStep[] = "tool";

JsonObject NewEvent(const char* type) {
  JsonObject event;
  event.Add("type", type);
  return event;
}

std::string MessageIdOf(uint32_t n) { return std::string(kAgUiIdPrefix) + std::to_string(n); }

std::string MessageJson(std::string_view id, const char* role, std::string_view text) {
  return JsonObject().Add("id", id).Add("role", role).Add("content", text).End();
}

// Whether a message is that entry of the history.
bool IsEntry(const tutor::Body& body, const HistoryLine& entry) {
  return tutor::HistoryKindOf(body) == entry.kind && tutor::HistoryTextOf(body) == entry.text;
}

// The newest ones, in order, with commas between: as much as may be sent.
std::string Joined(const std::vector<std::string>& newest_first) {
  size_t count = 0;
  for (size_t bytes = 0; count < newest_first.size(); ++count) {
    bytes += newest_first[count].size() + 1;
    if (bytes > kTranscriptBytesMax) break;
  }
  std::string joined;
  while (count > 0) {
    if (!joined.empty()) joined += ',';
    joined += newest_first[--count];
  }
  return joined;
}

// What learner and tutor have said: the history has its order and the learner's texts, the messages have the tutor's as they
// were sent. Both end at the same point of the session, so they are matched from there.
std::string SessionTranscript(const std::vector<HistoryLine>& history,
                              const std::deque<SaidMessage>& said) {
  std::vector<std::string> newest_first;
  auto message = said.rbegin();
  for (auto entry = history.rbegin(); entry != history.rend(); ++entry) {
    const std::string id = std::string(kAgUiIdPrefix) + "h-" + std::to_string(entry->index);
    if (entry->of_learner) {
      if (!entry->text.empty()) newest_first.push_back(MessageJson(id, "user", entry->text));
      continue;
    }
    const auto found = std::find_if(message, said.rend(), [&](const SaidMessage& one) {
      return IsEntry(one.message.message.body, *entry);
    });
    if (found == said.rend()) {  // Older than the messages that are kept.
      if (entry->kind != "error" && !entry->text.empty())
        newest_first.push_back(MessageJson(id, "assistant", entry->text));
      continue;
    }
    message = found + 1;
    const std::string text = ShownText(found->message.message.body);
    if (text.empty()) continue;
    newest_first.push_back(MessageJson(MessageIdOf(found->message.message.n), "assistant", text));
  }
  return Joined(newest_first);
}

}  // namespace

std::vector<HistoryLine> HistoryOf(std::string_view view_json) {
  std::vector<HistoryLine> lines;
  const json view = json::parse(view_json, nullptr, false);
  if (!view.is_object() || !view.contains("history") || !view["history"].is_array()) return lines;
  for (const json& entry : view["history"]) {
    const std::string role = entry.value("role", "");
    if (role != "learner" && role != "tutor") continue;
    lines.push_back({entry.value("index", uint64_t{0}), role == "learner", entry.value("kind", ""),
                     entry.value("text", "")});
  }
  return lines;
}

AgUiEvents::AgUiEvents(AgUiRun run)
    : AnswerWriter(run.transcript.has_value()), run_(std::move(run)) {
  JsonObject started = NewEvent("RUN_STARTED");
  started.Add("threadId", run_.thread_id).Add("runId", run_.run_id);
  if (run_.says_version) started.Add("protocolVersion", "1.0");
  WriteData(started.End());
}

void AgUiEvents::OpenText(std::string_view id) {
  WriteData(NewEvent("TEXT_MESSAGE_START").Add("messageId", id).Add("role", "assistant").End());
}
void AgUiEvents::TextDelta(std::string_view id, std::string_view text) {
  WriteData(NewEvent("TEXT_MESSAGE_CONTENT").Add("messageId", id).Add("delta", text).End());
}
void AgUiEvents::CloseText(std::string_view id) {
  WriteData(NewEvent("TEXT_MESSAGE_END").Add("messageId", id).End());
}

void AgUiEvents::TakeBack(std::string_view id) {
  CloseText(id);
  AddSnapshot();
}

std::string AgUiEvents::SpokenId(std::string_view request, uint32_t attempt) const {
  return std::string(kAgUiIdPrefix) + "s-" + std::string(request) + "-" + std::to_string(attempt);
}

void AgUiEvents::AddSnapshot() {
  std::string messages = *run_.transcript;  // There: without it nothing is sent that needs this.
  if (!messages.empty() && !said_.empty()) messages += ',';
  messages += said_;
  WriteData(NewEvent("MESSAGES_SNAPSHOT").AddJson("messages", "[" + messages + "]").End());
}

void AgUiEvents::KeepSaid(std::string_view id, std::string_view text) {
  if (id.empty() || !run_.transcript) return;
  if (!said_.empty()) said_ += ',';
  said_ += MessageJson(id, "assistant", text);
  if (said_.size() > kRunSaidBytesMax) StopStreaming();
}

void AgUiEvents::SetStep(bool open) {
  if (open == step_open_ || ended()) return;
  step_open_ = open;
  WriteData(NewEvent(open ? "STEP_STARTED" : "STEP_FINISHED").Add("stepName", kStep).End());
}

void AgUiEvents::AddCustom(const char* name, std::string_view value_json) {
  WriteData(NewEvent("CUSTOM")
                .Add("name", "lyceum-" + std::string(name))
                .AddJson("value", value_json)
                .End());
}

void AgUiEvents::Add(const envelope::ReceivedMessage& received, std::string_view message_json) {
  const tutor::ClientMessage& message = received.message;
  const auto say = [&] {
    const std::string text = ShownText(message.body);
    std::string id = AddText(MessageIdOf(message.n), text);
    KeepSaid(id, text);
    return id;
  };
  const auto say_with = [&](const char* name) {
    JsonObject value;
    if (const std::string id = say(); !id.empty()) value.Add("messageId", id);
    AddCustom(name, value.AddJson(name, PartOf(message_json, name)).End());
  };
  const auto status = [&](const char* name) {
    AddCustom("status", JsonObject().AddJson(name, PartOf(message_json, name)).End());
  };
  std::visit(Overloaded{[&](const tutor::TextOut&) { say(); },
                        [&](const tutor::FeedbackOut&) { say_with("feedback"); },
                        [&](const tutor::HintOut&) { say_with("hint"); },
                        [&](const tutor::QuestionOut&) { say_with("question"); },
                        [&](const tutor::WaitOut&) { status("wait"); },
                        [&](const tutor::ProgressOut&) { status("progress"); },
                        [&](const tutor::CompletedOut&) { AddCustom("completed", "{}"); },
                        [&](const tutor::ErrorOut& error) { Fail(error.code, error.text); },
                        [](const tutor::RetractOut&) {}, [](const tutor::ResumedOut&) {},
                        [](const tutor::DetachedOut&) {}},
             message.body);
  if (message.n > 0) SetStep(tutor::IsBusy(message.state));
}

bool AgUiEvents::AddBefore(const std::deque<SaidMessage>& said, std::string_view event_id) {
  if (!event_id.empty()) {
    AddSnapshot();  // Away with what the client has of this answer: it comes anew.
    return false;
  }
  // Where ids of the client's stand between ours, its order would not be the session's.
  if (run_.has_messages) WriteData(NewEvent("MESSAGES_SNAPSHOT").AddJson("messages", "[]").End());
  run_.transcript = SessionTranscript(HistoryOf(run_.view_json), said);
  AddSnapshot();
  SetState(std::exchange(run_.view_json, {}));
  return true;
}

void AgUiEvents::SetState(std::string_view view_json) {
  WriteData(NewEvent("STATE_SNAPSHOT").AddJson("snapshot", LearnersView(view_json, false)).End());
}

void AgUiEvents::Finish() {
  if (ended()) return;
  Drop();
  SetStep(false);
  JsonObject finished = NewEvent("RUN_FINISHED");
  finished.Add("threadId", run_.thread_id).Add("runId", run_.run_id);
  if (run_.says_version) finished.AddJson("outcome", R"({"type":"success"})");
  WriteData(finished.End());
  End();
}

void AgUiEvents::Fail(std::string_view code, std::string_view sentence) {
  if (ended()) return;
  Drop();
  SetStep(false);
  WriteData(NewEvent("RUN_ERROR").Add("message", sentence).Add("code", code).End());
  End();
}

}  // namespace lyceum::gateway
