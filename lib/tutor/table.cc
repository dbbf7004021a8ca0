#include "tutor/table.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "tutor/limits.h"
#include "tutor/names.h"
#include "tutor/table_samples.h"

namespace lyceum::tutor {
namespace {

using samples::Sample;

struct Row {
  std::string name;
  std::function<Effects(Sample&)> fold;
};

template <class Kind>
Row Plain(std::string name, Kind kind) {
  return {std::move(name), [kind](Sample& s) { return s.Fold(kind); }};
}

Start Another() {
  Start start;
  start.course = CourseId("another");
  return start;
}
Start Same() {
  Start start;
  start.course = CourseId("course");
  return start;
}

Effects FireIdle(Sample& s) {
  return s.FoldAt(s.session.active_ms + kIdleMs, TimerFired{s.TokenOf(TimerKind::kIdle)});
}

ToolResult OfAnother(const Sample& s) {
  ToolResult result = s.Reply(PresentMaterialOk{"x"});
  result.reply.call = CallId("0-0-1");
  return result;
}

std::vector<Row> UserRows() {
  return {
      Plain("user.start, same course", Same()),
      Plain("user.start, another course", Another()),
      Plain("user.message intent answer", UserMessage{"12", Intent::kAnswer}),
      Plain("user.message intent question", UserMessage{"why?", Intent::kQuestion}),
      Plain("user.message no intent, like an answer", UserMessage{"12", Intent::kUnspecified}),
      Plain("user.message no intent, other", UserMessage{"why?", Intent::kUnspecified}),
      Plain("user.hint", Hint{}),
      {"user.hint, ladder spent",
       [](Sample& s) {
         if (s.session.question) s.session.question->hints_shown = 2;
         return s.Fold(Hint{});
       }},
      Plain("user.skip", Skip{}),
      Plain("user.continue", Continue{}),
      {"user.continue, after the last segment",
       [](Sample& s) {
         s.session.syllabus.segment = 2;
         return s.Fold(Continue{});
       }},
      Plain("user.stop", Stop{}),
      Plain("user.review", Review{1, ""}),
      Plain("user.attach", Attach{}),
      Plain("user.detach", Detach{}),
      {"user.message while suspended",
       [](Sample& s) {
         s.Fold(Shutdown{});
         return s.Fold(UserMessage{"why?", Intent::kQuestion});
       }},
      {"user.message while archived",
       [](Sample& s) {
         s.FoldAt(s.session.active_ms + kTtlMs, TimerFired{s.TokenOf(TimerKind::kTtl)});
         return s.Fold(UserMessage{"why?", Intent::kQuestion});
       }},
  };
}

Row Decided(Decision decision, std::string text) {
  const bool blank = decision != Decision::kApprove && text.empty();
  return {"teacher.supervise " + std::string(Name(decision)) + (blank ? ", no text" : ""),
          [=](Sample& s) { return s.Fold(s.Decided(decision, text)); }};
}

Effects FireApproval(Sample& s, int64_t after_ms, Undecided undecided) {
  s.session.context.undecided = undecided;
  auto* wait = std::get_if<AwaitingApproval>(&s.session.state);
  if (wait != nullptr && after_ms >= kDecideMsDefault) wait->left_ms = 0;
  return s.FoldAt(s.session.time_ms + after_ms, TimerFired{s.TokenOf(TimerKind::kApproval)});
}

std::vector<Row> TeacherRows() {
  return {
      Decided(Decision::kApprove, ""),
      Decided(Decision::kEdit, "A sum, mostly."),
      Decided(Decision::kReplace, "A product."),
      Decided(Decision::kReplace, ""),
      Plain("teacher.supervise, another draft", Supervise{CallId("0-0-1"), Decision::kApprove, ""}),
      {"timer.approval, before the time is over",
       [](Sample& s) { return FireApproval(s, kShowAgainMs, Undecided::kAuthored); }},
      {"timer.approval, undecided authored",
       [](Sample& s) { return FireApproval(s, kDecideMsDefault, Undecided::kAuthored); }},
      {"timer.approval, undecided as_is",
       [](Sample& s) { return FireApproval(s, kDecideMsDefault, Undecided::kAsIs); }},
  };
}

std::vector<Row> ToolAndTimerRows() {
  return {
      {"tool.ok, of the pending call",
       [](Sample& s) { return s.Answer(s.Graded(Verdict::kCorrect, false)); }},
      {"tool.error, final",
       [](Sample& s) {
         return s.Answer(ToolError{"lost", true, ""});
       }},
      {"tool result of another call", [](Sample& s) { return s.Fold(OfAnother(s)); }},
      {"timer.tool_deadline, of the pending call",
       [](Sample& s) { return s.Fold(TimerFired{s.TokenOf(TimerKind::kToolDeadline)}); }},
      Plain("timer of another token", TimerFired{"0-0-1"}),
      {"timer.idle, too early",
       [](Sample& s) { return s.Fold(TimerFired{s.TokenOf(TimerKind::kIdle)}); }},
      {"timer.idle", FireIdle},
      {"timer.idle, again",
       [](Sample& s) {
         s.session.nudges = kNudgesMax;
         if (auto* e = std::get_if<ErrorState>(&s.session.state)) e->retried_when_idle = true;
         return FireIdle(s);
       }},
      {"timer.ttl",
       [](Sample& s) {
         return s.FoldAt(s.session.active_ms + kTtlMs, TimerFired{s.TokenOf(TimerKind::kTtl)});
       }},
  };
}

std::vector<Row> AdminRows() {
  return {
      Plain("admin.force_remediation, registered", ForceRemediation{ErrorId("added")}),
      Plain("admin.force_remediation, not registered", ForceRemediation{ErrorId("")}),
      Plain("admin.force_skip", ForceSkip{}),
      Plain("admin.retry", RetryCall{}),
      Plain("admin.goto_topic", GotoTopic{TopicId("t2")}),
      Plain("admin.end", End{}),
      Plain("admin.shutdown", Shutdown{}),
      Plain("sys.invariant_violation", InvariantViolated{"sample"}),
  };
}

struct BRow {
  Tool tool;
  std::string result;
  std::function<ToolOutcome(const Sample&)> outcome;
  int rounds = 1;  // The same result so many times, where the first asks again.
  bool supervised = false;
};

ToolOutcome LoadOk(const Sample&) {
  return LoadTopicOk{std::make_shared<const Topic>(samples::SampleTopic("t1", "t2")), "digest"};
}

ToolOutcome Generated(bool sound) {
  GenerateQuestionOk ok;
  ok.question.text = "How much is 2 * 2?";
  if (sound) ok.question.answers = {"4"};
  return ok;
}

std::function<ToolOutcome(const Sample&)> Graded(Verdict verdict, bool known_error = false) {
  return [=](const Sample& s) { return s.Graded(verdict, known_error); };
}

std::function<ToolOutcome(const Sample&)> Just(ToolOutcome outcome) {
  return [outcome = std::move(outcome)](const Sample&) { return outcome; };
}

ToolOutcome Intended(FoundIntent intent, double confidence = 1) {
  return ClassifyIntentOk{intent, confidence};
}

std::vector<BRow> RowsB() {
  using T = Tool;
  std::vector<BRow> rows = {
      {T::kLoadTopic, "ok", LoadOk},
      {T::kLoadTopic, "another topic", Just(LoadTopicOk{std::make_shared<const Topic>(), ""})},
      {T::kPresentMaterial, "ok", Just(PresentMaterialOk{"A product."})},
      {T::kClarifyConcept, "ok", Just(ClarifyConceptOk{"A sum.", true, false})},
      {T::kClarifyConcept, "ok, supervised", Just(ClarifyConceptOk{"A sum.", true, false}), 1,
       true},
      {T::kClarifyConcept, "reveals the answer", Just(ClarifyConceptOk{"It is 12.", true, true})},
      {T::kClarifyConcept, "reveals it again", Just(ClarifyConceptOk{"It is 12.", true, true}), 2},
      {T::kGenerateQuestion, "sound", Just(Generated(true))},
      {T::kGenerateQuestion, "not sound", Just(Generated(false))},
      {T::kGiveHint, "ok", Just(GiveHintOk{2, 2, "Four and four and four.", true})},
      {T::kClassifyIntent, "answer", Just(Intended(FoundIntent::kAnswer))},
      {T::kClassifyIntent, "answer, below tau", Just(Intended(FoundIntent::kAnswer, 0.5))},
      {T::kClassifyIntent, "question", Just(Intended(FoundIntent::kQuestion))},
      {T::kClassifyIntent, "hint", Just(Intended(FoundIntent::kHint))},
      {T::kClassifyIntent, "skip", Just(Intended(FoundIntent::kSkip))},
      {T::kClassifyIntent, "continue", Just(Intended(FoundIntent::kContinue))},
      {T::kClassifyIntent, "off_topic", Just(Intended(FoundIntent::kOffTopic))},
      {T::kRemediateKnownError, "ok",
       Just(RemediateKnownErrorOk{ErrorId("added"), "hint", "Not the sum.", "", false})},
      {T::kDiagnoseError, "ok", Just(DiagnoseErrorOk{{}, "Look again.", ""})},
      {T::kDiagnoseError, "ok, a registered error",
       Just(DiagnoseErrorOk{{{ErrorId("added"), "", 0.9}}, "Look again.", ""})},
      {T::kCheckAnswer, "correct", Graded(Verdict::kCorrect)},
      {T::kCheckAnswer, "incorrect, registered error", Graded(Verdict::kIncorrect, true)},
      {T::kCheckAnswer, "incorrect", Graded(Verdict::kIncorrect)},
      {T::kCheckAnswer, "partially_correct", Graded(Verdict::kPartiallyCorrect)},
      {T::kCheckAnswer, "invalid", Graded(Verdict::kInvalid)},
      {T::kCheckAnswer, "not_an_answer", Graded(Verdict::kNotAnAnswer)},
      {T::kCheckAnswer, "ungraded", Graded(Verdict::kUngraded)},
      {T::kCheckAnswer, "ungraded by all", Graded(Verdict::kUngraded), 2},
  };
  for (int i = 0; i < kToolCount; ++i) {
    rows.push_back({static_cast<Tool>(i), "error, final", Just(ToolError{"lost", true, ""})});
  }
  return rows;
}

std::string Describe(const TextOut&) { return "text"; }
std::string Describe(const QuestionOut&) { return "pose"; }
std::string Describe(const FeedbackOut& m) { return "feedback " + std::string(Name(m.verdict)); }
std::string Describe(const HintOut&) { return "hint"; }
std::string Describe(const WaitOut&) { return "WAIT"; }
std::string Describe(const ErrorOut& m) { return "R " + m.code; }
std::string Describe(const ProgressOut&) { return ""; }
std::string Describe(const CompletedOut&) { return "summary"; }
std::string Describe(const RetractOut&) { return "retract"; }
std::string Describe(const ResumedOut&) { return "resumed"; }
std::string Describe(const DetachedOut&) { return "detached"; }

std::string Describe(const EmitMessage& e) {
  return std::visit([](const auto& body) { return Describe(body); }, e.message.body);
}
std::string Describe(const TellAll& e) {
  return std::visit([](const auto& body) { return Describe(body); }, e.message.body);
}
std::string Describe(const ReplyTo& e) {
  return std::visit([](const auto& body) { return Describe(body); }, e.message.body);
}
std::string Describe(const ResendMessages&) { return "resend"; }
std::string Describe(const CallTool& e) { return "L{" + std::string(Name(e.call.tool)) + "}"; }
std::string Describe(const DispatchAgain&) { return "dispatch again"; }
std::string Describe(const EndCall& e) { return e.tell_worker ? "cancel" : "end call"; }
std::string Describe(const SetTimer&) { return ""; }
std::string Describe(const ClearTimer&) { return ""; }
std::string Describe(const Append&) { return ""; }
std::string Describe(const Unload&) { return "unload"; }
std::string Describe(const ShowDraft& e) {
  return e.outcome.empty() ? "show draft" : "draft " + e.outcome;
}

// What a step did, in the legend of table.h.
std::string Describe(const Session& before, const Session& after, const Effects& effects) {
  std::string text;
  const auto add = [&text](std::string_view part) {
    if (part.empty()) return;
    if (!text.empty()) text += ", ";
    text += part;
  };
  const StateName from = NameOf(before.state);
  const StateName to = NameOf(after.state);
  const auto calls = [](const Effect& effect) { return std::holds_alternative<CallTool>(effect); };
  if (from == to && std::none_of(effects.begin(), effects.end(), calls)) add("=");
  if (after.counters.dropped > before.counters.dropped) add("drop");
  for (const Effect& effect : effects) {
    add(std::visit([](const auto& e) { return Describe(e); }, effect));
  }
  if (before.lifecycle != after.lifecycle) add(Name(after.lifecycle));
  if (from != to && to != StateName::kAwaitingToolResult) {
    add("-> " + std::string(Name(to)));
  }
  return text;
}

TableCell CellOf(const Row& row, StateName state) {
  Sample sample = Sample::In(state);
  const Session before = sample.session;
  const Effects effects = row.fold(sample);
  return {row.name, state, NameOf(sample.session.state), Describe(before, sample.session, effects)};
}

std::string Markdown() {
  std::string text = "## Table A: event x state\n\n| Event |";
  std::string rule = "|---|";
  for (int i = 0; i < kStateCount; ++i) {
    text += " " + std::string(Name(static_cast<StateName>(i))) + " |";
    rule += "---|";
  }
  text += "\n" + rule;
  for (const TableCell& cell : TableA()) {
    if (cell.from == StateName::kExposition) text += "\n| " + cell.row + " |";
    text += " " + cell.text + " |";
  }
  text +=
      "\n\n## Table B: tool results, from awaiting_tool_result\n\n| Result | What it does "
      "|\n|---|---|\n";
  for (const TableCell& cell : TableB()) text += "| " + cell.row + " | " + cell.text + " |\n";
  return text;
}

// The ways from state to state, each with the rows that lead there, in the order of the states.
struct Way {
  StateName from;
  StateName to;
  std::vector<std::string> rows;
};

std::vector<Way> Ways() {
  std::vector<std::vector<std::string>> rows(size_t{kStateCount} * kStateCount);
  for (const std::vector<TableCell>& table : {TableA(), TableB()}) {
    for (const TableCell& cell : table) {
      if (cell.from == cell.to) continue;
      rows[static_cast<size_t>(cell.from) * kStateCount + static_cast<size_t>(cell.to)].push_back(
          cell.row);
    }
  }
  std::vector<Way> ways;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].empty()) continue;
    ways.push_back({static_cast<StateName>(i / kStateCount),
                    static_cast<StateName>(i % kStateCount), std::move(rows[i])});
  }
  return ways;
}

std::string Joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

std::string Dot() {
  std::string text = "digraph session {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const Way& way : Ways()) {
    text += "  " + std::string(Name(way.from)) + " -> " + std::string(Name(way.to)) + " [label=\"" +
            Joined(way.rows, "\\n") + "\"];\n";
  }
  return text + "}\n";
}

std::string Mermaid() {
  std::string text = "stateDiagram-v2\n  [*] --> awaiting_tool_result : user.start\n";
  for (const Way& way : Ways()) {
    // A colon would end the label.
    std::string label = Joined(way.rows, "; ");
    for (char& c : label) c = c == ':' ? ' ' : c == ';' ? '/' : c;
    text += "  " + std::string(Name(way.from)) + " --> " + std::string(Name(way.to)) + " : " +
            label + "\n";
  }
  return text;
}

}  // namespace

std::vector<TableCell> TableA() {
  std::vector<TableCell> cells;
  for (const std::vector<Row>& rows :
       {UserRows(), ToolAndTimerRows(), TeacherRows(), AdminRows()}) {
    for (const Row& row : rows) {
      for (int i = 0; i < kStateCount; ++i) {
        cells.push_back(CellOf(row, static_cast<StateName>(i)));
      }
    }
  }
  return cells;
}

std::vector<TableCell> TableB() {
  std::vector<TableCell> cells;
  for (const BRow& row : RowsB()) {
    Sample sample = Sample::Locked(row.tool);
    if (row.supervised) sample.session.context.supervision = Supervision::kDraft;
    for (int i = 1; i < row.rounds; ++i) sample.Answer(row.outcome(sample));
    const Session before = sample.session;
    const Effects effects = sample.Answer(row.outcome(sample));
    cells.push_back({std::string(Name(row.tool)) + ": " + row.result, NameOf(before.state),
                     NameOf(sample.session.state), Describe(before, sample.session, effects)});
  }
  return cells;
}

std::string RenderTables(TableFormat format) {
  switch (format) {
    case TableFormat::kMarkdown:
      return Markdown();
    case TableFormat::kDot:
      return Dot();
    case TableFormat::kMermaid:
      return Mermaid();
  }
  return "";
}

}  // namespace lyceum::tutor
