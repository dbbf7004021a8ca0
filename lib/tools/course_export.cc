#include "tools/course_export.h"

#include <fmt/format.h>

#include "tutor/names.h"

namespace lyceum::tools {
namespace {

// A basic string of TOML. Texts are UTF-8.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\u{:04X}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string List(const std::vector<std::string>& texts, std::string_view between = ", ") {
  std::string out = "[";
  for (size_t i = 0; i < texts.size(); ++i) out += (i == 0 ? "" : between), out += Quoted(texts[i]);
  return out + "]";
}

// A number that reads back as the same: with a point or an exponent, so that it is no integer.
std::string Number(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

class Writer {
 public:
  explicit Writer(std::string* out) : out_(out) {}

  void Table(std::string_view name) { *out_ += fmt::format("\n[[{}]]\n", name); }
  void Always(std::string_view name, std::string_view value) {
    *out_ += fmt::format("{} = {}\n", name, value);
  }
  void Text(std::string_view name, const std::string& text) {
    if (!text.empty()) Always(name, Quoted(text));
  }
  void Texts(std::string_view name, const std::vector<std::string>& texts) {
    if (!texts.empty()) Always(name, List(texts));
  }
  void Number(std::string_view name, double value) {
    if (value != 0) Always(name, tools::Number(value));
  }
  void Flag(std::string_view name, bool value) {
    if (value) Always(name, "true");
  }

 private:
  std::string* out_;
};

void Write(const tutor::Question& question, Writer* writer) {
  writer->Table("topic.question");
  writer->Always("id", Quoted(question.id.value));
  writer->Always("text", Quoted(question.text));
  writer->Always("format", Quoted(tutor::Name(question.format)));
  writer->Texts("choices", question.choices);
  writer->Texts("answers", question.answers);
  writer->Number("tolerance", question.tolerance);
  writer->Number("relative_tolerance", question.relative_tolerance);
  if (question.significant_figures > 0) {
    writer->Always("significant_figures", std::to_string(question.significant_figures));
  }
  writer->Flag("partial_credit", question.partial_credit);
  writer->Text("unit", question.unit);
  writer->Texts("hints", question.hints);
  writer->Text("solution", question.solution);
  for (const tutor::KnownError& error : question.known_errors) {
    writer->Table("topic.question.known_error");
    writer->Always("id", Quoted(error.id.value));
    writer->Texts("answers", error.answers);
    writer->Text("text", error.text);
    writer->Number("credit", error.credit);
  }
}

void Write(const tutor::Topic& topic, Writer* writer) {
  writer->Table("topic");
  writer->Always("id", Quoted(topic.id.value));
  writer->Text("title", topic.title);
  if (!topic.material.empty()) writer->Always("material", List(topic.material, ",\n  "));
  if (topic.gate.window > 0) {
    writer->Always("gate", fmt::format("{{ window = {}, correct = {} }}", topic.gate.window,
                                       topic.gate.correct));
  }
  writer->Flag("generate_questions", topic.generate_questions);
  for (const tutor::Question& question : topic.questions) Write(question, writer);
}

}  // namespace

std::string ExportCourse(const Course& course) {
  std::string out;
  Writer writer(&out);
  writer.Always("id", Quoted(course.id.value));
  writer.Always("title", Quoted(course.title));
  if (!course.topics.empty() && !course.topics.front().synonyms.empty()) {
    std::string groups;
    for (const auto& group : course.topics.front().synonyms) {
      groups += (groups.empty() ? "[" : ",\n  ") + List(group);
    }
    writer.Always("synonyms", groups + "]");
  }
  if (!course.topics.empty() && course.topics.front().supervision) {
    const tutor::CourseSupervision& supervision = *course.topics.front().supervision;
    writer.Always("supervision", fmt::format("{{ undecided = \"{}\", decide_seconds = {} }}",
                                             Name(supervision.undecided), supervision.decide_s));
  }
  for (const tutor::Topic& topic : course.topics) Write(topic, &writer);
  for (const CourseFunction& function : course.functions) {
    writer.Table("function");
    writer.Always("name", Quoted(function.name));
    writer.Always("description", Quoted(function.description));
    writer.Always("arguments", Quoted(function.arguments));
    writer.Always("result", Quoted(function.result));
  }
  return out;
}

}  // namespace lyceum::tools
