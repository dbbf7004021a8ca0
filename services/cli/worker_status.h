// Who owns which partition and how far it is, from the heartbeats of the session workers.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "envelope/codec.h"
#include "wire/connection.h"

namespace lyceum::cli {

// A session worker sends one every 100 ms. On a machine that is busy it may be late.
inline constexpr std::chrono::milliseconds kHeartbeatsWait{2000};

struct OwnerStatus {
  std::string worker;
  envelope::WorkerHeartbeat::Partition partition;
};

// By partition. Listens until all of `wanted` were heard of, at most for kHeartbeatsWait: what is
// missing then has no owner.
Result<std::map<uint32_t, OwnerStatus>> ListenForOwners(wire::Connection& connection,
                                                        const envelope::Subjects& subjects,
                                                        const std::vector<uint32_t>& wanted);

}  // namespace lyceum::cli
