#include "cli/course_report.h"

#include <algorithm>
#include <utility>

#include "base/overloaded.h"
#include "tutor/names.h"

namespace lyceum::cli {

CourseReport::Before CourseReport::Look(const std::optional<tutor::Session>& session) {
  Before before;
  if (!session) return before;
  before.topic = session->syllabus.topic.value;
  if (const tutor::Question* open = tutor::CurrentQuestion(*session)) {
    before.question = open->id.value;
  }
  return before;
}

CourseReport::One* CourseReport::Find(Pupil* pupil, const Key& key) {
  const auto found = pupil->questions.find(key);
  return found == pupil->questions.end() ? nullptr : &found->second;
}

void CourseReport::Add(const Before& before, const tutor::Event& event,
                       const tutor::Effects& effects, const tutor::Session& session) {
  if (session.syllabus.course.value != course_) return;
  Pupil& pupil = pupils_[session.user.value];
  const Key open{before.topic, before.question};
  for (const tutor::Effect& effect : effects) {
    if (const auto* emit = std::get_if<tutor::EmitMessage>(&effect))
      AddEffect(*emit, open, session.syllabus.topic.value, &pupil);
  }
  const Before after = Look(session);
  const Key next{after.topic, after.question};
  One* const one = Find(&pupil, open);
  const bool is_skip = std::holds_alternative<tutor::Skip>(event.kind) ||
                       std::holds_alternative<tutor::ForceSkip>(event.kind) ||
                       std::holds_alternative<tutor::GotoTopic>(event.kind);
  if (one != nullptr && one->right_ms == 0 && next != open) {
    one->given_up = one->given_up || is_skip;
    one->missed = one->missed || (!is_skip && one->answers > 0);
    if (one->missed) pupil.missed = open;
  }
  if (const auto* review = std::get_if<tutor::Review>(&event.kind)) {
    const Key about = open.second.empty() ? pupil.open : open;
    if (One* const doubted = Find(&pupil, about)) doubted->for_review = true;
    doubts_.push_back({.user = session.user.value,
                       .topic = about.first,
                       .question = about.second,
                       .text = review->text,
                       .n = review->n,
                       .at_ms = session.time_ms});
  }
  pupil.state = tutor::Name(tutor::NameOf(session.state));
  pupil.topic = after.topic;
  if (!next.second.empty()) pupil.open = next;
  pupil.completed = pupil.completed || tutor::NameOf(session.state) == tutor::StateName::kCompleted;
  pupil.active_ms = session.active_ms;
}

void CourseReport::AddEffect(const tutor::EmitMessage& emit, const Key& open,
                             const std::string& topic, Pupil* pupil) {
  const int64_t at_ms = emit.message.at_ms;
  const auto add =
      Overloaded{[&](const tutor::QuestionOut& asked) {
                   const Key key{topic, asked.question.id.value};
                   const auto [found, is_new] = pupil->questions.try_emplace(key);
                   if (is_new) found->second.asked_ms = at_ms;
                   if (is_new) order_.try_emplace(key, order_.size());
                 },
                 [&](const tutor::FeedbackOut& told) {
                   One* const one = Find(pupil, open);
                   if (one == nullptr || one->right_ms != 0) return;
                   if (told.verdict == tutor::Verdict::kUngraded) one->for_review = true;
                   if (told.known_error) ++one->known_errors[told.known_error->value];
                   const bool right = told.verdict == tutor::Verdict::kCorrect;
                   const bool wrong = told.verdict == tutor::Verdict::kIncorrect ||
                                      told.verdict == tutor::Verdict::kPartiallyCorrect;
                   if (!right && !wrong) return;
                   one->first_right = one->first_right || (right && one->answers == 0);
                   ++one->answers;
                   one->wrong += wrong ? 1 : 0;
                   if (!right) return;
                   one->right_ms = std::max<int64_t>(at_ms, 1);
                   pupil->missed = {};
                 },
                 [&](const tutor::HintOut&) {
                   if (One* const one = Find(pupil, open); one != nullptr && one->right_ms == 0)
                     ++one->hints;
                 },
                 [](const auto&) {}};
  std::visit(add, emit.message.body);
}

std::vector<CourseReport::Question> CourseReport::questions() const {
  std::vector<Question> all(order_.size());
  for (const auto& [key, place] : order_) {
    Question& question = all[place];
    question.topic = key.first;
    question.question = key.second;
    std::vector<int64_t> took;
    for (const auto& [user, pupil] : pupils_) {
      const auto found = pupil.questions.find(key);
      if (found == pupil.questions.end()) continue;
      const One& one = found->second;
      ++question.asked;
      question.tried += one.answers > 0 ? 1 : 0;
      question.first_right += one.first_right ? 1 : 0;
      question.right += one.right_ms != 0 ? 1 : 0;
      question.given_up += one.given_up && one.right_ms == 0 ? 1 : 0;
      question.missed += one.missed && !one.given_up && one.right_ms == 0 ? 1 : 0;
      question.for_review += one.for_review ? 1 : 0;
      question.answers += one.answers;
      question.hints += one.hints;
      for (const auto& [error, count] : one.known_errors) question.known_errors[error] += count;
      if (one.right_ms != 0) took.push_back(one.right_ms - one.asked_ms);
    }
    std::sort(took.begin(), took.end());
    if (!took.empty()) question.median_ms = took[took.size() / 2];
  }
  return all;
}

std::vector<CourseReport::Learner> CourseReport::learners() const {
  std::vector<Learner> all;
  for (const auto& [user, pupil] : pupils_) {
    Learner& learner = all.emplace_back();
    learner.user = user;
    learner.state = pupil.state;
    learner.topic = pupil.topic;
    learner.completed = pupil.completed;
    learner.active_ms = pupil.active_ms;
    for (const auto& [key, one] : pupil.questions) {
      learner.tried += one.answers > 0 ? 1 : 0;
      learner.right += one.right_ms != 0 ? 1 : 0;
      learner.first_right += one.first_right ? 1 : 0;
    }
    const auto open = pupil.questions.find(pupil.open);
    if (pupil.state == tutor::Name(tutor::StateName::kErrorState)) {
      learner.stuck = "a tool failed";
    } else if (open != pupil.questions.end() && !open->second.given_up &&
               open->second.right_ms == 0 && open->second.wrong >= kWrongForStuck) {
      learner.stuck = pupil.open.second;
    } else if (!pupil.completed) {
      learner.stuck = pupil.missed.second;
    }
  }
  return all;
}

}  // namespace lyceum::cli
