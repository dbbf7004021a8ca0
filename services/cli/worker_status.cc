#include "cli/worker_status.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/clock.h"

namespace lyceum::cli {
namespace {

constexpr size_t kWorkerHeartbeatsMax = 4096;

}  // namespace

Result<std::map<uint32_t, OwnerStatus>> ListenForOwners(wire::Connection& connection,
                                                        const envelope::Subjects& subjects,
                                                        const std::vector<uint32_t>& wanted) {
  const auto box = std::make_shared<wire::MessageBox>(kWorkerHeartbeatsMax);
  const uint64_t errors_before = connection.async_errors();
  auto subscription = connection.Subscribe(subjects.AllWorkerHeartbeats(), "", box, 0);
  if (!subscription) return subscription.error();
  std::map<uint32_t, OwnerStatus> owners;
  const Deadline deadline = In(kHeartbeatsWait);
  while (auto message = box->Pop(deadline)) {
    const auto beat = envelope::DecodeWorkerHeartbeat(
        message->data, envelope::EncodingOf(message->header("Content-Type"), message->data));
    if (!beat) continue;
    for (const auto& partition : beat->partitions) {
      if (partition.role != "owner") continue;
      OwnerStatus& owner = owners[partition.partition];
      if (partition.epoch >= owner.partition.epoch) owner = {beat->worker, partition};
    }
    if (std::all_of(wanted.begin(), wanted.end(),
                    [&](uint32_t partition) { return owners.contains(partition); })) {
      break;
    }
  }
  if (owners.empty() && connection.async_errors() != errors_before) {
    return Reject("the server refused it: " + connection.last_async_error());
  }
  return owners;
}

}  // namespace lyceum::cli
