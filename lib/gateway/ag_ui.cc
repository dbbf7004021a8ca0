#include "gateway/ag_ui.h"

#include "gateway/limits.h"
#include "gateway/transcript.h"

namespace lyceum::gateway {
namespace {

using nlohmann::json;

constexpr size_t kRunIdBytesMax = 256;

bool IsText(const json& object, const char* name) {
  return object.contains(name) && object[name].is_string();
}

bool IsOurs(const json& message) {
  return message["id"].get_ref<const std::string&>().rfind(kAgUiIdPrefix, 0) == 0;
}

// The messages that the client keeps where ours after the last one of the user are made anew.
std::optional<std::string> KeptTranscript(const json& messages, size_t last_user) {
  std::string transcript;
  for (size_t i = 0; i < messages.size(); ++i) {
    if ((i > last_user || last_user == messages.size()) && IsOurs(messages[i])) continue;
    if (!transcript.empty()) transcript += ',';
    transcript += messages[i].dump(-1, ' ', false, json::error_handler_t::replace);
    if (transcript.size() > kTranscriptBytesMax) return std::nullopt;
  }
  return transcript;
}

std::string TextOfMessage(const json& message) {
  const json content = message.value("content", json());
  return content.is_string() ? content.get<std::string>() : TextOfParts(content);
}

}  // namespace

Result<RunInput> ReadRunInput(std::string_view body, int* status) {
  *status = 400;
  const json input = ReadJson(body);
  if (!input.is_object() || !IsText(input, "threadId") || !IsText(input, "runId") ||
      !input.contains("messages") || !input["messages"].is_array()) {
    return Reject("This is not a RunAgentInput: send {threadId, runId, messages, ...}.");
  }
  RunInput run{.thread_id = input["threadId"], .run_id = input["runId"]};
  if (run.run_id.empty() || run.run_id.size() > kRunIdBytesMax) {
    return Reject("`runId` has 1 to 256 bytes.");
  }
  if (input.contains("protocolVersion")) {
    if (!input["protocolVersion"].is_string())
      return Reject("`protocolVersion` is a text: \"1.0\".");
    run.says_version = true;
  }
  if (input.contains("resume") && input["resume"].is_array() && !input["resume"].empty()) {
    return Reject("Nothing is interrupted here: run without `resume`.");
  }
  const json& messages = input["messages"];
  run.has_messages = !messages.empty();
  size_t last_user = messages.size();
  bool ours_after = false;
  for (size_t i = 0; i < messages.size(); ++i) {
    const json& message = messages[i];
    if (!message.is_object() || !IsText(message, "id") || !IsText(message, "role")) {
      return Reject("Each of `messages` has an `id` and a `role`.");
    }
    if (message["role"] == "user") {
      last_user = i;
      ours_after = false;
    } else if (IsOurs(message)) {
      ours_after = true;
    }
  }
  run.transcript = KeptTranscript(messages, last_user);
  json lyceum(json::value_t::discarded);
  if (input.contains("forwardedProps") && input["forwardedProps"].is_object()) {
    lyceum = input["forwardedProps"].value("lyceum", json(json::value_t::discarded));
  }
  const bool user = last_user < messages.size();
  const bool users_own = user && !IsOurs(messages[last_user]);
  if (!lyceum.is_discarded() && (ours_after || (user && !users_own))) {
    return Reject(
        "Each event goes with a new message of the user at the end of `messages`: its id is the "
        "event's. To see what was missed, run without `lyceum`.");
  }
  if (users_own && ours_after) {
    if (!run.transcript) {
      *status = 413;
      return Reject(
          "This transcript is too long to be sent back: run without messages, and the session's "
          "comes.");
    }
    run.resumes_event_id = EventIdOf(messages[last_user]["id"]);
    return run;
  }
  if (!users_own && lyceum.is_discarded()) return run;
  Result<std::string> event =
      users_own ? EventJson(lyceum, messages[last_user]["id"], TextOfMessage(messages[last_user]))
                : EventJson(lyceum, "r-" + run.run_id, "");
  if (!event) return event.error();
  run.event_json = *std::move(event);
  return run;
}

}  // namespace lyceum::gateway
