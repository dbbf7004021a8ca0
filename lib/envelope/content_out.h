// Content as it stands in messages and requests, described for ProtoOut and JsonOut. Private to
// this library.
#pragma once

#include "envelope/field_out.h"
#include "tutor/call.h"
#include "tutor/names.h"

namespace lyceum::envelope {

template <class Out>
void Describe(Out& out, const tutor::QuestionView& question) {
  out.Text(1, "id", question.id.value);
  out.Text(2, "text", question.text);
  out.Text(3, "format", tutor::Name(question.format));
  out.Texts(4, "choices", question.choices);
}

template <class Out>
void Describe(Out& out, const tutor::Question& question) {
  out.Text(1, "id", question.id.value);
  out.Text(2, "text", question.text);
  out.Text(3, "format", tutor::Name(question.format));
  out.Texts(4, "choices", question.choices);
  out.Texts(5, "answers", question.answers);
  out.Texts(6, "hints", question.hints);
  out.Messages(7, "known_errors", question.known_errors,
               [](Out& inner, const tutor::KnownError& known) {
                 inner.Text(1, "id", known.id.value);
                 inner.Texts(2, "answers", known.answers);
                 inner.Text(3, "text", known.text);
                 inner.Double(4, "credit", known.credit);
               });
  out.Text(8, "solution", question.solution);
  out.Double(9, "tolerance", question.tolerance);
  out.Text(10, "unit", question.unit);
  out.Double(11, "relative_tolerance", question.relative_tolerance);
  out.Number(12, "significant_figures", question.significant_figures);
  out.Bool(13, "partial_credit", question.partial_credit);
}

template <class Out>
void Describe(Out& out, const tutor::Context& context) {
  out.Text(1, "tone", context.tone);
  out.Text(2, "persona", context.persona);
  out.Texts(3, "objectives", context.objectives);
  out.Text(4, "language", context.language);
  if (context.supervision == tutor::Supervision::kNone) return;
  out.Text(5, "supervision", tutor::Name(context.supervision));
  out.Text(6, "undecided", tutor::Name(context.undecided));
  out.Number(7, "decide_seconds", context.decide_s);
}

template <class Out>
void Describe(Out& out, const tutor::TopicRef& ref) {
  out.Text(1, "course", ref.course.value);
  out.Text(2, "version", ref.version);
  out.Text(3, "topic", ref.topic.value);
}

template <class Out>
void Describe(Out& out, const tutor::Attempt& attempt) {
  out.Text(1, "answer", attempt.answer);
  out.Text(2, "verdict", tutor::Name(attempt.verdict));
  if (attempt.error) out.Text(3, "error_id", attempt.error->value);
}

template <class Out>
void Describe(Out& out, const tutor::HistoryEntry& entry) {
  out.Number(1, "index", static_cast<uint32_t>(entry.index));
  if (entry.at_ms != 0) out.Time(2, "at", entry.at_ms);
  out.Text(3, "role", tutor::Name(entry.role));
  out.Text(4, "kind", entry.kind);
  out.Text(5, "text", entry.text);
}

// A field that holds one of them, or many.
template <class Out, class Value>
void Field(Out& out, uint32_t number, std::string_view name, const Value& value) {
  out.MessageSet(number, name, [&](Out& inner) { Describe(inner, value); });
}
template <class Out, class Values>
void Fields(Out& out, uint32_t number, std::string_view name, const Values& values) {
  out.Messages(number, name, values, [](Out& inner, const auto& value) { Describe(inner, value); });
}

}  // namespace lyceum::envelope
