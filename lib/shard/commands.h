// Commands: what operators ask of a partition's owner, on lyceum.partition.<pp>, request/reply.
//
//   resume    answered when the partition reads its log again, or has halted again
//   rebuild   answered when the session is in a checkpoint again, or cannot be made
//   move      answered at once: once the other has caught up as a standby it is handed over
//   list      answered when a page of sessions is full, or has taken long enough (session_lists.h)
//
// What comes over kWaitingMax is answered `busy`. One thread calls it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shard/context.h"
#include "shard/partition.h"
#include "shard/served.h"
#include "shard/session_lists.h"

namespace lyceum::shard {

class Commands {
 public:
  static constexpr size_t kWaitingMax = 64;
  static constexpr int64_t kResumeMs = 10'000;

  using Move = std::function<Result<void>(store::PartitionId, const std::string& worker)>;
  // `find`: each partition that it subscribes for. Null: not there.
  Commands(Context* context, std::function<Partition*(store::PartitionId)> find, Move move);

  // From now on these, on the present connection.
  void Serve(const std::vector<store::PartitionId>& partitions);
  // Once a turn of the loop.
  void Turn() { lists_.Turn(); }
  bool idle() const { return lists_.idle(); }
  // About ten times a second.
  void Tick();

 private:
  struct Asker {
    store::PartitionId partition = 0;
    std::string reply;
    tutor::Encoding encoding = tutor::Encoding::kProtobuf;
  };
  struct Resumed {
    Asker asker;
    int64_t give_up_ms = 0;  // Steady.
  };
  void OnCommand(store::PartitionId partition, const wire::Arrived& command);
  void Resume(Partition& partition, Asker asker);
  void Rebuild(Partition& partition, const UserId& user, Asker asker);
  void List(Partition& partition, envelope::ListSessions list, Asker asker);
  void Reply(const Asker& asker, const envelope::PartitionReply& reply);

  Context* const context_;
  Served served_;
  const std::function<Partition*(store::PartitionId)> find_;
  const Move move_;
  std::vector<Resumed> resumed_;
  size_t rebuilding_ = 0;
  SessionLists lists_;
  std::shared_ptr<Commands*> self_;
};

}  // namespace lyceum::shard
