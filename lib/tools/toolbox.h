// The names of lib/toolhost that the tools are written in.
#pragma once

#include "toolhost/toolbox.h"

namespace lyceum::tools {

using toolhost::TextStream;
using toolhost::ToolAnswer;
using toolhost::Toolbox;
using toolhost::ToolCall;
using toolhost::ToolErrorOf;
using toolhost::ToolFunction;
using toolhost::ToolTask;

}  // namespace lyceum::tools
