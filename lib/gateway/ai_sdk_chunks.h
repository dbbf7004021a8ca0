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

#include <string>
#include <string_view>

#include "gateway/answer_writer.h"

namespace lyceum::gateway {

class UiMessageChunks final : public AnswerWriter {
 public:
  UiMessageChunks(std::string_view event_id, bool streams);

  void Add(const envelope::ReceivedMessage& message, std::string_view json) override;
  void Finish() override;
  void Fail(std::string_view code, std::string_view sentence) override;
  bool FailsOnClose() const override { return false; }  // The client resumes what is broken off.

 private:
  void BeforeSpeaking() override;
  void OpenText(std::string_view id) override;
  void TextDelta(std::string_view id, std::string_view text) override;
  void CloseText(std::string_view id) override;
  void TakeBack(std::string_view id) override;
  std::string SpokenId(std::string_view request, uint32_t attempt) const override;
  void Begin();
  void AddData(std::string_view name, std::string_view id, std::string_view data, bool transient);

  const std::string event_id_;
  bool begun_ = false;
  bool step_has_parts_ = false;
};

}  // namespace lyceum::gateway
