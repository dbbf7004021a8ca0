// Tool results: what a tool worker says of a call. Read from anybody's tool, so every field is
// bounded.
#include "base/digest.h"
#include "envelope/convert.h"
#include "envelope/topics.h"
#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::envelope {
namespace {

using tutor::kToolTextBytesMax;

constexpr int kFunctionUsesMax = 16;

// Writes the outcome of a tool into its field of the oneof.
struct OutcomeWriter {
  v1::ToolResult* out;

  v1::ToolResult::Ok* Ok(tutor::Tool tool) const {
    out->set_tool(std::string(tutor::Name(tool)));
    return out->mutable_ok();
  }
  void operator()(const tutor::LoadTopicOk& ok) const {
    auto* to = Ok(tutor::Tool::kLoadTopic)->mutable_load_topic();
    if (ok.name) {
      to->set_course(ok.name->course.value);
      to->set_version(ok.name->version);
      to->set_topic(ok.name->topic.value);
      to->set_digest(ok.digest);
    } else if (ok.topic != nullptr) {
      Write(*ok.topic, to);
    }
  }
  void operator()(const tutor::PresentMaterialOk& ok) const {
    Ok(tutor::Tool::kPresentMaterial)->mutable_present_material()->set_text(ok.text);
  }
  void operator()(const tutor::ClarifyConceptOk& ok) const {
    auto* to = Ok(tutor::Tool::kClarifyConcept)->mutable_clarify_concept();
    to->set_text(ok.text);
    to->set_on_topic(ok.on_topic);
    to->set_reveals_answer(ok.reveals_answer);
  }
  void operator()(const tutor::GenerateQuestionOk& ok) const {
    Write(ok.question, Ok(tutor::Tool::kGenerateQuestion)->mutable_generate_question());
  }
  void operator()(const tutor::CheckAnswerOk& ok) const {
    auto* to = Ok(tutor::Tool::kCheckAnswer)->mutable_check_answer();
    to->set_question_id(ok.question.value);
    to->set_verdict(std::string(tutor::Name(ok.verdict)));
    to->set_score(ok.score);
    to->set_confidence(ok.confidence);
    to->set_method(ok.method);
    if (ok.known_error) {
      to->mutable_known_error()->set_id(ok.known_error->id.value);
      to->mutable_known_error()->set_confidence(ok.known_error->confidence);
    }
    to->mutable_feedback()->set_text(ok.feedback);
    to->mutable_feedback()->set_reveals_answer(ok.reveals_answer);
    to->set_answer_note(ok.answer_note);
  }
  void operator()(const tutor::GiveHintOk& ok) const {
    auto* to = Ok(tutor::Tool::kGiveHint)->mutable_give_hint();
    to->set_level(ok.level);
    to->set_of(ok.of);
    to->set_text(ok.text);
    to->set_bottom_out(ok.bottom_out);
  }
  void operator()(const tutor::RemediateKnownErrorOk& ok) const {
    auto* to = Ok(tutor::Tool::kRemediateKnownError)->mutable_remediate_known_error();
    to->set_error_id(ok.error.value);
    to->set_strategy(ok.strategy);
    to->set_text(ok.text);
    to->set_probe(ok.probe);
    to->set_reveals_answer(ok.reveals_answer);
  }
  void operator()(const tutor::DiagnoseErrorOk& ok) const {
    auto* to = Ok(tutor::Tool::kDiagnoseError)->mutable_diagnose_error();
    for (const auto& hypothesis : ok.hypotheses) {
      auto* one = to->add_hypotheses();
      if (hypothesis.error) one->set_error_id(hypothesis.error->value);
      one->set_label(hypothesis.label);
      one->set_confidence(hypothesis.confidence);
    }
    to->set_text(ok.text);
    to->set_probe(ok.probe);
  }
  void operator()(const tutor::ClassifyIntentOk& ok) const {
    auto* to = Ok(tutor::Tool::kClassifyIntent)->mutable_classify_intent();
    to->set_intent(std::string(tutor::Name(ok.intent)));
    to->set_confidence(ok.confidence);
  }
  void operator()(const tutor::ToolError& error) const {
    out->mutable_error()->set_code(error.code);
    out->mutable_error()->set_retryable(error.retryable);
    out->mutable_error()->set_text(error.text);
  }
};

bool IsDigest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

tutor::LoadTopicOk ReadNamed(const v1::Topic& in, Reader& reader) {
  if (in.material_size() > 0 || in.questions_size() > 0) {
    reader.Refuse("digest", "stands for the content: leave out either this or the content");
  }
  if (!IsDigest(in.digest())) reader.Refuse("digest", "must be 64 lower-case hex digits");
  tutor::LoadTopicOk ok;
  ok.digest = in.digest();
  ok.name = tutor::TopicRef{CourseId(reader.IdText("course", in.course())),
                            reader.IdText("version", in.version()),
                            TopicId(reader.IdText("topic", in.topic()))};
  if (!reader.refused() && !TopicKey(*ok.name)) {
    reader.Refuse("topic", "cannot be a key of the course bucket: shorter ids are needed");
  }
  return ok;
}

tutor::LoadTopicOk ReadOk(const v1::Topic& in, Reader& reader) {
  if (!in.digest().empty()) return ReadNamed(in, reader);
  tutor::LoadTopicOk ok;
  ok.topic = std::make_shared<const tutor::Topic>(Read(in, reader));
  const std::string bytes = EncodeTopic(*ok.topic);
  if (bytes.size() > kTopicBytesMax) reader.Refuse("topic", "must be at most 256 KiB as a whole");
  ok.digest = Sha256Hex(bytes);
  return ok;
}

tutor::PresentMaterialOk ReadOk(v1::PresentMaterialOk& in, Reader& reader) {
  return {reader.MovedText("text", in.mutable_text(), kToolTextBytesMax)};
}

tutor::ClarifyConceptOk ReadOk(v1::ClarifyConceptOk& in, Reader& reader) {
  return {reader.MovedText("text", in.mutable_text(), kToolTextBytesMax), in.on_topic(),
          in.reveals_answer()};
}

tutor::GenerateQuestionOk ReadOk(const v1::Question& in, Reader& reader) {
  if (in.ByteSizeLong() > kToolTextBytesMax) {
    reader.Refuse("text", "must be at most 65536 bytes with all that belongs to the question");
  }
  return {Read(in, reader)};
}

tutor::CheckAnswerOk ReadOk(v1::CheckAnswerOk& in, Reader& reader) {
  tutor::CheckAnswerOk ok;
  ok.question = QuestionId(reader.IdOrEmpty("question_id", in.question_id()));
  ok.verdict = reader.Word<tutor::Verdict>("verdict", in.verdict());
  ok.score = reader.Share("score", in.score());
  ok.confidence = reader.Share("confidence", in.confidence());
  ok.method = reader.Text("method", in.method(), kWordBytesMax);
  if (in.has_known_error()) {
    ok.known_error =
        tutor::FoundError{ErrorId(reader.IdText("known_error.id", in.known_error().id())),
                          reader.Share("known_error.confidence", in.known_error().confidence())};
  }
  if (in.has_feedback()) {
    ok.feedback =
        reader.MovedText("feedback.text", in.mutable_feedback()->mutable_text(), kToolTextBytesMax);
  }
  ok.reveals_answer = in.feedback().reveals_answer();
  ok.answer_note = reader.MovedText("answer_note", in.mutable_answer_note(), kToolTextBytesMax);
  return ok;
}

tutor::GiveHintOk ReadOk(v1::GiveHintOk& in, Reader& reader) {
  return {in.level(), in.of(), reader.MovedText("text", in.mutable_text(), kToolTextBytesMax),
          in.bottom_out()};
}

tutor::RemediateKnownErrorOk ReadOk(v1::RemediateKnownErrorOk& in, Reader& reader) {
  return {ErrorId(reader.IdOrEmpty("error_id", in.error_id())),
          reader.Text("strategy", in.strategy(), kWordBytesMax),
          reader.MovedText("text", in.mutable_text(), kToolTextBytesMax),
          reader.MovedText("probe", in.mutable_probe(), kToolTextBytesMax), in.reveals_answer()};
}

tutor::DiagnoseErrorOk ReadOk(v1::DiagnoseErrorOk& in, Reader& reader) {
  tutor::DiagnoseErrorOk ok;
  if (static_cast<size_t>(in.hypotheses_size()) > kHypothesesMax) {
    reader.Refuse("hypotheses", "must be at most 16");
  }
  for (const auto& one : in.hypotheses()) {
    const Reader::Inside inside(reader, "hypotheses", ok.hypotheses.size());
    tutor::Hypothesis hypothesis;
    if (!one.error_id().empty()) {
      hypothesis.error = ErrorId(reader.IdText("error_id", one.error_id()));
    }
    hypothesis.label = reader.Text("label", one.label(), kToolTextBytesMax);
    hypothesis.confidence = reader.Share("confidence", one.confidence());
    ok.hypotheses.push_back(std::move(hypothesis));
  }
  ok.text = reader.MovedText("text", in.mutable_text(), kToolTextBytesMax);
  ok.probe = reader.MovedText("probe", in.mutable_probe(), kToolTextBytesMax);
  return ok;
}

tutor::ClassifyIntentOk ReadOk(const v1::ClassifyIntentOk& in, Reader& reader) {
  return {reader.Word<tutor::FoundIntent>("intent", in.intent()),
          reader.Share("confidence", in.confidence())};
}

tutor::ToolOutcome ReadAnyOk(v1::ToolResult::Ok& in, Reader& reader) {
  switch (in.tool_case()) {
    case v1::ToolResult::Ok::kLoadTopic:
      return ReadOk(in.load_topic(), reader);
    case v1::ToolResult::Ok::kPresentMaterial:
      return ReadOk(*in.mutable_present_material(), reader);
    case v1::ToolResult::Ok::kClarifyConcept:
      return ReadOk(*in.mutable_clarify_concept(), reader);
    case v1::ToolResult::Ok::kGenerateQuestion:
      return ReadOk(in.generate_question(), reader);
    case v1::ToolResult::Ok::kCheckAnswer:
      return ReadOk(*in.mutable_check_answer(), reader);
    case v1::ToolResult::Ok::kGiveHint:
      return ReadOk(*in.mutable_give_hint(), reader);
    case v1::ToolResult::Ok::kRemediateKnownError:
      return ReadOk(*in.mutable_remediate_known_error(), reader);
    case v1::ToolResult::Ok::kDiagnoseError:
      return ReadOk(*in.mutable_diagnose_error(), reader);
    case v1::ToolResult::Ok::kClassifyIntent:
      return ReadOk(in.classify_intent(), reader);
    case v1::ToolResult::Ok::kFunction:
    case v1::ToolResult::Ok::TOOL_NOT_SET:
      break;
  }
  return tutor::ToolError{};
}

tutor::ToolOutcome ReadOutcome(v1::ToolResult& in, Reader& reader) {
  switch (in.outcome_case()) {
    case v1::ToolResult::kOk:
      break;
    case v1::ToolResult::kError: {
      const Reader::Inside inside(reader, "error");
      return tutor::ToolError{reader.NotEmpty("code", in.error().code(), kWordBytesMax),
                              in.error().retryable(),
                              reader.Text("text", in.error().text(), kToolTextBytesMax)};
    }
    case v1::ToolResult::OUTCOME_NOT_SET:
      reader.Refuse("outcome", "one must be set: ok, error");
      return tutor::ToolError{};
  }
  if (in.ok().tool_case() == v1::ToolResult::Ok::TOOL_NOT_SET || in.ok().has_function()) {
    reader.Refuse("ok", "one must be set: " + AllowedWords<tutor::Tool>());
    return tutor::ToolError{};
  }
  // The fields of the oneof are numbered and named as the tools are.
  const std::string_view nested = tutor::Name(static_cast<tutor::Tool>(in.ok().tool_case() - 1));
  if (in.tool() != nested) {
    reader.Refuse("tool", "must be " + std::string(nested) + ", as the result in ok is");
  }
  const Reader::Inside ok(reader, "ok");
  const Reader::Inside inside(reader, nested);
  return ReadAnyOk(*in.mutable_ok(), reader);
}

}  // namespace

void Write(const tutor::ToolReply& reply, v1::ToolResult* out) {
  out->set_id(reply.call.value);
  out->set_attempt(reply.attempt);
  out->set_worker(reply.worker);
  out->set_provider(reply.provider);
  out->set_model(reply.model);
  out->set_latency_ms(reply.latency_ms);
  if (reply.input_tokens + reply.output_tokens + reply.cached_tokens > 0) {
    out->mutable_usage()->set_input_tokens(reply.input_tokens);
    out->mutable_usage()->set_output_tokens(reply.output_tokens);
    out->mutable_usage()->set_cached_tokens(reply.cached_tokens);
  }
  out->set_degraded(reply.degraded);
  out->set_attempts_made(reply.attempts_made);
  out->set_fallbacks(reply.fallbacks);
  out->set_first_text_ms(reply.first_text_ms);
  out->set_authored(reply.authored);
  for (const tutor::FunctionUse& use : reply.functions) {
    v1::ToolResult::FunctionUse* to = out->add_functions();
    to->set_name(use.name);
    to->set_outcome(use.outcome);
    to->set_argument_bytes(use.argument_bytes);
    to->set_result_bytes(use.result_bytes);
    to->set_latency_ms(use.latency_ms);
  }
  std::visit(OutcomeWriter{out}, reply.outcome);
}

tutor::ToolReply Read(v1::ToolResult& in, Reader& reader) {
  tutor::ToolReply reply;
  reply.call = CallId(reader.IdText("id", in.id()));
  reply.attempt = in.attempt();
  if (!in.tool().empty()) reader.Word<tutor::Tool>("tool", in.tool());
  reply.outcome = ReadOutcome(in, reader);
  reply.worker = reader.IdOrEmpty("worker", in.worker());
  reply.provider = reader.IdOrEmpty("provider", in.provider());
  reply.model = reader.IdOrEmpty("model", in.model());
  reply.latency_ms = in.latency_ms();
  reply.input_tokens = in.usage().input_tokens();
  reply.output_tokens = in.usage().output_tokens();
  reply.cached_tokens = in.usage().cached_tokens();
  reply.degraded = in.degraded();
  reply.attempts_made = in.attempts_made();
  reply.fallbacks = in.fallbacks();
  reply.first_text_ms = in.first_text_ms();
  reply.authored = reader.MovedText("authored", in.mutable_authored(), kToolTextBytesMax);
  if (in.functions_size() > kFunctionUsesMax) reader.Refuse("functions", "must be at most 16");
  for (const auto& use : in.functions()) {
    const Reader::Inside inside(reader, "functions", reply.functions.size());
    reply.functions.push_back({reader.Text("name", use.name(), kWordBytesMax),
                               reader.Text("outcome", use.outcome(), kWordBytesMax),
                               use.argument_bytes(), use.result_bytes(), use.latency_ms()});
  }
  return reply;
}

}  // namespace lyceum::envelope
