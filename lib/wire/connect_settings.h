// How a program is told of the NATS server and of its own role there.
#pragma once

#include "base/config.h"
#include "wire/connection.h"

namespace lyceum::wire {

// Declares nats-url, -user, -password (a secret), -creds, -ca, -cert and -key, each with the environment
// variable that other clients of NATS honour too (NATS_URL and so on). `options` outlives the settings.
void DeclareNats(Settings& settings, ConnectOptions* options);

}  // namespace lyceum::wire
