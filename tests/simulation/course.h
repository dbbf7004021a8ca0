// A small course: two topics of two questions each, and what the tools of a simulation say of it.
#pragma once

#include <memory>

#include "envelope/tool_requests.h"
#include "tutor/call.h"
#include "tutor/content.h"

namespace lyceum::simulation {

inline constexpr char kCourse[] = "algebra";
inline constexpr char kVersion[] = "v1";

// The topic of that id, the first one where it is empty; null: there is none.
std::shared_ptr<const tutor::Topic> TopicOf(const std::string& id);

// What a good tool answers. The same request always gives the same result.
tutor::ToolOutcome ResultOf(const envelope::ToolRequest& request);

}  // namespace lyceum::simulation
