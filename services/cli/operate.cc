// lyceum skip, goto, retry, end, shutdown, remediate: an operator's events, each a record of the session.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/ask.h"
#include "cli/cli.h"

namespace lyceum::cli {
namespace {

tutor::EventKind KindOfOperation(const OperateOptions& options) {
  switch (options.what) {
    case Operation::kSkip:
      return tutor::ForceSkip{};
    case Operation::kGoto:
      return tutor::GotoTopic{TopicId(options.value)};
    case Operation::kRetry:
      return tutor::RetryCall{};
    case Operation::kEnd:
      return tutor::End{options.value};
    case Operation::kShutdown:
      return tutor::Shutdown{options.value};
    case Operation::kRemediate:
      return tutor::ForceRemediation{ErrorId(options.value)};
  }
  return tutor::RetryCall{};
}

}  // namespace

int RunOperate(const Common& common, const OperateOptions& options) {
  Result<UserId> user = UserOf(options.user);
  if (!user) return FailUsage(user.error());
  const tutor::Event event{EventId(FreshId()), ClientId(), tutor::Encoding::kJson,
                           KindOfOperation(options)};
  if (auto checked = CheckEvent(event); !checked) return FailUsage(checked.error());
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  const envelope::Subjects subjects = common.subjects();
  const Deadline deadline = In(std::chrono::seconds(options.timeout_s));
  // A record for somebody who does not exist would help nobody: ask first.
  auto before = AskView(**connection, subjects, *user, {.history_max = 1}, deadline);
  if (!before) return Fail(before.error());
  if (!before->found) return Fail(kNo, "there is no session of " + options.user);
  auto ack = Deliver(**connection, subjects, *user, event, deadline);
  if (!ack) return Fail(ack.error());
  // Folded, so that what is shown is the state after it.
  Result<envelope::SessionView> view = before;
  while (view && view->applied_seq < ack->sequence && LeftMs(deadline) > 0) {
    view = AskView(**connection, subjects, *user, {.history_max = 1}, deadline);
  }
  if (!view) return Fail(view.error());
  const bool folded = view->applied_seq >= ack->sequence;
  if (common.json) {
    std::cout << nlohmann::ordered_json{{"sequence", ack->sequence},
                                        {"folded", folded},
                                        {"state", view->state}}
                     .dump()
              << std::endl;
  } else {
    std::cout << "record " << ack->sequence << ", "
              << (folded ? "the session is in " + view->state : "not folded yet") << std::endl;
  }
  return kDone;
}

}  // namespace lyceum::cli
