#include "tools/course_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "base/token.h"
#include "tools/import_draft.h"
#include "tutor/course.h"

namespace lyceum::tools {
namespace {

constexpr size_t kSlugBytesMax = 64;
constexpr const char* kOnlyTopic = "Questions";
// Weights are written in percent with few digits: 33.333 is a third.
constexpr double kWeightSlack = 0.005;

bool Near(double a, double b) { return std::abs(a - b) < kWeightSlack; }

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// The same id would be the same error in every question.
ErrorId WrongId(size_t number) { return ErrorId(fmt::format("wrong-{}", number)); }

void AddKnownError(std::string answer, std::string feedback, double credit,
                   tutor::Question* question) {
  tutor::KnownError error{
      WrongId(question->known_errors.size() + 1), {std::move(answer)}, std::move(feedback), credit};
  question->known_errors.push_back(std::move(error));
}

}  // namespace

std::string SlugOf(std::string_view text) {
  std::string slug;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      slug += static_cast<char>(std::tolower(byte));
    } else if (!slug.empty() && slug.back() != '-' && byte < 0x80) {
      slug += '-';
    }
    if (slug.size() == kSlugBytesMax) break;
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug;
}

std::string Trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

void Append(std::string_view paragraph, std::string* text) {
  if (IsBlank(paragraph)) return;
  if (!text->empty()) *text += "\n\n";
  *text += paragraph;
}

std::optional<double> NumberIn(std::string_view text) {
  while (!text.empty() && IsBlank(text.substr(0, 1))) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.substr(text.size() - 1))) text.remove_suffix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

std::string Written(double number) {
  for (int digits = 1; digits < 17; ++digits) {
    const std::string text = fmt::format("{:.{}g}", number, digits);
    if (std::abs(number - NumberIn(text).value_or(0)) <= std::abs(number) * 1e-14) {
      const bool moderate = number == 0 || (std::abs(number) >= 1e-6 && std::abs(number) < 1e15);
      if (!moderate || text.find('e') == std::string::npos) return text;
      std::string plain = fmt::format("{:.15f}", number);
      while (plain.ends_with('0')) plain.pop_back();
      if (plain.ends_with('.')) plain.pop_back();
      return plain;
    }
  }
  return fmt::format("{:.17g}", number);
}

Result<void> SetOneChoice(const std::vector<WeightedChoice>& choices, tutor::Question* question) {
  question->format = tutor::AnswerFormat::kChoice;
  for (const WeightedChoice& choice : choices) {
    question->choices.push_back(choice.text);
    if (choice.weight < -kWeightSlack) {
      return Reject("a wrong choice that takes marks from the whole");
    }
    if (choice.weight > 1 + kWeightSlack) return Reject("a choice with more than all of the marks");
    if (Near(choice.weight, 1)) {
      question->answers.push_back(choice.text);
      Append(choice.feedback, &question->solution);
    } else if (choice.weight > kWeightSlack || !choice.feedback.empty()) {
      AddKnownError(choice.text, choice.feedback, choice.weight > kWeightSlack ? choice.weight : 0,
                    question);
    }
  }
  if (question->answers.empty()) return Reject("no choice has all of the marks");
  return {};
}

Result<void> SetSeveralChoices(const std::vector<WeightedChoice>& choices, bool partial,
                               tutor::Question* question) {
  question->format = tutor::AnswerFormat::kMultipleChoice;
  question->partial_credit = partial;
  double share = 0;
  double sum = 0;
  for (const WeightedChoice& choice : choices) {
    if (choice.weight <= 0) continue;
    if (share != 0 && !Near(share, choice.weight)) {
      return Reject("right choices of different weight");
    }
    share = choice.weight;
    sum += choice.weight;
  }
  if (share == 0) return Reject("no choice is right");
  if (partial && !Near(sum, 1)) return Reject("the right choices do not sum to all of the marks");
  for (const WeightedChoice& choice : choices) {
    question->choices.push_back(choice.text);
    if (choice.weight > 0) {
      question->answers.push_back(choice.text);
      Append(choice.feedback, &question->solution);
      continue;
    }
    if (partial && choice.weight > -kWeightSlack) {
      return Reject("wrong choices that cost nothing: marking all of them has full marks");
    }
    const bool usual = !partial || Near(-choice.weight, share);
    if (usual && choice.feedback.empty()) continue;
    AddKnownError(choice.text, choice.feedback, usual ? 0 : std::max(choice.weight, -1.0),
                  question);
  }
  return {};
}

Result<void> SetAnswers(const std::vector<WeightedAnswer>& answers, tutor::Question* question) {
  const bool numeric = question->format == tutor::AnswerFormat::kNumeric;
  for (const WeightedAnswer& answer : answers) {
    if (answer.weight < -kWeightSlack) return Reject("a wrong answer that takes marks");
    if (!numeric && answer.text.find('*') != std::string::npos && answer.text != "*") {
      return Reject("the wildcard * in an answer");
    }
    if (!Near(answer.weight, 1)) continue;
    if (answer.text == "*") return Reject("any answer is right");
    if (numeric && !question->answers.empty() && question->tolerance != answer.tolerance) {
      return Reject("right numbers with different tolerances");
    }
    question->tolerance = answer.tolerance;
    question->answers.push_back(answer.text);
    if (question->solution.find(answer.feedback) == std::string::npos) {
      Append(answer.feedback, &question->solution);
    }
  }
  if (question->answers.empty()) return Reject("no answer has all of the marks");
  for (const WeightedAnswer& answer : answers) {
    if (Near(answer.weight, 1) || answer.text == "*") continue;
    if (numeric && answer.weight > kWeightSlack && answer.tolerance != 0) {
      return Reject("a part of the marks for numbers within another tolerance");
    }
    if (numeric && answer.tolerance != 0) return Reject("feedback on a range of wrong numbers");
    if (answer.weight <= kWeightSlack && answer.feedback.empty()) continue;
    AddKnownError(answer.text, answer.feedback, answer.weight > kWeightSlack ? answer.weight : 0,
                  question);
  }
  return {};
}

ImportDraft::ImportDraft(const CourseId& course) {
  draft_.id = course;
  draft_.title = course.value;
  draft_.may_be_empty = true;
  BeginTopic({});
}

void ImportDraft::BeginTopic(const std::string& title) {
  title_ = IsBlank(title) ? kOnlyTopic : title;
}

DraftTopic* ImportDraft::Topic(int line) {
  const std::string& name = title_;
  const auto [found, added] = topics_.try_emplace(name, draft_.topics.size());
  if (!added) return &draft_.topics[found->second];
  DraftTopic topic;
  topic.line = line;
  topic.topic.title = name;
  std::string id = SlugOf(name);
  if (id.empty()) id = fmt::format("topic-{}", draft_.topics.size() + 1);
  const auto taken = [&](const std::string& candidate) {
    return std::any_of(draft_.topics.begin(), draft_.topics.end(),
                       [&](const DraftTopic& other) { return other.topic.id.value == candidate; });
  };
  if (taken(id)) id += fmt::format("-{}", draft_.topics.size() + 1);
  topic.topic.id = TopicId(id);
  draft_.topics.push_back(std::move(topic));
  return &draft_.topics.back();
}

std::string ImportDraft::ItemOf(std::string_view name) const {
  std::string item = file_;
  if (!IsBlank(name)) item += (item.empty() ? "" : ": ") + std::string(name.substr(0, 100));
  return item.empty() ? "item" : item;
}

void ImportDraft::Add(int line, std::string_view name, tutor::Question question) {
  ++questions_;
  std::string id = SlugOf(name);
  if (id.empty()) id = fmt::format("q{}", questions_);
  for (int number = 2; !ids_.insert(id).second; ++number) {
    id = fmt::format("{}-{}", SlugOf(name).empty() ? "q" : SlugOf(name), questions_ + number - 2);
  }
  question.id = QuestionId(id);
  Topic(line)->questions.push_back({line, std::move(question)});
}

void ImportDraft::AddMaterial(int line, std::string text) {
  if (!IsBlank(text)) Topic(line)->topic.material.push_back(std::move(text));
}

void ImportDraft::Refuse(int line, std::string_view name, std::string reason) {
  draft_.refusals.push_back({line, ItemOf(name), std::move(reason)});
}

void ImportDraft::Warn(int line, std::string_view name, std::string reason) {
  draft_.warnings.push_back({line, ItemOf(name), std::move(reason)});
}

std::optional<SourceFormat> ParseSourceFormat(std::string_view name) {
  if (name == "gift") return SourceFormat::kGift;
  if (name == "moodle-xml") return SourceFormat::kMoodleXml;
  if (name == "qti") return SourceFormat::kQti;
  if (name == "olx") return SourceFormat::kOlx;
  return std::nullopt;
}

Result<ReadCourse> ImportCourse(const CourseId& course, SourceFormat format,
                                const std::vector<SourceFile>& files) {
  if (files.empty()) return Reject("no file to import");
  if (files.size() > kSourceFilesMax) {
    return Reject(fmt::format("{} files: at most {}", files.size(), kSourceFilesMax));
  }
  ImportDraft draft(course);
  for (const SourceFile& file : files) {
    if (file.bytes.size() > kSourceBytesMax) return Reject(file.name + " is larger than 16 MiB");
    draft.BeginFile(files.size() > 1 ? file.name : std::string());
    switch (format) {
      case SourceFormat::kGift:
        ReadGift(file, &draft);
        break;
      case SourceFormat::kMoodleXml:
        ReadMoodleXml(file, &draft);
        break;
      case SourceFormat::kQti:
        ReadQti(file, &draft);
        break;
      case SourceFormat::kOlx:
        ReadOlx(file, &draft);
        break;
    }
  }
  return Finish(std::move(draft).Release());
}

}  // namespace lyceum::tools
