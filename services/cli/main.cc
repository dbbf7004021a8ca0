#include "cli/cli.h"

int main(int argc, char** argv) { return lyceum::cli::Main(argc, argv); }
