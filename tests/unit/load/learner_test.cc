#include "load/learner.h"

#include <gtest/gtest.h>

#include <utility>
#include <variant>

namespace lyceum::load {
namespace {

class ALearner : public testing::Test {
 protected:
  // Its question, as the answer to what it did last.
  tutor::ClientMessage Question(uint32_t n, std::string id) {
    tutor::ClientMessage message;
    message.id = std::move(id);
    message.n = n;
    message.in_reply_to = last.id;
    message.state = tutor::StateName::kAwaitingAnswer;
    tutor::QuestionOut out;
    out.question.id = QuestionId("sum");
    message.body = std::move(out);
    return message;
  }
  void Act() { last = learner.Next().front(); }

  const LoadCourse course{.id = CourseId("small"), .answers = {{"sum", {"4", "5"}}}};
  const LoadMix mix{.right = 1, .wrong = 0, .hint = 0, .question = 0, .second = 0};
  LoadLearner learner{UserId("u"), ClientId("c"), &course, &mix, tutor::Encoding::kProtobuf, 1};
  tutor::Event last;
};

TEST_F(ALearner, StartsAndThenAnswersTheQuestion) {
  Act();
  EXPECT_TRUE(std::holds_alternative<tutor::Start>(last.kind));
  EXPECT_FALSE(learner.may_act());
  EXPECT_TRUE(learner.OnMessage(Question(1, "03-1-0")));
  ASSERT_TRUE(learner.may_act());
  Act();
  ASSERT_TRUE(std::holds_alternative<tutor::UserMessage>(last.kind));
  EXPECT_EQ(std::get<tutor::UserMessage>(last.kind).text, "4");
}

TEST_F(ALearner, TheSameMessageAgainIsARepeat) {
  Act();
  (void)learner.OnMessage(Question(1, "03-1-0"));
  EXPECT_FALSE(learner.OnMessage(Question(1, "03-1-0")));
  EXPECT_EQ(learner.counts().repeated, 1);
  EXPECT_EQ(learner.counts().doubled, 0);
}

TEST_F(ALearner, AnotherMessageUnderTheSameNumberIsAFault) {
  Act();
  (void)learner.OnMessage(Question(1, "03-1-0"));
  EXPECT_FALSE(learner.OnMessage(Question(1, "03-9-0")));
  EXPECT_EQ(learner.counts().repeated, 0);
  EXPECT_EQ(learner.counts().doubled, 1);
}

TEST_F(ALearner, AsksForWhatItMisses) {
  Act();
  EXPECT_FALSE(learner.OnMessage(Question(2, "03-1-1")));
  EXPECT_TRUE(learner.missing());
  EXPECT_EQ(learner.counts().out_of_order, 1);
  const tutor::Event attach = learner.Attach();
  ASSERT_TRUE(std::holds_alternative<tutor::Attach>(attach.kind));
  EXPECT_EQ(std::get<tutor::Attach>(attach.kind).after_n, 0);
  EXPECT_TRUE(learner.OnMessage(Question(1, "03-1-0")));
  EXPECT_FALSE(learner.missing());
}

TEST_F(ALearner, ErrorsAreCountedByTheirCode) {
  Act();
  tutor::ClientMessage error;
  error.body = tutor::ErrorOut{.code = "deadline", .text = "", .retryable = true};
  EXPECT_FALSE(learner.OnMessage(error));
  EXPECT_EQ(learner.counts().errors, (std::map<std::string, uint64_t>{{"deadline", 1}}));
}

TEST_F(ALearner, AMixNamesItsWeights) {
  const auto read = ParseMix("right=3,second=2");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->right, 3);
  EXPECT_EQ(read->second, 2);
  EXPECT_EQ(read->wrong, 0);
}

}  // namespace
}  // namespace lyceum::load
