// Pair lines: what `lyceum grade` reads, a JSON object a line.
//
//   {"id", "answer_kind", "reference_answers": [], "student_answer",
//    "question"?, "choices"?: [], "correct"?: true | false}      other fields are left alone
#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "base/result.h"
#include "grading/answer/pair.h"

namespace lyceum::cli {

inline constexpr size_t kPairLineBytesMax = 1 << 20;

struct PairLine {
  std::string id;
  std::string kind;  // As it was spelt.
  grading::Pair pair;
  std::optional<bool> correct;  // What a person said of it.
};

Result<PairLine> ParsePairLine(const std::string& text);

// The next line that is not empty; none at the end. kReject, with the line's number: too long, or
// not such an object. `number` counts lines from 1.
Result<std::optional<PairLine>> ReadPairLine(std::istream& from, size_t* number);

}  // namespace lyceum::cli
