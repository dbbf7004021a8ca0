// The words that a field may hold, for the errors that name them. Private to this library.
#pragma once

#include <string>

#include "tutor/names.h"

namespace lyceum::envelope {

template <class Enum>
inline constexpr int kWordCount = 0;
template <>
inline constexpr int kWordCount<tutor::Tool> = tutor::kToolCount;
template <>
inline constexpr int kWordCount<tutor::StateName> = tutor::kStateCount;
template <>
inline constexpr int kWordCount<tutor::Verdict> = 6;
template <>
inline constexpr int kWordCount<tutor::AnswerFormat> = 7;
template <>
inline constexpr int kWordCount<tutor::FoundIntent> = 6;
template <>
inline constexpr int kWordCount<tutor::Strategy> = 3;
template <>
inline constexpr int kWordCount<tutor::Role> = 5;
template <>
inline constexpr int kWordCount<tutor::BusyPolicy> = 3;
template <>
inline constexpr int kWordCount<tutor::Supervision> = 2;
template <>
inline constexpr int kWordCount<tutor::Undecided> = 2;

template <class Enum>
std::string AllowedWords() {
  static_assert(kWordCount<Enum> > 0);
  std::string words;
  for (int i = 0; i < kWordCount<Enum>; ++i) {
    if (i > 0) words += ", ";
    words += tutor::Name(static_cast<Enum>(i));
  }
  return words;
}

}  // namespace lyceum::envelope
