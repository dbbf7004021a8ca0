// The tutor without a model finds the passage that a learner asks about.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "learner_questions.h"
#include "small_course.h"
#include "tools/built_in.h"
#include "tutor/reveal.h"

namespace lyceum::tools {
namespace {

class Clarifying : public ::testing::Test {
 protected:
  const tutor::Question* Find(const std::string& id) const {
    for (const auto& topic : course_.topics) {
      for (const auto& question : topic.questions) {
        if (question.id.value == id) return &question;
      }
    }
    return nullptr;
  }
  tutor::ClarifyConceptOk Ask(const std::string& topic, const std::string& text,
                              const std::string& open = "",
                              std::vector<tutor::HistoryEntry> recent = {}) {
    tutor::ClarifyConceptArgs args;
    args.ref = {course_.id, course_.version, TopicId(topic)};
    args.text = text;
    args.recent = std::move(recent);
    if (const auto* question = Find(open)) {
      args.question = {question->id, question->text, question->format, question->choices};
    }
    envelope::ToolRequest request;
    request.tool = tutor::Tool::kClarifyConcept;
    request.args = args;
    const tutor::ToolOutcome outcome = toolbox_.Run({request}).outcome;
    const auto* ok = std::get_if<tutor::ClarifyConceptOk>(&outcome);
    return ok == nullptr ? tutor::ClarifyConceptOk{} : *ok;
  }
  // One of what stands between strokes.
  static bool Says(const tutor::ClarifyConceptOk& ok, const std::string& what) {
    const size_t stroke = what.find('|');
    if (ok.text.find(what.substr(0, stroke)) != std::string::npos) return true;
    return stroke != std::string::npos && Says(ok, what.substr(stroke + 1));
  }

  Course course_ = DefaultCourse();
  std::shared_ptr<MemorySource> source_ = std::make_shared<MemorySource>(course_);
  Toolbox toolbox_ = BuiltInTutor(source_);
};

constexpr char kSame[] = "That is what the open question asks";

TEST_F(Clarifying, NineteenOfTwentyQuestionsFindTheirPassage) {
  const auto& all = LearnerQuestions();
  ASSERT_GE(all.size(), 60U);
  size_t right = 0;
  std::string wrong;
  for (const LearnerQuestion& one : all) {
    const auto ok = Ask(one.topic, one.asks, one.open);
    if (const auto* open = Find(one.open)) {
      EXPECT_FALSE(tutor::Reveals(ok.text, *open)) << one.asks << ": " << ok.text;
    }
    if (Says(ok, one.same ? kSame : one.finds)) {
      ++right;
    } else {
      wrong +=
          std::string(one.topic) + " " + one.open + ": " + one.asks + "\n    " + ok.text + "\n";
    }
  }
  EXPECT_GE(right * 100, all.size() * 95) << right << " of " << all.size() << "\n" << wrong;
}

TEST_F(Clarifying, WhatTheCourseDoesNotSayIsSaidSo) {
  for (const char* text : {"Who won the football championship?", "what is photosynthesis",
                           "how do i cook rice", "what is the capital of france"}) {
    for (const char* topic : {"meaning", "adding", "multiplying"}) {
      const auto ok = Ask(topic, text);
      EXPECT_FALSE(ok.on_topic) << text << ": " << ok.text;
    }
  }
}

TEST_F(Clarifying, AnotherTopicIsNamed) {
  EXPECT_TRUE(Says(Ask("adding", "what is a mixed number"), "\"What a fraction is\"")) << "before";
  EXPECT_TRUE(
      Says(Ask("meaning", "what is a reciprocal"), "\"Multiplying and dividing fractions\""))
      << "after";
}

TEST_F(Clarifying, WhatWouldGiveTheKeyAwayIsWithheldWithAHint) {
  tutor::Question& question = course_.topics[0].questions[0];
  question.text = "Which gas do people breathe?";
  question.format = tutor::AnswerFormat::kText;
  question.answers = {"oxygen"};
  question.hints = {"It is oxygen.", "A part of the air."};
  course_.topics[0].material = {
      "Lungs\n\nLungs bring oxygen into the blood. A lung is a bag full of small bags, and each of "
      "them has a wall so thin that oxygen passes through it. There is no other way for it to come "
      "in, and none is needed: it takes less than a second for it to pass.",
      "Fish\n\nA fish has gills in the place of lungs. Gills are thin, and water passes through "
      "them "
      "all the time. What a fish takes out of the water is the same as what people take out of the "
      "air, but there is much less of it in water than in air."};
  source_ = std::make_shared<MemorySource>(course_);
  toolbox_ = BuiltInTutor(source_);
  const auto ok = Ask("meaning", "what does a lung do", question.id.value);
  EXPECT_TRUE(Says(ok, "would give away the answer")) << ok.text;
  EXPECT_TRUE(Says(ok, "A part of the air.")) << "a hint that does not give it away";
  EXPECT_FALSE(Says(ok, "gills")) << "nor the next passage";
  EXPECT_FALSE(tutor::Reveals(ok.text, question));
  EXPECT_TRUE(Says(Ask("meaning", "what are gills", question.id.value), "A fish has gills"));
}

TEST_F(Clarifying, WhatWasJustShownIsNotDenied) {
  tutor::HistoryEntry said;
  said.role = tutor::Role::kTutor;
  said.kind = "hint";
  said.text = "Think of the pizzeria: every slice has the same crust.";
  const auto ok = Ask("meaning", "which pizzeria?", "", {said});
  EXPECT_TRUE(ok.on_topic);
  EXPECT_TRUE(Says(ok, "every slice has the same crust")) << ok.text;
  EXPECT_FALSE(Ask("meaning", "which pizzeria?").on_topic);
}

}  // namespace
}  // namespace lyceum::tools
