#include "tools/topic_view.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <random>
#include <set>

#include "llm/chat.h"
#include "tools/lru.h"
#include "tutor/reveal.h"

namespace lyceum::tools {
namespace {

constexpr size_t kCandidatesMax = 16;
constexpr size_t kIndexesBytesMax = 64 * 1024 * 1024;
constexpr size_t kIndexBytesPerByte = 8;  // Of material, by and large.
constexpr std::chrono::milliseconds kAskAgainFirst{20};
constexpr std::chrono::milliseconds kAskAgainMax{500};

// Jittered. False: the deadline comes first, or nobody waits for the call any more.
bool WaitToAskAgain(std::chrono::milliseconds wait, Deadline deadline,
                    const std::stop_token& stop) {
  thread_local std::minstd_rand random(std::random_device{}());
  const Deadline until = In(
      std::chrono::milliseconds(std::uniform_int_distribution<int64_t>(1, wait.count())(random)));
  if (until >= deadline) return false;
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  never.wait_until(lock, stop, until, [] { return false; });
  return !stop.stop_requested();
}

// A topic's passages with the topic: while it lives here, no other has its address.
struct Indexed {
  explicit Indexed(std::shared_ptr<const tutor::Topic> of)
      : topic(std::move(of)), passages(topic->material, topic->title) {}
  std::shared_ptr<const tutor::Topic> topic;
  Passages passages;
};

// Made once for a topic, as long as its source hands out the same one.
Lru<Indexed>& Indexes() {
  static Lru<Indexed> indexes(kIndexesBytesMax);
  return indexes;
}

std::string KeyOf(const std::shared_ptr<const tutor::Topic>& topic) {
  return std::to_string(reinterpret_cast<uintptr_t>(topic.get()));
}

// Null: they are not made yet.
std::shared_ptr<const Passages> PassagesAtHand(const std::shared_ptr<const tutor::Topic>& topic) {
  std::shared_ptr<const Indexed> indexed = Indexes().Get(KeyOf(topic));
  if (indexed == nullptr) return nullptr;
  const Passages* passages = &indexed->passages;
  return {std::move(indexed), passages};
}

std::shared_ptr<const Passages> PassagesOf(const std::shared_ptr<const tutor::Topic>& topic) {
  if (auto at_hand = PassagesAtHand(topic)) return at_hand;
  const auto indexed = std::make_shared<const Indexed>(topic);
  size_t bytes = sizeof(Indexed);
  for (const std::string& segment : topic->material) bytes += kIndexBytesPerByte * segment.size();
  Indexes().Put(KeyOf(topic), indexed, bytes);
  return {indexed, &indexed->passages};
}

// Asks a source again while it says kRetry, for half of the call's time.
template <class Question>
auto Ask(const ToolCall& call, Question question) -> decltype(question()) {
  const auto begin = Steady::now();
  const Deadline deadline = begin + (call.deadline - begin) / 2;
  for (auto wait = kAskAgainFirst;; wait = std::min(2 * wait, kAskAgainMax)) {
    auto answer = question();
    if (answer || answer.error().fault != Fault::kRetry) return answer;
    if (!WaitToAskAgain(wait, deadline, call.stop)) return answer;
  }
}

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

Result<std::shared_ptr<const tutor::Topic>> ReadTopic(TopicSource* source,
                                                      const tutor::TopicRef& ref,
                                                      const ToolCall& call) {
  return Ask(call, [&] { return source->Get(ref); });
}

Result<tutor::LoadTopicOk> LoadFrom(TopicSource* source, const tutor::TopicRef& ref,
                                    const ToolCall& call) {
  return Ask(call, [&] { return source->Load(ref); });
}

Result<TopicView> TopicView::Load(TopicSource* source, const tutor::TopicRef& ref,
                                  const ToolCall& call) {
  auto topic = ReadTopic(source, ref, call);
  if (!topic) return topic.error();
  std::shared_ptr<const Passages> passages = PassagesOf(*topic);
  return TopicView(std::move(*topic), std::move(passages));
}

Task<Result<TopicView>> TopicView::Loaded(TopicSource* source, const tutor::TopicRef& ref,
                                          const ToolCall& call) {
  if (auto topic = source->AtHand(ref)) {
    if (auto passages = PassagesAtHand(topic)) {
      co_return TopicView(std::move(topic), std::move(passages));
    }
  }
  co_await call.OwnThread();
  co_return Load(source, ref, call);
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
  const Asked asked = Read(query);
  for (const auto& found : passages_->Rank(asked, kCandidatesMax, context)) {
    const std::string& text = passages_->text(found.passage);
    if (question != nullptr && tutor::Reveals(text, *question)) continue;
    return Passage{Titled(found.passage), found.coverage, found.defines, false};
  }
  return std::nullopt;
}

Asked TopicView::Read(std::string_view text) const {
  return ReadAsked(text, topic_->synonyms, topic_->course.value);
}

double TopicView::TitleShare(const Asked& asked) const {
  std::set<std::string> title;
  for (const Term& term : TermsOf(topic_->title)) title.insert(term.stem);
  const auto in_title = [&](const Phrase& name) {
    return std::all_of(name.begin(), name.end(),
                       [&](const std::string& stem) { return title.contains(stem); });
  };
  size_t there = 0;
  size_t all = 0;
  for (const Concept& one : asked.concepts) {
    if (one.light) continue;
    ++all;
    there += std::any_of(one.names.begin(), one.names.end(), in_title) ? 1 : 0;
  }
  return all == 0 ? 0 : static_cast<double>(there) / static_cast<double>(all);
}

std::optional<TopicView::Passage> TopicView::BestOfAll(const Asked& asked, std::string_view context,
                                                       const tutor::Question* question) const {
  auto found = passages_->Rank(asked, 1, context);
  // "What a fraction is": all of the topic says it, and its begin first.
  const std::vector<Term> title = TermsOf(topic_->title);
  const bool by_title = std::any_of(asked.defined.begin(), asked.defined.end(),
                                    [&](const Phrase& name) { return Defines(title, name); });
  if (by_title && passages_->size() > 0) found.assign(1, {0, 1, 1, true});
  if (found.empty()) return std::nullopt;
  const size_t best = found.front().passage;
  const bool reveals = question != nullptr && tutor::Reveals(passages_->text(best), *question);
  return Passage{Titled(best), found.front().coverage, found.front().defines, reveals};
}

std::string TopicView::Titled(size_t passage) const {
  const std::string& title = passages_->title(passage);
  return title.empty() ? passages_->text(passage) : title + ": " + passages_->text(passage);
}

std::vector<TopicView> TopicView::Around(TopicSource* source, const ToolCall& call) const {
  std::vector<TopicView> around;
  const auto order = source->Order(topic_->course, topic_->version);
  if (!order) return around;
  const auto here = std::find(order->begin(), order->end(), topic_->id);
  if (here == order->end()) return around;
  const auto at = static_cast<size_t>(here - order->begin());
  const auto add = [&](size_t index) {
    if (call.stop.stop_requested()) return;
    auto topic = source->Get({topic_->course, topic_->version, (*order)[index]});
    if (!topic) return;
    std::shared_ptr<const Passages> passages = PassagesOf(*topic);
    around.push_back(TopicView(std::move(*topic), std::move(passages)));
  };
  for (size_t back = 1; back <= std::min(at, kAroundMax); ++back) add(at - back);
  for (size_t on = 1; on <= kAroundMax && at + on < order->size(); ++on) add(at + on);
  return around;
}

std::vector<std::string> TopicView::Excerpts(std::string_view query,
                                             const tutor::Question* question,
                                             uint32_t tokens_max) const {
  const auto text_of = [&](size_t passage) { return Titled(passage); };
  std::vector<size_t> order(passages_->size());
  std::iota(order.begin(), order.end(), size_t{0});
  uint64_t all_tokens = 0;
  for (const size_t passage : order) all_tokens += llm::TokensAtMost(text_of(passage));
  if (all_tokens > tokens_max) {
    // What fits the query goes first; what follows fills the room that is left.
    size_t ranked = 0;
    for (const auto& found : passages_->Rank(Read(query), kCandidatesMax)) {
      const auto place =
          std::find(order.begin() + static_cast<long>(ranked), order.end(), found.passage);
      std::rotate(order.begin() + static_cast<long>(ranked), place, place + 1);
      ++ranked;
    }
  }
  std::vector<std::string> excerpts;
  uint32_t left = tokens_max;
  for (const size_t passage : order) {
    std::string text = text_of(passage);
    const uint32_t tokens = llm::TokensAtMost(text);
    if (tokens > left || (question != nullptr && tutor::Reveals(text, *question))) continue;
    left -= tokens;
    excerpts.push_back(std::move(text));
  }
  return excerpts;
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
