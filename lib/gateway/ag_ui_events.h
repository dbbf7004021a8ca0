// The answer to one event as a run of AG-UI, version 1.0: frames of server-sent events, an event each. No I/O.
//
// Order: RUN_STARTED, what the session says, STATE_SNAPSHOT, RUN_FINISHED; or at any time RUN_ERROR, then nothing.
//   text, feedback, hint, question    TEXT_MESSAGE_START, _CONTENT, _END as "lyceum-<n>"; then, but for a text, CUSTOM
//                                     lyceum-feedback, -hint, -question {messageId, <name>: as in the native convention}
//   deltas                            the same as "lyceum-s-<request>-<attempt>"; the final message ends it
//   wait, progress                    CUSTOM lyceum-status {wait} or {progress}
//   completed                         CUSTOM lyceum-completed {}
//   error                             RUN_ERROR
// As long as a tool runs the step "tool" is open. A retract has no event in AG-UI: the text is ended, and MESSAGES_SNAPSHOT has
// everything but it: the client's transcript and what was said in this run. A client drops what a snapshot does not have, so
// where its transcript is too long to be sent back nothing is sent that may be taken back: texts come when they are final.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/answer_writer.h"

namespace lyceum::gateway {

// An entry of the session's history.
struct HistoryLine {
  uint64_t index = 0;
  bool of_learner = false;  // Else of the tutor.
  std::string kind;
  std::string text;
};
// Of the learner and the tutor, from a session's view.
std::vector<HistoryLine> HistoryOf(std::string_view view_json);

struct AgUiRun {
  std::string thread_id;
  std::string run_id;
  bool says_version = false;              // False: nothing that is new in 1.0.
  std::optional<std::string> transcript;  // As RunInput has it.
  bool has_messages = false;
  // Of a rejoin: the session's view, for the snapshots.
  std::string view_json;
};

class AgUiEvents final : public AnswerWriter {
 public:
  explicit AgUiEvents(AgUiRun run);

  void Add(const envelope::ReceivedMessage& message, std::string_view json) override;
  bool AddBefore(const std::deque<SaidMessage>& said, std::string_view event_id) override;
  void SetState(std::string_view view_json) override;
  void Finish() override;
  void Fail(std::string_view code, std::string_view sentence) override;
  bool FailsOnClose() const override { return true; }

 private:
  void BeforeSpeaking() override { SetStep(true); }
  void OpenText(std::string_view id) override;
  void TextDelta(std::string_view id, std::string_view text) override;
  void CloseText(std::string_view id) override;
  void TakeBack(std::string_view id) override;
  std::string SpokenId(std::string_view request, uint32_t attempt) const override;
  void SetStep(bool open);
  void AddCustom(const char* name, std::string_view value_json);
  void AddSnapshot();
  void KeepSaid(std::string_view id, std::string_view text);

  AgUiRun run_;
  std::string said_;  // Messages of this run, as in a snapshot, with commas between.
  bool step_open_ = false;
};

}  // namespace lyceum::gateway
