// lyceum course: import, list, show.
#include "cli/cli.h"
