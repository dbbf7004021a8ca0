#include "tools/oatutor.h"

#include <fmt/format.h>

#include <cctype>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/token.h"
#include "tools/course_file.h"
#include "tools/hint_ladder.h"
#include "tutor/limits.h"

namespace lyceum::tools {
namespace {

using Json = nlohmann::json;
using tutor::AnswerFormat;

std::string Text(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<std::string> TextsOf(const Json& record, const char* name) {
  std::vector<std::string> texts;
  const auto found = record.find(name);
  if (found == record.end() || !found->is_array()) return texts;
  for (const Json& item : *found) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::optional<AnswerFormat> FormatOf(const std::string& kind) {
  if (kind == "numeric") return AnswerFormat::kNumeric;
  if (kind == "multiple_choice") return AnswerFormat::kChoice;
  if (kind == "expression") return AnswerFormat::kExpression;
  if (kind == "equation_or_inequality") return AnswerFormat::kEquation;
  if (kind == "interval_or_tuple") return AnswerFormat::kInterval;
  if (kind == "list") return AnswerFormat::kList;
  if (kind == "text") return AnswerFormat::kText;
  return std::nullopt;
}

// "1.3 Add and Subtract Integers" -> "Add and Subtract Integers"
std::string TitleOf(const std::string& lesson, const std::string& topic) {
  const size_t begin = lesson.find_first_not_of("0123456789. ");
  if (begin != std::string::npos) return lesson.substr(begin);
  std::string title = topic;
  for (char& c : title) c = c == '_' ? ' ' : c;
  if (!title.empty())
    title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  return title;
}

std::vector<RawHint> HintsOf(const Json& record) {
  std::vector<RawHint> hints;
  const auto found = record.find("hints");
  if (found == record.end() || !found->is_array()) return hints;
  for (const Json& item : *found) {
    if (!item.is_object()) continue;
    RawHint hint;
    hint.id = Text(item, "id");
    hint.text = Text(item, "text").empty() ? Text(item, "title") : Text(item, "text");
    hint.answers = TextsOf(item, "answer");
    hint.dependencies = TextsOf(item, "dependencies");
    hint.parts = HintsOf(Json::object({{"hints", item.value("sub_hints", Json::array())}}));
    hints.push_back(std::move(hint));
  }
  return hints;
}

void AddKnownErrors(const Json& record, tutor::Question* question) {
  const auto found = record.find("known_wrong_answers");
  if (found == record.end() || !found->is_array()) return;
  for (const Json& item : *found) {
    const std::string answer = item.is_object() ? Text(item, "answer") : std::string();
    if (answer.empty()) continue;
    const std::string id = fmt::format("wrong-{}", question->known_errors.size() + 1);
    question->known_errors.push_back({ErrorId(id), {answer}, {}});
  }
}

std::string SolutionOf(const std::vector<std::string>& rungs,
                       const std::vector<std::string>& answers) {
  std::string solution;
  for (const std::string& rung : rungs) solution += rung + "\n";
  if (!answers.empty()) solution += "The answer: " + answers.front();
  return solution;
}

// The question of a record, or why there is none.
Result<tutor::Question> QuestionOf(const Json& record, std::vector<std::string>* lost) {
  tutor::Question question;
  question.id = QuestionId(Text(record, "id"));
  question.text = Text(record, "question_text");
  const std::string kind = Text(record, "answer_kind");
  const auto format = FormatOf(kind);
  if (!format) return Reject("the answer kind \"" + kind + "\" is not known");
  question.format = *format;
  question.answers = TextsOf(record, "answers");
  if (*format == AnswerFormat::kChoice) question.choices = TextsOf(record, "choices");
  for (const std::string& key : question.answers) {
    if (key.find("@{") != std::string::npos) {
      return Reject("the key holds a variable that was not filled in");
    }
  }
  if (question.text.find("@{") != std::string::npos) {
    return Reject("the text holds a variable that was not filled in");
  }
  auto rungs = OrderHints(HintsOf(record), lost);
  if (!rungs) return rungs.error();
  question.solution = SolutionOf(*rungs, question.answers);
  question.hints = MergeRungs(*rungs, tutor::kHintsMax);
  AddKnownErrors(record, &question);
  return question;
}

// A list of sources teaches nothing.
bool IsReferences(std::string title) {
  for (char& c : title) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const std::string_view word :
       {"references", "bibliography", "works cited", "further reading", "sources", "citations",
        "reference list"}) {
    if (title == word) return true;
  }
  return false;
}

// Figures were left out of the text, and references to them lost their number.
std::string WithoutLostReferences(std::string text) {
  for (const std::string_view lost : {" (See .)", " See .", "See . ", " in ."}) {
    for (size_t at = text.find(lost); at != std::string::npos; at = text.find(lost, at)) {
      text.replace(at, lost.size(), lost == " in ." ? "." : "");
    }
  }
  return text;
}

std::vector<std::string> SegmentsOf(const std::string& title, const std::string& text) {
  std::vector<std::string> segments;
  std::string current;
  const auto flush = [&] {
    if (current.empty()) return;
    std::string head = title;
    if (!head.empty() && !segments.empty()) head += fmt::format(" ({})", segments.size() + 1);
    segments.push_back(head.empty() ? current : head + "\n\n" + current);
    current.clear();
  };
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = text.find("\n\n", begin);
    if (end == std::string::npos) end = text.size();
    std::string_view paragraph = std::string_view(text).substr(begin, end - begin);
    begin = end + 2;
    while (!paragraph.empty()) {
      const std::string_view piece = CutUtf8(paragraph, kSegmentBytes);
      if (!current.empty() && current.size() + piece.size() + 2 > kSegmentBytes) flush();
      if (!current.empty()) current += "\n\n";
      current += piece;
      paragraph.remove_prefix(piece.size());
    }
  }
  flush();
  return segments;
}

class Importer {
 public:
  explicit Importer(const CourseId& course) { draft_.id = course; }

  void Problems(std::string_view lines) {
    EachRecord(lines, [this](int line, const Json& record) {
      const std::string item = "problem " + Text(record, "id");
      DraftTopic* topic = TopicOf(line, record, item, Text(record, "lesson"));
      if (topic == nullptr) return;
      std::vector<std::string> lost;
      auto question = QuestionOf(record, &lost);
      for (const std::string& hint : lost) {
        draft_.warnings.push_back(
            {line, item,
             "a hint depends on " + hint + ", which is not there: it comes without that"});
      }
      if (question) {
        topic->questions.push_back({line, std::move(*question)});
      } else {
        draft_.refusals.push_back({line, item, question.error().text});
      }
    });
  }

  void Materials(std::string_view lines) {
    EachRecord(lines, [this](int line, const Json& record) {
      const std::string item = "section " + Text(record, "id");
      if (IsReferences(Text(record, "section_title"))) {
        draft_.warnings.push_back({line, item, "a section of references is left out"});
        return;
      }
      DraftTopic* topic = TopicOf(line, record, item, Text(record, "module_title"));
      if (topic == nullptr) return;
      const auto segments =
          SegmentsOf(Text(record, "section_title"), WithoutLostReferences(Text(record, "text")));
      if (segments.empty()) draft_.refusals.push_back({line, item, "it has no text"});
      auto& material = topic->topic.material;
      material.insert(material.end(), segments.begin(), segments.end());
    });
  }

  Draft Take() {
    draft_.title = draft_.id.value;
    return std::move(draft_);
  }

 private:
  void EachRecord(std::string_view lines, const std::function<void(int, const Json&)>& take) {
    int number = 0;
    while (!lines.empty()) {
      ++number;
      const size_t end = std::min(lines.find('\n'), lines.size());
      const std::string_view line = lines.substr(0, end);
      lines.remove_prefix(std::min(end + 1, lines.size()));
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      const auto refuse = [&](const char* why) {
        draft_.refusals.push_back({number, "record", why});
      };
      if (line.size() > kJsonLineBytesMax) {
        refuse("the line is longer than 1 MiB");
      } else if (!IsUtf8(line)) {
        refuse("the line is not UTF-8");
      } else {
        const Json record = Json::parse(line, nullptr, false);
        if (record.is_object()) {
          take(number, record);
        } else {
          refuse("the line is not a JSON object");
        }
      }
    }
  }

  DraftTopic* TopicOf(int line, const Json& record, const std::string& item,
                      const std::string& lesson) {
    const std::string id = Text(record, "topic");
    if (id.empty()) {
      draft_.refusals.push_back({line, item, "it has no topic"});
      return nullptr;
    }
    const auto [found, added] = places_.try_emplace(id, draft_.topics.size());
    if (added) {
      DraftTopic topic;
      topic.line = line;
      topic.topic.id = TopicId(id);
      topic.topic.title = TitleOf(lesson, id);
      draft_.topics.push_back(std::move(topic));
    }
    return &draft_.topics[found->second];
  }

  Draft draft_;
  std::map<std::string, size_t> places_;
};

}  // namespace

Result<ReadCourse> ParseOatutor(const CourseId& course, std::string_view problems,
                                std::string_view materials) {
  Importer importer(course);
  importer.Problems(problems);
  importer.Materials(materials);
  return Finish(importer.Take());
}

Result<ReadCourse> ReadOatutor(const CourseId& course, const std::string& problems_path,
                               const std::string& materials_path) {
  auto problems = ReadWhole(problems_path, kJsonLinesBytesMax);
  if (!problems) return problems.error();
  std::string materials;
  if (!materials_path.empty()) {
    auto read = ReadWhole(materials_path, kJsonLinesBytesMax);
    if (!read) return read.error();
    materials = std::move(*read);
  }
  return ParseOatutor(course, *problems, materials);
}

}  // namespace lyceum::tools
