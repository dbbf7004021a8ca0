// LlmRun: one call of a tool that asks a language model, and answers without one where that fails.
//
// It leaves time to answer without a model before the call's deadline, keeps the accounts of all
// that was asked, streams what may be streamed, and keeps the answer of an open question secret: a
// text that gives it away is taken back and asked for once more, in stricter words.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "llm/client.h"
#include "llm/prompts.h"
#include "toolhost/function_caller.h"
#include "tools/function_rounds.h"
#include "tools/reveal_guard.h"
#include "tools/toolbox.h"
#include "tools/topic_view.h"

namespace lyceum::tools {

// Shared by all calls. Thread-safe.
struct LlmParts {
  Toolbox built_in;
  std::shared_ptr<llm::Client> client;
  std::shared_ptr<llm::Prompts> prompts;
  std::shared_ptr<TopicSource> source;
  std::shared_ptr<toolhost::FunctionCaller> caller;  // Null: models call no functions.
};

// What must not be said.
struct Secret {
  const tutor::Question* question = nullptr;  // Its key.
  bool unknown = false;  // A key that is not known here: nothing is said before the text is whole.

  // Of a question that is open. A generated one is not in the topic.
  static Secret Of(const std::optional<tutor::QuestionView>& open, const TopicView& view);
};

class LlmRun {
 public:
  // What is wrong with a structured answer beside its form, in words for the model. Empty: nothing.
  using Judge = std::function<std::string(const nlohmann::json&)>;

  LlmRun(const LlmParts& parts, const ToolCall& call) : parts_(parts), call_(call) {}

  // The model may call the functions of the topic's course while it makes a text. Those that cannot
  // be read now are left out.
  Task<void> UseFunctions(const tutor::TopicRef& ref);
  // A text for the learner. Empty: none that may be shown.
  Task<std::optional<std::string>> Say(const llm::Values& values, const Secret& secret,
                                       uint32_t output_tokens_max);
  // An answer that fits the prompt's schema and the judge, in a thread of its own. Empty: none.
  Task<std::optional<nlohmann::json>> Decide(const llm::Values& values, const Judge& judge,
                                             uint32_t output_tokens_max, size_t first_provider = 0);

  // The outcome, with the accounts.
  ToolAnswer Answer(tutor::ToolOutcome outcome) const;
  // What the built-in tutor says in its stead.
  Task<ToolAnswer> Instead() const;
  ToolAnswer Instead(tutor::ToolOutcome outcome) const;

 private:
  enum class Draft { kGood, kRevealing, kNone };
  bool HasTime() const;
  std::optional<llm::Ask> AskFor(const llm::Values& values, uint32_t output_tokens_max,
                                 std::shared_ptr<const llm::Schema>* schema) const;
  Task<llm::Reply> AskText(llm::Ask& ask, const std::function<void()>& retract);
  Task<Draft> SayOnce(llm::Ask ask, const Secret& secret, std::string* text);
  void Account(const llm::Reply& reply);

  const LlmParts& parts_;
  const ToolCall& call_;
  std::string provider_, model_;
  llm::Usage usage_;
  std::optional<FunctionRounds> functions_;
  uint32_t attempts_ = 0, fallbacks_ = 0, first_text_ms_ = 0;
};

}  // namespace lyceum::tools
