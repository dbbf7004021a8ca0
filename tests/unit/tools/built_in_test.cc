#include "tools/built_in.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "small_course.h"
#include "tools/diagnose.h"
#include "tools/grade_question.h"
#include "tutor/limits.h"
#include "tutor/names.h"
#include "tutor/reveal.h"

namespace lyceum::tools {
namespace {

using tutor::Tool;

class BuiltIn : public ::testing::Test {
 protected:
  // What the tool makes of the arguments; T is its Ok.
  template <class T, class Args>
  T Run(Args args) {
    const tutor::ToolOutcome outcome = Outcome(std::move(args));
    if (const auto* error = std::get_if<tutor::ToolError>(&outcome)) {
      ADD_FAILURE() << error->code << ": " << error->text;
      return {};
    }
    return std::get<T>(outcome);
  }
  template <class Args>
  tutor::ToolOutcome Outcome(Args args) {
    envelope::ToolRequest request;
    request.args = std::move(args);
    request.tool = static_cast<Tool>(request.args.index());
    return toolbox_.Run({request}).outcome;
  }
  tutor::TopicRef Ref(const char* topic) const {
    return {course_.id, course_.version, TopicId(topic)};
  }
  const tutor::Question& Question(const char* id) const {
    for (const auto& topic : course_.topics) {
      for (const auto& question : topic.questions) {
        if (question.id.value == id) return question;
      }
    }
    throw std::runtime_error(id);
  }
  tutor::QuestionView View(const char* id) const {
    const auto& question = Question(id);
    return {question.id, question.text, question.format, question.choices};
  }

  const Course course_ = DefaultCourse();
  std::shared_ptr<MemorySource> source_ = std::make_shared<MemorySource>(course_);
  const Toolbox toolbox_ = BuiltInTutor(source_);
};

TEST_F(BuiltIn, LoadsTheTopicWithItsDigest) {
  const auto ok = Run<tutor::LoadTopicOk>(tutor::LoadTopicArgs{Ref("adding")});
  EXPECT_EQ(*ok.topic, course_.topics[1]);
  EXPECT_EQ(ok.digest, Sha256Hex(envelope::EncodeTopic(course_.topics[1])));
}

TEST_F(BuiltIn, SaysWhyContentCouldNotBeHad) {
  const auto code = [&] {
    return std::get<tutor::ToolError>(Outcome(tutor::LoadTopicArgs{Ref("nowhere")})).code;
  };
  EXPECT_EQ(code(), "not_found");
  source_->away = SIZE_MAX;
  EXPECT_EQ(code(), "unavailable");
}

TEST_F(BuiltIn, AsksAgainForContentWhileThereIsTime) {
  envelope::ToolRequest request;
  request.args = tutor::LoadTopicArgs{Ref("adding")};
  source_->away = 3;
  const auto found = toolbox_.Run({.request = request, .deadline = In(std::chrono::seconds(60))});
  EXPECT_TRUE(std::holds_alternative<tutor::LoadTopicOk>(found.outcome));
  EXPECT_EQ(source_->asked, 4U);
}

TEST_F(BuiltIn, LeavesHalfOfTheTimeForOthersWhereContentCanNotBeHad) {
  envelope::ToolRequest request;
  request.args = tutor::LoadTopicArgs{Ref("adding")};
  source_->away = SIZE_MAX;
  const Deadline deadline = In(std::chrono::milliseconds(400));
  const auto answer = toolbox_.Run({.request = request, .deadline = deadline});
  EXPECT_EQ(std::get<tutor::ToolError>(answer.outcome).code, "unavailable");
  EXPECT_GT(source_->asked, 1U);
  EXPECT_LT(Steady::now(), deadline);
}

TEST_F(BuiltIn, DoesNotAskAgainForAnybodyWhoIsGone) {
  envelope::ToolRequest request;
  request.args = tutor::LoadTopicArgs{Ref("adding")};
  source_->away = SIZE_MAX;
  std::stop_source stop;
  stop.request_stop();
  const auto answer = toolbox_.Run(
      {.request = request, .stop = stop.get_token(), .deadline = In(std::chrono::hours(1))});
  EXPECT_EQ(std::get<tutor::ToolError>(answer.outcome).code, "unavailable");
  EXPECT_EQ(source_->asked, 1U);
}

TEST_F(BuiltIn, ClarifiesWithTheBestPassage) {
  const auto ok = Run<tutor::ClarifyConceptOk>(
      tutor::ClarifyConceptArgs{Ref("meaning"), "What is a mixed number?", {}, {}});
  EXPECT_TRUE(ok.on_topic);
  EXPECT_NE(ok.text.find("is called a mixed number"), std::string::npos) << ok.text;
}

TEST_F(BuiltIn, SaysSoWhenTheMaterialDoesNot) {
  const auto ok = Run<tutor::ClarifyConceptOk>(
      tutor::ClarifyConceptArgs{Ref("meaning"), "Who won the football championship?", {}, {}});
  EXPECT_FALSE(ok.on_topic);
  EXPECT_NE(ok.text.find("does not say anything about that"), std::string::npos);
}

TEST_F(BuiltIn, WhyMeansWhatStandsThere) {
  tutor::ClarifyConceptArgs args{Ref("adding"), "Why?", View("adding-different"), {}};
  const auto ok = Run<tutor::ClarifyConceptOk>(args);
  EXPECT_TRUE(ok.on_topic);
  EXPECT_FALSE(ok.text.empty());
}

TEST_F(BuiltIn, NothingItSaysToAnOpenQuestionHoldsTheKey) {
  for (const auto& topic : course_.topics) {
    for (const auto& question : topic.questions) {
      const tutor::QuestionView view = View(question.id.value.c_str());
      const tutor::TopicRef ref{course_.id, course_.version, topic.id};
      for (const std::string& text : {std::string("why?"), question.text, topic.title}) {
        const auto ok =
            Run<tutor::ClarifyConceptOk>(tutor::ClarifyConceptArgs{ref, text, view, {}});
        EXPECT_FALSE(tutor::Reveals(ok.text, question)) << question.id.value << ": " << ok.text;
      }
      const auto diagnosis =
          Run<tutor::DiagnoseErrorOk>(tutor::DiagnoseErrorArgs{ref, view, "999", {}});
      EXPECT_FALSE(tutor::Reveals(diagnosis.text, question)) << question.id.value;
      for (const auto& error : question.known_errors) {
        for (const auto strategy : {tutor::Strategy::kHint, tutor::Strategy::kExplanation,
                                    tutor::Strategy::kWorkedExample}) {
          const auto ok = Run<tutor::RemediateKnownErrorOk>(tutor::RemediateKnownErrorArgs{
              ref, error.id, error.text, strategy, view, error.answers.at(0)});
          EXPECT_FALSE(ok.reveals_answer) << question.id.value << ": " << ok.text;
          EXPECT_EQ(ok.strategy, tutor::Name(strategy));
        }
      }
    }
  }
}

TEST_F(BuiltIn, ErrorsAreExplainedMoreEachTime) {
  tutor::RemediateKnownErrorArgs args{
      Ref("adding"),          ErrorId("added-denominators"), "First. Second.",
      tutor::Strategy::kHint, View("adding-different"),      "3/7"};
  EXPECT_EQ(Run<tutor::RemediateKnownErrorOk>(args).text, "First.");
  args.strategy = tutor::Strategy::kExplanation;
  const auto explained = Run<tutor::RemediateKnownErrorOk>(args).text;
  EXPECT_EQ(explained.rfind("First. Second.", 0), 0U);
  EXPECT_GT(explained.size(), 40U) << "with a passage of the material";
  args.strategy = tutor::Strategy::kWorkedExample;
  EXPECT_NE(Run<tutor::RemediateKnownErrorOk>(args).text.find("3/11 + 5/11"), std::string::npos)
      << "the question before this one";
}

TEST_F(BuiltIn, AnErrorWithoutATextIsStillAnswered) {
  const auto ok = Run<tutor::RemediateKnownErrorOk>(tutor::RemediateKnownErrorArgs{
      Ref("adding"), ErrorId("wrong-1"), "", tutor::Strategy::kHint, std::nullopt, ""});
  EXPECT_FALSE(ok.text.empty());
}

TEST_F(BuiltIn, HintsAreTheAuthoredOnes) {
  const auto ok =
      Run<tutor::GiveHintOk>(tutor::GiveHintArgs{Ref("adding"), View("adding-same"), 2, 2, {}});
  EXPECT_EQ(ok.text, Question("adding-same").hints[1]);
  EXPECT_TRUE(ok.bottom_out);
}

TEST_F(BuiltIn, PresentsTheAuthoredSegment) {
  EXPECT_EQ(Run<tutor::PresentMaterialOk>(tutor::PresentMaterialArgs{Ref("adding"), 1, ""}).text,
            course_.topics[1].material[1]);
  EXPECT_EQ(
      Run<tutor::PresentMaterialOk>(tutor::PresentMaterialArgs{Ref("adding"), 0, "given"}).text,
      "given");
}

TEST_F(BuiltIn, MakesNoQuestions) {
  const auto outcome = Outcome(tutor::GenerateQuestionArgs{Ref("adding")});
  EXPECT_EQ(std::get<tutor::ToolError>(outcome).code, "not_supported");
}

TEST_F(BuiltIn, GradesWithWordsThatDoNotHoldTheKey) {
  const auto check = [&](const char* id, const char* answer) {
    return Run<tutor::CheckAnswerOk>(tutor::CheckAnswerArgs{Question(id), answer, {}, 1});
  };
  EXPECT_EQ(check("adding-different", "$$\\frac{22}{24}$$").verdict, tutor::Verdict::kCorrect);
  const auto known = check("adding-different", "3/7");
  EXPECT_EQ(known.verdict, tutor::Verdict::kIncorrect);
  ASSERT_TRUE(known.known_error);
  EXPECT_EQ(known.known_error->id.value, "added-denominators");
  EXPECT_GE(known.known_error->confidence, 0.7);
  EXPECT_EQ(check("adding-different", "dunno").verdict, tutor::Verdict::kInvalid);
  EXPECT_EQ(check("adding-different", "what is a quarter?").verdict, tutor::Verdict::kNotAnAnswer);
  EXPECT_EQ(check("adding-common", "12").verdict, tutor::Verdict::kPartiallyCorrect);
  EXPECT_EQ(check("adding-common", "24 and 12").verdict, tutor::Verdict::kCorrect);
  EXPECT_EQ(check("adding-walk", "1150 m").verdict, tutor::Verdict::kCorrect);
  EXPECT_EQ(check("meaning-denominator", "b").verdict, tutor::Verdict::kCorrect);
  for (const auto& topic : course_.topics) {
    for (const auto& question : topic.questions) {
      for (const char* answer : {"0", "A", "???", "12, 13"}) {
        const auto ok = Run<tutor::CheckAnswerOk>(tutor::CheckAnswerArgs{question, answer, {}, 1});
        EXPECT_FALSE(tutor::Reveals(ok.feedback, question)) << question.id.value;
      }
    }
  }
}

TEST_F(BuiltIn, AfterTheLastWrongTryNobodyIsAskedForAnother) {
  tutor::CheckAnswerArgs args;
  args.question.format = tutor::AnswerFormat::kNumeric;
  args.question.answers = {"4"};
  args.answer = "5";
  std::vector<std::string> said;
  for (uint32_t i = 0; i < tutor::kAttemptsMax; ++i) {
    said.push_back(GradeAnswer(args).feedback);
    args.attempts.push_back({args.answer, tutor::Verdict::kIncorrect, std::nullopt});
  }
  EXPECT_NE(said[0].find("try again"), std::string::npos) << said[0];
  EXPECT_NE(said[1].find("once more"), std::string::npos) << said[1];
  EXPECT_EQ(said[2], "That was not right.");
}

// Other words may mean the same: without a language model nobody can tell.
TEST_F(BuiltIn, FreeTextThatIsNotTheKeyIsUngradedNotIncorrect) {
  tutor::Question question = Question("adding-same");
  question.format = tutor::AnswerFormat::kText;
  question.answers = {"the mitochondrion"};
  question.known_errors = {{ErrorId("nucleus"), {"the nucleus"}, "That holds the genes."}};
  const auto check = [&](const char* answer) {
    return Run<tutor::CheckAnswerOk>(tutor::CheckAnswerArgs{question, answer, {}, 1});
  };
  EXPECT_EQ(check("The mitochondrion.").verdict, tutor::Verdict::kCorrect);
  EXPECT_EQ(check("the power plant of the cell").verdict, tutor::Verdict::kUngraded);
  EXPECT_EQ(check("the power plant of the cell").question, question.id);
  const auto known = check("the nucleus");
  EXPECT_EQ(known.verdict, tutor::Verdict::kIncorrect);
  ASSERT_TRUE(known.known_error);
}

TEST_F(BuiltIn, AKeyThatCanNotBeGradedIsUngraded) {
  tutor::Question question = Question("adding-same");
  question.answers = {"eight elevenths"};
  EXPECT_EQ(Run<tutor::CheckAnswerOk>(tutor::CheckAnswerArgs{question, "8/11", {}, 1}).verdict,
            tutor::Verdict::kUngraded);
}

TEST(Diagnose, NumbersAreComparedByRules) {
  const auto first = [](const char* key, const char* answer) {
    const auto found = CompareNumbers(key, answer);
    return found.empty() ? std::string("none") : found[0].label;
  };
  EXPECT_EQ(first("3/4", "-0.75"), "sign");
  EXPECT_EQ(first("3/4", "4/3"), "reciprocal");
  EXPECT_EQ(first("0.4", "40"), "percent");
  EXPECT_EQ(first("1200", "120"), "decimal_point");
  EXPECT_EQ(first("2/3", "0.67"), "rounding");
  EXPECT_EQ(first("7", "8"), "off_by_one");
  EXPECT_EQ(first("7", "19"), "none");
  EXPECT_EQ(first("7", "seven"), "none");
  EXPECT_EQ(first("0", "0"), "none");
}

}  // namespace
}  // namespace lyceum::tools
