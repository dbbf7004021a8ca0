#include "tools/course_diff.h"

#include <algorithm>

namespace lyceum::tools {
namespace {

using Kind = CourseChange::Kind;

// The names of the fields that differ.
class Changes {
 public:
  template <class T>
  Changes& Compare(const char* name, const T& from, const T& to) {
    if (!(from == to)) names_ += (names_.empty() ? "" : ", ") + std::string(name);
    return *this;
  }
  const std::string& names() const { return names_; }

 private:
  std::string names_;
};

std::string Changed(const tutor::Question& from, const tutor::Question& to) {
  return Changes()
      .Compare("text", from.text, to.text)
      .Compare("format", from.format, to.format)
      .Compare("choices", from.choices, to.choices)
      .Compare("answers", from.answers, to.answers)
      .Compare("tolerance", from.tolerance, to.tolerance)
      .Compare("relative_tolerance", from.relative_tolerance, to.relative_tolerance)
      .Compare("significant_figures", from.significant_figures, to.significant_figures)
      .Compare("partial_credit", from.partial_credit, to.partial_credit)
      .Compare("unit", from.unit, to.unit)
      .Compare("hints", from.hints, to.hints)
      .Compare("known_error", from.known_errors, to.known_errors)
      .Compare("solution", from.solution, to.solution)
      .names();
}

// The ids of those that are among the others too, in their order.
template <class Item>
auto OrderOf(const std::vector<Item>& items, const std::vector<Item>& others) {
  std::vector<decltype(Item::id)> ids;
  for (const Item& item : items) {
    const bool both = std::any_of(others.begin(), others.end(),
                                  [&](const Item& other) { return other.id == item.id; });
    if (both) ids.push_back(item.id);
  }
  return ids;
}

// Without its questions, whose order is compared.
std::string Changed(const tutor::Topic& from, const tutor::Topic& to) {
  return Changes()
      .Compare("title", from.title, to.title)
      .Compare("material", from.material, to.material)
      .Compare("gate", from.gate, to.gate)
      .Compare("generate_questions", from.generate_questions, to.generate_questions)
      .Compare("order of the questions", OrderOf(from.questions, to.questions),
               OrderOf(to.questions, from.questions))
      .names();
}

std::string Changed(const CourseFunction& from, const CourseFunction& to) {
  return Changes()
      .Compare("description", from.description, to.description)
      .Compare("arguments", from.arguments, to.arguments)
      .Compare("result", from.result, to.result)
      .names();
}

// Items of two lists by their ids; `inside` compares what two of the same id hold further.
template <class Item, class Id, class Inside>
void Diff(const std::string& name, const std::vector<Item>& from, const std::vector<Item>& to,
          Id id, Inside inside, std::vector<CourseChange>* changes) {
  const auto find = [&](const std::vector<Item>& items, const std::string& wanted) {
    return std::find_if(items.begin(), items.end(),
                        [&](const Item& item) { return id(item) == wanted; });
  };
  for (const Item& item : to) {
    const auto old = find(from, id(item));
    if (old == from.end()) {
      changes->push_back({Kind::kAdded, name + id(item), {}});
      continue;
    }
    if (std::string fields = Changed(*old, item); !fields.empty()) {
      changes->push_back({Kind::kChanged, name + id(item), std::move(fields)});
    }
    inside(*old, item);
  }
  for (const Item& item : from) {
    if (find(to, id(item)) == to.end()) changes->push_back({Kind::kRemoved, name + id(item), {}});
  }
}

}  // namespace

std::vector<CourseChange> DiffCourses(const Course& from, const Course& to) {
  std::vector<CourseChange> changes;
  const auto synonyms = [](const Course& course) {
    return course.topics.empty() ? std::vector<std::vector<std::string>>()
                                 : course.topics.front().synonyms;
  };
  const auto supervision = [](const Course& course) {
    return course.topics.empty() ? std::nullopt : course.topics.front().supervision;
  };
  const std::string fields = Changes()
                                 .Compare("id", from.id, to.id)
                                 .Compare("title", from.title, to.title)
                                 .Compare("synonyms", synonyms(from), synonyms(to))
                                 .Compare("supervision", supervision(from), supervision(to))
                                 .Compare("order of the topics", OrderOf(from.topics, to.topics),
                                          OrderOf(to.topics, from.topics))
                                 .names();
  if (!fields.empty()) changes.push_back({Kind::kChanged, "course", fields});
  const auto in_topic = [&](const tutor::Topic& before, const tutor::Topic& after) {
    Diff(
        "question " + after.id.value + "/", before.questions, after.questions,
        [](const tutor::Question& question) { return question.id.value; },
        [](const auto&, const auto&) {}, &changes);
  };
  Diff(
      "topic ", from.topics, to.topics, [](const tutor::Topic& topic) { return topic.id.value; },
      in_topic, &changes);
  Diff(
      "function ", from.functions, to.functions,
      [](const CourseFunction& function) { return function.name; }, [](const auto&, const auto&) {},
      &changes);
  return changes;
}

}  // namespace lyceum::tools
