// One partition's log, read from a real nats-server.
#include "partition/partition_log.h"

#include <gtest/gtest.h>
