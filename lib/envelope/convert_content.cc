#include <cmath>

#include "envelope/convert.h"
#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::envelope {
namespace {

std::vector<std::string> Strings(const google::protobuf::RepeatedPtrField<std::string>& in) {
  return {in.begin(), in.end()};
}

tutor::Undecided ReadUndecided(const std::string& word, Reader& reader) {
  return word.empty() ? tutor::Undecided{} : reader.Word<tutor::Undecided>("undecided", word);
}

uint32_t ReadDecideSeconds(uint32_t seconds, Reader& reader) {
  constexpr int64_t kSecondsMin = tutor::kDecideMsMin / 1000;
  constexpr int64_t kSecondsMax = tutor::kDecideMsMax / 1000;
  if (seconds != 0 && (seconds < kSecondsMin || seconds > kSecondsMax)) {
    reader.Refuse("decide_seconds", "must be 0 for the default, or " + std::to_string(kSecondsMin) +
                                        " to " + std::to_string(kSecondsMax));
  }
  return seconds;
}

// Without supervision nothing of it is kept.
void ReadSupervision(const v1::Context& in, tutor::Context* context, Reader& reader) {
  if (!in.supervision().empty()) {
    context->supervision = reader.Word<tutor::Supervision>("supervision", in.supervision());
  }
  const tutor::Undecided undecided = ReadUndecided(in.undecided(), reader);
  const uint32_t seconds = ReadDecideSeconds(in.decide_seconds(), reader);
  if (context->supervision == tutor::Supervision::kNone) return;
  context->undecided = undecided;
  context->decide_s = seconds;
}

}  // namespace

void Write(const tutor::Context& context, v1::Context* out) {
  out->set_tone(context.tone);
  out->set_persona(context.persona);
  for (const auto& objective : context.objectives) out->add_objectives(objective);
  out->set_language(context.language);
  if (context.supervision == tutor::Supervision::kNone) return;
  out->set_supervision(std::string(tutor::Name(context.supervision)));
  out->set_undecided(std::string(tutor::Name(context.undecided)));
  out->set_decide_seconds(context.decide_s);
}

tutor::Context Read(const v1::Context& in, Reader& reader) {
  tutor::Context context;
  context.tone = reader.Text("tone", in.tone(), kContextTextBytesMax);
  context.persona = reader.Text("persona", in.persona(), kContextTextBytesMax);
  context.language = reader.Text("language", in.language(), kContextTextBytesMax);
  if (static_cast<size_t>(in.objectives_size()) > kObjectivesMax) {
    reader.Refuse("objectives", "must be at most 16");
  }
  for (const auto& objective : in.objectives()) {
    context.objectives.push_back(reader.Text("objectives", objective, kContextTextBytesMax));
  }
  ReadSupervision(in, &context, reader);
  return context;
}

void Write(const tutor::Question& question, v1::Question* out) {
  out->set_id(question.id.value);
  out->set_text(question.text);
  out->set_format(std::string(tutor::Name(question.format)));
  for (const auto& choice : question.choices) out->add_choices(choice);
  for (const auto& answer : question.answers) out->add_answers(answer);
  for (const auto& hint : question.hints) out->add_hints(hint);
  for (const auto& known : question.known_errors) {
    auto* error = out->add_known_errors();
    error->set_id(known.id.value);
    for (const auto& answer : known.answers) error->add_answers(answer);
    error->set_text(known.text);
    error->set_credit(known.credit);
  }
  out->set_solution(question.solution);
  out->set_tolerance(question.tolerance);
  out->set_unit(question.unit);
  out->set_relative_tolerance(question.relative_tolerance);
  out->set_significant_figures(question.significant_figures);
  out->set_partial_credit(question.partial_credit);
}

tutor::Question Read(const v1::Question& in, Reader& reader) {
  tutor::Question question;
  question.id = QuestionId(reader.IdOrEmpty("id", in.id()));
  question.text = in.text();
  question.format = reader.Word<tutor::AnswerFormat>("format", in.format());
  question.choices = Strings(in.choices());
  question.answers = Strings(in.answers());
  question.hints = Strings(in.hints());
  for (const auto& known : in.known_errors()) {
    const Reader::Inside inside(reader, "known_errors", question.known_errors.size());
    question.known_errors.push_back({ErrorId(reader.IdText("id", known.id())),
                                     Strings(known.answers()), known.text(), known.credit()});
    if (!(known.credit() >= -1 && known.credit() < 1)) {
      reader.Refuse("credit", "must be a number from -1 to below 1");
    }
  }
  question.solution = in.solution();
  if (!std::isfinite(in.tolerance()) || in.tolerance() < 0) {
    reader.Refuse("tolerance", "must be a number of 0 or more");
  }
  question.tolerance = in.tolerance();
  question.unit = in.unit();
  if (!(in.relative_tolerance() >= 0 && in.relative_tolerance() < 1)) {
    reader.Refuse("relative_tolerance", "must be a number of 0 or more and below 1");
  }
  question.relative_tolerance = in.relative_tolerance();
  question.significant_figures = in.significant_figures();
  question.partial_credit = in.partial_credit();
  return question;
}

void Write(const tutor::QuestionView& question, v1::QuestionView* out) {
  out->set_id(question.id.value);
  out->set_text(question.text);
  out->set_format(std::string(tutor::Name(question.format)));
  for (const auto& choice : question.choices) out->add_choices(choice);
}

tutor::QuestionView Read(const v1::QuestionView& in, Reader& reader) {
  tutor::QuestionView question;
  question.id = QuestionId(in.id());
  question.text = in.text();
  question.format = reader.Word<tutor::AnswerFormat>("format", in.format());
  question.choices = Strings(in.choices());
  return question;
}

void Write(const tutor::Topic& topic, v1::Topic* out) {
  out->set_topic(topic.id.value);
  for (const auto& segment : topic.material) out->add_material(segment);
  for (const auto& question : topic.questions) Write(question, out->add_questions());
  if (topic.gate != tutor::Gate{}) {
    out->mutable_gate()->set_window(topic.gate.window);
    out->mutable_gate()->set_correct(topic.gate.correct);
  }
  if (topic.next) out->set_next_topic(topic.next->value);
  out->set_course(topic.course.value);
  out->set_version(topic.version);
  out->set_title(topic.title);
  out->set_generate_questions(topic.generate_questions);
  for (const auto& group : topic.synonyms) {
    v1::Synonyms* terms = out->add_synonyms();
    for (const std::string& term : group) terms->add_terms(term);
  }
  if (topic.supervision) {
    out->mutable_supervision()->set_undecided(
        std::string(tutor::Name(topic.supervision->undecided)));
    out->mutable_supervision()->set_decide_seconds(topic.supervision->decide_s);
  }
}

tutor::Topic Read(const v1::Topic& in, Reader& reader) {
  tutor::Topic topic;
  topic.id = TopicId(reader.IdText("topic", in.topic()));
  topic.material = Strings(in.material());
  for (const auto& question : in.questions()) {
    const Reader::Inside inside(reader, "questions", topic.questions.size());
    reader.IdText("id", question.id());
    topic.questions.push_back(Read(question, reader));
  }
  topic.gate = {in.gate().window(), in.gate().correct()};
  if (!in.next_topic().empty()) topic.next = TopicId(reader.IdText("next_topic", in.next_topic()));
  topic.course = CourseId(reader.IdText("course", in.course()));
  topic.version = reader.IdOrEmpty("version", in.version());
  topic.title = in.title();
  topic.generate_questions = in.generate_questions();
  for (const auto& group : in.synonyms()) topic.synonyms.push_back(Strings(group.terms()));
  if (in.has_supervision()) {
    const Reader::Inside inside(reader, "supervision");
    topic.supervision = {ReadUndecided(in.supervision().undecided(), reader),
                         ReadDecideSeconds(in.supervision().decide_seconds(), reader)};
  }
  return topic;
}

void Write(const tutor::Attempt& attempt, v1::Attempt* out) {
  out->set_answer(attempt.answer);
  out->set_verdict(std::string(tutor::Name(attempt.verdict)));
  if (attempt.error) out->set_error_id(attempt.error->value);
}

tutor::Attempt Read(const v1::Attempt& in, Reader& reader) {
  tutor::Attempt attempt;
  attempt.answer = in.answer();
  attempt.verdict = reader.Word<tutor::Verdict>("verdict", in.verdict());
  if (!in.error_id().empty()) attempt.error = ErrorId(in.error_id());
  return attempt;
}

void Write(const tutor::HistoryEntry& entry, v1::HistoryEntry* out) {
  out->set_index(static_cast<uint32_t>(entry.index));
  if (entry.at_ms != 0) WriteTime(entry.at_ms, out->mutable_at());
  out->set_role(std::string(tutor::Name(entry.role)));
  out->set_kind(entry.kind);
  out->set_text(entry.text);
}

tutor::HistoryEntry Read(const v1::HistoryEntry& in, Reader& reader) {
  tutor::HistoryEntry entry;
  entry.index = in.index();
  entry.at_ms = reader.TimeMs("at", in.has_at(), in.at());
  entry.role = reader.Word<tutor::Role>("role", in.role());
  entry.kind = in.kind();
  entry.text = in.text();
  return entry;
}

}  // namespace lyceum::envelope
