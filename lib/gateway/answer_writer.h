// AnswerWriter: a convention that turns what the session says into the frames of one streamed answer. No I/O.
//
// Here is what all of them have in common: a text that a tool says while it speaks (deltas with attempt and offset, which may be
// taken back) and its final message are one text for the reader.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "envelope/messages.h"

namespace lyceum::gateway {

// A message of the session, and its JSON as it came.
struct SaidMessage {
  envelope::ReceivedMessage message;
  std::string json;
};

class AnswerWriter {
 public:
  virtual ~AnswerWriter() = default;

  // `json`: the message as it came. Neither delta nor retract.
  virtual void Add(const envelope::ReceivedMessage& message, std::string_view json) = 0;
  void AddDelta(const envelope::ReceivedMessage& delta);
  void Retract(const envelope::ReceivedMessage& retract);
  // Of a resume: what came before it, in order, whatever it answers; `event_id`: whose answer is resumed, empty: any. False: this
  // convention has no form of its own for it, each that answers the event is to be added.
  virtual bool AddBefore(const std::deque<SaidMessage>& said, std::string_view event_id) {
    (void)said;
    (void)event_id;
    return false;
  }
  // The session's view as its learner may see it, at the end.
  virtual void SetState(std::string_view view_json) { (void)view_json; }
  // The last frames. Nothing after them.
  virtual void Finish() = 0;
  virtual void Fail(std::string_view code, std::string_view sentence) = 0;
  // Whether the client takes a body that is broken off for a whole one: then it is told before.
  virtual bool FailsOnClose() const = 0;

  bool ended() const { return ended_; }
  std::string Take();  // What is to be sent now.

 protected:
  explicit AnswerWriter(bool streams) : streams_(streams) {}

  // Texts, as the convention writes them. `BeforeSpeaking`: one that may be taken back follows.
  virtual void BeforeSpeaking() = 0;
  virtual void OpenText(std::string_view id) = 0;
  virtual void TextDelta(std::string_view id, std::string_view text) = 0;  // Not empty.
  virtual void CloseText(std::string_view id) = 0;
  virtual void TakeBack(std::string_view id) = 0;  // An open one: it is closed, too.
  virtual std::string SpokenId(std::string_view request, uint32_t attempt) const = 0;

  // A final text, under this id or the one under which it was spoken, which is returned. Empty: none.
  std::string AddText(std::string_view id, std::string_view text);
  void Drop();                                // What was said of a text that is void.
  void StopStreaming() { streams_ = false; }  // From here on texts come when they are final.
  void WriteData(std::string_view json);      // One frame.
  void End() { ended_ = true; }

 private:
  struct Speaking {
    std::string request;
    uint32_t attempt = 0;
    std::string id;
    std::string said;
    bool broken = false;  // A part is missing: the final text says all.
  };

  bool streams_;
  bool ended_ = false;
  std::string out_;
  std::optional<Speaking> speaking_;
};

// A message as a person reads it; empty: it has no such text.
std::string ShownText(const tutor::Body& body);
// The part of that name of a message's JSON; {} where it is not there.
std::string PartOf(std::string_view json, const char* name);

}  // namespace lyceum::gateway
