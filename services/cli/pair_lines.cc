#include "cli/pair_lines.h"

#include <istream>
#include <nlohmann/json.hpp>

#include "cli/terminal.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

Result<std::string> TextOf(const Json& record, const char* name) {
  const auto found = record.find(name);
  if (found == record.end() || !found->is_string()) {
    return Reject(std::string("\"") + name + "\" must be a text");
  }
  return found->get<std::string>();
}

// Missing and null are an empty list.
Result<std::vector<std::string>> TextsOf(const Json& record, const char* name) {
  std::vector<std::string> texts;
  const auto found = record.find(name);
  if (found == record.end() || found->is_null()) return texts;
  if (!found->is_array()) return Reject(std::string("\"") + name + "\" must be a list of texts");
  for (const Json& text : *found) {
    if (!text.is_string()) return Reject(std::string("\"") + name + "\" must be a list of texts");
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

}  // namespace

Result<PairLine> ParsePairLine(const std::string& text) {
  const Json record = Json::parse(text, nullptr, false);
  if (!record.is_object()) return Reject("not a JSON object");
  PairLine line;
  if (auto id = TextOf(record, "id")) {
    line.id = *id;
  } else {
    return id.error();
  }
  auto kind = TextOf(record, "answer_kind");
  if (!kind) return kind.error();
  const auto known = grading::KindOf(*kind);
  if (!known) return Reject("there is no answer_kind \"" + PlainLine(*kind, 40) + "\"");
  line.kind = *kind;
  line.pair.kind = *known;
  auto answer = TextOf(record, "student_answer");
  if (!answer) return answer.error();
  line.pair.answer = *answer;
  auto references = TextsOf(record, "reference_answers");
  if (!references) return references.error();
  if (references->empty()) return Reject("\"reference_answers\" must hold a text");
  line.pair.references = *references;
  auto choices = TextsOf(record, "choices");
  if (!choices) return choices.error();
  line.pair.choices = *choices;
  if (record.contains("question") && !record["question"].is_null()) {
    auto question = TextOf(record, "question");
    if (!question) return question.error();
    line.pair.question = *question;
  }
  const auto correct = record.find("correct");
  if (correct != record.end() && !correct->is_null()) {
    if (!correct->is_boolean()) return Reject("\"correct\" must be true or false");
    line.correct = correct->get<bool>();
  }
  return line;
}

Result<std::optional<PairLine>> ReadPairLine(std::istream& from, size_t* number) {
  std::string text;
  while (from.peek() != std::istream::traits_type::eof()) {
    ++*number;
    text.clear();
    int c = 0;
    while ((c = from.get()) != std::istream::traits_type::eof() && c != '\n') {
      text += static_cast<char>(c);
      if (text.size() > kPairLineBytesMax) {
        return Reject("line " + std::to_string(*number) + " is longer than " +
                      std::to_string(kPairLineBytesMax) + " bytes");
      }
    }
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto line = ParsePairLine(text);
    if (!line) return Reject("line " + std::to_string(*number) + ": " + line.error().text);
    return std::optional<PairLine>(std::move(*line));
  }
  return std::optional<PairLine>();
}

}  // namespace lyceum::cli
