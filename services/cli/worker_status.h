// Who owns which partition and how far it is, from the heartbeats of the session workers.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "envelope/codec.h"
#include "wire/connection.h"

namespace lyceum::cli {

// A session worker sends one every 100 ms.
inline constexpr std::chrono::milliseconds kHeartbeatsWait{500};

struct OwnerStatus {
  std::string worker;
  envelope::WorkerHeartbeat::Partition partition;
};

// By partition. Listens for `wait`; where `only` is given, at most until that one is heard of.
Result<std::map<uint32_t, OwnerStatus>> ListenForOwners(
    wire::Connection& connection, const envelope::Subjects& subjects,
    std::chrono::milliseconds wait = kHeartbeatsWait, std::optional<uint32_t> only = std::nullopt);

}  // namespace lyceum::cli
