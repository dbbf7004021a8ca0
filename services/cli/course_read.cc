#include "cli/course_read.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/terminal.h"
#include "tools/course_file.h"
#include "tools/course_import.h"
#include "tools/oatutor.h"
#include "tutor/names.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kProblemItemMax = 120;
constexpr size_t kReasonMax = 400;
constexpr size_t kReasonsMax = 40;  // Rows of the summary.

Result<std::string> Whole(const std::string& path, size_t bytes_max, bool* unreadable) {
  Result<std::string> text = tools::ReadWhole(path, bytes_max);
  if (!text) *unreadable = true;
  return text;
}

Result<tools::ReadCourse> ReadOatutorFrom(const CourseSource& source, bool* unreadable) {
  auto problems = Whole(source.problems, tools::kJsonLinesBytesMax, unreadable);
  if (!problems) return problems.error();
  std::string materials;
  if (!source.materials.empty()) {
    auto text = Whole(source.materials, tools::kJsonLinesBytesMax, unreadable);
    if (!text) return text.error();
    materials = std::move(*text);
  }
  return tools::ParseOatutor(CourseId(source.course), *problems, materials);
}

void Print(const Common& common, const char* kind, const tools::Refusal& found) {
  if (common.json) {
    std::cout << Json{{kind, Plain(found.item)},
                      {"line", found.line},
                      {"reason", Plain(found.reason)}}
                     .dump()
              << "\n";
  }
  std::cerr << kind << ": ";
  if (found.line > 0) std::cerr << "line " << found.line << ": ";
  std::cerr << PlainLine(found.item, kProblemItemMax) << ": " << PlainLine(found.reason, kReasonMax)
            << "\n";
}

}  // namespace

Result<tools::ReadCourse> ReadCourseFrom(const CourseSource& source, bool* unreadable) {
  if (source.from == "oatutor") return ReadOatutorFrom(source, unreadable);
  const auto format = tools::ParseSourceFormat(source.from);
  if (!format) {
    auto text = Whole(source.files.front(), tools::kCourseFileBytesMax, unreadable);
    if (!text) return text.error();
    return tools::ParseCourseFile(*text);
  }
  std::vector<tools::SourceFile> files;
  size_t together = 0;
  for (const std::string& path : source.files) {
    auto bytes = Whole(path, tools::kSourceBytesMax, unreadable);
    if (!bytes) return bytes.error();
    together += bytes->size();
    if (together > tools::kSourcesBytesMax) {
      return Reject("the files are larger than 128 MiB together: read some of them at a time");
    }
    files.push_back({path.substr(path.rfind('/') + 1), std::move(*bytes)});
  }
  return tools::ImportCourse(CourseId(source.course), *format, files);
}

void PrintFindings(const Common& common, const tools::ReadCourse& read) {
  for (const tools::Refusal& refusal : read.refusals) Print(common, "refused", refusal);
  for (const tools::Refusal& key : read.untypable) Print(common, "untypable", key);
  for (const tools::Refusal& warning : read.warnings) Print(common, "warning", warning);
}

std::string SummaryOf(const tools::ReadCourse& read) {
  std::map<std::string, size_t> formats;
  size_t segments = 0;
  for (const tutor::Topic& topic : read.course.topics) {
    segments += topic.material.size();
    for (const tutor::Question& question : topic.questions) {
      ++formats[std::string(tutor::Name(question.format))];
    }
  }
  std::string table;
  for (const auto& [format, count] : formats) {
    table += fmt::format("imported {:>6}  {}\n", count, format);
  }
  if (segments > 0) table += fmt::format("imported {:>6}  material\n", segments);
  std::map<std::string, size_t> reasons;
  for (const tools::Refusal& refusal : read.refusals) ++reasons[PlainLine(refusal.reason, 100)];
  std::vector<std::pair<std::string, size_t>> rows(reasons.begin(), reasons.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i == kReasonsMax) {
      table += fmt::format("refused          {} more reasons\n", rows.size() - i);
      break;
    }
    table += fmt::format("refused  {:>6}  {}\n", rows[i].second, rows[i].first);
  }
  return table;
}

}  // namespace lyceum::cli
