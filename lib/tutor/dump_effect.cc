#include "tutor/dump.h"
#include "tutor/dump_values.h"
#include "tutor/names.h"

namespace lyceum::tutor {
namespace {

using dump::Quote;
using dump::Write;

std::string Line(const TextOut& m) { return "text " + Quote(m.text); }
std::string Line(const QuestionOut& m) { return "question " + Write(m.question); }
std::string Line(const FeedbackOut& m) {
  return "feedback " + std::string(Name(m.verdict)) + " score=" + dump::Number(m.score) + " " +
         Quote(m.text) + (m.known_error ? " known_error=" + Quote(m.known_error->value) : "");
}
std::string Line(const HintOut& m) {
  return "hint " + std::to_string(m.level) + "/" + std::to_string(m.of) + " " + Quote(m.text);
}
std::string Line(const WaitOut& m) {
  if (!m.kept) return "wait";
  return m.place == 0 ? "wait kept" : "wait kept place=" + std::to_string(m.place);
}
std::string Line(const ErrorOut& m) {
  return "error " + m.code + (m.retryable ? " retryable " : " ") + Quote(m.text);
}
std::string Line(const ProgressOut& m) {
  return "progress " + Quote(m.topic.value) + " " + std::to_string(m.done) + "/" +
         std::to_string(m.total);
}
std::string Line(const CompletedOut&) { return "completed"; }
std::string Line(const RetractOut& m) { return "retract " + m.call.value; }
std::string Line(const ResumedOut& m) {
  return "resumed " + std::to_string(m.first_n) + ".." + std::to_string(m.last_n) + " " +
         Quote(m.topic.value) + (m.progress ? " " + Line(*m.progress) : "") +
         (m.question ? " question " + Write(*m.question) : "");
}
std::string Line(const DetachedOut& m) { return "detached " + Quote(m.reason); }

std::string Line(const ClientMessage& m) {
  return m.id + " n=" + std::to_string(m.n) + " re=" + Quote(m.in_reply_to.value) +
         " at=" + std::to_string(m.at_ms) + " in=" + std::string(Name(m.state)) + " " +
         std::visit([](const auto& body) { return Line(body); }, m.body);
}

std::string Line(const TopicRef& ref) {
  return "ref={" + Quote(ref.course.value) + " " + Quote(ref.version) + " " +
         Quote(ref.topic.value) + "}";
}
std::string Line(const std::optional<QuestionView>& question) {
  return "question=" + (question ? Write(*question) : "none");
}
std::string Line(const std::vector<Attempt>& attempts) {
  return "attempts=" + dump::List(attempts, [](const Attempt& a) { return Write(a); });
}

// Nothing where there is nothing: so it is in the effects of every fold version.
std::string LearnerLine(const LearnerModel& m) {
  if (m == LearnerModel{}) return "";
  return " learner={hints=" + std::to_string(m.hints_shown) +
         " correct=" + std::to_string(m.questions_correct) +
         " incorrect=" + std::to_string(m.questions_incorrect) + "}";
}
std::string AttemptsLine(const std::vector<Attempt>& attempts) {
  return attempts.empty() ? "" : " " + Line(attempts);
}

std::string Line(const LoadTopicArgs& a) { return Line(a.ref); }
std::string Line(const PresentMaterialArgs& a) {
  return Line(a.ref) + " segment=" + std::to_string(a.segment) + " text=" + Quote(a.text);
}
std::string Line(const ClarifyConceptArgs& a) {
  return Line(a.ref) + " text=" + Quote(a.text) + " " + Line(a.question) +
         " recent=" + dump::List(a.recent, [](const HistoryEntry& e) { return Write(e); }) +
         AttemptsLine(a.attempts) + LearnerLine(a.learner);
}
std::string Line(const GenerateQuestionArgs& a) { return Line(a.ref); }
std::string Line(const CheckAnswerArgs& a) {
  return "question=" + Write(a.question) + " answer=" + Quote(a.answer) + " " + Line(a.attempts) +
         " grader=" + std::to_string(a.grader);
}
std::string Line(const GiveHintArgs& a) {
  return Line(a.ref) + " question=" + Write(a.question) + " level=" + std::to_string(a.level) +
         " of=" + std::to_string(a.of) + " " + Line(a.attempts) + LearnerLine(a.learner);
}
std::string Line(const RemediateKnownErrorArgs& a) {
  return Line(a.ref) + " error=" + Quote(a.error.value) + " text=" + Quote(a.error_text) +
         " strategy=" + std::string(Name(a.strategy)) + " " + Line(a.question) +
         " answer=" + Quote(a.answer) + AttemptsLine(a.attempts) + LearnerLine(a.learner);
}
std::string Line(const DiagnoseErrorArgs& a) {
  return Line(a.ref) + " " + Line(a.question) + " answer=" + Quote(a.answer) + " " +
         Line(a.attempts);
}
std::string Line(const ClassifyIntentArgs& a) {
  return Line(a.ref) + " " + Line(a.question) + " text=" + Quote(a.text);
}

std::string Line(const EmitMessage& e) {
  return "emit " +
         (e.history_index == 0 ? "" : "history=" + std::to_string(e.history_index) + " ") +
         Line(e.message);
}
std::string Line(const TellAll& e) { return "tell all " + Line(e.message); }
std::string Line(const ReplyTo& e) { return "reply " + Write(e.client) + " " + Line(e.message); }
std::string Line(const ResendMessages& e) {
  return "resend " + Write(e.client) + " " + std::to_string(e.first_n) + ".." +
         std::to_string(e.last_n);
}
std::string Line(const CallTool& e) {
  return "call " + Write(e.call) + " lock_max=" + std::to_string(e.lock_ms_max) + " " +
         std::visit([](const auto& args) { return Line(args); }, e.args);
}
std::string Line(const DispatchAgain& e) { return "dispatch_again " + e.call.value; }
std::string Line(const EndCall& e) {
  return "end_call " + e.call.value + (e.tell_worker ? " tell_worker" : "");
}
std::string Line(const SetTimer& e) { return "set_timer " + Write(e.timer); }
std::string Line(const ClearTimer& e) { return "clear_timer " + Write(e.timer); }
std::string Line(const Append& e) { return "append " + Write(e.entry); }
std::string Line(const Unload&) { return "unload"; }
std::string Line(const ShowDraft& e) {
  return "show_draft " + Quote(e.course.value) + " " + Quote(e.topic.value) +
         " at=" + std::to_string(e.at_ms) +
         (e.outcome.empty() ? "" : " " + e.outcome + " by=" + Quote(e.in_reply_to.value)) + " " +
         Write(*e.draft);
}

}  // namespace

std::string Dump(const Effect& effect) {
  return std::visit([](const auto& e) { return Line(e); }, effect);
}

}  // namespace lyceum::tutor
