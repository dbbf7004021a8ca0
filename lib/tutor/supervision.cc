#include "tutor/supervision.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "tutor/calls.h"
#include "tutor/error_code.h"
#include "tutor/known_errors.h"
#include "tutor/lesson.h"
#include "tutor/limits.h"
#include "tutor/names.h"
#include "tutor/phrases.h"
#include "tutor/plain_text.h"
#include "tutor/reveal.h"

namespace lyceum::tutor {
namespace {

using SharedDraft = std::shared_ptr<const Draft>;

constexpr std::string_view kGivenUp = "given_up";

int64_t DecideMs(const Context& context) {
  if (context.decide_s == 0) return kDecideMsDefault;
  return std::clamp(int64_t{context.decide_s} * 1000, kDecideMsMin, kDecideMsMax);
}

void Say(Step& step, const Call& call, Saying saying) {
  switch (call.tool) {
    case Tool::kPresentMaterial:
      return ShowSegment(step, call.level, saying.text);
    case Tool::kClarifyConcept:
      return step.EmitText(saying.text);
    case Tool::kGiveHint:
      return ShowHint(step, call.level, saying.text);
    case Tool::kRemediateKnownError:
      step.EmitText(saying.text);
      return step.Go(RemediatingKnownError{call.error});
    case Tool::kDiagnoseError:
      step.EmitText(saying.text);
      if (saying.error.empty()) return step.Go(RemediatingUnknownError{});
      CountError(step.session, saying.error);
      return step.Go(RemediatingKnownError{std::move(saying.error)});
    case Tool::kGenerateQuestion:
      if (!saying.question) return;
      step.session.question = OpenQuestion{};
      step.session.question->generated = std::move(saying.question);
      step.session.question->generated->text = std::move(saying.text);
      return Pose(step);
    case Tool::kLoadTopic:
    case Tool::kCheckAnswer:
    case Tool::kClassifyIntent:
      return;  // They say nothing.
  }
}

// What stands in for a draft has to keep the open question's answer too.
std::string SafeAuthored(const Step& step, const Call& call, const std::string& authored) {
  const Question* question = CurrentQuestion(step.session);
  if (question == nullptr || authored.empty()) return authored;
  const bool last = call.tool == Tool::kGiveHint && call.level >= question->hints.size();
  return !last && Reveals(authored, *question) ? std::string() : authored;
}

void Show(Step& step, const SharedDraft& draft, std::string_view outcome, const EventId& decided) {
  step.Do(ShowDraft{draft, step.session.syllabus.course, step.session.syllabus.topic,
                    std::string(outcome), decided, step.session.context.undecided, step.now()});
}

// Waits for the next part of what is left, and then shows the draft again, or is over.
void WaitOn(Step& step, SharedDraft draft, int64_t left_ms) {
  const int64_t part_ms = std::min(left_ms, kShowAgainMs);
  step.Go(AwaitingApproval{std::move(draft), left_ms - part_ms});
  step.SetTimer(TimerKind::kApproval, step.now() + part_ms);
}

SharedDraft OpenDraft(const Session& session) {
  const auto* wait = std::get_if<AwaitingApproval>(&session.state);
  return wait == nullptr ? nullptr : wait->draft;
}

// Leaves the wait. The draft stays alive in the caller's hands.
void Leave(Step& step, const SharedDraft& draft, std::string_view outcome, const EventId& decided) {
  step.ClearTimer(TimerKind::kApproval);
  step.GoBack(draft->call.origin);
  Show(step, draft, outcome, decided);
}

// Nobody has decided, and the course's own text is to be said.
void SayAuthored(Step& step, const Draft& draft) {
  ++step.session.counters.degraded;
  if (!draft.authored.empty()) return Say(step, draft.call, {draft.authored});
  if (draft.call.tool != Tool::kGenerateQuestion) return EmitSubstitute(step, draft.call);
  const std::string_view code = Name(ErrorCode::kUnavailable);
  step.RefuseAs(code, phrases::kGenerateFailed, true);
  Fail(step, draft.call, code);
}

void Refuse(Step& step, ErrorCode code, std::string_view text) {
  step.Reply(ErrorOut{std::string(Name(code)), std::string(text), false});
}

}  // namespace

bool IsSupervised(const Session& session) {
  return session.context.supervision != Supervision::kNone;
}

void SayOrHold(Step& step, const Call& call, Saying saying, const ToolReply& reply) {
  const bool is_authored = saying.text == reply.authored && !saying.question;
  if (!IsSupervised(step.session) || is_authored) return Say(step, call, std::move(saying));
  auto draft = std::make_shared<Draft>();
  draft->call = call;
  draft->text = std::move(saying.text);
  draft->authored = saying.question ? std::string() : SafeAuthored(step, call, reply.authored);
  draft->question = std::move(saying.question);
  draft->error = std::move(saying.error);
  const int64_t decide_ms = DecideMs(step.session.context);
  draft->due_ms = step.now() + decide_ms;
  draft->provider = reply.provider;
  draft->model = reply.model;
  WaitOn(step, draft, decide_ms);
  step.Emit(WaitOut{.kept = true});
  Show(step, draft, "", EventId{});
}

void Decide(Step& step, const AwaitingApproval* wait, const Supervise& event) {
  if (wait == nullptr || wait->draft->call.id != event.draft) {
    return Refuse(step, ErrorCode::kNoDraft, phrases::kNoDraft);
  }
  const bool own_text = event.decision != Decision::kApprove;
  if (own_text && IsBlank(event.text)) {
    return Refuse(step, ErrorCode::kTextEmpty, phrases::kTextEmpty);
  }
  const SharedDraft draft = wait->draft;
  step.Note(Role::kTeacher, Name(event.decision), "");
  Leave(step, draft, Name(event.decision), step.cause);  // `wait` is gone.
  step.cause = draft->call.cause;
  Say(step, draft->call, {own_text ? event.text : draft->text, draft->error, draft->question});
}

void ShowAgain(Step& step) {
  if (const SharedDraft draft = OpenDraft(step.session)) Show(step, draft, "", EventId{});
}

void GiveUpDraft(Step& step) {
  if (const SharedDraft draft = OpenDraft(step.session)) Leave(step, draft, kGivenUp, EventId{});
}

void FireApproval(Step& step) {
  const auto* wait = std::get_if<AwaitingApproval>(&step.session.state);
  if (wait == nullptr) return;
  const SharedDraft draft = wait->draft;
  if (wait->left_ms > 0) {
    WaitOn(step, draft, wait->left_ms);  // `wait` is gone.
    return Show(step, draft, "", EventId{});
  }
  const Undecided undecided = step.session.context.undecided;
  step.cause = draft->call.cause;
  Leave(step, draft, Name(undecided), EventId{});
  if (undecided == Undecided::kAuthored) return SayAuthored(step, *draft);
  Say(step, draft->call, {draft->text, draft->error, draft->question});
}

}  // namespace lyceum::tutor
