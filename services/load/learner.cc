#include "load/learner.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <string_view>
#include <utility>
#include <variant>

namespace lyceum::load {
namespace {

// SplitMix64: the same numbers on every machine.
uint64_t NextRandom(uint64_t* state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::string WrongAnswer(const tutor::Question& question) {
  for (const std::string& choice : question.choices) {
    if (choice != question.answers.front()) return choice;
  }
  return question.format == tutor::AnswerFormat::kText ? "something else" : "123456.75";
}

}  // namespace

Result<LoadMix> ParseMix(const std::string& text) {
  LoadMix mix{0, 0, 0, 0, 0};
  const std::pair<std::string_view, uint32_t*> names[] = {{"right", &mix.right},
                                                          {"wrong", &mix.wrong},
                                                          {"hint", &mix.hint},
                                                          {"question", &mix.question},
                                                          {"second", &mix.second}};
  uint64_t total = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    const size_t equals = std::min(part.find('='), part.size());
    uint32_t* weight = nullptr;
    for (const auto& [name, of_name] : names) {
      if (part.substr(0, equals) == name) weight = of_name;
    }
    if (weight == nullptr) return Reject("--mix takes right, wrong, hint, question and second");
    const char* last = part.data() + part.size();
    const char* first = std::min(part.data() + equals + 1, last);
    const auto [stop, code] = std::from_chars(first, last, *weight);
    if (code != std::errc() || stop != last || *weight > 1000) {
      return Reject("--mix takes name=weight with weights from 0 to 1000, commas between");
    }
    total += *weight;
  }
  if (total == 0) return Reject("--mix needs a weight above 0");
  return mix;
}

LoadCourse LoadCourseOf(const tools::Course& course) {
  LoadCourse known{.id = course.id, .answers = {}};
  for (const tutor::Topic& topic : course.topics) {
    for (const tutor::Question& question : topic.questions) {
      std::string right = question.answers.front();
      if (question.format == tutor::AnswerFormat::kMultipleChoice) {
        for (size_t i = 1; i < question.answers.size(); ++i) right += "; " + question.answers[i];
      }
      known.answers[question.id.value] = {std::move(right), WrongAnswer(question)};
    }
  }
  return known;
}

LoadLearner::LoadLearner(UserId user, ClientId client, const LoadCourse* course, const LoadMix* mix,
                         tutor::Encoding encoding, uint64_t seed)
    : user_(std::move(user)),
      client_(std::move(client)),
      course_(course),
      mix_(mix),
      encoding_(encoding),
      random_(seed) {}

uint64_t LoadLearner::Draw(uint64_t below) { return NextRandom(&random_) % below; }

tutor::Event LoadLearner::Make(tutor::EventKind kind) {
  return {.id = EventId(fmt::format("{}-{}", user_.value, events_++)),
          .client = client_,
          .encoding = encoding_,
          .kind = std::move(kind)};
}

tutor::EventKind LoadLearner::Choose(bool* second) {
  using tutor::UserMessage;
  if (events_ == 0) return tutor::Start{.course = course_->id};
  const auto& question = view_.question();
  const auto known = question ? course_->answers.find(question->id.value) : course_->answers.end();
  if (known == course_->answers.end()) return tutor::Continue{};
  uint64_t roll = Draw(mix_->right + mix_->wrong + mix_->hint + mix_->question + mix_->second);
  if (roll < mix_->wrong) return UserMessage{known->second.wrong, tutor::Intent::kAnswer};
  roll -= mix_->wrong;
  if (roll < mix_->hint) return tutor::Hint{};
  roll -= mix_->hint;
  if (roll < mix_->question) return UserMessage{"What does this mean?", tutor::Intent::kQuestion};
  roll -= mix_->question;
  *second = roll < mix_->second;
  return UserMessage{known->second.right, tutor::Intent::kAnswer};
}

std::vector<tutor::Event> LoadLearner::Next() {
  bool second = false;
  std::vector<tutor::Event> events;
  events.push_back(Make(Choose(&second)));
  view_.Sent(events.front());
  if (second)
    events.push_back(Make(tutor::UserMessage{"Wait, I mean ...", tutor::Intent::kAnswer}));
  return events;
}

tutor::Event LoadLearner::Attach() { return Make(tutor::Attach{.after_n = view_.heard_up_to()}); }

// A message is known by its id: after a restart it may be sent again, with the same n and bytes.
void LoadLearner::CountAgain(const tutor::ClientMessage& message) {
  const Kept& kept = kept_[message.n % kIdsKept];
  const auto hash = static_cast<uint32_t>(std::hash<std::string>{}(message.id));
  const bool other = kept.n == message.n && kept.id_hash != hash;
  ++(other ? counts_.doubled : counts_.repeated);
}

bool LoadLearner::OnMessage(const tutor::ClientMessage& message) {
  const auto* error = std::get_if<tutor::ErrorOut>(&message.body);
  if (message.n == 0) {
    if (error != nullptr) ++counts_.errors[error->code];
    return false;
  }
  const bool before = view_.my_turn();
  const auto heard = view_.Hear(message);
  if (heard == cli::LessonView::Heard::kRepeated) {
    CountAgain(message);
    return false;
  }
  if (heard == cli::LessonView::Heard::kEarly) ++counts_.out_of_order;
  if (error != nullptr) ++counts_.errors[error->code];
  kept_[message.n % kIdsKept] = {message.n,
                                 static_cast<uint32_t>(std::hash<std::string>{}(message.id))};
  return !before && view_.my_turn();
}

}  // namespace lyceum::load
