// Answers: what a grade does, and what comes of wrong ones.

#include <gtest/gtest.h>

#include "classroom.h"

namespace lyceum::tutor {
namespace {

using Emitted = std::vector<std::string>;

Classroom AtQuestion() {
  Classroom room;
  room.ToQuestion();
  return room;
}

TEST(Answers, CorrectClosesTheQuestionAndPosesTheNext) {
  Classroom room = AtQuestion();
  room.Answer("12").Grade(Verdict::kCorrect);
  EXPECT_EQ(room.emitted(), (Emitted{"feedback correct", "progress 1/2", "question q2"}));
  EXPECT_EQ(room.session->counters.correct, 1u);
}

TEST(Answers, TheThirdWrongOneShowsTheSolutionAndGoesOn) {
  Classroom room = AtQuestion();
  for (int i = 0; i < 2; ++i) {
    room.Answer("5").Grade(Verdict::kIncorrect);
    ASSERT_TRUE(room.IsLockedBy(Tool::kDiagnoseError));
    room.Reply(DiagnoseErrorOk{{}, "Look again.", ""});
  }
  room.Answer("5").Grade(Verdict::kPartiallyCorrect);
  EXPECT_EQ(room.emitted(),
            (Emitted{"feedback partially_correct", "text", "progress 1/2", "question q2"}));
  EXPECT_EQ(room.texts()[1], "3 * 4 = 12");
  EXPECT_EQ(room.session->counters.incorrect, 1u);
  EXPECT_EQ(room.session->counters.correct, 0u);
}

TEST(Answers, OfSeveralRightChoicesTheSolutionNamesAll) {
  Topic topic = samples::SampleTopic("t1", "t2");
  Question& question = topic.questions.at(0);
  question.format = AnswerFormat::kMultipleChoice;
  question.choices = {"red", "green", "blue"};
  question.answers = {"red", "blue"};
  question.known_errors.clear();
  question.solution.clear();
  Classroom room(topic);
  room.ToQuestion();
  for (int i = 0; i < 2; ++i) {
    room.Answer("a").Grade(Verdict::kPartiallyCorrect);
    room.Reply(DiagnoseErrorOk{{}, "Look again.", ""});
  }
  room.Answer("b").Grade(Verdict::kIncorrect);
  EXPECT_EQ(room.texts()[1], "The answer is red, blue.");
}

TEST(Answers, TheSameErrorIsExplainedInThreeWays) {
  Classroom room = AtQuestion();
  for (Strategy strategy : {Strategy::kHint, Strategy::kExplanation, Strategy::kWorkedExample}) {
    room.Do(ForceRemediation{ErrorId("added")});
    EXPECT_EQ(std::get<RemediateKnownErrorArgs>(*room.args()).strategy, strategy);
    EXPECT_EQ(std::get<RemediateKnownErrorArgs>(*room.args()).error_text, "That is the sum.");
    room.Reply(RemediateKnownErrorOk{ErrorId("added"), "", "Not the sum.", "Why?", false});
    EXPECT_EQ(room.state(), StateName::kRemediatingKnownError);
  }
}

TEST(Answers, AnErrorThatIsNotRegisteredOrNotSureIsDiagnosed) {
  Classroom room = AtQuestion();
  room.Answer("5").Grade(Verdict::kIncorrect, "unheard_of");
  EXPECT_TRUE(room.IsLockedBy(Tool::kDiagnoseError));
  room.Reply(DiagnoseErrorOk{{}, "Look again.", ""}).Answer("7");
  room.Grade(Verdict::kIncorrect, "added", 0.69);
  EXPECT_TRUE(room.IsLockedBy(Tool::kDiagnoseError));
}

TEST(Answers, InvalidOnesDoNotCountAsAttempts) {
  Classroom room = AtQuestion();
  for (int i = 0; i < 5; ++i) room.Answer("?!").Grade(Verdict::kInvalid);
  EXPECT_EQ(room.state(), StateName::kAwaitingAnswer);
  EXPECT_TRUE(room.session->question->attempts.empty());
}

TEST(Answers, UngradedGoesToTheNextGraderThenShowsTheAnswerUncounted) {
  Classroom room = AtQuestion();
  room.Answer("x").Grade(Verdict::kUngraded);
  ASSERT_TRUE(room.IsLockedBy(Tool::kCheckAnswer));
  EXPECT_EQ(std::get<CheckAnswerArgs>(*room.args()).grader, 2u);
  room.Grade(Verdict::kUngraded);
  EXPECT_EQ(room.session->counters.for_review, 1u);
  EXPECT_EQ(room.session->counters.incorrect, 0u);
  EXPECT_EQ(room.emitted(), (Emitted{"feedback ungraded", "text", "progress 1/2", "question q2"}));
}

TEST(Answers, AnUnsureRubricAndAnotherQuestionsGradeAreUngraded) {
  Classroom room = AtQuestion();
  CheckAnswerOk grade{.question = QuestionId("q1"),
                      .verdict = Verdict::kCorrect,
                      .score = 1,
                      .confidence = 0.59,
                      .method = "rubric_llm",
                      .known_error = std::nullopt,
                      .feedback = "",
                      .reveals_answer = false,
                      .answer_note = ""};
  room.Answer("x").Reply(grade);
  ASSERT_TRUE(room.IsLockedBy(Tool::kCheckAnswer));
  grade.question = QuestionId("q2");
  grade.confidence = 1;
  room.Reply(grade);
  EXPECT_EQ(room.session->counters.for_review, 1u);
}

TEST(Answers, FeedbackThatGivesTheAnswerAwayIsReplacedWhileTheQuestionIsOpen) {
  Classroom room = AtQuestion();
  CheckAnswerOk grade;
  grade.question = QuestionId("q1");
  grade.verdict = Verdict::kIncorrect;
  grade.confidence = 1;
  grade.feedback = "No, it is 12.";
  room.Answer("5").Reply(grade);
  EXPECT_EQ(room.texts().front(), "Not right yet. Try again.");
}

TEST(Answers, AFailedGraderKeepsTheAnswer) {
  Classroom room = AtQuestion();
  room.Answer("12").FailTool();
  EXPECT_EQ(room.state(), StateName::kErrorState);
  EXPECT_EQ(room.call().text, "12");
  room.Do(Continue{});
  ASSERT_TRUE(room.IsLockedBy(Tool::kCheckAnswer));
  EXPECT_EQ(std::get<CheckAnswerArgs>(*room.args()).answer, "12");
}

TEST(Answers, TextsThatAreNoneChangeNothing) {
  Classroom room = AtQuestion();
  const uint64_t history = room.session->history_count;
  room.Say(" \n ");
  EXPECT_EQ(room.emitted(), (Emitted{"error text_empty"}));
  room.Say(std::string(kLearnerTextBytesMax + 1, '1'));
  EXPECT_EQ(room.emitted(), (Emitted{"error text_too_long"}));
  EXPECT_EQ(room.session->history_count, history);
  EXPECT_EQ(room.state(), StateName::kAwaitingAnswer);
}

TEST(Answers, AHintTextWithTheKeyIsAskedForOnceMoreThenReplaced) {
  Topic topic = samples::SampleTopic("t1", "");
  topic.questions[0].hints = {"", "Add."};
  Classroom room(topic);
  room.ToQuestion().Do(Hint{});
  room.Reply(GiveHintOk{1, 2, "The answer is 12.", false});
  ASSERT_TRUE(room.IsLockedBy(Tool::kGiveHint));
  room.Reply(GiveHintOk{1, 2, "So 12.", false}).Do(Continue{});
  EXPECT_EQ(room.session->counters.hints, 1u);
}

}  // namespace
}  // namespace lyceum::tutor
