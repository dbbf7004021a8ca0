// Arguments of the tools, as they stand in a ToolRequest.
#include "envelope/convert.h"
#include "tutor/names.h"

namespace lyceum::envelope {
namespace {

void WriteRef(const tutor::TopicRef& ref, v1::TopicRef* out) {
  out->set_course(ref.course.value);
  out->set_version(ref.version);
  out->set_topic(ref.topic.value);
}

tutor::TopicRef ReadRef(const v1::TopicRef& in) {
  return {CourseId(in.course()), in.version(), TopicId(in.topic())};
}

template <class Args>
void WriteAttempts(const std::vector<tutor::Attempt>& attempts, Args* out) {
  for (const auto& attempt : attempts) envelope::Write(attempt, out->add_attempts());
}

template <class Args>
std::vector<tutor::Attempt> ReadAttempts(const Args& in, Reader& reader) {
  const Reader::Inside inside(reader, "attempts");
  std::vector<tutor::Attempt> attempts;
  for (const auto& attempt : in.attempts()) attempts.push_back(envelope::Read(attempt, reader));
  return attempts;
}

template <class Args>
std::optional<tutor::QuestionView> ReadQuestion(const Args& in, Reader& reader) {
  if (!in.has_question()) return std::nullopt;
  const Reader::Inside inside(reader, "question");
  return envelope::Read(in.question(), reader);
}

// Writes one tool's arguments into their field of the oneof.
struct ArgsWriter {
  v1::ToolRequest::Args* out;

  void operator()(const tutor::LoadTopicArgs& args) const {
    WriteRef(args.ref, out->mutable_load_topic()->mutable_ref());
  }
  void operator()(const tutor::PresentMaterialArgs& args) const {
    auto* to = out->mutable_present_material();
    WriteRef(args.ref, to->mutable_ref());
    to->set_segment(args.segment);
    to->set_text(args.text);
  }
  void operator()(const tutor::ClarifyConceptArgs& args) const {
    auto* to = out->mutable_clarify_concept();
    WriteRef(args.ref, to->mutable_ref());
    to->set_text(args.text);
    if (args.question) envelope::Write(*args.question, to->mutable_question());
    for (const auto& entry : args.recent) envelope::Write(entry, to->add_recent());
  }
  void operator()(const tutor::GenerateQuestionArgs& args) const {
    WriteRef(args.ref, out->mutable_generate_question()->mutable_ref());
  }
  void operator()(const tutor::CheckAnswerArgs& args) const {
    auto* to = out->mutable_check_answer();
    envelope::Write(args.question, to->mutable_question());
    to->set_answer(args.answer);
    WriteAttempts(args.attempts, to);
    to->set_grader(args.grader);
  }
  void operator()(const tutor::GiveHintArgs& args) const {
    auto* to = out->mutable_give_hint();
    WriteRef(args.ref, to->mutable_ref());
    envelope::Write(args.question, to->mutable_question());
    to->set_level(args.level);
    to->set_of(args.of);
    WriteAttempts(args.attempts, to);
  }
  void operator()(const tutor::RemediateKnownErrorArgs& args) const {
    auto* to = out->mutable_remediate_known_error();
    WriteRef(args.ref, to->mutable_ref());
    to->set_error_id(args.error.value);
    to->set_error_text(args.error_text);
    to->set_strategy(std::string(tutor::Name(args.strategy)));
    if (args.question) envelope::Write(*args.question, to->mutable_question());
    to->set_answer(args.answer);
  }
  void operator()(const tutor::DiagnoseErrorArgs& args) const {
    auto* to = out->mutable_diagnose_error();
    WriteRef(args.ref, to->mutable_ref());
    if (args.question) envelope::Write(*args.question, to->mutable_question());
    to->set_answer(args.answer);
    WriteAttempts(args.attempts, to);
  }
  void operator()(const tutor::ClassifyIntentArgs& args) const {
    auto* to = out->mutable_classify_intent();
    WriteRef(args.ref, to->mutable_ref());
    if (args.question) envelope::Write(*args.question, to->mutable_question());
    to->set_text(args.text);
  }
};

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
  tutor::ClarifyConceptArgs args{ReadRef(in.ref()), in.text(), ReadQuestion(in, reader), {}};
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
  return args;
}

tutor::RemediateKnownErrorArgs ReadArgs(const v1::RemediateKnownErrorArgs& in, Reader& reader) {
  return {ReadRef(in.ref()),        ErrorId(in.error_id()),
          in.error_text(),          reader.Word<tutor::Strategy>("strategy", in.strategy()),
          ReadQuestion(in, reader), in.answer()};
}

}  // namespace

void Write(const tutor::ToolArgs& args, v1::ToolRequest::Args* out) {
  std::visit(ArgsWriter{out}, args);
}

tutor::ToolArgs Read(const v1::ToolRequest::Args& in, Reader& reader) {
  if (in.tool_case() == v1::ToolRequest::Args::TOOL_NOT_SET) {
    reader.Refuse("tool", "one must be set: " + AllowedWords<tutor::Tool>());
    return tutor::LoadTopicArgs{};
  }
  const Reader::Inside inside(reader,
                              in.GetDescriptor()->FindFieldByNumber(in.tool_case())->name());
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
    case v1::ToolRequest::Args::TOOL_NOT_SET:
      break;
  }
  return tutor::LoadTopicArgs{};
}

}  // namespace lyceum::envelope
