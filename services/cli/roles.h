// The roles at the NATS server (ops/nats/lyceum.conf) that commands need.
#pragma once

#include <string>
#include <string_view>

namespace lyceum::cli {

// `command` with its group before it: "chat", "course import". Empty: it asks no server.
std::string RoleFor(std::string_view command);

}  // namespace lyceum::cli
