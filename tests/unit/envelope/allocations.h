// Counts what the tests' executable allocates: operator new is its own.
#pragma once

#include <cstddef>

namespace lyceum::envelope {

size_t AllocationsOfThisThread();

}  // namespace lyceum::envelope
