// lyceum course versions, publish, rollback, fetch: the versions of a course that is stored.
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "cli/cli.h"
#include "cli/course_read.h"
#include "cli/terminal.h"
#include "tools/course_export.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kCourseNameMax = 120;

// A version or course that is not there is no broken server.
int FailOrNo(const Error& error) {
  return error.fault == Fault::kReject ? Fail(kNo, PlainLine(error.text, 2000)) : Fail(error);
}

int SayCurrent(const Common& common, const std::string& course, const std::string& version,
               bool changed) {
  if (common.json) {
    std::cout
        << Json{{"course", Plain(course)}, {"current", Plain(version)}, {"changed", changed}}.dump()
        << std::endl;
  } else {
    std::cout << PlainLine(course, kCourseNameMax) << " " << PlainLine(version, kCourseNameMax)
              << (changed ? " is current now: for sessions that begin from now on"
                          : " was current already")
              << std::endl;
  }
  return kDone;
}

}  // namespace

int RunCourseVersions(const Common& common, const CourseShowOptions& options) {
  int code = kDone;
  auto bucket = OpenCourses(common, &code);
  if (!bucket) return code;
  auto versions = bucket->Versions(CourseId(options.course));
  if (!versions) return FailOrNo(versions.error());
  if (versions->empty()) {
    return Fail(kNo, "there is no course " + PlainLine(options.course, kCourseNameMax));
  }
  for (const auto& each : *versions) {
    const std::string at = each.published_ms == 0 ? "-" : TimeText(each.published_ms);
    size_t questions = 0;
    for (const auto& topic : each.index.topics) questions += topic.questions;
    if (common.json) {
      Json json{{"course", Plain(each.index.id.value)},
                {"version", Plain(each.index.version)},
                {"state", Name(each.state)},
                {"title", Plain(each.index.title)},
                {"topics", each.index.topics.size()},
                {"questions", questions}};
      if (each.published_ms != 0) json["published"] = at;
      std::cout << json.dump() << "\n";
    } else {
      std::cout << fmt::format("{:<18} {:<10} {:<25} {} topics, {} questions  {}\n",
                               PlainLine(each.index.version, kCourseNameMax), Name(each.state), at,
                               each.index.topics.size(), questions,
                               PlainLine(each.index.title, 200));
    }
  }
  std::cout.flush();
  return kDone;
}

int RunCoursePublish(const Common& common, const CourseShowOptions& options) {
  int code = kDone;
  auto bucket = OpenCourses(common, &code);
  if (!bucket) return code;
  auto published = bucket->Publish(CourseId(options.course), options.version);
  if (!published) return FailOrNo(published.error());
  return SayCurrent(common, options.course, options.version, *published);
}

int RunCourseRollback(const Common& common, const CourseShowOptions& options) {
  int code = kDone;
  auto bucket = OpenCourses(common, &code);
  if (!bucket) return code;
  auto version = bucket->RollBack(CourseId(options.course), options.version);
  if (!version) return FailOrNo(version.error());
  return SayCurrent(common, options.course, *version, true);
}

int RunCourseFetch(const Common& common, const CourseShowOptions& options) {
  int code = kDone;
  auto bucket = OpenCourses(common, &code);
  if (!bucket) return code;
  auto course = bucket->Whole(CourseId(options.course), options.version);
  if (!course) return FailOrNo(course.error());
  std::cout << tools::ExportCourse(*course) << std::flush;
  return kDone;
}

}  // namespace lyceum::cli
