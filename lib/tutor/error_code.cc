#include "tutor/error_code.h"

namespace lyceum::tutor {
namespace {

constexpr std::array<ErrorCodeRow, kErrorCodeCount> kRows = {{
    {ErrorCode::kAlreadyStarted, "already_started", kInSession, true,
     "`start`, and the session is open.", "Go on with it, or `attach`."},
    {ErrorCode::kCompleted, "completed", kInSession, true,
     "The course is completed, and this asks for more of it.",
     "`start` with `again`, another version or another course."},
    {ErrorCode::kDamaged, "damaged", kAside | kInView, true,
     "The session's row cannot be read; the event is kept in the log.",
     "Tell an operator: `lyceum session rebuild USER`. Its answer comes with the next `attach`."},
    {ErrorCode::kDuplicateId, "duplicate_id", kAside, true,
     "Another event of this learner had this id, with other content.",
     "Send it under an id of its own."},
    {ErrorCode::kInboxFull, "inbox_full", kInSession, false,
     "A tool runs, and 8 events wait for it already: this one is in the history and not handled.",
     "Send it again, under another id, when the tutor has answered."},
    {ErrorCode::kInternal, "internal", kInSession, false,
     "The session was found in a state that is none, and was repaired.",
     "`continue`, or `skip`; tell an operator, the log of the session worker says what it was."},
    {ErrorCode::kNoDraft, "no_draft", kAside, true,
     "`supervise`, and this draft does not wait: it was decided, its time is over, or the learner "
     "went on without it.",
     "Nothing."},
    {ErrorCode::kNoOpenQuestion, "no_open_question", kInSession, true,
     "An answer or `hint`, and no question is open.", "`continue`, or ask something."},
    {ErrorCode::kNoSession, "no_session", kAside, true, "There is no session of this learner.",
     "`start` with a course."},
    {ErrorCode::kNotFound, "not_found", kInSession | kInResult, true,
     "There is no such course, version, topic or segment; the text names those there are.",
     "`start` with one of those. A `skip` does not leave a course that never began."},
    {ErrorCode::kNothingRuns, "nothing_runs", kInSession, true,
     "A `stop`, and no tool runs: what it was meant for has ended.", "Nothing."},
    {ErrorCode::kQuestionClosed, "question_closed", kInSession, true,
     "A deferred event was meant for a question that is closed by now: it was not used.",
     "Nothing; the question that is open was shown."},
    {ErrorCode::kRefused, "refused", kAside, true,
     "The event cannot be read: the text names the field, or what it is not.",
     "Mend the program that sent it. The record is among the dead letters."},
    {ErrorCode::kTextEmpty, "text_empty", kInSession | kAside, true,
     "A message without text; aside, of a teacher: a decision that needs one.", "Say something."},
    {ErrorCode::kTextTooLong, "text_too_long", kInSession, true,
     "A message with more than 16 KiB of text.", "Say it in several messages."},
    {ErrorCode::kUnavailable, "unavailable", kInSession | kInResult, false,
     "The last step has failed and is kept (state `error_state`); of a tool call: nobody serves "
     "the tool, or what it needs does not answer.",
     "`continue` tries it again, `skip` goes on without it; `start`, where no topic was ever "
     "loaded."},
    {ErrorCode::kBadContent, "bad_content", kInSession | kInResult, false,
     "The topic in the course bucket cannot be read.", "Import the course again, then `continue`."},
    {ErrorCode::kBadRequest, "bad_request", kInSession | kInResult, false,
     "A tool worker could not read the request.",
     "See that session and tool workers are of one release, then `continue`."},
    {ErrorCode::kBadResult, "bad_result", kInSession | kInResult, false,
     "A tool's result does not fit the contract, or is too large; its worker was told why.",
     "Mend the tool (`lyceum tool check FILE`), then `continue`."},
    {ErrorCode::kCancelled, "cancelled", kInResult, true,
     "The call was cancelled; nobody waits for this.", "Nothing."},
    {ErrorCode::kDeadline, "deadline", kInSession | kInResult, false,
     "The tool did not end before its deadline: 5 s grading, 30 s else.", "`continue`, or `skip`."},
    {ErrorCode::kLost, "lost", kInSession | kInResult, false,
     "Three workers that ran the call were lost.", "`continue`, or `skip`."},
    {ErrorCode::kNotSupported, "not_supported", kInSession | kInResult, false,
     "The tool worker cannot do this: the built-in tutor makes no new questions.",
     "`skip`; serve the tool with a language model or one of your own."},
    {ErrorCode::kTooLarge, "too_large", kInSession | kInResult, false,
     "The request to the tool is larger than the server takes.", "`skip`."},
    {ErrorCode::kToolFailed, "tool_failed", kInSession | kInResult, false,
     "The tool failed and did not say how.", "`continue`, or `skip`."},
    {ErrorCode::kBadCommand, "bad_command", kInReply, true, "The command cannot be read.",
     "Mend the program that sent it."},
    {ErrorCode::kBadQuery, "bad_query", kInView, true, "The query cannot be read.",
     "Mend the program that sent it."},
    {ErrorCode::kBadSubject, "bad_subject", kInView, true,
     "The subject names no user, or one of another partition.",
     "Ask on `lyceum.query.<user>`, and write the user as described above."},
    {ErrorCode::kBusy, "busy", kInReply, false, "Too many commands wait.", "Try again."},
    {ErrorCode::kHalted, "halted", kInReply, true, "The partition halted again; the text says why.",
     "Do what the text says, then resume it again."},
    {ErrorCode::kNoWorker, "no_worker", kInReply, false,
     "`move`, and no such session worker is there, or it may not own the partition.",
     "Name one of those that the text names."},
    {ErrorCode::kNotHalted, "not_halted", kInReply, true,
     "`resume`, and the partition is not halted.", "Nothing."},
    {ErrorCode::kNotRebuilt, "not_rebuilt", kInReply, false,
     "The session could not be folded again; the text says why.", "Do what the text says."},
    {ErrorCode::kOpening, "opening", kInReply, false, "The partition is still being opened.",
     "Look again with `lyceum partition`."},
    {ErrorCode::kUnreadable, "unreadable", kInView, false,
     "What the view needs cannot be read right now.", "Try again."},
    {ErrorCode::kWrongPartition, "wrong_partition", kInReply, true,
     "The learner belongs to another partition.", "Command the partition that the text names."},
}};

constexpr bool InOrder() {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<size_t>(kRows[i].code) != i || kRows[i].name.empty()) return false;
  }
  return true;
}
static_assert(InOrder());

}  // namespace

const std::array<ErrorCodeRow, kErrorCodeCount>& ErrorCodes() { return kRows; }

std::string_view Name(ErrorCode code) { return kRows[static_cast<size_t>(code)].name; }

}  // namespace lyceum::tutor
