#include "tools/course_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <sstream>

#include "base/token.h"
#include "tutor/names.h"

namespace lyceum::tools {
namespace {

int LineOf(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

// One table of the file; collects what is wrong with it.
class Fields {
 public:
  explicit Fields(const toml::table& table) : table_(table) {}

  void Allow(std::initializer_list<std::string_view> names) {
    for (const auto& [key, node] : table_) {
      const std::string_view name = key.str();
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        Complain(fmt::format("line {}: unknown key {}", LineOf(node), name));
      }
    }
  }
  bool Has(std::string_view name) const { return table_.contains(name); }
  std::string Text(std::string_view name) {
    return Value<std::string>(name, "a text").value_or("");
  }
  double Number(std::string_view name) { return Value<double>(name, "a number").value_or(0); }
  bool Flag(std::string_view name) { return Value<bool>(name, "true or false").value_or(false); }
  uint32_t Count(std::string_view name) {
    const int64_t value = Value<int64_t>(name, "a whole number").value_or(0);
    if (value < 0 || value > 1'000'000) Complain(fmt::format("{} is out of range", name));
    return static_cast<uint32_t>(std::clamp<int64_t>(value, 0, 1'000'000));
  }
  std::vector<std::string> Texts(std::string_view name) {
    std::vector<std::string> texts;
    const toml::node* node = table_.get(name);
    if (node == nullptr) return texts;
    const toml::array* array = node->as_array();
    if (array == nullptr) {
      Complain(fmt::format("{} must be a list of texts", name));
      return texts;
    }
    for (const toml::node& item : *array) {
      const auto text = item.value_exact<std::string>();
      if (!text) Complain(fmt::format("line {}: {} must be a list of texts", LineOf(item), name));
      texts.push_back(text.value_or(""));
    }
    return texts;
  }
  std::vector<std::vector<std::string>> TextLists(std::string_view name) {
    std::vector<std::vector<std::string>> lists;
    const toml::node* node = table_.get(name);
    if (node == nullptr) return lists;
    const toml::array* array = node->as_array();
    if (array == nullptr) Complain(fmt::format("{} must be a list of lists of texts", name));
    for (size_t i = 0; array != nullptr && i < array->size(); ++i) {
      const toml::array* items = array->get(i)->as_array();
      std::vector<std::string> texts;
      for (size_t j = 0; items != nullptr && j < items->size(); ++j) {
        texts.push_back(items->get(j)->value_exact<std::string>().value_or(""));
      }
      lists.push_back(std::move(texts));
    }
    return lists;
  }
  const toml::table* Table(std::string_view name) {
    const toml::node* node = table_.get(name);
    if (node != nullptr && !node->is_table()) Complain(fmt::format("{} must be a table", name));
    return node == nullptr ? nullptr : node->as_table();
  }
  // [[name]] items. Anything else under that name is a problem of this table.
  std::vector<const toml::table*> Tables(std::string_view name) {
    std::vector<const toml::table*> tables;
    const toml::node* node = table_.get(name);
    if (node == nullptr) return tables;
    const toml::array* array = node->as_array();
    if (array == nullptr) Complain(fmt::format("{0} must be written as [[{0}]]", name));
    for (size_t i = 0; array != nullptr && i < array->size(); ++i) {
      const toml::table* table = array->get(i)->as_table();
      if (table == nullptr) {
        Complain(fmt::format("{0} must be written as [[{0}]]", name));
      } else {
        tables.push_back(table);
      }
    }
    return tables;
  }

  void Complain(const std::string& problem) {
    if (!problems_.empty()) problems_ += "; ";
    problems_ += problem;
  }
  const std::string& problems() const { return problems_; }

 private:
  template <class T>
  std::optional<T> Value(std::string_view name, std::string_view what) {
    const toml::node* node = table_.get(name);
    if (node == nullptr) return std::nullopt;
    auto value = node->value<T>();
    if (!value || (std::is_same_v<T, bool> && !node->is_boolean())) {
      Complain(fmt::format("line {}: {} must be {}", LineOf(*node), name, what));
      return std::nullopt;
    }
    return value;
  }

  const toml::table& table_;
  std::string problems_;
};

tutor::KnownError ReadKnownError(const toml::table& table, Fields* question) {
  Fields fields(table);
  fields.Allow({"id", "answers", "text", "credit"});
  tutor::KnownError error{ErrorId(fields.Text("id")), fields.Texts("answers"), fields.Text("text"),
                          fields.Number("credit")};
  if (!fields.problems().empty()) question->Complain(fields.problems());
  return error;
}

void ReadQuestion(const toml::table& table, size_t number, DraftTopic* topic,
                  std::vector<Refusal>* refusals) {
  Fields fields(table);
  fields.Allow({"id", "text", "format", "choices", "answers", "tolerance", "relative_tolerance",
                "significant_figures", "partial_credit", "unit", "hints", "known_error",
                "solution"});
  DraftQuestion draft;
  draft.line = LineOf(table);
  tutor::Question& question = draft.question;
  question.id = QuestionId(fields.Text("id"));
  question.text = fields.Text("text");
  question.choices = fields.Texts("choices");
  question.answers = fields.Texts("answers");
  question.tolerance = fields.Number("tolerance");
  question.relative_tolerance = fields.Number("relative_tolerance");
  if (fields.Has("significant_figures")) {
    question.significant_figures = fields.Count("significant_figures");
    if (question.significant_figures == 0) fields.Complain("significant_figures must be 1 to 15");
  }
  question.partial_credit = fields.Flag("partial_credit");
  question.unit = fields.Text("unit");
  question.hints = fields.Texts("hints");
  question.solution = fields.Text("solution");
  const auto format = tutor::Parse<tutor::AnswerFormat>(fields.Text("format"));
  if (format) {
    question.format = *format;
  } else {
    fields.Complain(
        "format must be choice, multiple_choice, numeric, expression, equation, interval, list or "
        "text");
  }
  for (const toml::table* error : fields.Tables("known_error")) {
    question.known_errors.push_back(ReadKnownError(*error, &fields));
  }
  if (fields.problems().empty()) {
    topic->questions.push_back(std::move(draft));
    return;
  }
  const std::string name = question.id.empty() ? std::to_string(number) : question.id.value;
  refusals->push_back({draft.line, "question " + name, fields.problems()});
}

std::optional<tutor::CourseSupervision> ReadSupervision(Fields* course) {
  if (!course->Has("supervision")) return std::nullopt;
  tutor::CourseSupervision supervision;
  const toml::table* table = course->Table("supervision");
  if (table == nullptr) return supervision;  // And a complaint.
  Fields fields(*table);
  fields.Allow({"undecided", "decide_seconds"});
  const std::string word = fields.Text("undecided");
  const auto undecided = tutor::Parse<tutor::Undecided>(word);
  if (undecided) supervision.undecided = *undecided;
  if (!word.empty() && !undecided) fields.Complain("undecided takes authored or as_is");
  supervision.decide_s = fields.Count("decide_seconds");
  if (!fields.problems().empty()) course->Complain("supervision: " + fields.problems());
  return supervision;
}

void ReadTopic(const toml::table& table, size_t number, Draft* draft) {
  Fields fields(table);
  fields.Allow({"id", "title", "material", "gate", "generate_questions", "question"});
  DraftTopic topic;
  topic.line = LineOf(table);
  topic.topic.id = TopicId(fields.Text("id"));
  topic.topic.title = fields.Text("title");
  topic.topic.material = fields.Texts("material");
  topic.topic.generate_questions = fields.Flag("generate_questions");
  if (const toml::table* gate = fields.Table("gate")) {
    Fields gate_fields(*gate);
    gate_fields.Allow({"window", "correct"});
    topic.topic.gate = {gate_fields.Count("window"), gate_fields.Count("correct")};
    if (!gate_fields.problems().empty()) fields.Complain(gate_fields.problems());
  }
  size_t question = 0;
  for (const toml::table* item : fields.Tables("question")) {
    ReadQuestion(*item, ++question, &topic, &draft->refusals);
  }
  if (fields.problems().empty()) {
    draft->topics.push_back(std::move(topic));
    return;
  }
  const std::string name = topic.topic.id.empty() ? std::to_string(number) : topic.topic.id.value;
  draft->refusals.push_back({topic.line, "topic " + name, fields.problems()});
}

void ReadFunction(const toml::table& table, size_t number, Draft* draft) {
  Fields fields(table);
  fields.Allow({"name", "description", "arguments", "result"});
  DraftFunction item;
  item.line = LineOf(table);
  item.function = {fields.Text("name"), fields.Text("description"), fields.Text("arguments"),
                   fields.Text("result")};
  if (fields.problems().empty()) {
    draft->functions.push_back(std::move(item));
    return;
  }
  const std::string name = item.function.name.empty() ? std::to_string(number) : item.function.name;
  draft->refusals.push_back({item.line, "function " + name, fields.problems()});
}

}  // namespace

Result<ReadCourse> ParseCourseFile(std::string_view text) {
  if (text.size() > kCourseFileBytesMax) return Reject("the file is larger than 16 MiB");
  if (!IsUtf8(text)) return Reject("the file is not UTF-8");
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return Reject(fmt::format("line {}: {}", error.source().begin.line, error.description()));
  }
  Fields fields(table);
  fields.Allow({"id", "title", "synonyms", "supervision", "topic", "function"});
  Draft draft;
  draft.id = CourseId(fields.Text("id"));
  draft.title = fields.Text("title");
  size_t number = 0;
  const auto synonyms = fields.TextLists("synonyms");
  for (const toml::table* topic : fields.Tables("topic")) ReadTopic(*topic, ++number, &draft);
  const auto supervision = ReadSupervision(&fields);
  for (DraftTopic& topic : draft.topics) {
    topic.topic.synonyms = synonyms;
    topic.topic.supervision = supervision;
  }
  number = 0;
  for (const toml::table* function : fields.Tables("function")) {
    ReadFunction(*function, ++number, &draft);
  }
  if (!fields.problems().empty()) return Reject(fields.problems());
  return Finish(std::move(draft));
}

Result<std::string> ReadWhole(const std::string& path, size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Reject(path + " can not be opened");
  std::string bytes;
  std::array<char, 64 * 1024> block;
  while (file.read(block.data(), block.size()) || file.gcount() > 0) {
    bytes.append(block.data(), static_cast<size_t>(file.gcount()));
    if (bytes.size() > bytes_max) {
      return Reject(fmt::format("{} is larger than {} bytes", path, bytes_max));
    }
  }
  if (file.bad() || !file.eof()) return Reject(path + " can not be read");
  return bytes;
}

Result<ReadCourse> ReadCourseFile(const std::string& path) {
  auto text = ReadWhole(path, kCourseFileBytesMax);
  if (!text) return text.error();
  auto read = ParseCourseFile(*text);
  if (!read) return Error{read.error().fault, path + ": " + read.error().text};
  return read;
}

}  // namespace lyceum::tools
