#include "classroom.h"

#include <gtest/gtest.h>

#include "laws.h"
#include "tutor/dump.h"
#include "tutor/names.h"

namespace lyceum::tutor {
namespace {

std::string Describe(const TextOut&) { return "text"; }
std::string Describe(const QuestionOut& m) { return "question " + m.question.id.value; }
std::string Describe(const FeedbackOut& m) { return "feedback " + std::string(Name(m.verdict)); }
std::string Describe(const HintOut& m) {
  return "hint " + std::to_string(m.level) + "/" + std::to_string(m.of);
}
std::string Describe(const WaitOut& m) {
  return m.kept ? "wait kept " + std::to_string(m.place) : "wait";
}
std::string Describe(const ErrorOut& m) { return "error " + m.code; }
std::string Describe(const ProgressOut& m) {
  return "progress " + std::to_string(m.done) + "/" + std::to_string(m.total);
}
std::string Describe(const CompletedOut&) { return "completed"; }
std::string Describe(const RetractOut&) { return "retract"; }
std::string Describe(const ResumedOut& m) {
  return "resumed " + std::to_string(m.first_n) + ".." + std::to_string(m.last_n) +
         (m.question ? " question " + m.question->id.value : "");
}
std::string Describe(const DetachedOut&) { return "detached"; }

template <class M>
std::string TextOf(const M& message) {
  if constexpr (requires { message.text; }) return message.text;
  return "";
}

}  // namespace

Start Classroom::DefaultStart() {
  Start start;
  start.course = CourseId("course");
  return start;
}

Classroom::Classroom(Topic content, Start start) : topic(std::move(content)) { Do(start); }

Classroom& Classroom::Fold(const Event& event) {
  std::string broken;
  Folded folded = CheckedAdvance(session, UserId("u"), event, {3, ++sequence_, now_ms}, &broken);
  EXPECT_EQ(broken, "") << Dump(event);
  session = std::move(folded.session);
  effects = std::move(folded.effects);
  return *this;
}

Classroom& Classroom::Load() {
  Topic content = topic;
  if (!call().topic.empty() && call().topic != topic.id) {
    content = samples::SampleTopic(call().topic.value, "");
  }
  return Reply(LoadTopicOk{std::make_shared<const Topic>(content), "digest-" + content.id.value});
}

Classroom& Classroom::Reply(ToolOutcome outcome) {
  ToolReply reply;
  reply.call = call().id;
  reply.outcome = std::move(outcome);
  return Do(ToolResult{std::move(reply)});
}

Classroom& Classroom::Grade(Verdict verdict, std::string known_error, double confidence) {
  CheckAnswerOk grade;
  grade.question = call().question;
  grade.verdict = verdict;
  grade.confidence = 1;
  grade.method = "numeric";
  if (!known_error.empty()) grade.known_error = FoundError{ErrorId(known_error), confidence};
  return Reply(grade);
}

Classroom& Classroom::Fire(TimerKind kind) {
  const Timer* found = timer(kind);
  return Do(TimerFired{found == nullptr ? "0-0-0" : found->token});
}

const Call& Classroom::call() const {
  static const Call kNone;
  if (const auto* lock = std::get_if<AwaitingToolResult>(&session->state)) return lock->call;
  if (const auto* error = std::get_if<ErrorState>(&session->state)) return error->failed;
  return kNone;
}

bool Classroom::IsLockedBy(Tool tool) const {
  return state() == StateName::kAwaitingToolResult && call().tool == tool;
}

std::vector<std::string> Classroom::emitted() const {
  std::vector<std::string> messages;
  for (const Effect& effect : effects) {
    const auto* emit = std::get_if<EmitMessage>(&effect);
    if (emit == nullptr) continue;
    messages.push_back(std::visit([](const auto& m) { return Describe(m); }, emit->message.body));
  }
  return messages;
}

std::vector<std::string> Classroom::told() const {
  std::vector<std::string> messages;
  const auto describe = [](const auto& m) { return Describe(m); };
  for (const Effect& effect : effects) {
    if (const auto* tell = std::get_if<TellAll>(&effect)) {
      messages.push_back("all: " + std::visit(describe, tell->message.body));
    } else if (const auto* reply = std::get_if<ReplyTo>(&effect)) {
      messages.push_back(reply->client.id.value + ": " + std::visit(describe, reply->message.body));
    }
  }
  return messages;
}

std::vector<std::string> Classroom::texts() const {
  std::vector<std::string> messages;
  for (const Effect& effect : effects) {
    const auto* emit = std::get_if<EmitMessage>(&effect);
    if (emit == nullptr) continue;
    std::string text = std::visit([](const auto& m) { return TextOf(m); }, emit->message.body);
    if (!text.empty()) messages.push_back(std::move(text));
  }
  return messages;
}

const ToolArgs* Classroom::args() const {
  const ToolArgs* found = nullptr;
  for (const Effect& effect : effects) {
    if (const auto* started = std::get_if<CallTool>(&effect)) found = &started->args;
  }
  return found;
}

const Timer* Classroom::timer(TimerKind kind) const {
  for (const Timer& t : session->timers) {
    if (t.kind == kind) return &t;
  }
  return nullptr;
}

}  // namespace lyceum::tutor
