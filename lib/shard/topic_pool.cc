#include "shard/topic_pool.h"

#include <atomic>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lyceum::shard {
namespace {

size_t Of(const std::string& text) { return sizeof text + text.capacity(); }

size_t Of(const std::vector<std::string>& texts) {
  size_t bytes = sizeof texts;
  for (const std::string& text : texts) bytes += Of(text);
  return bytes;
}

}  // namespace

size_t ApproximateBytes(const tutor::Topic& topic) {
  size_t bytes = sizeof topic + Of(topic.title) + Of(topic.material);
  for (const tutor::Question& question : topic.questions) {
    bytes += sizeof question + Of(question.text) + Of(question.choices) + Of(question.answers) +
             Of(question.hints) + Of(question.solution);
    for (const tutor::KnownError& error : question.known_errors) {
      bytes += sizeof error + Of(error.text) + Of(error.answers);
    }
  }
  return bytes;
}

struct TopicPool::State {
  std::mutex mutex;
  std::unordered_map<std::string, std::weak_ptr<const tutor::Topic>> topics;
  std::atomic<size_t> bytes{0};    // Of all topics.
  std::atomic<size_t> charged{0};  // To all tables.
};

TopicPool::TopicPool() : state_(std::make_shared<State>()) {}

TopicPool::Shared TopicPool::Find(const std::string& digest) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->topics.find(digest);
  return found == state_->topics.end() ? Shared() : found->second.lock();
}

TopicPool::Shared TopicPool::Intern(const std::string& digest, const Shared& topic) {
  const size_t bytes = ApproximateBytes(*topic) + digest.size();
  // Counts until the last user lets go, which frees the topic outside of the lock.
  const auto gone = [state = state_, kept = topic, digest, bytes](const tutor::Topic*) {
    const std::lock_guard lock(state->mutex);
    state->bytes -= bytes;
    const auto found = state->topics.find(digest);
    // Another copy may have come meanwhile.
    if (found != state->topics.end() && found->second.expired()) state->topics.erase(found);
  };
  const std::lock_guard lock(state_->mutex);
  std::weak_ptr<const tutor::Topic>& there = state_->topics[digest];
  if (Shared shared = there.lock()) return shared;
  Shared shared(topic.get(), gone);
  there = shared;
  state_->bytes += bytes;
  return shared;
}

void TopicPool::Charge(int64_t bytes) { state_->charged += static_cast<size_t>(bytes); }

size_t TopicPool::Share(size_t bytes) const {
  const auto held = static_cast<double>(state_->bytes);
  const auto charged = static_cast<double>(state_->charged);
  return held >= charged ? bytes : static_cast<size_t>(static_cast<double>(bytes) * held / charged);
}

}  // namespace lyceum::shard
