#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "cli/cli.h"

// Without what else runs as a process ends: a thread of the NATS library that has spoken TLS uses OpenSSL once more
// as it ends by itself, and must not find that gone.
int main(int argc, char** argv) {
  const int code = lyceum::cli::Main(argc, argv);
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  _exit(code);
}
