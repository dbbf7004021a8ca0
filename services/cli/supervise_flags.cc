#include "cli/supervise_flags.h"

#include <CLI/CLI.hpp>

namespace lyceum::cli {
namespace {

void AddDecision(CLI::App& group, const char* name, const char* help,
                 SuperviseDecideOptions& options, const AddCommand& add) {
  CLI::App* c = add(group, name, help, [&options](const Common& common) {
    return RunSuperviseDecide(common, options);
  });
  c->add_option("user", options.user, "The learner")->required();
  c->add_option("draft", options.draft, "Id of the draft, as the list shows it")->required();
  c->add_option("--timeout", options.timeout_s, "Seconds to wait for the session")
      ->check(CLI::Range(int64_t{1}, int64_t{3600}))
      ->capture_default_str();
  if (options.decision == tutor::Decision::kApprove) return;
  CLI::Option_group* text = c->add_option_group("text", "Exactly one of");
  text->add_option("--text", options.text, "What is said to the learner");
  text->add_option("--text-file", options.text_file, "A file of it; - is standard input");
  text->require_option(1);
}

}  // namespace

CLI::App* AddSuperviseCommands(CLI::App& app, SuperviseFlags& flags, const AddCommand& add) {
  CLI::App* group = app.add_subcommand(
      "supervise", "Drafts that wait for a teacher, as they come, and decisions line by line");
  group->require_subcommand(0, 1);
  group->fallthrough();
  group->add_option("--course", flags.live.course, "Of this course only");
  CLI::App* list = add(*group, "list", "Those that wait now", [&flags](const Common& common) {
    return RunSuperviseList(common, flags.live);
  });
  list->add_option("--seconds", flags.live.seconds, "How long to listen: each is shown every ten")
      ->check(CLI::Range(int64_t{1}, int64_t{3600}))
      ->capture_default_str();
  AddDecision(*group, "approve", "Say a draft as it is", flags.approve, add);
  AddDecision(*group, "edit", "Say a draft as you have changed it", flags.edit, add);
  AddDecision(*group, "replace", "Say something else in its place", flags.replace, add);
  return group;
}

}  // namespace lyceum::cli
