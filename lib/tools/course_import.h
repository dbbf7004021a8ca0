// ImportCourse: questions of other systems as a course of ours.
//
//   gift        Moodle's GIFT: text, items between blank lines
//   moodle-xml  Moodle's XML: <quiz> with <question type="...">
//   qti         QTI 2.1, 2.2 and 3.0: an item a file, <assessmentItem> or <qti-assessment-item>
//   olx         Open edX: <problem>, alone or inside of a course, chapter, sequential, vertical or
//               library
//
// Item by item: a question is imported as it is, or refused by the name of what this course format
// does not have. What becomes of what:
//   one right choice, true or false      choice; another choice with a part of the marks: a known
//                                        error with a credit
//   several right choices                multiple_choice; partial credit where the right ones weigh
//                                        the same and each wrong one costs something
//   a short text                         text; a text with a part of the marks: as above
//   a number, with a tolerance or range  numeric
//   feedback on a wrong answer           the text of a known error
//   feedback on the right one, solution  solution
//   hints                                hints
//   a description without a question     material
//   categories, chapters, sequentials    topics, else the one topic "questions"
// Texts: markup.h. Warnings say what was left out without changing what is asked or how it is
// graded, such as a feedback for any wrong answer.
// Total: any bytes give a course or an error. Not thread-bound.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tools/course.h"

namespace lyceum::tools {

enum class SourceFormat { kGift, kMoodleXml, kQti, kOlx };

inline constexpr size_t kSourceBytesMax = 16 * 1024 * 1024;    // Of one file,
inline constexpr size_t kSourcesBytesMax = 128 * 1024 * 1024;  // and of all that are read at once.
inline constexpr size_t kSourceFilesMax = 1024;

struct SourceFile {
  std::string name;  // For messages and ids: without its folder.
  std::string bytes;
};

// "gift", "moodle-xml", "qti", "olx".
std::optional<SourceFormat> ParseSourceFormat(std::string_view name);

// Where every item was refused: a course without topics. kReject: no file, too many or too large
// ones, or what else Finish refuses as a whole.
Result<ReadCourse> ImportCourse(const CourseId& course, SourceFormat format,
                                const std::vector<SourceFile>& files);

}  // namespace lyceum::tools
