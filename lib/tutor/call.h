// Tool calls: what the session asks for, and what can come back. Shapes as in the contract.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "tutor/content.h"

namespace lyceum::tutor {

enum class Tool {
  kLoadTopic,
  kPresentMaterial,
  kClarifyConcept,
  kGenerateQuestion,
  kCheckAnswer,
  kGiveHint,
  kRemediateKnownError,
  kDiagnoseError,
  kClassifyIntent,
};
inline constexpr int kToolCount = 9;

// Whether its text may be streamed to the learner while it is made.
constexpr bool Speaks(Tool tool) {
  switch (tool) {
    case Tool::kPresentMaterial:
    case Tool::kClarifyConcept:
    case Tool::kGiveHint:
    case Tool::kRemediateKnownError:
      return true;
    case Tool::kLoadTopic:
    case Tool::kGenerateQuestion:
    case Tool::kCheckAnswer:
    case Tool::kDiagnoseError:
    case Tool::kClassifyIntent:
      return false;
  }
  return false;
}

enum class Verdict { kCorrect, kPartiallyCorrect, kIncorrect, kInvalid, kNotAnAnswer, kUngraded };
enum class Intent { kUnspecified, kAnswer, kQuestion };
// What classify_intent may find.
enum class FoundIntent { kAnswer, kQuestion, kHint, kSkip, kContinue, kOffTopic };
// How a known error is explained; the next one each time the same error comes back.
enum class Strategy { kHint, kExplanation, kWorkedExample };

// How the learner wants to be spoken to. Given at start, handed to every tool.
struct Context {
  std::string tone;
  std::string persona;
  std::vector<std::string> objectives;
  std::string language;
  Supervision supervision = Supervision::kNone;
  Undecided undecided = Undecided::kAuthored;
  uint32_t decide_s = 0;  // How long a draft waits; 0: kDecideMsDefault.
  bool operator==(const Context&) const = default;
};

struct Attempt {
  std::string answer;
  Verdict verdict = Verdict::kIncorrect;
  std::optional<ErrorId> error;
  bool operator==(const Attempt&) const = default;
};

enum class Role { kLearner, kTutor, kOperator, kSystem, kTeacher };

struct HistoryEntry {
  uint64_t index = 0;  // 1, 2, 3 ... per session, dense.
  int64_t at_ms = 0;
  Role role = Role::kSystem;
  std::string kind;  // The kind of the event or message: "message", "question", "feedback" ...
  std::string text;
  bool operator==(const HistoryEntry&) const = default;
};

// --- Arguments, one struct a tool -------------------------------------------------------------

// Where a tool finds the topic's content: in the course bucket.
struct TopicRef {
  CourseId course;
  std::string version;  // Empty in the first load_topic: the current one.
  TopicId topic;        // Empty in the first load_topic: the first one.
  bool operator==(const TopicRef&) const = default;
};

// A question as the learner sees it: without key, known errors and solution.
struct QuestionView {
  QuestionId id;
  std::string text;
  AnswerFormat format = AnswerFormat::kText;
  std::vector<std::string> choices;
  bool operator==(const QuestionView&) const = default;
};

struct LoadTopicArgs {
  TopicRef ref;
  bool operator==(const LoadTopicArgs&) const = default;
};
struct PresentMaterialArgs {
  TopicRef ref;
  uint32_t segment = 0;
  std::string text;
  bool operator==(const PresentMaterialArgs&) const = default;
};
// What the session knows of the learner, beside the attempts.
struct LearnerModel {
  uint32_t hints_shown = 0;  // At the open question.
  // Closed questions of the session.
  uint32_t questions_correct = 0;
  uint32_t questions_incorrect = 0;
  bool operator==(const LearnerModel&) const = default;
};
struct ClarifyConceptArgs {
  TopicRef ref;
  std::string text;                      // What the learner asked.
  std::optional<QuestionView> question;  // The open one; its answer must not be revealed.
  std::vector<HistoryEntry> recent;
  std::vector<Attempt> attempts = {};  // At the open question.
  LearnerModel learner = {};
  bool operator==(const ClarifyConceptArgs&) const = default;
};
struct GenerateQuestionArgs {
  TopicRef ref;
  bool operator==(const GenerateQuestionArgs&) const = default;
};
struct CheckAnswerArgs {
  Question question;  // With the key: given to the grader alone.
  std::string answer;
  std::vector<Attempt> attempts;  // Before this one.
  uint32_t grader = 1;            // 1 at first; the next one after `ungraded`.
  bool operator==(const CheckAnswerArgs&) const = default;
};
struct GiveHintArgs {
  TopicRef ref;
  QuestionView question;
  uint32_t level = 1;  // 1 .. of
  uint32_t of = 1;
  std::vector<Attempt> attempts;
  LearnerModel learner = {};
  bool operator==(const GiveHintArgs&) const = default;
};
struct RemediateKnownErrorArgs {
  TopicRef ref;
  ErrorId error;
  std::string error_text;  // What the course says of it. May be empty.
  Strategy strategy = Strategy::kHint;
  std::optional<QuestionView> question;
  std::string answer;                  // The learner's. Empty when an operator asked.
  std::vector<Attempt> attempts = {};  // The one of `answer` included.
  LearnerModel learner = {};
  bool operator==(const RemediateKnownErrorArgs&) const = default;
};
struct DiagnoseErrorArgs {
  TopicRef ref;
  std::optional<QuestionView> question;
  std::string answer;
  std::vector<Attempt> attempts;
  bool operator==(const DiagnoseErrorArgs&) const = default;
};
struct ClassifyIntentArgs {
  TopicRef ref;
  std::optional<QuestionView> question;
  std::string text;
  bool operator==(const ClassifyIntentArgs&) const = default;
};

using ToolArgs =
    std::variant<LoadTopicArgs, PresentMaterialArgs, ClarifyConceptArgs, GenerateQuestionArgs,
                 CheckAnswerArgs, GiveHintArgs, RemediateKnownErrorArgs, DiagnoseErrorArgs,
                 ClassifyIntentArgs>;  // In the order of Tool.

// --- Results, one struct a tool -----------------------------------------------------------------

// Content is shared by all sessions that have it: who hands results to the state machine gives
// equal digests the same pointer. A result may name a topic of the course bucket instead of having
// it: `name` is set, and who hands it on fetches the content first.
struct LoadTopicOk {
  std::shared_ptr<const Topic> topic;  // Null: the content could not be had. Refused.
  std::string digest;                  // SHA-256 hex of the topic's bytes.
  std::optional<TopicRef> name = {};   // Course, version and topic.
  bool is_to_be_fetched() const { return name.has_value() && topic == nullptr; }
  bool operator==(const LoadTopicOk& other) const { return digest == other.digest; }
};
struct PresentMaterialOk {
  std::string text;
  bool operator==(const PresentMaterialOk&) const = default;
};
struct ClarifyConceptOk {
  std::string text;
  bool on_topic = true;
  bool reveals_answer = false;
  bool operator==(const ClarifyConceptOk&) const = default;
};
struct GenerateQuestionOk {
  Question question;
  bool operator==(const GenerateQuestionOk&) const = default;
};
struct FoundError {
  ErrorId id;
  double confidence = 0;
  bool operator==(const FoundError&) const = default;
};
struct CheckAnswerOk {
  QuestionId question;
  Verdict verdict = Verdict::kUngraded;
  double score = 0;
  double confidence = 0;
  std::string method;  // exact | choice | numeric | expression | rubric_llm
  std::optional<FoundError> known_error;
  std::string feedback;
  bool reveals_answer = false;
  std::string answer_note;
  bool operator==(const CheckAnswerOk&) const = default;
};
struct GiveHintOk {
  uint32_t level = 0;
  uint32_t of = 0;
  std::string text;
  bool bottom_out = false;
  bool operator==(const GiveHintOk&) const = default;
};
struct RemediateKnownErrorOk {
  ErrorId error;
  std::string strategy;
  std::string text;
  std::string probe;
  bool reveals_answer = false;
  bool operator==(const RemediateKnownErrorOk&) const = default;
};
struct Hypothesis {
  std::optional<ErrorId> error;
  std::string label;
  double confidence = 0;
  bool operator==(const Hypothesis&) const = default;
};
struct DiagnoseErrorOk {
  std::vector<Hypothesis> hypotheses;
  std::string text;
  std::string probe;
  bool operator==(const DiagnoseErrorOk&) const = default;
};
struct ClassifyIntentOk {
  FoundIntent intent = FoundIntent::kQuestion;
  double confidence = 0;
  bool operator==(const ClassifyIntentOk&) const = default;
};

struct ToolError {
  std::string code;  // E.g. not_found, unavailable, deadline, lost, bad_result, tool_failed.
  bool retryable = false;
  std::string text;
  bool operator==(const ToolError&) const = default;
};

using ToolOutcome =
    std::variant<LoadTopicOk, PresentMaterialOk, ClarifyConceptOk, GenerateQuestionOk,
                 CheckAnswerOk, GiveHintOk, RemediateKnownErrorOk, DiagnoseErrorOk,
                 ClassifyIntentOk, ToolError>;  // In the order of Tool, then the error.

// A function that a tool's language model wished to call: for the record only.
struct FunctionUse {
  std::string name;
  std::string outcome;  // ok, or a word that says why there was no result.
  uint32_t argument_bytes = 0;
  uint32_t result_bytes = 0;
  uint32_t latency_ms = 0;
  bool operator==(const FunctionUse&) const = default;
};

// What a tool worker, or the dispatcher in its stead, says of a call.
struct ToolReply {
  CallId call;
  uint32_t attempt = 1;  // The dispatcher's, for the record only: the first result of a call wins.
  ToolOutcome outcome;
  std::string worker;
  std::string provider;
  std::string model;
  uint32_t latency_ms = 0;
  uint32_t input_tokens = 0;
  uint32_t output_tokens = 0;
  uint32_t cached_tokens = 0;
  bool degraded = false;
  uint32_t attempts_made = 0;  // Requests to language models; how many of them were
  uint32_t fallbacks = 0;      // to another provider; and when the first text came.
  uint32_t first_text_ms = 0;
  std::vector<FunctionUse> functions{};
  // What would be said without a language model. Of calls for supervised sessions; may be empty.
  std::string authored{};
  bool operator==(const ToolReply&) const = default;
};

}  // namespace lyceum::tutor
