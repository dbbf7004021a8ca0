#include "session/session_cache.h"

#include <fmt/format.h>

#include <utility>

#include "envelope/codec.h"
#include "envelope/rows.h"

namespace lyceum::session {
namespace {

Result<std::shared_ptr<const tutor::Topic>> LoadTopic(store::Store& store,
                                                      store::PartitionId partition,
                                                      const std::string& digest) {
  Result<std::optional<std::string>> bytes = store.GetTopic(partition, digest);
  if (!bytes) return bytes.error();
  if (!bytes->has_value()) return Fatal(fmt::format("topic {} is not in the store", digest));
  Result<tutor::Topic> topic = envelope::DecodeTopic(**bytes);
  if (!topic) return Fatal(topic.error().text);
  return std::shared_ptr<const tutor::Topic>(std::make_shared<tutor::Topic>(std::move(*topic)));
}

Result<std::optional<tutor::Session>> LoadWithoutTopic(store::Store& store,
                                                       store::PartitionId partition,
                                                       const UserId& user) {
  Result<std::optional<std::string>> bytes = store.GetSession(partition, user);
  if (!bytes) return bytes.error();
  if (!bytes->has_value()) return std::optional<tutor::Session>();
  Result<tutor::Session> session = envelope::DecodeSession(**bytes);
  if (!session) return session.error();
  return std::optional<tutor::Session>(std::move(*session));
}

}  // namespace

Result<std::optional<tutor::Session>> LoadSession(store::Store& store, store::PartitionId partition,
                                                  const UserId& user) {
  Result<std::optional<tutor::Session>> session = LoadWithoutTopic(store, partition, user);
  if (!session || !session->has_value() || (*session)->topic_digest.empty()) return session;
  auto topic = LoadTopic(store, partition, (*session)->topic_digest);
  if (!topic) return topic.error();
  (*session)->topic = std::move(*topic);
  return session;
}

TopicCache::TopicCache(store::Store* store, store::PartitionId partition, size_t topics_max)
    : store_(store), partition_(partition), topics_max_(topics_max) {}

Result<std::shared_ptr<const tutor::Topic>> TopicCache::Get(const std::string& digest) {
  if (const auto found = topics_.find(digest); found != topics_.end()) return found->second;
  auto topic = LoadTopic(*store_, partition_, digest);
  if (topic) Put(digest, *topic);
  return topic;
}

void TopicCache::Put(const std::string& digest, std::shared_ptr<const tutor::Topic> topic) {
  if (!topics_.emplace(digest, std::move(topic)).second) return;
  order_.push_back(digest);
  while (topics_.size() > topics_max_) {
    topics_.erase(order_.front());
    order_.pop_front();
  }
}

void TopicCache::Clear() {
  topics_.clear();
  order_.clear();
}

SessionCache::SessionCache(store::Store* store, store::PartitionId partition, size_t sessions_max,
                           size_t topics_max)
    : store_(store),
      partition_(partition),
      sessions_max_(sessions_max),
      topics_(store, partition, topics_max) {}

Result<std::optional<tutor::Session>> SessionCache::Take(const UserId& user) {
  if (const auto found = entries_.find(user); found != entries_.end()) {
    return std::optional<tutor::Session>(std::move(found->second.session));
  }
  Result<std::optional<tutor::Session>> session = LoadWithoutTopic(*store_, partition_, user);
  if (!session || !session->has_value() || (*session)->topic_digest.empty()) return session;
  auto topic = topics_.Get((*session)->topic_digest);
  if (!topic) return topic.error();
  (*session)->topic = std::move(*topic);
  return session;
}

void SessionCache::Put(tutor::Session session) {
  const UserId user = session.user;
  auto [found, inserted] = entries_.try_emplace(user);
  Entry& entry = found->second;
  if (inserted) {
    entry.place = order_.insert(order_.end(), user);
  } else {
    order_.splice(order_.end(), order_, entry.place);
  }
  entry.session = std::move(session);
  entry.unload = false;
  if (!entry.dirty) dirty_.push_back(user);
  entry.dirty = true;
}

const tutor::Session& SessionCache::Get(const UserId& user) const {
  return entries_.at(user).session;
}

void SessionCache::Unload(const UserId& user) {
  if (const auto found = entries_.find(user); found != entries_.end()) found->second.unload = true;
}

void SessionCache::Committed() {
  for (const UserId& user : dirty_) {
    const auto found = entries_.find(user);
    if (found == entries_.end()) continue;
    found->second.dirty = false;
    if (found->second.unload) {
      order_.erase(found->second.place);
      entries_.erase(found);
    }
  }
  dirty_.clear();
  Shrink();
}

void SessionCache::Shrink() {
  while (entries_.size() > sessions_max_) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
}

void SessionCache::Clear() {
  entries_.clear();
  order_.clear();
  dirty_.clear();
  topics_.Clear();
}

}  // namespace lyceum::session
