// What is made from the tree of commands and flags, so that it is as true as the tree: shell completion and the man
// page.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace lyceum::cli {

// A script for the shell to source. `shell`: bash or zsh.
std::string CompletionOf(const CLI::App& app, const std::string& shell);
// For man(1), in the macros of man(7).
std::string ManPageOf(const CLI::App& app, const std::string& version);

}  // namespace lyceum::cli
