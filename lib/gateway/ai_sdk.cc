#include "gateway/ai_sdk.h"

#include "gateway/transcript.h"

namespace lyceum::gateway {

using nlohmann::json;

Result<ChatRequest> ReadChatRequest(std::string_view body) {
  const json request = ReadJson(body);
  if (!request.is_object() || !request.contains("id") || !request["id"].is_string() ||
      !request.contains("messages") || !request["messages"].is_array()) {
    return Reject("This is not a chat request: send {id, messages, trigger} as useChat does.");
  }
  const json* last = nullptr;
  for (const json& message : request["messages"]) {
    if (message.is_object() && message.value("role", json()) == "user") last = &message;
  }
  if (last == nullptr || !last->contains("id") || !(*last)["id"].is_string()) {
    return Reject("There is no message of the user with an id in it: send at least one.");
  }
  Result<std::string> event =
      EventJson(request.value("lyceum", json(json::value_t::discarded)),
                (*last)["id"].get<std::string>(), TextOfParts(last->value("parts", json())));
  if (!event) return event.error();
  return ChatRequest{request["id"].get<std::string>(), *std::move(event)};
}

}  // namespace lyceum::gateway
