// The AI SDK's convention (`useChat` with its default transport): what a request of it asks for. Its routes: chat_routes.cc
//
//   POST /api/chat                  {id, messages, ...}: the last message of the user is the event, by its id
//   GET  /api/chat/{id}/stream      the answer that is on its way, or ended a minute ago, from its beginning; else 204
//   POST /api/chat/{id}/stop        what runs is given up (stop)
// and the same under /api/v6/chat for clients of the versions 5 and 6.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace lyceum::gateway {

// What a POST asks for. kReject: a sentence.
struct ChatRequest {
  std::string chat;        // Its id: has to be the session's.
  std::string event_json;  // As the native convention would post it, with its id.
};
Result<ChatRequest> ReadChatRequest(std::string_view body);

}  // namespace lyceum::gateway
