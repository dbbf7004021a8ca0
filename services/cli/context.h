// Contexts: servers and roles by name, so that nobody types them each time.
//
//   <config>/lyceum/context/NAME.json    {"url", "user", "password", "creds", "ca", "cert", "key", "prefix", ...}
//   <config>/lyceum/context.txt          the name of the selected one
//   <config>/nats/context/NAME.json      those of the `nats` command are read too; never written
// <config> is XDG_CONFIG_HOME, or ~/.config. Files hold passwords: written 0600, in a folder of 0700.
//
// A context counts as a whole: its password never goes to a server that something else names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lyceum::cli {

struct Context {
  std::string name;
  std::string description;
  std::string url;
  std::string user;
  std::string password;  // Secret.
  std::string creds;     // A file of credentials.
  std::string ca;        // Files in PEM, for TLS.
  std::string cert;
  std::string key;
  std::string prefix = "lyceum";
  int64_t partitions = 16;
  bool of_nats = false;  // One of the `nats` command's.
};

class Contexts {
 public:
  // Empty: there is no place for them (no HOME); all of them are then not found.
  explicit Contexts(std::string config_folder);
  static std::string ConfigFolder();  // By the environment.

  // [A-Za-z0-9_-] first, then also dots; 64 characters at most.
  static bool IsName(std::string_view name);

  // By name; one of ours hides one of the same name of the `nats` command. What cannot be read is left out.
  std::vector<Context> List() const;
  // Empty: there is none of that name. kReject: it cannot be read, or wants what we cannot do; the text says which.
  Result<std::optional<Context>> Read(const std::string& name) const;
  Result<void> Write(const Context& context) const;
  // False: there is none of ours.
  Result<bool> Remove(const std::string& name) const;
  // Empty: none, or it is not there any more.
  std::string Selected() const;
  Result<void> Select(const std::string& name) const;  // Empty: none.

 private:
  std::string PathOf(const std::string& name) const;

  std::string folder_;  // Of ours. Empty: nowhere.
  std::string nats_folder_;
};

}  // namespace lyceum::cli
