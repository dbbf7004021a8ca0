// Asked: what a learner's question is about.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/terms.h"

namespace lyceum::tools {

using Phrase = std::vector<std::string>;  // Stems that stand beside each other.

// One thing that is asked about, under all its names.
struct Concept {
  std::vector<Phrase> names;  // The learner's first.
  bool light = false;         // See TermKind.
  bool subject = false;       // What the whole course is about: light, and any passage has it.
  bool focus = false;         // Of "what is X": it is X, or a part of it.
};

struct Asked {
  std::vector<Concept> concepts;
  // "What is X", in any of its forms: X under all its names. Empty: something else is asked.
  std::vector<Phrase> defined;
  // Terms that stand side by side in it: "common denominator".
  std::vector<Phrase> pairs;
  // "Why?", "I do not get it": about what stands there now.
  bool about_now = false;
};

// Terms that mean the same to a learner: groups of words or short phrases.
using Synonyms = std::vector<std::vector<std::string>>;

// `subject`: what the whole course is about. Its terms say little in a question.
Asked ReadAsked(std::string_view text, const Synonyms& synonyms = {},
                std::string_view subject = {});

}  // namespace lyceum::tools
