#include "tools/course.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "base/digest.h"
#include "base/token.h"
#include "envelope/codec.h"
#include "tools/grade_question.h"
#include "tools/key_check.h"
#include "tutor/course.h"

namespace lyceum::tools {
namespace {

std::string Joined(const std::vector<std::string>& problems) {
  std::string text;
  for (const std::string& problem : problems) {
    if (!text.empty()) text += "; ";
    text += problem;
  }
  return text;
}

void RefuseQuestion(const DraftQuestion& draft, std::string reason, std::vector<Refusal>* out) {
  out->push_back({draft.line, "question " + draft.question.id.value, std::move(reason)});
}

void NameUntypable(const DraftQuestion& draft, std::vector<Refusal>* out) {
  for (const std::string& key : draft.question.answers) {
    const std::string why = WhyUntypable(draft.question, key);
    if (why.empty()) continue;
    out->push_back({draft.line, "question " + draft.question.id.value,
                    "nobody can type the key \"" + key + "\": " + why});
  }
}

// Segments that show a figure which is not there are left out.
void TakeMaterial(DraftTopic* draft, ReadCourse* read) {
  std::vector<std::string>& material = draft->topic.material;
  size_t number = 0;
  std::erase_if(material, [&](const std::string& segment) {
    ++number;
    const std::string figure = MissingFigure(segment);
    if (figure.empty()) return false;
    read->refusals.push_back({draft->line,
                              fmt::format("topic {}, segment {}", draft->topic.id.value, number),
                              "the figure " + figure + " is missing: there are no pictures here"});
    return true;
  });
}

// Moves the good questions into the topic.
void TakeQuestions(DraftTopic* draft, ReadCourse* read) {
  std::set<QuestionId> seen;
  for (DraftQuestion& item : draft->questions) {
    std::vector<std::string> problems = tutor::Problems(item.question);
    if (problems.empty()) {
      const std::string problem = grading::KeyProblem(ItemOf(item.question));
      if (!problem.empty()) problems.push_back(problem);
    }
    if (!seen.insert(item.question.id).second) problems.push_back("the id is there twice");
    if (const std::string figure = MissingFigure(item.question); !figure.empty()) {
      problems.push_back("the figure " + figure + " is missing: there are no pictures here");
    }
    if (!problems.empty()) {
      RefuseQuestion(item, Joined(problems), &read->refusals);
      continue;
    }
    NameUntypable(item, &read->untypable);
    draft->topic.questions.push_back(std::move(item.question));
  }
}

// Moves the good functions into the course.
void TakeFunctions(std::vector<DraftFunction> drafts, ReadCourse* read) {
  std::set<std::string> seen;
  for (DraftFunction& draft : drafts) {
    std::string problem = ProblemOf(draft.function);
    const std::string name = "function " + draft.function.name;
    if (problem.empty() && !seen.insert(draft.function.name).second) {
      problem = "the name is there twice";
    }
    if (problem.empty() && seen.size() > kFunctionsMax) {
      problem = fmt::format("a course has {} functions at most", kFunctionsMax);
    }
    if (problem.empty()) {
      read->course.functions.push_back(std::move(draft.function));
    } else {
      read->refusals.push_back({draft.line, name, std::move(problem)});
    }
  }
}

std::string TopicProblem(const tutor::Topic& topic) {
  if (topic.material.empty() && topic.questions.empty()) {
    return "neither material nor a question is left";
  }
  const auto problems = tutor::Problems(topic);
  if (!problems.empty()) return Joined(problems);
  if (!ToToken(topic.id.value)) return "the id is too long or not UTF-8";
  // Course, version and next are written into it later: two ids and 16 digits.
  const size_t bytes = envelope::EncodeTopic(topic).size() + 2 * kTokenMax + 64;
  if (bytes > kTopicBytesMax) {
    return fmt::format("it has {} bytes, {} are allowed: split it", bytes, kTopicBytesMax);
  }
  return {};
}

Result<void> CheckWhole(const Draft& draft) {
  if (!ToToken(draft.id.value)) {
    return Reject("the course has no usable id: give it one of 1 to 64 letters, digits, - or _");
  }
  std::set<TopicId> seen;
  for (const DraftTopic& draft_topic : draft.topics) {
    const TopicId& id = draft_topic.topic.id;
    if (!id.empty() && !seen.insert(id).second) {
      return Reject(
          fmt::format("line {}: the topic {} is there twice", draft_topic.line, id.value));
    }
  }
  if (draft.topics.size() > kTopicsMax) {
    return Reject(
        fmt::format("the course has {} topics, {} are allowed", draft.topics.size(), kTopicsMax));
  }
  return {};
}

void LinkAndName(Course* course) {
  std::string all;
  for (size_t i = 0; i < course->topics.size(); ++i) {
    tutor::Topic& topic = course->topics[i];
    topic.course = {};
    topic.version.clear();
    topic.next.reset();
    if (i + 1 < course->topics.size()) topic.next = course->topics[i + 1].id;
    all += envelope::EncodeTopic(topic);
  }
  all += EncodeFunctions(course->functions);
  course->version = Sha256Hex(all).substr(0, 16);
  for (tutor::Topic& topic : course->topics) {
    topic.course = course->id;
    topic.version = course->version;
  }
}

}  // namespace

Result<ReadCourse> Finish(Draft draft) {
  if (auto whole = CheckWhole(draft); !whole) return whole.error();
  ReadCourse read;
  read.course.id = draft.id;
  read.course.title = draft.title.empty() ? draft.id.value : draft.title;
  read.refusals = std::move(draft.refusals);
  read.warnings = std::move(draft.warnings);
  for (DraftTopic& item : draft.topics) {
    TakeQuestions(&item, &read);
    TakeMaterial(&item, &read);
    // All of it was refused before.
    const bool empty = item.topic.material.empty() && item.topic.questions.empty();
    if (empty && draft.may_be_empty) continue;
    std::string problem = TopicProblem(item.topic);
    if (problem.empty()) {
      read.course.topics.push_back(std::move(item.topic));
    } else {
      read.refusals.push_back({item.line, "topic " + item.topic.id.value, std::move(problem)});
    }
  }
  if (read.course.topics.empty() && draft.may_be_empty) return read;
  if (read.course.topics.empty()) {
    std::string why = "no topic is left";
    if (!read.refusals.empty()) {
      const Refusal& last = read.refusals.back();
      why += fmt::format(": line {}, {}: {}", last.line, last.item, last.reason);
    }
    return Reject(std::move(why));
  }
  TakeFunctions(std::move(draft.functions), &read);
  LinkAndName(&read.course);
  return read;
}

}  // namespace lyceum::tools
