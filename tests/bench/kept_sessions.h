// A session worker's folder whose log is gone: made ready to go on with a new one.
#pragma once

#include <string>

namespace lyceum::bench {

// All sessions stay; every partition begins at the first record of a log that nobody knows yet.
// What was still to be sent is not. Throws where the store fails.
void BeginNewLog(const std::string& path);

}  // namespace lyceum::bench
