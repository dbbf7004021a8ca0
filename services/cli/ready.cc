// lyceum ready: whether a learner would be served: every partition has an owner that answers, and a
// tool worker sends heartbeats.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/terminal.h"

namespace lyceum::cli {
namespace {

constexpr size_t kToolHeartbeatsMax = 256;
constexpr size_t kNameMax = 80;

// A user token of each partition. The hash spreads them, so a few tries a partition find one.
std::vector<UserId> OneUserOfEach(const envelope::Subjects& subjects) {
  const uint32_t count = subjects.partitions();
  std::vector<UserId> users(count);
  uint32_t missing = count;
  for (uint32_t i = 0; missing > 0 && i < count * 1000; ++i) {
    UserId user("ready-" + std::to_string(i));
    UserId& slot = users[subjects.PartitionOf(user)];
    if (!slot.empty()) continue;
    slot = std::move(user);
    missing -= 1;
  }
  return users;
}

// Until a tool worker is there that takes calls.
Result<envelope::ToolHeartbeat> HeartbeatOf(wire::MessageBox& box, Deadline deadline) {
  while (true) {
    const std::optional<wire::Message> message = box.Pop(deadline);
    if (!message) return Retry("no tool worker sends heartbeats: see that one runs");
    auto beat = envelope::DecodeToolHeartbeat(
        message->data, envelope::EncodingOf(message->header("Content-Type"), message->data));
    if (beat && !beat->draining && beat->slots > 0) return beat;
  }
}

}  // namespace

int RunReady(const Common& common, const ReadyOptions& options) {
  const Deadline deadline = In(std::chrono::seconds(options.timeout_s));
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  const envelope::Subjects subjects = common.subjects();
  const auto box = std::make_shared<wire::MessageBox>(kToolHeartbeatsMax);
  auto subscription = (*connection)->Subscribe(subjects.AllHeartbeats(), "", box, 0);
  if (!subscription) return Fail(subscription.error());
  for (const UserId& user : OneUserOfEach(subjects)) {
    if (user.empty()) continue;
    auto view = AskView(**connection, subjects, user, {.history_max = 1}, deadline);
    if (!view) return Fail(view.error());
  }
  auto beat = HeartbeatOf(*box, std::max(deadline, In(std::chrono::milliseconds(1))));
  if (!beat) return Fail(beat.error());
  if (common.json) {
    std::cout << nlohmann::ordered_json{{"partitions", subjects.partitions()},
                                        {"tool_worker", beat->worker},
                                        {"slots", beat->slots}}
                     .dump()
              << std::endl;
  } else {
    std::cout << subjects.partitions() << " partitions answer, tool worker "
              << PlainLine(beat->worker, kNameMax) << " has " << beat->slots << " slots"
              << std::endl;
  }
  return kDone;
}

}  // namespace lyceum::cli
