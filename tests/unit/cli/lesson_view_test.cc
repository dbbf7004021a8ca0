#include "cli/lesson_view.h"

#include <gtest/gtest.h>

#include <utility>

namespace lyceum::cli {
namespace {

class Lesson : public testing::Test {
 protected:
  void Answers(const std::string& id) {
    tutor::Event event;
    event.id = EventId(id);
    event.kind = tutor::UserMessage{"because it is green", tutor::Intent::kAnswer};
    view.Sent(event);
    answered = event.id;
  }
  void Comes(tutor::Body body) {
    tutor::ClientMessage message;
    message.n = ++n;
    message.in_reply_to = answered;
    message.state = tutor::StateName::kAwaitingAnswer;
    message.body = std::move(body);
    (void)view.Hear(message);
  }
  static tutor::QuestionOut Question(const std::string& id) {
    tutor::QuestionOut out;
    out.question.id = QuestionId(id);
    return out;
  }

  LessonView view;
  EventId answered;
  uint32_t n = 0;
};

TEST_F(Lesson, AnAnswerThatNobodyCouldGradeClosesItsQuestion) {
  Answers("start");
  Comes(Question("first"));
  ASSERT_TRUE(view.my_turn());
  Answers("a");
  // What the session says then, all of it in the state after it: another question is open.
  Comes(tutor::FeedbackOut{tutor::Verdict::kUngraded, 0, "Marked for review.", std::nullopt});
  EXPECT_FALSE(view.my_turn());
  EXPECT_FALSE(view.question());
  Comes(tutor::TextOut{"It is the mitochondrion."});
  EXPECT_FALSE(view.my_turn());
  Comes(tutor::ProgressOut{TopicId("t"), 1, 2});
  EXPECT_FALSE(view.my_turn());
  Comes(Question("second"));
  EXPECT_TRUE(view.my_turn());
  EXPECT_EQ(view.question()->id.value, "second");
}

TEST_F(Lesson, WhatIsNoAnswerLeavesItsQuestionOpen) {
  Answers("start");
  Comes(Question("first"));
  Answers("a");
  Comes(tutor::TextOut{"You asked what green is."});
  EXPECT_TRUE(view.my_turn());
  EXPECT_EQ(view.question()->id.value, "first");
}

}  // namespace
}  // namespace lyceum::cli
