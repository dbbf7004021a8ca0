// The sessions of one partition that are in memory, and the topics they share. Bounded; the session
// that was used longest ago leaves first, and only when nothing of it is uncommitted. One thread.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/store.h"
#include "tutor/session.h"

namespace lyceum::session {

// Topic content by digest: what is here is also in the store.
class TopicCache {
 public:
  TopicCache(store::Store* store, store::PartitionId partition, size_t topics_max);
  // kFatal: the store does not hold what a session points to.
  Result<std::shared_ptr<const tutor::Topic>> Get(const std::string& digest);
  bool Contains(const std::string& digest) const { return topics_.contains(digest); }
  void Put(const std::string& digest, std::shared_ptr<const tutor::Topic> topic);
  void Clear();

 private:
  store::Store* store_;
  store::PartitionId partition_;
  size_t topics_max_;
  std::list<std::string> order_;  // Oldest first.
  std::unordered_map<std::string, std::shared_ptr<const tutor::Topic>> topics_;
};

class SessionCache {
 public:
  SessionCache(store::Store* store, store::PartitionId partition, size_t sessions_max,
               size_t topics_max = 256);

  // Takes the session out to be advanced; loads it where it is not in memory. Empty: the user has
  // none.
  Result<std::optional<tutor::Session>> Take(const UserId& user);
  // Puts it back, changed: it stays until Committed.
  void Put(tutor::Session session);
  // After the commit, and whenever a session says that it may leave.
  void Unload(const UserId& user);
  // The sessions put back since the last commit.
  const std::vector<UserId>& dirty() const { return dirty_; }
  const tutor::Session& Get(const UserId& user) const;
  void Committed();
  // Forgets everything, also what was not committed.
  void Clear();
  size_t size() const { return entries_.size(); }
  TopicCache& topics() { return topics_; }

 private:
  struct Entry {
    tutor::Session session;
    std::list<UserId>::iterator place;
    bool dirty = false;
    bool unload = false;
  };
  void Shrink();

  store::Store* store_;
  store::PartitionId partition_;
  size_t sessions_max_;
  TopicCache topics_;
  std::list<UserId> order_;  // Used longest ago first.
  std::unordered_map<UserId, Entry> entries_;
  std::vector<UserId> dirty_;
};

// One session as the store holds it, with its topic. For readers outside of the partition's thread.
Result<std::optional<tutor::Session>> LoadSession(store::Store& store, store::PartitionId partition,
                                                  const UserId& user);

}  // namespace lyceum::session
