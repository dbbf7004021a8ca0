// lyceum init: streams, buckets, the count of partitions.
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "cli/cli.h"
#include "shard/install.h"

namespace lyceum::cli {

int RunInit(const Common& common, const InitOptions& options) {
  const Deadline deadline = In(std::chrono::seconds(options.timeout_s));
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  const envelope::Subjects subjects = common.subjects();
  Result<shard::Installed> installed = Retry("nothing tried");
  while (true) {
    installed = shard::Install(**connection, subjects, static_cast<int32_t>(options.replicas));
    if (installed || installed.error().fault != Fault::kRetry || LeftMs(deadline) == 0) break;
    std::this_thread::sleep_for(
        std::chrono::milliseconds(std::min<int64_t>(500, LeftMs(deadline))));
  }
  if (!installed) return Fail(installed.error());
  if (common.json) {
    std::cout << nlohmann::ordered_json{{"partitions", common.partitions},
                                        {"created", installed->created},
                                        {"differences", installed->differences}}
                     .dump()
              << std::endl;
  } else {
    const size_t created = installed->created.size();
    if (created > 0) {
      std::cout << "created " << created << " streams and buckets, for " << common.partitions
                << " partitions\n";
    } else if (installed->differences.empty()) {
      std::cout << "everything is there already\n";
    }
  }
  for (const std::string& difference : installed->differences) {
    std::cerr << "differs: " << difference << "\n";
  }
  if (installed->differences.empty()) return kDone;
  return Fail(kNo, "what is there is not as asked; nothing of it was changed");
}

}  // namespace lyceum::cli
