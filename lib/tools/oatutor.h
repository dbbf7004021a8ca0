// Importer for problems and material as JSON Lines, one record a line.
//
//   problem   {id, topic, lesson, question_text, answer_kind, answers[], choices[],
//              known_wrong_answers[]{answer},
//              hints[]{id, type: hint|scaffold, title, text, dependencies[], answer[],
//                    sub_hints[]}}
//   section   {id, topic, section_title, text}
// Topics are the `topic` words, in the order of their first appearance, problems before sections.
// Sections become material, cut at paragraphs into segments of about kSegmentBytes. Hints and
// scaffolds become the ladder, in the order of their dependencies; more than the ladder takes are
// merged evenly. Refused by line: what is not JSON, no key, a key not among the choices, options
// twice, hints that depend on each other, a variable that was not filled in, a ##figure.gif## (there
// are no pictures). With a warning: a hint that depends on one of another step comes without that
// dependency, sections of references are left out.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "tools/course.h"

namespace lyceum::tools {

inline constexpr size_t kSegmentBytes = 4000;
inline constexpr size_t kJsonLinesBytesMax = 64 * 1024 * 1024;
inline constexpr size_t kJsonLineBytesMax = 1024 * 1024;

Result<ReadCourse> ParseOatutor(const CourseId& course, std::string_view problems,
                                std::string_view materials);
// The same of two files; `materials` empty: none.
Result<ReadCourse> ReadOatutor(const CourseId& course, const std::string& problems_path,
                               const std::string& materials_path);

}  // namespace lyceum::tools
