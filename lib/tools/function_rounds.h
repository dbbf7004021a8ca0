// FunctionRounds: what a model calls while it makes one text for the learner, and what it is told
// of it. At most kCallsMax calls for all drafts of the text together; each has kCallTime at most,
// and leaves the model kAnswerTime to answer.
//
// Arguments and results are checked against the schemas that the course has for them. A result is
// given to the model as quoted data. What fails is told to the model in a sentence, so that it
// answers without.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/task.h"
#include "llm/client.h"
#include "toolhost/function_caller.h"
#include "tools/course_functions.h"
#include "tools/toolbox.h"
#include "tutor/call.h"

namespace lyceum::tools {

class FunctionRounds {
 public:
  static constexpr size_t kCallsMax = 4;
  static constexpr std::chrono::milliseconds kCallTime{5'000};
  static constexpr std::chrono::milliseconds kAnswerTime{3'000};

  // All outlive it.
  FunctionRounds(toolhost::FunctionCaller* caller, std::shared_ptr<const CourseFunctions> functions,
                 const ToolCall& call)
      : caller_(caller), functions_(std::move(functions)), call_(call) {}

  // Offers the functions to the model.
  void Offer(llm::ChatRequest* chat) const;
  // Calls what the answer wishes for and adds both to the question. False: it wishes for nothing,
  // or has been told that nothing more is called.
  Task<bool> Run(const llm::Answer& answer, llm::ChatRequest* chat);

  // Nothing more is called.
  bool spent() const { return uses_.size() >= kCallsMax; }
  const std::vector<tutor::FunctionUse>& uses() const { return uses_; }

 private:
  Task<std::string> RunOne(const llm::FunctionCall& wish);
  std::string Ended(const llm::FunctionCall& wish, const Function* function,
                    toolhost::FunctionOutcome outcome, const toolhost::FunctionEnd& end,
                    std::string told);

  toolhost::FunctionCaller* const caller_;
  const std::shared_ptr<const CourseFunctions> functions_;
  const ToolCall& call_;
  std::vector<tutor::FunctionUse> uses_;  // kCallsMax at most.
};

}  // namespace lyceum::tools
