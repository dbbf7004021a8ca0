// The answer to one event as the UI message stream of the AI SDK, version 1: frames of server-sent events. No I/O.
//
// Order: start, start-step, parts, finish-step, finish (or error), [DONE]. A text that a tool says while it speaks has a step
// of its own as long as it may be taken back: retract is reset-step, which drops all parts of the step. Clients before 7 do not
// know that chunk: for them (`streams` false) a text is sent when it is final.
//   text, feedback, hint, question    a text part; beside it data-lyceum-feedback, -hint, -question, with id "n-<n>"
//   wait, progress                    data-lyceum-status, transient
//   completed                         data-lyceum-completed
//   error                             error
// What is not the answer to the event (in_reply_to) is not given to this.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "envelope/messages.h"

namespace lyceum::gateway {

class UiMessageChunks {
 public:
  UiMessageChunks(std::string_view event_id, bool streams);

  // `json`: the message as it came.
  void Add(const envelope::ReceivedMessage& message, std::string_view json);
  void AddDelta(const envelope::ReceivedMessage& delta);
  void Retract(const envelope::ReceivedMessage& retract);
  // The last ones. Nothing after them.
  void Finish();
  void Fail(std::string_view sentence);

  bool ended() const { return ended_; }
  std::string Take();  // What is to be sent now.

 private:
  struct Speaking {
    std::string request;
    uint32_t attempt = 0;
    std::string id;
    std::string said;
    bool broken = false;  // A part is missing: the final text says all.
  };

  void Begin();
  void Chunk(std::string_view json);
  void OpenText(std::string_view id);
  void TextDelta(std::string_view id, std::string_view text);
  void CloseText(std::string_view id);
  void AddText(std::string_view id, std::string_view text);
  void Drop();  // What was said of a text that is void.
  void AddData(std::string_view name, std::string_view id, std::string_view data, bool transient);

  const std::string event_id_;
  const bool streams_;
  std::string out_;
  bool begun_ = false;
  bool ended_ = false;
  bool step_has_parts_ = false;
  std::optional<Speaking> speaking_;
};

}  // namespace lyceum::gateway
