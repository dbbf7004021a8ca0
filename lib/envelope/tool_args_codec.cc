// Arguments of the tools, as they stand in a ToolRequest.
#include "envelope/convert.h"
#include "tutor/names.h"

namespace lyceum::envelope {
namespace {

tutor::TopicRef ReadRef(const v1::TopicRef& in) {
  return {CourseId(in.course()), in.version(), TopicId(in.topic())};
}

template <class Args>
std::vector<tutor::Attempt> ReadAttempts(const Args& in, Reader& reader) {
  const Reader::Inside inside(reader, "attempts");
  std::vector<tutor::Attempt> attempts;
  for (const auto& attempt : in.attempts()) attempts.push_back(envelope::Read(attempt, reader));
  return attempts;
}

tutor::LearnerModel ReadLearner(const v1::LearnerModel& in) {
  return {in.hints_shown(), in.questions_correct(), in.questions_incorrect()};
}

template <class Args>
std::optional<tutor::QuestionView> ReadQuestion(const Args& in, Reader& reader) {
  if (!in.has_question()) return std::nullopt;
  const Reader::Inside inside(reader, "question");
  return envelope::Read(in.question(), reader);
}

tutor::CheckAnswerArgs ReadArgs(const v1::CheckAnswerArgs& in, Reader& reader) {
  tutor::CheckAnswerArgs args;
  {
    const Reader::Inside inside(reader, "question");
    args.question = envelope::Read(in.question(), reader);
  }
  args.answer = in.answer();
  args.attempts = ReadAttempts(in, reader);
  args.grader = in.grader();
  return args;
}

tutor::ClarifyConceptArgs ReadArgs(const v1::ClarifyConceptArgs& in, Reader& reader) {
  tutor::ClarifyConceptArgs args{ReadRef(in.ref()),        in.text(),
                                 ReadQuestion(in, reader), {},
                                 ReadAttempts(in, reader), ReadLearner(in.learner())};
  const Reader::Inside inside(reader, "recent");
  for (const auto& entry : in.recent()) args.recent.push_back(envelope::Read(entry, reader));
  return args;
}

tutor::GiveHintArgs ReadArgs(const v1::GiveHintArgs& in, Reader& reader) {
  tutor::GiveHintArgs args;
  args.ref = ReadRef(in.ref());
  {
    const Reader::Inside inside(reader, "question");
    args.question = envelope::Read(in.question(), reader);
  }
  args.level = in.level();
  args.of = in.of();
  args.attempts = ReadAttempts(in, reader);
  args.learner = ReadLearner(in.learner());
  return args;
}

tutor::RemediateKnownErrorArgs ReadArgs(const v1::RemediateKnownErrorArgs& in, Reader& reader) {
  return {ReadRef(in.ref()),        ErrorId(in.error_id()),
          in.error_text(),          reader.Word<tutor::Strategy>("strategy", in.strategy()),
          ReadQuestion(in, reader), in.answer(),
          ReadAttempts(in, reader), ReadLearner(in.learner())};
}

}  // namespace

tutor::ToolArgs Read(const v1::ToolRequest::Args& in, Reader& reader) {
  if (in.tool_case() == v1::ToolRequest::Args::TOOL_NOT_SET) {
    reader.Refuse("tool", "one must be set: " + AllowedWords<tutor::Tool>());
    return tutor::LoadTopicArgs{};
  }
  if (in.has_function()) {
    reader.Refuse("function", "is of no tool that a session asks for");
    return tutor::LoadTopicArgs{};
  }
  const Reader::Inside inside(reader, tutor::Name(static_cast<tutor::Tool>(in.tool_case() - 1)));
  switch (in.tool_case()) {
    case v1::ToolRequest::Args::kLoadTopic:
      return tutor::LoadTopicArgs{ReadRef(in.load_topic().ref())};
    case v1::ToolRequest::Args::kPresentMaterial:
      return tutor::PresentMaterialArgs{ReadRef(in.present_material().ref()),
                                        in.present_material().segment(),
                                        in.present_material().text()};
    case v1::ToolRequest::Args::kClarifyConcept:
      return ReadArgs(in.clarify_concept(), reader);
    case v1::ToolRequest::Args::kGenerateQuestion:
      return tutor::GenerateQuestionArgs{ReadRef(in.generate_question().ref())};
    case v1::ToolRequest::Args::kCheckAnswer:
      return ReadArgs(in.check_answer(), reader);
    case v1::ToolRequest::Args::kGiveHint:
      return ReadArgs(in.give_hint(), reader);
    case v1::ToolRequest::Args::kRemediateKnownError:
      return ReadArgs(in.remediate_known_error(), reader);
    case v1::ToolRequest::Args::kDiagnoseError:
      return tutor::DiagnoseErrorArgs{
          ReadRef(in.diagnose_error().ref()), ReadQuestion(in.diagnose_error(), reader),
          in.diagnose_error().answer(), ReadAttempts(in.diagnose_error(), reader)};
    case v1::ToolRequest::Args::kClassifyIntent:
      return tutor::ClassifyIntentArgs{ReadRef(in.classify_intent().ref()),
                                       ReadQuestion(in.classify_intent(), reader),
                                       in.classify_intent().text()};
    case v1::ToolRequest::Args::kFunction:
    case v1::ToolRequest::Args::TOOL_NOT_SET:
      break;
  }
  return tutor::LoadTopicArgs{};
}

}  // namespace lyceum::envelope
