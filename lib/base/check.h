// CHECK(condition): a programmer error ends the process with a line that says where and what.
// Always on. Never for bad input or a failing system: those are Results.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace lyceum {

[[noreturn]] inline void CheckFailed(const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, what);
  std::abort();
}

}  // namespace lyceum

#define CHECK(condition)                                                     \
  do {                                                                       \
    if (!(condition)) ::lyceum::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)
