// The words of the grading tests: Is("1/2", "0.5") says what CheckAnswer makes of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "grading/answer/grade.h"

namespace lyceum::grading {

inline Item Of(Format format, std::string key) {
  Item item;
  item.format = format;
  item.answers = {std::move(key)};
  return item;
}

inline std::string Name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kCorrect:
      return "correct";
    case Outcome::kIncorrect:
      return "incorrect";
    case Outcome::kInvalid:
      return "invalid";
  }
  return "";
}

inline std::string Is(Format format, const std::string& key, const std::string& answer) {
  return Name(CheckAnswer(Of(format, key), answer).outcome);
}

}  // namespace lyceum::grading
