// A folder that is damaged, out of the way.
#pragma once

#include <string>

#include "base/result.h"

namespace lyceum::store {

// Everything in the folder but the flight page goes into its folder "damaged", in the place of what lay there. That
// folder's path. kRetry: the disk.
Result<std::string> SetAside(const std::string& folder);

}  // namespace lyceum::store
