// lyceum course: import, check, export, diff, list, show.
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/cli.h"
#include "cli/course_read.h"
#include "cli/terminal.h"
#include "tools/course_bucket.h"
#include "tools/course_diff.h"
#include "tools/course_export.h"
#include "tutor/names.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kItemMax = 120;

size_t Questions(const tools::CourseIndex& index) {
  size_t count = 0;
  for (const auto& topic : index.topics) count += topic.questions;
  return count;
}

Json ToObject(const tools::CourseIndex& index) {
  return Json{{"course", Plain(index.id.value)},
              {"title", Plain(index.title)},
              {"version", index.version},
              {"topics", index.topics.size()},
              {"questions", Questions(index)}};
}

Json ToObject(const tutor::Question& question) {
  Json errors = Json::array();
  for (const tutor::KnownError& error : question.known_errors) {
    errors.push_back({{"id", error.id.value}, {"answers", error.answers}, {"text", error.text}});
    if (error.credit != 0) errors.back()["credit"] = error.credit;
  }
  return Json{{"id", question.id.value},         {"text", question.text},
              {"format", Name(question.format)}, {"choices", question.choices},
              {"answers", question.answers},     {"hints", question.hints},
              {"known_errors", errors},          {"solution", question.solution}};
}

int ShowTopic(const Common& common, const tutor::Topic& topic) {
  if (common.json) {
    Json questions = Json::array();
    for (const tutor::Question& question : topic.questions) questions.push_back(ToObject(question));
    std::cout << Json{{"course", topic.course.value}, {"version", topic.version},
                      {"topic", topic.id.value},      {"title", topic.title},
                      {"material", topic.material},   {"questions", questions}}
                     .dump()
              << std::endl;
    return kDone;
  }
  std::cout << PlainLine(topic.id.value, kItemMax) << ": " << PlainLine(topic.title, 200) << "\n";
  for (size_t i = 0; i < topic.material.size(); ++i) {
    std::cout << "\n-- material " << i + 1 << " of " << topic.material.size() << "\n"
              << Plain(topic.material[i]) << "\n";
  }
  for (const tutor::Question& question : topic.questions) {
    std::cout << "\n-- question " << PlainLine(question.id.value, kItemMax) << " ("
              << Name(question.format) << ")\n"
              << Plain(question.text) << "\n";
    for (const std::string& choice : question.choices)
      std::cout << "   - " << Plain(choice) << "\n";
    for (const std::string& answer : question.answers)
      std::cout << "   = " << Plain(answer) << "\n";
    std::cout << "   " << question.hints.size() << " hints, " << question.known_errors.size()
              << " known errors\n";
  }
  std::cout.flush();
  return kDone;
}

int ShowCourse(const Common& common, const tools::CourseIndex& index) {
  if (common.json) {
    Json json = ToObject(index);
    json["topics"] = Json::array();
    for (const auto& topic : index.topics) {
      json["topics"].push_back({{"topic", Plain(topic.id.value)},
                                {"title", Plain(topic.title)},
                                {"segments", topic.segments},
                                {"questions", topic.questions}});
    }
    std::cout << json.dump() << std::endl;
    return kDone;
  }
  std::cout << PlainLine(index.id.value, kItemMax) << " " << index.version << ": "
            << PlainLine(index.title, 200) << "\n";
  for (const auto& topic : index.topics) {
    std::cout << "  " << PlainLine(topic.id.value, kItemMax) << "  " << topic.segments
              << " segments, " << topic.questions << " questions  " << PlainLine(topic.title, 100)
              << "\n";
  }
  std::cout.flush();
  return kDone;
}

}  // namespace

std::unique_ptr<tools::CourseBucket> OpenCourses(const Common& common, int* code) {
  auto connection = Connect(common);
  if (!connection) {
    *code = FailUsage(connection.error());
    return nullptr;
  }
  auto bucket = tools::CourseBucket::Open(*connection, common.subjects());
  if (!bucket) {
    *code = Fail(bucket.error());
    return nullptr;
  }
  return std::move(*bucket);
}

int RunCourseImport(const Common& common, const CourseSource& source) {
  bool unreadable = false;
  auto read = ReadCourseFrom(source, &unreadable);
  if (!read) return unreadable ? FailUsage(read.error()) : Fail(read.error());
  PrintFindings(common, *read);
  if (!source.from.empty()) std::cerr << SummaryOf(*read);
  const size_t refused = read->refusals.size();
  if (!source.lenient && refused > 0) {
    return Fail(kNo, fmt::format("{} items are refused: nothing was imported; mend them, or leave "
                                 "them out with --lenient",
                                 refused));
  }
  if (read->course.topics.empty()) return Fail(kNo, "no question is left: nothing was imported");
  int code = kDone;
  auto bucket = OpenCourses(common, &code);
  if (!bucket) return code;
  using As = tools::CourseBucket::As;
  auto put = bucket->Put(read->course, source.draft ? As::kDraft : As::kPublished);
  if (!put) return Fail(put.error());
  const tools::CourseIndex index = tools::IndexOf(read->course);
  if (common.json) {
    Json json = ToObject(index);
    json["refused"] = refused;
    json["new"] = *put;
    if (source.draft) json["draft"] = true;
    std::cout << json.dump() << std::endl;
  } else {
    std::cout << PlainLine(index.id.value, kItemMax) << " " << index.version
              << (*put ? "" : " (was there already)") << (source.draft ? " (draft)" : "") << ": "
              << index.topics.size() << " topics, " << Questions(index) << " questions, " << refused
              << " items refused" << std::endl;
  }
  return kDone;
}

int RunCourseCheck(const Common& common, const CourseSource& source) {
  bool unreadable = false;
  auto read = ReadCourseFrom(source, &unreadable);
  if (!read) return unreadable ? FailUsage(read.error()) : Fail(kNo, read.error().text);
  PrintFindings(common, *read);
  if (!source.from.empty()) std::cerr << SummaryOf(*read);
  const tools::CourseIndex index = tools::IndexOf(read->course);
  const size_t problems = read->refusals.size() + read->untypable.size();
  if (common.json) {
    Json json = ToObject(index);
    json["refused"] = read->refusals.size();
    json["untypable"] = read->untypable.size();
    json["warnings"] = read->warnings.size();
    std::cout << json.dump() << std::endl;
  } else {
    std::cout << PlainLine(index.id.value, kItemMax) << ": " << index.topics.size() << " topics, "
              << Questions(index) << " questions, " << read->refusals.size() << " items refused, "
              << read->untypable.size() << " keys that nobody can type" << std::endl;
  }
  return problems == 0 && !index.topics.empty() ? kDone : kNo;
}

int RunCourseDiff(const Common& common, const std::string& from, const std::string& to) {
  std::vector<tools::Course> courses;
  for (const std::string& path : {from, to}) {
    CourseSource source;
    source.files = {path};
    bool unreadable = false;
    auto read = ReadCourseFrom(source, &unreadable);
    // A course that cannot be read is no answer to what is different.
    if (!read) return FailUsage(read.error());
    PrintFindings(Common(), *read);
    courses.push_back(std::move(read->course));
  }
  const auto changes = tools::DiffCourses(courses[0], courses[1]);
  for (const tools::CourseChange& change : changes) {
    const bool added = change.kind == tools::CourseChange::Kind::kAdded;
    const bool removed = change.kind == tools::CourseChange::Kind::kRemoved;
    if (common.json) {
      std::cout << Json{{"change", added     ? "added"
                                   : removed ? "removed"
                                             : "changed"},
                        {"item", Plain(change.item)},
                        {"fields", Plain(change.fields)}}
                       .dump()
                << "\n";
    } else {
      std::cout << (added     ? "+ "
                    : removed ? "- "
                              : "~ ")
                << PlainLine(change.item, kItemMax)
                << (change.fields.empty() ? "" : ": " + change.fields) << "\n";
    }
  }
  std::cout.flush();
  return changes.empty() ? kDone : kNo;
}

int RunCourseExport(const CourseSource& source) {
  bool unreadable = false;
  auto read = ReadCourseFrom(source, &unreadable);
  if (!read) return unreadable ? FailUsage(read.error()) : Fail(kNo, read.error().text);
  PrintFindings(Common(), *read);
  if (!source.from.empty()) std::cerr << SummaryOf(*read);
  if (read->course.topics.empty()) return Fail(kNo, "no question is left");
  std::cout << tools::ExportCourse(read->course) << std::flush;
  return kDone;
}

int RunCourseList(const Common& common) {
  int code = kDone;
  auto bucket = OpenCourses(common, &code);
  if (!bucket) return code;
  auto list = bucket->List();
  if (!list) return Fail(list.error());
  for (const tools::CourseIndex& index : *list) {
    if (common.json) {
      std::cout << ToObject(index).dump() << "\n";
    } else {
      std::cout << PlainLine(index.id.value, kItemMax) << " " << index.version << "  "
                << index.topics.size() << " topics, " << Questions(index) << " questions  "
                << PlainLine(index.title, 200) << "\n";
    }
  }
  std::cout.flush();
  if (list->empty()) std::cerr << "no courses: see `lyceum course import`\n";
  return kDone;
}

int RunCourseShow(const Common& common, const CourseShowOptions& options) {
  int code = kDone;
  auto bucket = OpenCourses(common, &code);
  if (!bucket) return code;
  const CourseId id(options.course);
  auto index = bucket->Find(id, options.version);
  if (!index) return Fail(index.error());
  if (!*index) {
    return Fail(
        kNo, "there is no course " + PlainLine(options.course, kItemMax) +
                 (options.version.empty() ? std::string()
                                          : " of version " + PlainLine(options.version, kItemMax)));
  }
  if (options.topic.empty()) return ShowCourse(common, **index);
  auto topic = bucket->Get({id, (*index)->version, TopicId(options.topic)});
  if (!topic) return Fail(topic.error());
  return ShowTopic(common, **topic);
}

}  // namespace lyceum::cli
