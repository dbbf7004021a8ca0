// What a tool worker sends back for a request.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "envelope/codec.h"
#include "envelope/subjects.h"
#include "toolhost/toolbox.h"

namespace lyceum::toolhost {

// Who answers.
struct Replier {
  envelope::Subjects subjects;
  std::string worker;
  std::string provider;
  size_t payload_bytes_max = 1024 * 1024;
};

// A result on its way into the log, or to who asked.
struct ResultMessage {
  std::string subject;
  std::string data;
  bool stored = true;  // False: to an inbox, which acks nothing.
};

// The result as a record for the log. One that is too large becomes an error result.
ResultMessage ReplyMessage(const Replier& replier, const envelope::ToolRequest& request,
                           ToolAnswer answer, int64_t latency_ms);

// The result of a function as a message to the inbox that the request names. One that is too large
// becomes an error. `error`: whether it is one.
ResultMessage FunctionReplyMessage(const Replier& replier, const envelope::FunctionRequest& request,
                                   FunctionAnswer answer, int64_t latency_ms, bool* error);

// What can be read of a request that does not decode: enough to answer it with an error. JSON only.
std::optional<envelope::ToolRequest> PeekRequest(std::string_view data);

// Why this request is not run; empty: nothing is wrong with it.
std::string RequestProblem(const envelope::Subjects& subjects, const envelope::ToolRequest& request,
                           tutor::Tool subscribed);

// True where somebody listens to the text of this request's tool while it is made: the tool speaks
// to the learner, and all the stream's subjects are clients'.
bool IsStreamed(const envelope::Subjects& subjects, const envelope::ToolRequest& request);

}  // namespace lyceum::toolhost
