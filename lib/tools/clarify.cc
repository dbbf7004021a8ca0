// What a learner asks, answered with the course's own words.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/explain.h"
#include "tutor/reveal.h"

namespace lyceum::tools {
namespace {

using tutor::Question;
using Passage = TopicView::Passage;

// Below this share of what was asked about a passage is about something else.
constexpr double kCoverageMin = 0.4;
// What a passage of another topic has to have, where this one has some of it.
constexpr double kCoverageElsewhere = 0.6;
constexpr double kTitleWeight = 0.4;
constexpr double kBetter = 0.25;  // By so much another topic has to be, to be looked at before.
// The learner's question and the open one are the same, where they share so much.
constexpr double kSameShare = 0.75;
constexpr double kSameOfQuestion = 0.5;

std::string LastOfTutor(const std::vector<tutor::HistoryEntry>& recent) {
  for (size_t i = recent.size(); i-- > 0;) {
    if (recent[i].role == tutor::Role::kTutor) return recent[i].text;
  }
  return {};
}

// A hint that does not give the answer away, to put in the place of what would.
std::string SafeHint(const Question& question) {
  for (const std::string& hint : question.hints) {
    if (!hint.empty() && !tutor::Reveals(hint, question)) return hint;
  }
  return "Write down what is given and what is asked for, and look for one step between them.";
}

std::string Pointer(bool open) {
  return open ? "\n\nNow look at the question again with that in mind." : "";
}

bool Share(const std::vector<Phrase>& a, const std::vector<Phrase>& b) {
  return std::any_of(a.begin(), a.end(), [&](const Phrase& phrase) {
    return std::find(b.begin(), b.end(), phrase) != b.end();
  });
}

// The last sentence that asks something; else all of it.
std::string_view AskingSentence(std::string_view text) {
  const size_t end = text.rfind('?');
  if (end == std::string_view::npos) return text;
  const size_t begin = text.substr(0, end).find_last_of(".!?:\n");
  text = text.substr(0, end);
  return text.substr(begin == std::string_view::npos ? 0 : begin + 1);
}

double ShareOf(const std::vector<std::string>& stems, const std::vector<std::string>& in) {
  if (stems.empty()) return 0;
  const auto shared = std::count_if(stems.begin(), stems.end(), [&](const std::string& stem) {
    return std::find(in.begin(), in.end(), stem) != in.end();
  });
  return static_cast<double>(shared) / static_cast<double>(stems.size());
}

bool IsNumber(const std::string& stem) {
  return std::any_of(stem.begin(), stem.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What the open question itself asks: the same X of "what is X", or said in its words.
bool IsTheQuestion(const TopicView& view, const Asked& asked, const std::string& text,
                   const tutor::QuestionView& open) {
  if (Share(asked.defined, view.Read(open.text).defined)) return true;
  // "What is 1/4 + 2/3?" asks for no definition.
  const bool defines =
      !asked.defined.empty() &&
      std::none_of(asked.defined.front().begin(), asked.defined.front().end(), IsNumber);
  const auto said = ContentWords(text);
  if (defines || said.size() < 2) return false;
  return ShareOf(said, ContentWords(open.text)) >= kSameShare &&
         ShareOf(ContentWords(AskingSentence(open.text)), said) >= kSameOfQuestion;
}

// What the tutor said lately about it, the newest first. Empty: nothing.
std::string SaidBefore(const Asked& asked, const tutor::ClarifyConceptArgs& args,
                       const Question* question) {
  for (size_t i = args.recent.size(); i-- > 0;) {
    const tutor::HistoryEntry& entry = args.recent[i];
    if (entry.role != tutor::Role::kTutor || entry.kind == "wait" || entry.kind == "error")
      continue;
    const auto found = Passages({entry.text}).Rank(asked, 1);
    if (found.empty() || found.front().coverage < kCoverageElsewhere) continue;
    if (question != nullptr && tutor::Reveals(entry.text, *question)) continue;
    return entry.text;
  }
  return {};
}

struct Place {
  Passage passage;
  std::string topic;  // Empty: this one.
};

// Where the course says it. Empty: nowhere.
std::optional<Place> Find(const TopicView& view, const Asked& asked, const std::string& context,
                          const Question* question, const OtherTopics& others) {
  const auto here = view.BestOfAll(asked, context, question);
  const bool fits = here && here->coverage >= kCoverageMin;
  const bool all_light = std::all_of(asked.concepts.begin(), asked.concepts.end(),
                                     [](const Concept& one) { return one.light; });
  const bool enough = fits && (here->defines || all_light || view.TitleShare(asked) == 1);
  if (enough || !others) return fits ? std::optional(Place{*here, {}}) : std::nullopt;
  // What is a topic's title is in that topic.
  const auto worth = [&](const TopicView& of, const Passage& passage) {
    return passage.coverage + kTitleWeight * of.TitleShare(asked);
  };
  std::optional<Place> best;
  double best_worth = 0;
  if (fits) {
    best = Place{*here, {}};
    best_worth = worth(view, *here);
  }
  for (const TopicView& other : others()) {
    auto there = other.BestOfAll(asked, context, question);
    if (!there || there->coverage < kCoverageMin) continue;
    // The first that says what X is; else the one that has more of it.
    const bool better =
        !best || (there->defines && !best->passage.defines) ||
        (there->defines == best->passage.defines && worth(other, *there) > best_worth + kBetter);
    if (!better) continue;
    best_worth = worth(other, *there);
    best = Place{*std::move(there), other.topic().title};
  }
  return best;
}

tutor::ClarifyConceptOk AboutNow(const TopicView& view, const tutor::ClarifyConceptArgs& args,
                                 const std::string& context, const Question* question) {
  tutor::ClarifyConceptOk ok;
  if (const auto passage = view.Best(context, {}, question)) {
    ok.text = "Let us go back to this part of the material.\n\n" + passage->text +
              Pointer(args.question.has_value());
  } else if (args.question) {
    ok.text =
        "Read the question once more: what is given, and what is asked for? A hint takes you one "
        "step further.";
  } else {
    ok.text = "Tell me which word or step is unclear, and I will look for it in the material.";
  }
  return ok;
}

}  // namespace

tutor::ClarifyConceptOk Clarify(const TopicView& view, const tutor::ClarifyConceptArgs& args,
                                const OtherTopics& others) {
  const Question* question = view.Find(args.question);
  const std::string context = args.question ? args.question->text : LastOfTutor(args.recent);
  const Asked asked = view.Read(args.text);
  if (asked.about_now) return AboutNow(view, args, context, question);
  tutor::ClarifyConceptOk ok;
  if (question != nullptr && IsTheQuestion(view, asked, args.text, *args.question)) {
    ok.text = "That is what the open question asks you to find out. " + SafeHint(*question);
    return ok;
  }
  const auto place = Find(view, asked, context, question, others);
  if (place && place->passage.reveals) {
    ok.text =
        "The material says that, but there it would give away the answer to the open question. "
        "This helps without it: " +
        SafeHint(*question);
    return ok;
  }
  if (place) {
    ok.text = (place->topic.empty()
                   ? std::string("This is what the material says about it.\n\n")
                   : "This is what the topic \"" + place->topic + "\" says about it.\n\n") +
              place->passage.text + Pointer(question != nullptr);
    return ok;
  }
  if (const std::string said = SaidBefore(asked, args, question); !said.empty()) {
    ok.text = "That was said a moment ago: " + said +
              "\n\nThe material says no more about it. Which word or step of it is unclear?";
    return ok;
  }
  ok.on_topic = false;
  const std::string& title = view.topic().title;
  ok.text = "The material of this topic" + (title.empty() ? "" : " (" + title + ")") +
            " does not say anything about that. Ask about a word or a step of it, or go on.";
  return ok;
}

}  // namespace lyceum::tools
