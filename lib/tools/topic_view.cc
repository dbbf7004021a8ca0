#include "tools/topic_view.h"

#include <set>

#include "tools/toolbox.h"
#include "tutor/reveal.h"

namespace lyceum::tools {
namespace {

constexpr size_t kCandidatesMax = 16;

}  // namespace

tutor::ToolError ContentError(const Error& error) {
  switch (error.fault) {
    case Fault::kReject:
      return ToolErrorOf("not_found", false, error.text);
    case Fault::kRetry:
      return ToolErrorOf("unavailable", true, "The courses can not be read right now.");
    case Fault::kFatal:
      return ToolErrorOf("bad_content", false, error.text);
  }
  return ToolErrorOf("unavailable", true, error.text);
}

Result<TopicView> TopicView::Load(TopicSource* source, const tutor::TopicRef& ref) {
  auto topic = source->Get(ref);
  if (!topic) return topic.error();
  return TopicView(std::move(*topic));
}

const tutor::Question* TopicView::Find(const std::optional<tutor::QuestionView>& view) const {
  if (!view) return nullptr;
  for (const tutor::Question& question : topic_->questions) {
    if (question.id == view->id) return &question;
  }
  return nullptr;
}

std::optional<TopicView::Passage> TopicView::Best(std::string_view query, std::string_view context,
                                                  const tutor::Question* question) const {
  for (const auto& found : passages_.Rank(query, kCandidatesMax, context)) {
    const std::string& text = passages_.text(found.passage);
    if (question != nullptr && tutor::Reveals(text, *question)) continue;
    const std::string& title = passages_.title(found.passage);
    return Passage{title.empty() ? text : title + ": " + text, found.coverage};
  }
  return std::nullopt;
}

const tutor::Question* TopicView::WorkedExample(const tutor::Question& question) const {
  const auto words = ContentWords(question.text);
  const std::set<std::string> wanted(words.begin(), words.end());
  const tutor::Question* best = nullptr;
  size_t best_shared = 0;
  for (const tutor::Question& other : topic_->questions) {
    if (other.id == question.id) break;  // The later ones are still to be asked.
    if (other.solution.empty() || tutor::Reveals(other.solution, question)) continue;
    const auto other_words = ContentWords(other.text);
    const std::set<std::string> has(other_words.begin(), other_words.end());
    size_t shared = 0;
    for (const std::string& word : has) shared += wanted.contains(word) ? 1 : 0;
    if (best != nullptr && shared < best_shared) continue;  // Of equal ones the nearest.
    best = &other;
    best_shared = shared;
  }
  return best;
}

}  // namespace lyceum::tools
