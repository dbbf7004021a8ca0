// lyceum check: the fleet's problems in the form that a monitoring system reads.
#include <algorithm>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/cli.h"
#include "cli/fleet.h"
#include "cli/terminal.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kProblemTextMax = 300;
// Of the plugins that Nagios and its kin run.
enum NagiosExit : int { kOk = 0, kWarning = 1, kCritical = 2, kUnknown = 3 };

// What passes by itself, or waits for the day.
bool IsWarning(const Problem& problem) {
  return problem.code == "lag" || problem.code == "not_reading" || problem.code == "fold_version" ||
         problem.code == "dead_letters";
}

uint64_t LagMaxOf(const Fleet& fleet) {
  uint64_t lag = 0;
  for (const auto& [partition, owner] : fleet.owners) lag = std::max(lag, LagOf(owner));
  return lag;
}

std::string LineOf(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    text += (text.empty() ? "" : "; ") + problem.where + ": " + problem.text;
  }
  return PlainLine(text, kProblemTextMax);
}

int PrintNagios(const Fleet& fleet, const std::vector<Problem>& problems) {
  const bool warns = std::all_of(problems.begin(), problems.end(), IsWarning);
  const int code = problems.empty() ? kOk : warns ? kWarning : kCritical;
  std::string text = problems.empty()
                         ? std::to_string(fleet.owners.size()) + " partitions, " +
                               std::to_string(fleet.tool_workers.size()) + " tool workers"
                         : LineOf(problems);
  std::erase(text, '|');  // It begins the figures.
  std::cout << "LYCEUM "
            << (code == kOk        ? "OK"
                : code == kWarning ? "WARNING"
                                   : "CRITICAL")
            << " - " << text << " | partitions=" << fleet.owners.size()
            << " lag_max=" << LagMaxOf(fleet) << " tool_workers=" << fleet.tool_workers.size()
            << " dead_letters=" << fleet.dead_letters.value_or(0) << std::endl;
  return code;
}

void PrintJson(const Fleet& fleet, const std::vector<Problem>& problems) {
  Json list = Json::array();
  for (const Problem& problem : problems) {
    list.push_back(Json{{"code", problem.code},
                        {"where", problem.where},
                        {"text", problem.text},
                        {"cure", problem.cure}});
  }
  std::cout << Json{{"well", problems.empty()},
                    {"partitions", fleet.owners.size()},
                    {"lag_max", LagMaxOf(fleet)},
                    {"tool_workers", fleet.tool_workers.size()},
                    {"dead_letters", fleet.dead_letters.value_or(0)},
                    {"problems", list}}
                   .dump()
            << std::endl;
}

void PrintPrometheus(const Fleet& fleet, const std::vector<Problem>& problems) {
  std::map<std::string, int> by_code;
  for (const char* code : {"no_session_worker", "no_owner", "halted", "not_reading", "lag",
                           "fold_version", "no_tool_worker", "no_dead_letters", "dead_letters"}) {
    by_code[code] = 0;
  }
  for (const Problem& problem : problems) ++by_code[problem.code];
  std::cout << "# HELP lyceum_check_problems What is not well, by code\n"
               "# TYPE lyceum_check_problems gauge\n";
  for (const auto& [code, count] : by_code) {
    std::cout << "lyceum_check_problems{code=\"" << code << "\"} " << count << "\n";
  }
  std::cout << "# HELP lyceum_check_lag_records The partition that is the furthest behind its log\n"
               "# TYPE lyceum_check_lag_records gauge\nlyceum_check_lag_records "
            << LagMaxOf(fleet) << std::endl;
}

void PrintText(const std::vector<Problem>& problems) {
  if (problems.empty()) std::cout << "all is well\n";
  for (const Problem& problem : problems) {
    std::cout << PlainLine(problem.where + ": " + problem.text, kProblemTextMax) << "\n";
  }
  std::cout.flush();
}

}  // namespace

int RunCheck(const Common& common, const CheckOptions& options) {
  const bool nagios = options.format == "nagios";
  const auto failed = [&](const Error& error, int code) {
    if (!nagios) return code;
    std::cout << "LYCEUM UNKNOWN - " << PlainLine(error.text, kProblemTextMax) << std::endl;
    return static_cast<int>(kUnknown);
  };
  auto connection = Connect(common);
  if (!connection) return failed(connection.error(), FailUsage(connection.error()));
  auto fleet = LookAtFleet(**connection, common.subjects());
  if (!fleet) return failed(fleet.error(), Fail(fleet.error()));
  auto problems = ProblemsOf(*fleet, static_cast<uint64_t>(options.lag_max));
  if (fleet->dead_letters.value_or(0) > static_cast<uint64_t>(options.dead_letters_max)) {
    problems.push_back(
        {"dead_letters", "dead letters", std::to_string(*fleet->dead_letters), "lyceum dlq list"});
  }
  if (nagios) return PrintNagios(*fleet, problems);
  if (options.format == "prometheus") {
    PrintPrometheus(*fleet, problems);
  } else if (options.format == "json" || common.json) {
    PrintJson(*fleet, problems);
  } else {
    PrintText(problems);
  }
  return problems.empty() ? kDone : kNo;
}

}  // namespace lyceum::cli
