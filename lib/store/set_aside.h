// A folder that is damaged, out of the way.
#pragma once

#include <string>

#include "base/result.h"

namespace lyceum::store {

// The next start is to set it aside. Where that cannot be written it may be found out again.
void MarkDamaged(const std::string& folder);
bool IsMarkedDamaged(const std::string& folder);

// Everything in the folder but the flight page goes into its folder "damaged", in the place of what lay there. That
// folder's path. kRetry: the disk.
Result<std::string> SetAside(const std::string& folder);

}  // namespace lyceum::store
