#include "cli/roles.h"

namespace lyceum::cli {
namespace {

struct RoleOf {
  std::string_view command;
  std::string_view role;
};
constexpr RoleOf kRoles[] = {
    {"init", "admin"},
    {"ready", "operator"},
    {"status", "operator"},
    {"check", "operator"},
    {"sessions", "operator"},
    {"report", "operator"},
    {"doctor", "operator"},
    {"trim", "admin"},
    {"forget", "admin"},
    {"export", "operator"},
    {"course import", "author"},
    {"course list", "operator"},
    {"course show", "operator"},
    {"course versions", "author"},
    {"course publish", "author"},
    {"course rollback", "author"},
    {"course fetch", "author"},
    {"chat", "gateway"},
    {"send", "gateway (operator for an operator's --event)"},
    {"skip", "operator"},
    {"goto", "operator"},
    {"retry", "operator"},
    {"end", "operator"},
    {"shutdown", "operator"},
    {"remediate", "operator"},
    {"supervise", "teacher"},
    {"supervise list", "teacher"},
    {"supervise approve", "teacher"},
    {"supervise edit", "teacher"},
    {"supervise replace", "teacher"},
    {"state", "operator"},
    {"replay", "operator"},
    {"step", "operator"},
    {"trace", "operator"},
    {"partition list", "operator"},
    {"partition move", "operator"},
    {"partition resume", "operator"},
    {"session rebuild", "operator"},
    {"dlq list", "operator"},
    {"dlq show", "operator"},
    {"dlq retry", "admin"},
    {"dlq purge", "admin"},
    {"tool ask", "operator"},
    {"load", "gateway"},
};

}  // namespace

std::string RoleFor(std::string_view command) {
  for (const RoleOf& row : kRoles) {
    if (command == row.command) return std::string(row.role);
  }
  return {};
}

}  // namespace lyceum::cli
