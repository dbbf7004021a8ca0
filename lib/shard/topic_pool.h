// TopicPool: the topics that are in memory anywhere in this process, one copy each, by digest. The
// topic tables of a worker's shards share it. It keeps nothing: a topic is gone with its last user.
// What they hold is divided among the tables by what each would hold alone.
// Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "tutor/content.h"

namespace lyceum::shard {

class TopicPool {
 public:
  using Shared = std::shared_ptr<const tutor::Topic>;

  TopicPool();

  Shared Find(const std::string& digest) const;  // Null: it is in nobody's memory.
  // The one copy of it: the one that is here already, else `topic`.
  Shared Intern(const std::string& digest, const Shared& topic);
  // A table holds so much; the difference to what it held before.
  void Charge(int64_t bytes);
  // The part of a table that holds so much, of what is held once for all.
  size_t Share(size_t bytes) const;

 private:
  struct State;

  const std::shared_ptr<State> state_;  // Topics may outlive the pool.
};

// The memory a topic holds, about.
size_t ApproximateBytes(const tutor::Topic& topic);

}  // namespace lyceum::shard
