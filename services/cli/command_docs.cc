#include "cli/command_docs.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <vector>

namespace lyceum::cli {
namespace {

using Apps = std::vector<const CLI::App*>;

bool IsShown(const CLI::App* app) { return !app->get_name().empty() && !app->get_group().empty(); }

Apps CommandsOf(const CLI::App& app) {
  Apps commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (IsShown(command)) commands.push_back(command);
  }
  return commands;
}

// With those of its option groups.
std::vector<const CLI::Option*> OptionsOf(const CLI::App& app) {
  std::vector<const CLI::Option*> options = app.get_options();
  for (const CLI::App* group : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!group->get_name().empty()) continue;
    const auto more = group->get_options();
    options.insert(options.end(), more.begin(), more.end());
  }
  return options;
}

std::string LongName(const CLI::Option& option) {
  return option.get_lnames().empty() ? std::string() : "--" + option.get_lnames().front();
}

// What can be typed after a command: its commands, its flags, and the flags of all commands.
std::string WordsAfter(const CLI::App& app, const CLI::App& root) {
  std::string words;
  const auto add = [&words](const std::string& word) {
    if (!word.empty()) words += (words.empty() ? "" : " ") + word;
  };
  for (const CLI::App* command : CommandsOf(app)) add(command->get_name());
  for (const CLI::Option* option : OptionsOf(app)) add(LongName(*option));
  if (&app != &root) {
    for (const CLI::Option* option : OptionsOf(root)) {
      const std::string name = LongName(*option);
      if (name != "--help" && name != "--version") add(name);
    }
  }
  return words;
}

struct Place {
  std::string path;  // "", "/course", "/course/import"
  std::string words;
};
void AddPlaces(const CLI::App& app, const CLI::App& root, const std::string& path,
               std::vector<Place>* places) {
  places->push_back({path, WordsAfter(app, root)});
  for (const CLI::App* command : CommandsOf(app)) {
    AddPlaces(*command, root, path + "/" + command->get_name(), places);
  }
}

// The part that both shells read: from the words typed so far to $words_here.
std::string Walk(const std::vector<Place>& places, const std::string& typed) {
  std::string text = "  local at='' word words_here=''\n  for word in " + typed +
                     "; do\n    case \"$at/$word\" in\n      ";
  bool first = true;
  for (const Place& place : places) {
    if (place.path.empty()) continue;
    text += (first ? "" : "|") + place.path;
    first = false;
  }
  text += ") at=\"$at/$word\" ;;\n    esac\n  done\n  case \"$at\" in\n";
  for (const Place& place : places) {
    text += "    '" + place.path + "') words_here='" + place.words + "' ;;\n";
  }
  return text + "  esac\n";
}

// Backslashes and leading dots mean something to troff; a hyphen is to be one that can be copied.
std::string Roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) {
      out += std::string("\\&") + c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string NamesOf(const CLI::Option& option) {
  if (option.get_lnames().empty() && option.get_snames().empty()) {
    std::string name = option.get_name();
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return "\\fI" + Roff(name) + "\\fR";
  }
  std::string names;
  for (const std::string& name : option.get_snames()) names += "\\fB\\-" + Roff(name) + "\\fR, ";
  for (const std::string& name : option.get_lnames()) names += "\\fB\\-\\-" + Roff(name) + "\\fR, ";
  names.resize(names.size() - 2);
  if (option.get_expected_max() > 0 && option.get_type_size() != 0) names += " \\fIVALUE\\fR";
  return names;
}

std::string OptionText(const CLI::Option& option) {
  std::string text = ".TP\n" + NamesOf(option) + "\n" + Roff(option.get_description());
  if (!option.get_default_str().empty()) text += " (" + Roff(option.get_default_str()) + ")";
  return text + "\n";
}

void WriteCommand(const CLI::App& app, const std::string& path, std::string* text) {
  const Apps commands = CommandsOf(app);
  if (commands.empty()) {
    *text += ".SS " + Roff(path) + "\n" + Roff(app.get_description()) + ".\n";
    if (!app.get_footer().empty()) *text += ".br\n" + Roff(app.get_footer()) + ".\n";
    for (const CLI::Option* option : OptionsOf(app)) {
      if (LongName(*option) != "--help") *text += OptionText(*option);
    }
  }
  for (const CLI::App* command : commands) {
    WriteCommand(*command, path.empty() ? command->get_name() : path + " " + command->get_name(),
                 text);
  }
}

}  // namespace

std::string CompletionOf(const CLI::App& app, const std::string& shell) {
  std::vector<Place> places;
  AddPlaces(app, app, "", &places);
  if (shell == "zsh") {
    return "#compdef lyceum\n# Made by `lyceum completion zsh`.\n_lyceum() {\n" +
           Walk(places, "${words[2,CURRENT-1]}") +
           "  compadd -- ${=words_here}\n  _files\n}\n"
           "if [[ $funcstack[1] = _lyceum ]]; then _lyceum \"$@\"; else compdef _lyceum lyceum; "
           "fi\n";
  }
  return "# Made by `lyceum completion bash`.\n_lyceum() {\n  local "
         "cur=${COMP_WORDS[COMP_CWORD]}\n" +
         Walk(places, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"") +
         "  COMPREPLY=($(compgen -W \"$words_here\" -- \"$cur\"))\n"
         "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$cur\"))\n}\n"
         "complete -o filenames -F _lyceum lyceum\n";
}

std::string ManPageOf(const CLI::App& app, const std::string& version) {
  std::string text =
      ".\\\" Made by `lyceum man`.\n.TH LYCEUM 1 \"\" \"Lyceum " + Roff(version) +
      "\" \"User Commands\"\n.SH NAME\nlyceum \\- " + Roff(app.get_description()) +
      "\n.SH SYNOPSIS\n.B lyceum\n[\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]\n"
      ".SH DESCRIPTION\nResults go to standard output, messages for people to standard "
      "error. The options stand before or after the command.\n.SH OPTIONS\n";
  for (const CLI::Option* option : OptionsOf(app)) text += OptionText(*option);
  text += ".SH COMMANDS\n";
  WriteCommand(app, "", &text);
  text +=
      ".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nThe answer is no: a difference, a failed check, no "
      "such "
      "session.\n.TP\n2\nWrong usage or configuration.\n.TP\n3\nThe other side is not there, or "
      "timed "
      "out.\n"
      ".SH ENVIRONMENT\nEach option of all commands has a variable, named beside it; "
      "\\fBNATS_PASSWORD\\fR and "
      "\\fBLYCEUM_NATS_PASSWORD\\fR (or the same with \\fB_FILE\\fR) have no option.\n"
      ".SH FILES\n.TP\n\\fI~/.config/lyceum/context/*.json\\fR\nContexts: servers and roles by "
      "name. Those of "
      "nats(1) in \\fI~/.config/nats/context\\fR are read too.\n"
      ".TP\n\\fI~/.local/state/lyceum/chat_history\\fR\nWhat was typed into \\fBlyceum chat\\fR.\n";
  return text;
}

}  // namespace lyceum::cli
