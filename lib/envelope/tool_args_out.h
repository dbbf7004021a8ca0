// The arguments of a tool as they stand in a ToolRequest, described for ProtoOut and JsonOut.
// Private to this library.
#pragma once

#include "envelope/content_out.h"

namespace lyceum::envelope {

template <class Out>
void Describe(Out& out, const tutor::LoadTopicArgs& args) {
  Field(out, 1, "ref", args.ref);
}
template <class Out>
void Describe(Out& out, const tutor::PresentMaterialArgs& args) {
  Field(out, 1, "ref", args.ref);
  out.Number(2, "segment", args.segment);
  out.Text(3, "text", args.text);
}
template <class Out>
void Describe(Out& out, const tutor::LearnerModel& learner) {
  out.Number(1, "hints_shown", learner.hints_shown);
  out.Number(2, "questions_correct", learner.questions_correct);
  out.Number(3, "questions_incorrect", learner.questions_incorrect);
}
// Nothing where nothing is known: so it stands in a request under every fold version.
template <class Out>
void Learner(Out& out, uint32_t number, const tutor::LearnerModel& learner) {
  if (learner != tutor::LearnerModel{}) Field(out, number, "learner", learner);
}
template <class Out>
void Describe(Out& out, const tutor::ClarifyConceptArgs& args) {
  Field(out, 1, "ref", args.ref);
  out.Text(2, "text", args.text);
  if (args.question) Field(out, 3, "question", *args.question);
  Fields(out, 4, "recent", args.recent);
  Fields(out, 5, "attempts", args.attempts);
  Learner(out, 6, args.learner);
}
template <class Out>
void Describe(Out& out, const tutor::GenerateQuestionArgs& args) {
  Field(out, 1, "ref", args.ref);
}
template <class Out>
void Describe(Out& out, const tutor::CheckAnswerArgs& args) {
  Field(out, 1, "question", args.question);
  out.Text(2, "answer", args.answer);
  Fields(out, 3, "attempts", args.attempts);
  out.Number(4, "grader", args.grader);
}
template <class Out>
void Describe(Out& out, const tutor::GiveHintArgs& args) {
  Field(out, 1, "ref", args.ref);
  Field(out, 2, "question", args.question);
  out.Number(3, "level", args.level);
  out.Number(4, "of", args.of);
  Fields(out, 5, "attempts", args.attempts);
  Learner(out, 6, args.learner);
}
template <class Out>
void Describe(Out& out, const tutor::RemediateKnownErrorArgs& args) {
  Field(out, 1, "ref", args.ref);
  out.Text(2, "error_id", args.error.value);
  out.Text(3, "error_text", args.error_text);
  out.Text(4, "strategy", tutor::Name(args.strategy));
  if (args.question) Field(out, 5, "question", *args.question);
  out.Text(6, "answer", args.answer);
  Fields(out, 7, "attempts", args.attempts);
  Learner(out, 8, args.learner);
}
template <class Out>
void Describe(Out& out, const tutor::DiagnoseErrorArgs& args) {
  Field(out, 1, "ref", args.ref);
  if (args.question) Field(out, 2, "question", *args.question);
  out.Text(3, "answer", args.answer);
  Fields(out, 4, "attempts", args.attempts);
}
template <class Out>
void Describe(Out& out, const tutor::ClassifyIntentArgs& args) {
  Field(out, 1, "ref", args.ref);
  if (args.question) Field(out, 2, "question", *args.question);
  out.Text(3, "text", args.text);
}

// The oneof: its fields are numbered and named as the tools are.
template <class Out>
void Describe(Out& out, const tutor::ToolArgs& args) {
  static_assert(std::variant_size_v<tutor::ToolArgs> == tutor::kToolCount);
  const auto number = static_cast<uint32_t>(args.index()) + 1;
  const std::string_view name = tutor::Name(static_cast<tutor::Tool>(args.index()));
  std::visit([&](const auto& tool_args) { Field(out, number, name, tool_args); }, args);
}

}  // namespace lyceum::envelope
