// The cells of tables A and B as they are meant, against what the code does.

#include <gtest/gtest.h>

#include <array>
#include <map>

#include "tutor/names.h"
#include "tutor/table.h"

namespace lyceum::tutor {
namespace {

using Cells = std::array<std::string_view, kStateCount>;

// All states alike; the last one or two may differ. The wait for a teacher has a table of its own.
Cells Same(std::string_view all) { return {all, all, all, all, all, all, all, all}; }
Cells With(Cells cells, StateName state, std::string_view text) {
  cells[static_cast<size_t>(state)] = text;
  return cells;
}

constexpr auto kLock = StateName::kAwaitingToolResult;
constexpr auto kError = StateName::kErrorState;
constexpr auto kDone = StateName::kCompleted;

constexpr std::string_view kNoQuestion = "=, R no_open_question";
constexpr std::string_view kPosed = "pose, -> awaiting_answer";
constexpr std::string_view kClarify = "L{clarify_concept}";
constexpr std::string_view kCheck = "L{check_answer}";
constexpr std::string_view kClassify = "L{classify_intent}";
constexpr std::string_view kUnavailable = "=, R unavailable";
constexpr std::string_view kCompleted = "=, R completed";
constexpr std::string_view kSolved = "text, pose, -> awaiting_answer";
constexpr std::string_view kRemediate = "L{remediate_known_error}";
constexpr std::string_view kDiagnose = "L{diagnose_error}";
constexpr std::string_view kEnd = "text, summary, -> completed";
constexpr std::string_view kArchived = "=, unload, archived";

// clang-format off
//                 exposition   setting      awaiting     locked     known        unknown      error         completed
const std::map<std::string, Cells> kTableA = {
  {"user.start, same course",       With(Same("=, R already_started"), kDone, kCompleted)},
  {"user.start, another course",    With(Same("=, R already_started"), kDone, "L{load_topic}")},
  {"user.message intent answer",    {kNoQuestion, kNoQuestion, kCheck, "=, WAIT", kCheck, kCheck, kUnavailable, kCompleted}},
  {"user.message intent question",  {kClarify, kClarify, kClarify, "=, WAIT", kClarify, kClarify, kUnavailable, kCompleted}},
  {"user.message no intent, like an answer",
                                    {kClarify, kClarify, kCheck, "=, WAIT", kCheck, kCheck, kUnavailable, kCompleted}},
  {"user.message no intent, other", {kClarify, kClarify, kClassify, "=, WAIT", kClassify, kClassify, kUnavailable, kCompleted}},
  {"user.hint",                     {kNoQuestion, kNoQuestion, "=, hint", "=, WAIT", "=, hint", "=, hint", kUnavailable, kCompleted}},
  {"user.hint, ladder spent",       {kNoQuestion, kNoQuestion, "=, text, pose", "=, WAIT", kSolved, kSolved, kUnavailable, kCompleted}},
  {"user.skip",                     {kPosed, kPosed, "=, pose", "cancel, pose, -> awaiting_answer", kPosed, kPosed, kPosed, kCompleted}},
  {"user.continue",                 {"=, text", kPosed, "=, pose", "=, WAIT", kPosed, kPosed, kCheck, "=, text, summary"}},
  {"user.continue, after the last segment",
                                    {kPosed, kPosed, "=, pose", "=, WAIT", kPosed, kPosed, kCheck, "=, text, summary"}},
  {"user.stop",                     With(With(Same("=, R nothing_runs"), kLock, "cancel, text, -> awaiting_answer"), kDone, kCompleted)},
  {"user.review",                   Same("=, text")},
  {"user.attach",                   Same("=, resumed, resend")},
  {"user.detach",                   Same("=")},
  {"user.message while suspended",  {kClarify, kClarify, kClarify, "=, WAIT", kClarify, kClarify, kUnavailable, kCompleted}},
  {"user.message while archived",   {kClarify, kClarify, kClarify, kClarify, kClarify, kClarify, kUnavailable, kCompleted}},
  {"tool.ok, of the pending call",  With(With(Same("=, drop"), kLock, "end call, feedback correct, pose, -> awaiting_answer"),
                                         kError, "feedback correct, pose, -> awaiting_answer")},
  {"tool.error, final",             With(Same("=, drop"), kLock, "end call, R lost, -> error_state")},
  {"tool result of another call",   Same("=, drop")},
  {"timer.tool_deadline, of the pending call",
                                    With(Same("=, drop"), kLock, "cancel, R deadline, -> error_state")},
  {"timer of another token",        Same("=, drop")},
  {"timer.idle, too early",         Same("=")},
  {"timer.idle",                    With(With(With(Same("=, text"), kLock, "="), kError, kCheck), kDone, "=, unload")},
  {"timer.idle, again",             With(Same("=, unload"), kLock, "=")},
  {"timer.ttl",                     With(Same(kArchived), kLock, "cancel, unload, archived, -> awaiting_answer")},
  {"teacher.supervise approve",     Same("=, R no_draft")},
  {"teacher.supervise edit",        Same("=, R no_draft")},
  {"teacher.supervise replace",     Same("=, R no_draft")},
  {"teacher.supervise replace, no text", Same("=, R no_draft")},
  {"teacher.supervise, another draft", Same("=, R no_draft")},
  {"timer.approval, before the time is over", Same("=, drop")},
  {"timer.approval, undecided authored", Same("=, drop")},
  {"timer.approval, undecided as_is", Same("=, drop")},
  {"admin.force_remediation, registered",
                                    With(With(Same(kRemediate), kLock, "cancel, L{remediate_known_error}"), kDone, kCompleted)},
  {"admin.force_remediation, not registered",
                                    With(With(Same(kDiagnose), kLock, "cancel, L{diagnose_error}"), kDone, kCompleted)},
  {"admin.force_skip",              {kPosed, kPosed, "=, pose", "cancel, pose, -> awaiting_answer", kPosed, kPosed, kPosed, kCompleted}},
  {"admin.retry",                   With(With(Same("="), kLock, "=, dispatch again"), kError, kCheck)},
  {"admin.goto_topic",              With(Same("L{load_topic}"), kLock, "cancel, L{load_topic}")},
  {"admin.end",                     With(With(Same(kEnd), kLock, "cancel, text, summary, -> completed"), kDone, "=")},
  {"admin.shutdown",                Same("=, unload, suspended")},
  {"sys.invariant_violation",       With(With(With(Same("R internal, -> error_state"), kLock, "cancel, R internal, -> error_state"),
                                              kError, "="), kDone, "=")},
};

constexpr std::string_view kGivenUp = "draft given_up, pose, -> awaiting_answer";
const std::map<std::string, std::string_view> kInApproval = {
  {"user.start, same course",       "=, R already_started"},
  {"user.start, another course",    "=, R already_started"},
  {"user.message intent answer",    "=, WAIT"},
  {"user.message intent question",  "=, WAIT"},
  {"user.message no intent, like an answer", "=, WAIT"},
  {"user.message no intent, other", "=, WAIT"},
  {"user.hint",                     "=, WAIT"},
  {"user.hint, ladder spent",       "=, WAIT"},
  {"user.skip",                     kGivenUp},
  {"user.continue",                 "=, WAIT"},
  {"user.continue, after the last segment", "=, WAIT"},
  {"user.stop",                     "draft given_up, text, -> awaiting_answer"},
  {"user.review",                   "=, text"},
  {"user.attach",                   "=, resumed, resend"},
  {"user.detach",                   "="},
  {"user.message while suspended",  "=, WAIT"},
  {"user.message while archived",   kClarify},
  {"tool.ok, of the pending call",  "=, drop"},
  {"tool.error, final",             "=, drop"},
  {"tool result of another call",   "=, drop"},
  {"timer.tool_deadline, of the pending call", "=, drop"},
  {"timer of another token",        "=, drop"},
  {"timer.idle, too early",         "="},
  {"timer.idle",                    "="},
  {"timer.idle, again",             "="},
  {"timer.ttl",                     "draft given_up, unload, archived, -> awaiting_answer"},
  {"teacher.supervise approve",     "draft approve, text, -> awaiting_answer"},
  {"teacher.supervise edit",        "draft edit, text, -> awaiting_answer"},
  {"teacher.supervise replace",     "draft replace, text, -> awaiting_answer"},
  {"teacher.supervise replace, no text", "=, R text_empty"},
  {"teacher.supervise, another draft", "=, R no_draft"},
  {"timer.approval, before the time is over", "=, show draft"},
  {"timer.approval, undecided authored", "draft authored, text, -> awaiting_answer"},
  {"timer.approval, undecided as_is", "draft as_is, text, -> awaiting_answer"},
  {"admin.force_remediation, registered", "draft given_up, L{remediate_known_error}"},
  {"admin.force_remediation, not registered", "draft given_up, L{diagnose_error}"},
  {"admin.force_skip",              kGivenUp},
  {"admin.retry",                   "=, show draft"},
  {"admin.goto_topic",              "draft given_up, L{load_topic}"},
  {"admin.end",                     "draft given_up, text, summary, -> completed"},
  {"admin.shutdown",                "=, unload, suspended"},
  {"sys.invariant_violation",       "draft given_up, R internal, -> error_state"},
};

const std::map<std::string, std::string_view> kTableB = {
  {"load_topic: ok",                        "end call, text, -> exposition"},
  {"load_topic: another topic",             "end call, R bad_result, -> error_state"},
  {"load_topic: error, final",              "end call, R lost, -> error_state"},
  {"present_material: ok",                  "end call, text, -> exposition"},
  {"present_material: error, final",        "end call, retract, text, -> exposition"},
  {"clarify_concept: ok",                   "end call, text, -> awaiting_answer"},
  {"clarify_concept: ok, supervised",       "end call, WAIT, show draft, -> awaiting_approval"},
  {"clarify_concept: reveals the answer",   "end call, retract, L{clarify_concept}"},
  {"clarify_concept: reveals it again",     "end call, retract, text, -> awaiting_answer"},
  {"clarify_concept: error, final",         "end call, retract, text, -> awaiting_answer"},
  {"generate_question: sound",              "end call, pose, -> awaiting_answer"},
  {"generate_question: not sound",          "end call, R bad_result, -> error_state"},
  {"generate_question: error, final",       "end call, R lost, -> error_state"},
  {"give_hint: ok",                         "end call, hint, -> awaiting_answer"},
  {"give_hint: error, final",               "end call, retract, hint, -> awaiting_answer"},
  {"classify_intent: answer",               "end call, L{check_answer}"},
  {"classify_intent: answer, below tau",    "end call, L{clarify_concept}"},
  {"classify_intent: question",             "end call, L{clarify_concept}"},
  {"classify_intent: hint",                 "end call, hint, -> awaiting_answer"},
  {"classify_intent: skip",                 "end call, pose, -> awaiting_answer"},
  {"classify_intent: continue",             "end call, pose, -> awaiting_answer"},
  {"classify_intent: off_topic",            "end call, L{clarify_concept}"},
  {"classify_intent: error, final",         "end call, text, -> awaiting_answer"},
  {"remediate_known_error: ok",             "end call, text, -> remediating_known_error"},
  {"remediate_known_error: error, final",   "end call, retract, text, -> awaiting_answer"},
  {"diagnose_error: ok",                    "end call, text, -> remediating_unknown_error"},
  {"diagnose_error: ok, a registered error", "end call, text, -> remediating_known_error"},
  {"diagnose_error: error, final",          "end call, text, -> awaiting_answer"},
  {"check_answer: correct",                 "end call, feedback correct, pose, -> awaiting_answer"},
  {"check_answer: incorrect",               "end call, feedback incorrect, L{diagnose_error}"},
  {"check_answer: incorrect, registered error",
                                            "end call, feedback incorrect, L{remediate_known_error}"},
  {"check_answer: partially_correct",       "end call, feedback partially_correct, L{diagnose_error}"},
  {"check_answer: invalid",                 "end call, feedback invalid, -> awaiting_answer"},
  {"check_answer: not_an_answer",           "end call, L{clarify_concept}"},
  {"check_answer: ungraded",                "end call, L{check_answer}"},
  {"check_answer: ungraded by all",         "end call, feedback ungraded, text, pose, -> awaiting_answer"},
  {"check_answer: error, final",            "end call, R lost, -> error_state"},
};
// clang-format on

TEST(TableA, EveryCellIsAsMeant) {
  size_t cells = 0;
  for (const TableCell& cell : TableA()) {
    const auto row = kTableA.find(cell.row);
    ASSERT_NE(row, kTableA.end()) << cell.row;
    const bool waits = cell.from == StateName::kAwaitingApproval;
    EXPECT_EQ(cell.text,
              waits ? kInApproval.at(cell.row) : row->second[static_cast<size_t>(cell.from)])
        << cell.row << " in " << Name(cell.from);
    ++cells;
  }
  EXPECT_EQ(cells, kTableA.size() * kStateCount);
}

TEST(TableB, EveryResultIsAsMeant) {
  size_t rows = 0;
  for (const TableCell& cell : TableB()) {
    const auto row = kTableB.find(cell.row);
    ASSERT_NE(row, kTableB.end()) << cell.row;
    EXPECT_EQ(cell.text, row->second) << cell.row;
    ++rows;
  }
  EXPECT_EQ(rows, kTableB.size());
}

TEST(Tables, AreDrawnInEachFormat) {
  EXPECT_TRUE(RenderTables(TableFormat::kMarkdown).starts_with("## Table A"));
  const std::string dot = RenderTables(TableFormat::kDot);
  EXPECT_TRUE(dot.starts_with("digraph"));
  EXPECT_NE(dot.find("error_state -> awaiting_tool_result"), std::string::npos);
  EXPECT_TRUE(RenderTables(TableFormat::kMermaid).starts_with("stateDiagram-v2"));
}

}  // namespace
}  // namespace lyceum::tutor
