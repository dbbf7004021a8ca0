// lyceum init: streams, buckets, the count of partitions.
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "cli/cli.h"
#include "shard/install.h"

namespace lyceum::cli {
namespace {

// Before 2.11 a cluster was seen to lose records that it had acknowledged when a node was killed. Servers
// say which level of the API they speak from that version on.
Result<void> CheckCluster(wire::Connection& connection) {
  const auto answer = connection.Request({.subject = "$JS.API.INFO"}, std::chrono::seconds(5));
  if (!answer) return answer.error();
  const auto info = nlohmann::json::parse(answer->data, nullptr, false);
  if (!info.is_object()) return Retry("JetStream's answer cannot be read: try again");
  if (info.contains("error")) return Retry("JetStream is not ready: " + info["error"].dump());
  const auto api = info.find("api");
  if (api != info.end() && api->is_object() && api->contains("level")) return {};
  return Reject(
      "this nats-server is too old for copies: before 2.11 a cluster can lose what it has "
      "acknowledged. Take a newer one, or --replicas 1 on one node; --force does it all the same");
}

}  // namespace

int RunInit(const Common& common, const InitOptions& options) {
  const Deadline deadline = In(std::chrono::seconds(options.timeout_s));
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  const envelope::Subjects subjects = common.subjects();
  Result<shard::Installed> installed = Retry("nothing tried");
  while (true) {
    const Result<void> able =
        options.replicas > 1 && !options.force ? CheckCluster(**connection) : Result<void>();
    installed =
        !able ? Result<shard::Installed>(able.error())
              : shard::Install(**connection, subjects, static_cast<int32_t>(options.replicas));
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
