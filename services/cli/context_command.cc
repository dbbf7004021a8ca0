// lyceum context: add, use, list, show, remove. And which one a command goes by.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/cli.h"
#include "cli/context.h"
#include "cli/terminal.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

int NoSuch(const std::string& name) {
  return Fail(kNo, "there is no context " + PlainLine(name, 80) + ": lyceum context list");
}

std::string Whole(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).string();
}

// Without its password.
Json JsonOf(const Context& context, bool selected) {
  return Json{{"name", context.name},
              {"selected", selected},
              {"url", Plain(context.url)},
              {"user", Plain(context.user)},
              {"password_is_set", !context.password.empty()},
              {"creds", Plain(context.creds)},
              {"ca", Plain(context.ca)},
              {"cert", Plain(context.cert)},
              {"prefix", Plain(context.prefix)},
              {"partitions", context.partitions},
              {"description", Plain(context.description)},
              {"of", context.of_nats ? "nats" : "lyceum"}};
}

}  // namespace

int RunContextAdd(const Common& common, const ContextOptions& options) {
  if (!Contexts::IsName(options.name)) {
    return Fail(kUsage, "a context is named with [A-Za-z0-9_.-], 64 characters at most");
  }
  Context context;
  context.name = options.name;
  context.description = options.description;
  context.url = common.nats.url;
  context.user = common.nats.user;
  context.password = common.nats.password;
  context.creds = common.nats.credentials_file;
  // From wherever the command is then run.
  context.ca = Whole(common.nats.ca_file);
  context.cert = Whole(common.nats.certificate_file);
  context.key = Whole(common.nats.key_file);
  context.prefix = common.prefix;
  context.partitions = common.partitions;
  if (!context.user.empty() && context.password.empty()) {
    std::cerr << "without a password: it is read from NATS_PASSWORD, or NATS_PASSWORD_FILE\n";
  }
  const Contexts contexts(Contexts::ConfigFolder());
  if (auto written = contexts.Write(context); !written) return FailUsage(written.error());
  if (options.select) {
    if (auto selected = contexts.Select(context.name); !selected) {
      return FailUsage(selected.error());
    }
  }
  return kDone;
}

int RunContextUse(const ContextOptions& options) {
  const Contexts contexts(Contexts::ConfigFolder());
  auto context = contexts.Read(options.name);
  if (!context) return FailUsage(context.error());
  if (!*context) return NoSuch(options.name);
  if (auto selected = contexts.Select(options.name); !selected) return FailUsage(selected.error());
  return kDone;
}

int RunContextList(const Common& common) {
  const Contexts contexts(Contexts::ConfigFolder());
  const std::string selected = contexts.Selected();
  for (const Context& context : contexts.List()) {
    const bool is_selected = context.name == selected;
    if (common.json) {
      std::cout << JsonOf(context, is_selected).dump() << std::endl;
      continue;
    }
    std::cout << (is_selected ? "* " : "  ") << context.name << "  "
              << (context.user.empty() ? "" : PlainLine(context.user, 80) + " at ")
              << PlainLine(context.url, 200) << (context.of_nats ? "  (of nats)" : "") << std::endl;
  }
  return kDone;
}

int RunContextShow(const ContextOptions& options) {
  const Contexts contexts(Contexts::ConfigFolder());
  const std::string name = options.name.empty() ? contexts.Selected() : options.name;
  auto context = contexts.Read(name);
  if (!context) return FailUsage(context.error());
  if (!*context) return name.empty() ? Fail(kNo, "no context is selected") : NoSuch(name);
  std::cout << JsonOf(**context, name == contexts.Selected()).dump(2) << std::endl;
  return kDone;
}

int RunContextRemove(const ContextOptions& options) {
  const Contexts contexts(Contexts::ConfigFolder());
  auto removed = contexts.Remove(options.name);
  if (!removed) return FailUsage(removed.error());
  if (*removed) return kDone;
  auto other = contexts.Read(options.name);
  if (other && *other) return Fail(kNo, options.name + " is a context of nats: remove it there");
  return NoSuch(options.name);
}

Result<void> UseContext(const std::string& named, const std::map<std::string, std::string>& given,
                        Common* common) {
  const auto is_set = [](const char* variable) { return std::getenv(variable) != nullptr; };
  const bool otherwise =
      given.contains("nats-url") || common->nats.url != wire::ConnectOptions().url ||
      is_set("LYCEUM_NATS_URL") || is_set("NATS_URL") || !common->nats.user.empty() ||
      !common->nats.credentials_file.empty() || !common->nats.ca_file.empty();
  if (named.empty() && otherwise) return {};
  if (!named.empty() && given.contains("nats-url")) {
    return Reject("--context and --nats-url both name a server: give one of them");
  }
  const Contexts contexts(Contexts::ConfigFolder());
  const char* variable = std::getenv("LYCEUM_CONTEXT");
  const std::string wanted = !named.empty() ? named : variable == nullptr ? "" : variable;
  std::string name = wanted.empty() ? contexts.Selected() : wanted;
  if (name.empty()) name = RoleNeeded().substr(0, RoleNeeded().find(' '));
  auto context = contexts.Read(name);
  if (!context) return context.error();
  if (!*context) {
    if (wanted.empty()) return {};
    return Reject("there is no context " + PlainLine(wanted, 80) + ": lyceum context list");
  }
  common->nats.url = (*context)->url;
  common->nats.user = (*context)->user;
  common->nats.password = (*context)->password;
  common->nats.credentials_file = (*context)->creds;
  common->nats.ca_file = (*context)->ca;
  common->nats.certificate_file = (*context)->cert;
  common->nats.key_file = (*context)->key;
  if (!given.contains("prefix")) common->prefix = (*context)->prefix;
  if (!given.contains("partitions")) common->partitions = (*context)->partitions;
  return {};
}

}  // namespace lyceum::cli
