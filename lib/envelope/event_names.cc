#include "envelope/event_names.h"

#include "base/overloaded.h"

namespace lyceum::envelope {

std::string_view NameOf(const tutor::EventKind& kind) {
  using namespace tutor;
  using Name = std::string_view;
  return std::visit(Overloaded{[](const Start&) -> Name { return "start"; },
                               [](const UserMessage&) -> Name { return "message"; },
                               [](const Hint&) -> Name { return "hint"; },
                               [](const Skip&) -> Name { return "skip"; },
                               [](const Continue&) -> Name { return "continue"; },
                               [](const Attach&) -> Name { return "attach"; },
                               [](const Detach&) -> Name { return "detach"; },
                               [](const Stop&) -> Name { return "stop"; },
                               [](const Review&) -> Name { return "review"; },
                               [](const ToolResult&) -> Name { return "tool_result"; },
                               [](const TimerFired&) -> Name { return "timer"; },
                               [](const ForceRemediation&) -> Name { return "force_remediation"; },
                               [](const ForceSkip&) -> Name { return "force_skip"; },
                               [](const GotoTopic&) -> Name { return "goto_topic"; },
                               [](const RetryCall&) -> Name { return "retry"; },
                               [](const End&) -> Name { return "end"; },
                               [](const Shutdown&) -> Name { return "shutdown"; },
                               [](const Supervise&) -> Name { return "supervise"; },
                               [](const InvariantViolated&) -> Name { return "none"; }},
                    kind);
}

}  // namespace lyceum::envelope
