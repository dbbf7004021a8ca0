// Codec: a ChatRequest as a provider's request, and its answer as text. One file for each wire
// format: anthropic.cc, openai.cc. Pure.
//
// Every request asks for a stream, also where nobody listens to the text: so that silence is seen
// after seconds, and not at the end. A server that answers with plain JSON is understood, too.
// What a provider writes about its errors is read, matched with words known here and never quoted:
// it may hold our key or a learner's words.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "llm/chat.h"
#include "llm/config.h"
#include "llm/function_calls.h"
#include "llm/sse.h"
#include "wire/connection.h"

namespace lyceum::llm {

struct WireRequest {
  std::string url;
  wire::Headers headers;  // With the key.
  std::string body;       // JSON.
};

// Invalid UTF-8 in the request is replaced by U+FFFD.
WireRequest Encode(const Provider& provider, const std::string& model, const ChatRequest& chat);

// Whom a failed attempt speaks against, and so what is done next.
// An answer that has broken off is asked of another provider first: see Call.
enum class Blame {
  kPassing,   // Nobody for long: overload, a broken line. Again here, or elsewhere.
  kProvider,  // The provider, or what we know of it: key, model, address. Elsewhere.
  kRequest,   // Our request. Elsewhere, and the provider is as good as before.
  kAnswer,    // The model: it refuses, or does not stop. Elsewhere, likewise.
};

// What of the request an error is about, where it says so.
enum class About { kUnknown, kSchema, kMaxTokens, kStreamUsage, kContext };

struct Trouble {
  std::string outcome;  // The word of Attempt::outcome.
  Blame blame = Blame::kPassing;
  About about = About::kUnknown;
};

// Of one answer.
class Decoder {
 public:
  using Step = std::variant<std::string, Trouble>;
  virtual ~Decoder() = default;

  // The text that the event brings, Marked (text_joiner.h) where its characters are split: none of
  // them a control character but tab and line feed.
  virtual Step OnEvent(const SseEvent& event) = 0;
  // All of the text, from an answer that is not a stream.
  virtual Step OnWhole(std::string_view json) = 0;

  bool ended() const { return ended_; }  // Nothing follows.
  // It has said why it ends: what comes after that is no part of the answer.
  bool complete() const { return finish_ != Finish::kUnknown; }
  bool usage_told() const { return usage_told_; }
  const Usage& usage() const { return usage_; }
  Finish finish() const { return finish_; }
  // Before the first event: what the answer calls is kept. Else the input of a tool is its text.
  void KeepCalls() { keeps_calls_ = true; }
  const FunctionCalls& calls() const { return calls_; }
  // Likewise: the model's name is kept, as the provider tells it.
  void KeepModel() { keeps_model_ = true; }
  const std::string& model() const { return model_; }
  // Beside the text, Marked as it is: where some models put a structured answer. Of each the first
  // kAsideBytesMax bytes.
  const std::string& tool_input() const { return tool_input_; }
  const std::string& reasoning() const { return reasoning_; }

 protected:
  static void Keep(std::string_view more, std::string* aside);
  // Only what is a name: of others nobody knows what they say.
  void NoteModel(std::string name);

  std::string tool_input_;
  std::string reasoning_;
  bool ended_ = false;
  bool usage_told_ = false;  // The final one.
  Usage usage_;
  Finish finish_ = Finish::kUnknown;
  bool keeps_calls_ = false;
  FunctionCalls calls_;
  bool keeps_model_ = false;
  std::string model_;
};

std::unique_ptr<Decoder> MakeDecoder(Api api);

inline constexpr size_t kAsideBytesMax = 64 * 1024;

// No event: empty, or a comment in the place of data.
bool IsKeepAlive(std::string_view data);
// The end of a stream of chunks, with white space around it.
bool IsDone(std::string_view data);

// An error status, by its number and the body's own word.
Trouble OfStatus(Api api, int status, std::string_view body);

// What to ask differently after an error that speaks of the request: `quirks` as they were asked
// with, `configured` as the operator wrote them. Empty: nothing more can be left out. Few steps
// lead to the end, whatever the errors.
std::optional<Quirks> Milder(Api api, const Quirks& quirks, const Quirks& configured,
                             bool with_schema, const Trouble& trouble);

// The instructions; with the schema in words where the provider is not asked for it in a field.
std::string SystemText(const Provider& provider, const ChatRequest& chat);

// The turns as a JSON array, after `system` where it is not empty.
std::string Messages(Api api, std::string_view system, const ChatRequest& chat);

// Without control characters but tab and line feed.
std::string WithoutControls(std::string_view utf8);

}  // namespace lyceum::llm
