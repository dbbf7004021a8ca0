#include "cli/fleet_flags.h"

#include <CLI/CLI.hpp>

namespace lyceum::cli {
namespace {

void AddLagMax(CLI::App* command, int64_t* lag_max) {
  command->add_option("--lag-max", *lag_max, "Records that a partition may be behind its log")
      ->check(CLI::Range(int64_t{0}, INT64_MAX))
      ->capture_default_str();
}

void AddTableFormat(CLI::App* command, std::string* format) {
  command
      ->add_option("--format", *format, "table, json (an object a line), or auto: by the terminal")
      ->check(CLI::IsMember({"auto", "table", "json"}))
      ->capture_default_str();
}

}  // namespace

void AddFleetCommands(CLI::App& app, FleetFlags& flags, const AddCommand& add) {
  CLI::App* status =
      add(app, "status", "Workers, partitions, tools; exit 1 and what to do where all is not well",
          [&flags](const Common& common) { return RunStatus(common, flags.status); });
  AddLagMax(status, &flags.status.lag_max);
  AddTableFormat(status, &flags.status.format);
  CLI::App* check = add(app, "check", "The same in a line, for what watches over many services",
                        [&flags](const Common& common) { return RunCheck(common, flags.check); });
  AddLagMax(check, &flags.check.lag_max);
  check
      ->add_option("--dead-letters-max", flags.check.dead_letters_max,
                   "Dead letters that may lie there")
      ->check(CLI::Range(int64_t{0}, INT64_MAX))
      ->capture_default_str();
  check
      ->add_option("--format", flags.check.format,
                   "text, json, nagios (with its exit codes) or prometheus (for a textfile "
                   "collector)")
      ->check(CLI::IsMember({"text", "json", "nagios", "prometheus"}))
      ->capture_default_str();
}

}  // namespace lyceum::cli
