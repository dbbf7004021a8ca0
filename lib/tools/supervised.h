// What tools say in supervised sessions (Context::supervision), where a teacher reads it first.
#pragma once

#include "tools/toolbox.h"

namespace lyceum::tools {

// The same tools; for supervised sessions those that explain also say what they would without a language
// model (ToolAnswer::authored), by `built_in`. Nothing of it is streamed. An answer without a model is that itself.
Toolbox WithAuthored(Toolbox box, Toolbox built_in);

}  // namespace lyceum::tools
