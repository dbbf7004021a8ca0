// What has to be there before any worker starts: the streams, the buckets, and the count of
// partitions.
//
//   LYCEUM_P0 .. LYCEUM_P<N-1>   the log, a stream for each partition, kept for ever
//   LYCEUM_DLQ                   dead letters, 30 days, 1 GiB at most; the oldest make room
//   lyceum_cluster               key `partitions` = N, created once and never changed
//   lyceum_courses
//
// `lyceum init` installs, workers only check. Nothing here changes what exists already.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "envelope/subjects.h"
#include "wire/connection.h"
#include "wire/jetstream.h"

namespace lyceum::shard {

std::vector<wire::StreamConfig> StreamsOf(const envelope::Subjects& subjects, int32_t replicas = 1);

struct Installed {
  std::vector<std::string> created;      // Names of what was not there before.
  std::vector<std::string> differences;  // What is there but not as asked, in words.
};

// Creates what is missing. Where N is another one than the installed, creates nothing and says only
// that. kRetry: no JetStream there, or no answer.
Result<Installed> Install(wire::Connection& connection, const envelope::Subjects& subjects,
                          int32_t replicas = 1);

// N, as it was installed. Empty: nothing was.
Result<std::optional<uint32_t>> InstalledPartitions(wire::Connection& connection,
                                                    const envelope::Subjects& subjects);

// For a worker at its start: N agrees and everything is there. kReject: the text says what is
// wrong.
Result<void> CheckInstalled(wire::Connection& connection, const envelope::Subjects& subjects);

}  // namespace lyceum::shard
