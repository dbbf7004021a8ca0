#include "script.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tutor/dump.h"
#include "tutor/names.h"

namespace lyceum::tutor {
namespace {

std::vector<std::string> Split(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  words.resize(std::max<size_t>(words.size(), 3));
  return words;
}

bool Has(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string After(const std::vector<std::string>& words, std::string_view word) {
  const auto found = std::find(words.begin(), words.end(), word);
  return found == words.end() || found + 1 == words.end() ? "" : *(found + 1);
}

Question MakeQuestion(int number) {
  Question q;
  q.id = QuestionId("q" + std::to_string(number));
  q.text = "How much is " + std::to_string(number) + " * 12?";
  q.format = AnswerFormat::kNumeric;
  q.answers = {std::to_string(number * 12)};
  if (number == 1) q.hints = {"Think of dozens.", "One dozen."};
  q.known_errors = {{ErrorId("added"), {std::to_string(number + 12)}, "That is the sum."}};
  return q;
}

}  // namespace

void Script::MakeCourse(const Words& words) {
  const int count = std::stoi(words[1]);
  const int segments = Has(words, "material") ? std::stoi(After(words, "material")) : 1;
  for (int i = 1; i <= count; ++i) {
    Topic topic;
    topic.course = CourseId("course");
    topic.version = "v1";
    topic.id = TopicId("t" + std::to_string(i));
    for (int s = 1; s <= segments; ++s) topic.material.push_back("Segment " + std::to_string(s));
    topic.generate_questions = Has(words, "generate");
    if (!topic.generate_questions) topic.questions = {MakeQuestion(1), MakeQuestion(2)};
    if (i < count) topic.next = TopicId("t" + std::to_string(i + 1));
    topics_.push_back(std::move(topic));
  }
}

const Call* Script::OpenCall() const {
  if (!session_) return nullptr;
  if (const auto* lock = std::get_if<AwaitingToolResult>(&session_->state)) return &lock->call;
  if (const auto* error = std::get_if<ErrorState>(&session_->state)) return &error->failed;
  return nullptr;
}

EventKind Script::Started(const Words& words) const {
  Start start;
  start.course = CourseId(Has(words, "another") ? "another" : "course");
  if (const auto policy = Parse<BusyPolicy>(After(words, "busy"))) start.busy_policy = *policy;
  start.context.tone = After(words, "tone");
  return start;
}

std::optional<EventKind> Script::Learner(const Words& words, const std::string& rest) const {
  const std::string& word = words[0];
  if (word == "start") return Started(words);
  if (word == "message") return UserMessage{rest, Intent::kUnspecified};
  if (word == "answer") return UserMessage{rest, Intent::kAnswer};
  if (word == "question") return UserMessage{rest, Intent::kQuestion};
  if (word == "hint") return Hint{};
  if (word == "skip") return Skip{};
  if (word == "continue") return Continue{};
  if (word == "attach") return Attach{static_cast<uint32_t>(std::stoul(words[1]))};
  if (word == "detach") return Detach{};
  if (word == "stop") return Stop{};
  if (word == "review") return Review{static_cast<uint32_t>(std::stoul(words[1])), ""};
  return std::nullopt;
}

std::optional<EventKind> Script::Operator(const Words& words, const std::string& rest) const {
  const std::string& word = words[0];
  if (word == "timer") return Fired(words[1]);
  if (word == "force_remediation") return ForceRemediation{ErrorId(rest)};
  if (word == "force_skip") return ForceSkip{};
  if (word == "retry") return RetryCall{};
  if (word == "goto") return GotoTopic{TopicId(rest)};
  if (word == "end") return End{rest};
  if (word == "shutdown") return Shutdown{rest};
  return std::nullopt;
}

EventKind Script::Fired(const std::string& kind) const {
  const auto wanted = Parse<TimerKind>(kind);
  for (const Timer& timer : session_->timers) {
    if (wanted == timer.kind) return TimerFired{timer.token};
  }
  return TimerFired{"0-0-0"};
}

ToolOutcome Script::Text(const std::string& text) const {
  switch (OpenCall()->tool) {
    case Tool::kPresentMaterial:
      return PresentMaterialOk{text};
    case Tool::kGiveHint:
      return GiveHintOk{1, 1, text, false};
    case Tool::kRemediateKnownError:
      return RemediateKnownErrorOk{OpenCall()->error, "hint", text, "", false};
    case Tool::kDiagnoseError:
      return DiagnoseErrorOk{{}, text, ""};
    default:
      return ClarifyConceptOk{text, true, false};
  }
}

std::optional<ToolOutcome> Script::Outcome(const Words& words, const std::string& rest) const {
  const std::string& word = words[0];
  if (word == "fail") return ToolError{words[1], true, "it went wrong"};
  if (word == "say") return Text(rest);
  if (word == "load") {
    const auto wanted = [&](const Topic& t) { return t.id == OpenCall()->topic; };
    const auto found = std::find_if(topics_.begin(), topics_.end(), wanted);
    const Topic& topic = found == topics_.end() ? topics_.front() : *found;
    return LoadTopicOk{std::make_shared<const Topic>(topic), "digest-" + topic.id.value};
  }
  if (word == "grade") {
    CheckAnswerOk grade;
    grade.question = OpenCall()->question;
    grade.verdict = *Parse<Verdict>(words[1]);
    grade.score = grade.verdict == Verdict::kCorrect ? 1 : 0;
    grade.confidence = 1;
    grade.method = "numeric";
    if (!words[2].empty()) grade.known_error = FoundError{ErrorId(words[2]), 1};
    return grade;
  }
  if (word == "intent") {
    return ClassifyIntentOk{*Parse<FoundIntent>(words[1]),
                            words[2].empty() ? 1 : std::stod(words[2])};
  }
  if (word == "generated") {
    GenerateQuestionOk ok;
    ok.question = MakeQuestion(3);
    return ok;
  }
  return std::nullopt;
}

std::optional<EventKind> Script::Result(const Words& words, const std::string& rest) const {
  ToolReply reply;
  if (words[0] == "stray") {
    reply.call = CallId("0-0-0");
    reply.outcome = PresentMaterialOk{"stray"};
    return ToolResult{std::move(reply)};
  }
  std::optional<ToolOutcome> outcome;
  if (OpenCall() != nullptr) outcome = Outcome(words, rest);
  if (!outcome) return std::nullopt;
  reply.call = OpenCall()->id;
  reply.outcome = *std::move(outcome);
  return ToolResult{std::move(reply)};
}

std::string Script::Fold(Event event) {
  last_ = event;
  Effects effects;
  Advance(&session_, UserId("u"), event, {0, ++sequence_, now_ms_}, &effects);
  std::string text;
  for (const Effect& effect : effects) text += "  " + Dump(effect) + "\n";
  if (!session_) return text + "  = no session\n";
  EXPECT_EQ(Violation(*session_), "");
  // The state is the third line of a session's dump.
  std::istringstream lines(Dump(*session_));
  std::string line;
  for (int i = 0; i < 3; ++i) std::getline(lines, line);
  return text + "  = " + line + "\n";
}

std::string Script::Run(const std::string& line) {
  const Words words = Split(line);
  const size_t space = line.find(' ');
  const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
  if (words[0] == "course") return MakeCourse(words), "";
  if (words[0] == "client") return client_ = ClientId(rest), "";
  if (words[0] == "later") return now_ms_ += std::stoll(words[1]), "";
  if (words[0] == "again") return Fold(last_);
  std::optional<EventKind> kind = Learner(words, rest);
  if (!kind) kind = Operator(words, rest);
  if (!kind) kind = Result(words, rest);
  if (!kind) {
    ADD_FAILURE() << "what is this: " << line;
    return "  ?\n";
  }
  return Fold({EventId("e" + std::to_string(sequence_ + 1)), client_, Encoding::kJson, *kind});
}

}  // namespace lyceum::tutor
