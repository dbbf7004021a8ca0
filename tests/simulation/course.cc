#include "simulation/course.h"

#include <algorithm>

#include "base/digest.h"
#include "base/overloaded.h"
#include "envelope/topics.h"

namespace lyceum::simulation {
namespace {

using namespace lyceum::tutor;

Question MakeQuestion(const std::string& id, const std::string& text, const std::string& key) {
  Question question;
  question.id = QuestionId(id);
  question.text = text;
  question.format = AnswerFormat::kNumeric;
  question.answers = {key};
  question.hints = {"look at both sides", "do the same on both sides"};
  question.known_errors = {{ErrorId("sign"), {"-" + key}, "mind the sign"}};
  question.solution = "it is " + key;
  return question;
}

std::shared_ptr<const Topic> MakeTopic(const std::string& id, std::optional<TopicId> next) {
  Topic topic;
  topic.course = CourseId(kCourse);
  topic.version = kVersion;
  topic.id = TopicId(id);
  topic.title = "Topic " + id;
  topic.material = {"first of " + id, "second of " + id};
  topic.questions = {MakeQuestion(id + "-q1", "what is x in x + 1 = 8?", "7"),
                     MakeQuestion(id + "-q2", "what is y in 2y = 18?", "9")};
  topic.generate_questions = false;
  topic.next = std::move(next);
  return std::make_shared<const Topic>(std::move(topic));
}

}  // namespace

std::shared_ptr<const Topic> TopicOf(const std::string& id) {
  static const auto first = MakeTopic("t1", TopicId("t2"));
  static const auto second = MakeTopic("t2", std::nullopt);
  if (id.empty() || id == "t1") return first;
  return id == "t2" ? second : nullptr;
}

ToolOutcome ResultOf(const envelope::ToolRequest& request) {
  const std::string& call = request.id.value;
  return std::visit(
      Overloaded{
          [&](const LoadTopicArgs& args) -> ToolOutcome {
            const auto topic = TopicOf(args.ref.topic.value);
            if (topic == nullptr) return ToolError{"not_found", false, "no such topic"};
            LoadTopicOk ok{topic, Sha256Hex(envelope::EncodeTopic(*topic))};
            // The first one by name, the other as a third party's tool answers.
            if (topic == TopicOf("")) ok.name = TopicRef{topic->course, topic->version, topic->id};
            return ok;
          },
          [&](const PresentMaterialArgs& args) -> ToolOutcome {
            return PresentMaterialOk{args.text + " (" + call + ")"};
          },
          [&](const ClarifyConceptArgs&) -> ToolOutcome {
            return ClarifyConceptOk{.text = "it is so (" + call + ")"};
          },
          [&](const GenerateQuestionArgs&) -> ToolOutcome {
            return GenerateQuestionOk{MakeQuestion("made", "what is z?", "5")};
          },
          [&](const CheckAnswerArgs& args) -> ToolOutcome {
            CheckAnswerOk ok;
            ok.question = args.question.id;
            const auto& keys = args.question.answers;
            const bool right = std::find(keys.begin(), keys.end(), args.answer) != keys.end();
            ok.verdict = right ? Verdict::kCorrect : Verdict::kIncorrect;
            ok.score = right ? 1 : 0;
            ok.confidence = 1;
            ok.method = "numeric";
            ok.feedback = right ? "yes" : "no (" + call + ")";
            if (!right && args.answer.starts_with("-")) ok.known_error = {ErrorId("sign"), 0.9};
            return ok;
          },
          [&](const GiveHintArgs& args) -> ToolOutcome {
            return GiveHintOk{args.level, args.of, "think (" + call + ")", args.level == args.of};
          },
          [&](const RemediateKnownErrorArgs& args) -> ToolOutcome {
            return RemediateKnownErrorOk{args.error, "hint", "mind it (" + call + ")", "again?"};
          },
          [&](const DiagnoseErrorArgs&) -> ToolOutcome {
            return DiagnoseErrorOk{{{std::nullopt, "slip", 0.5}}, "hm (" + call + ")", "why?"};
          },
          [&](const ClassifyIntentArgs& args) -> ToolOutcome {
            const bool question = args.text.ends_with("?");
            return ClassifyIntentOk{question ? FoundIntent::kQuestion : FoundIntent::kAnswer, 0.9};
          }},
      request.args);
}

}  // namespace lyceum::simulation
