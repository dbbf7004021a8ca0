// Settings: flags > environment > TOML file > default. What nobody declared is refused.
//
// A setting `nats-url` is the flag --nats-url, the variable LYCEUM_NATS_URL and the TOML key
// nats-url (also nats_url). The file is named by --config or LYCEUM_CONFIG. Secrets have no flag:
// see Secret.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace lyceum {

class Settings {
 public:
  // `extra_env`: further variables that are honoured, after LYCEUM_<NAME>.
  Settings& Text(const std::string& name, std::string* target, const std::string& help,
                 std::vector<std::string> extra_env = {});
  Settings& Number(const std::string& name, int64_t* target, int64_t min, int64_t max,
                   const std::string& help);
  Settings& Switch(const std::string& name, bool* target, const std::string& help);
  // No flag, since other users of the machine can read those: environment, `<NAME>_FILE` or TOML.
  Settings& Secret(const std::string& name, std::string* target, const std::string& help,
                   std::vector<std::string> extra_env = {});

  // A table of the TOML file and nothing else: the target gets its text, for whoever reads such
  // tables. No flag, no variable.
  Settings& Table(const std::string& name, std::string* target, const std::string& help);

  // For a program of its own: reads the command line too. False: --help or --version was asked for
  // and answered. kReject: the text says which setting is wrong, where it came from and what it
  // takes.
  Result<bool> Load(const std::string& program, const std::string& description, int argc,
                    const char* const* argv);

  // The rest of the way, when somebody else has read the flags: name -> value ("true" for
  // switches).
  Result<void> Resolve(const std::map<std::string, std::string>& flags);

  struct Item {
    std::string name;
    std::string help;
    std::vector<std::string> env;
    bool secret = false;
    bool is_switch = false;
    bool is_table = false;
    std::function<Result<void>(const std::string& value)> set;
  };
  const std::vector<Item>& items() const { return items_; }

 private:
  std::vector<Item> items_;
};

}  // namespace lyceum
