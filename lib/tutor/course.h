// What is wrong with content, as sentences for its author. Values only; says nothing of whether it
// is good.
#pragma once

#include <string>
#include <vector>

#include "tutor/content.h"

namespace lyceum::tutor {

inline constexpr size_t kContentTextBytesMax = 64 * 1024;  // A question, a segment, a solution.
inline constexpr size_t kContentLineBytesMax = 4 * 1024;   // A choice, a key, a title.
inline constexpr size_t kContentIdBytesMax = 128;
inline constexpr size_t kChoicesMax = 26;
inline constexpr uint32_t kFiguresMax = 15;     // Significant, of a number.
inline constexpr size_t kTopicItemsMax = 4096;  // Segments, or questions.
inline constexpr size_t kSynonymGroupsMax = 256;
inline constexpr size_t kSynonymsMax = 16;  // Of a group, 2 at least.
inline constexpr size_t kSynonymBytesMax = 64;

// One sentence for each thing that is wrong; empty: nothing is.
std::vector<std::string> Problems(const Question& question);
std::vector<std::string> Problems(const Topic& topic);

}  // namespace lyceum::tutor
