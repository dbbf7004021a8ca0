// lyceum doctor: what would be in the way, each finding with what to type. Changes nothing.
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/fleet.h"
#include "cli/terminal.h"
#include "shard/install.h"
#include "tutor/fold_version.h"
#include "wire/jetstream.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kClockMs = 2'000;  // As the session workers' own alarm.
constexpr size_t kFindingTextMax = 1'200;
constexpr std::chrono::seconds kDoctorPatience{5};
constexpr std::chrono::milliseconds kRefusalMs{
    50};  // The library tells of a refusal a moment later.

struct Finding {
  std::string check;  // version | partitions | streams | permissions | clocks | fold | workers
  bool good = false;
  std::string text;
  std::string cure = {};  // Empty where it is good.
};
using Findings = std::vector<Finding>;

// --- What is installed ----------------------------------------------------------------------------

// False: nothing else can be looked at.
bool CheckPartitions(wire::Connection& connection, const envelope::Subjects& subjects,
                     Findings* findings) {
  const auto installed = shard::InstalledPartitions(connection, subjects);
  if (!installed) {
    findings->push_back({"partitions", false, installed.error().text,
                         "see that the server runs with JetStream, and that this role may read the "
                         "bucket " +
                             subjects.ClusterBucket()});
    return false;
  }
  if (!*installed) {
    findings->push_back({"partitions", false, "nothing is installed under this prefix",
                         "lyceum init (as admin), or another --prefix"});
    return false;
  }
  if (**installed != subjects.partitions()) {
    findings->push_back({"partitions", false,
                         fmt::format("{} are installed, this command counts with {}", **installed,
                                     subjects.partitions()),
                         fmt::format("--partitions {}, or a context that has it", **installed)});
    return false;
  }
  findings->push_back({"partitions", true, fmt::format("{} are installed", **installed)});
  return true;
}

void CheckStreams(wire::Connection& connection, const envelope::Subjects& subjects,
                  Findings* findings) {
  size_t good = 0;
  std::optional<int32_t> replicas;
  for (wire::StreamConfig asked : shard::StreamsOf(subjects)) {
    const auto info = wire::GetStream(connection, asked.name);
    if (!info) {
      findings->push_back({"streams", false, info.error().text,
                           "see that this role may ask for $JS.API.STREAM.INFO"});
      return;
    }
    if (!*info) {
      findings->push_back(
          {"streams", false, asked.name + " is not there", "lyceum init (as admin)"});
      continue;
    }
    // As many as the first one has: how many there are to be, only `init` is told.
    if (!replicas) replicas = (*info)->config.replicas;
    asked.replicas = *replicas;
    // It is there: this compares, and makes nothing.
    const auto compared = wire::EnsureStream(connection, asked);
    if (!compared) {
      findings->push_back({"streams", false, compared.error().text, "try again"});
      continue;
    }
    for (const std::string& difference : compared->differences) {
      findings->push_back({"streams", false, difference,
                           "nats stream edit " + asked.name + ": Lyceum changes no stream itself"});
    }
    good += compared->differences.empty() ? 1 : 0;
  }
  if (good > 0) {
    findings->push_back({"streams", true,
                         fmt::format("{} are as `lyceum init` makes them, with {} replicas", good,
                                     replicas.value_or(1))});
  }
}

// --- What this role may ---------------------------------------------------------------------------

struct Right {
  std::string subject;
  std::string for_what;
};

void CheckPermissions(wire::Connection& connection, const envelope::Subjects& subjects,
                      const std::string& user, Findings* findings) {
  const std::vector<Right> rights = {
      {subjects.AllWorkerHeartbeats(), "`lyceum status`, `check` and `partition`"},
      {subjects.AllHeartbeats(), "`lyceum status`, `check` and `ready`"},
      {subjects.Out(ClientId("doctor")), "`lyceum tool ask` and `chat`"},
  };
  const auto box = std::make_shared<wire::MessageBox>(1);
  size_t good = 0;
  for (const Right& right : rights) {
    const uint64_t before = connection.async_errors();
    const auto subscribed = connection.Subscribe(right.subject, "", box, 0);
    const auto flushed = connection.Flush(kDoctorPatience);
    std::this_thread::sleep_for(kRefusalMs);
    if (subscribed && flushed && connection.async_errors() == before) {
      ++good;
      continue;
    }
    findings->push_back({"permissions", false,
                         fmt::format("{} may not subscribe to {}, which {} need",
                                     user.empty() ? "this user" : "the user " + user, right.subject,
                                     right.for_what),
                         "NATS_USER=operator and its password, or a context of that role; see "
                         "ops/nats/lyceum.conf"});
  }
  if (good == rights.size()) {
    findings->push_back({"permissions", true, "this role may listen to what operators listen to"});
  }
}

// --- What runs ------------------------------------------------------------------------------------

void CheckClocks(const Fleet& fleet, Findings* findings) {
  bool good = !fleet.session_workers.empty();
  for (const auto& [name, seen] : fleet.session_workers) {
    if (std::abs(seen.ahead_ms) <= kClockMs) continue;
    good = false;
    findings->push_back({"clocks", false,
                         fmt::format("the clock of {} differs from this machine's by {:.1f} s",
                                     name, static_cast<double>(seen.ahead_ms) / 1000),
                         "set one of them right: timedatectl set-ntp true"});
  }
  if (good) {
    findings->push_back({"clocks", true,
                         fmt::format("of {} session workers: within {} s of this machine's",
                                     fleet.session_workers.size(), kClockMs / 1000)});
  }
}

void CheckFold(const Fleet& fleet, Findings* findings) {
  std::set<uint32_t> versions;
  for (const auto& [partition, owner] : fleet.owners) {
    if (owner.partition.fold_version != 0) versions.insert(owner.partition.fold_version);
  }
  if (versions.empty()) return;
  if (*versions.rbegin() > tutor::kFoldVersion) {
    findings->push_back({"fold", false,
                         fmt::format("sessions are folded by version {} of the state machine, this "
                                     "command has {}: its `replay` would tell wrong",
                                     *versions.rbegin(), tutor::kFoldVersion),
                         "install the newer lyceum here"});
  } else if (*versions.begin() < tutor::kFoldVersion) {
    findings->push_back({"fold", false,
                         fmt::format("partitions are folded by version {} of the state machine, "
                                     "this command has {}",
                                     *versions.begin(), tutor::kFoldVersion),
                         "restart their session workers with this version"});
  } else {
    findings->push_back(
        {"fold", true, fmt::format("all partitions, by version {}", tutor::kFoldVersion)});
  }
}

void CheckWorkers(const Fleet& fleet, Findings* findings) {
  constexpr uint64_t kLagMax = 1'000;
  const auto problems = ProblemsOf(fleet, kLagMax);
  for (const Problem& problem : problems) {
    if (problem.code == "fold_version") continue;  // Told above.
    findings->push_back({"workers", false, problem.where + ": " + problem.text, problem.cure});
  }
  if (problems.empty()) {
    findings->push_back({"workers", true,
                         fmt::format("{} session workers, {} tool workers",
                                     fleet.session_workers.size(), fleet.tool_workers.size())});
  }
}

// Sessions that nobody can read; a look at each.
void CheckSessions(wire::Connection& connection, const envelope::Subjects& subjects,
                   Findings* findings) {
  uint64_t looked = 0, damaged = 0;
  std::string first;
  envelope::ListSessions list{.damaged = true};
  for (uint32_t partition = 0; partition < subjects.partitions();) {
    const auto page = Command(connection, subjects, partition, list, 4 * kDoctorPatience);
    if (!page) {
      findings->push_back({"sessions", false, page.error().text, "lyceum status"});
      return;
    }
    looked += page->looked;
    damaged += page->sessions.size();
    if (first.empty() && !page->sessions.empty()) first = page->sessions.front().user;
    list.after = page->next;
    if (list.after.empty()) ++partition;
  }
  if (damaged > 0) {
    findings->push_back({"sessions", false,
                         fmt::format("{} of {} cannot be read, {} first", damaged, looked, first),
                         "lyceum sessions --state damaged, then lyceum session rebuild " + first});
  } else {
    findings->push_back({"sessions", true, fmt::format("all {} can be read", looked)});
  }
}

int Print(const Common& common, const Findings& findings) {
  bool good = true;
  for (const Finding& finding : findings) {
    good = good && finding.good;
    if (common.json) {
      Json line{{"check", finding.check}, {"good", finding.good}, {"text", Plain(finding.text)}};
      if (!finding.cure.empty()) line["cure"] = Plain(finding.cure);
      std::cout << line.dump() << "\n";
      continue;
    }
    std::cout << (finding.good ? "ok    " : "WRONG ") << fmt::format("{:<12}", finding.check)
              << PlainLine(finding.text, kFindingTextMax) << "\n";
    if (!finding.cure.empty())
      std::cout << "      -> " << PlainLine(finding.cure, kFindingTextMax) << "\n";
  }
  std::cout.flush();
  return good ? kDone : kNo;
}

}  // namespace

int RunDoctor(const Common& common, const DoctorOptions& options) {
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  const envelope::Subjects subjects = common.subjects();
  Findings findings = {
      {"version", true,
       fmt::format("lyceum {}, state machine {}", LYCEUM_VERSION, tutor::kFoldVersion)}};
  CheckPermissions(**connection, subjects, common.nats.user, &findings);
  if (!CheckPartitions(**connection, subjects, &findings)) return Print(common, findings);
  CheckStreams(**connection, subjects, &findings);
  const auto fleet = LookAtFleet(**connection, subjects);
  if (!fleet) {
    findings.push_back({"workers", false, fleet.error().text, "see the permissions above"});
    return Print(common, findings);
  }
  CheckClocks(*fleet, &findings);
  CheckFold(*fleet, &findings);
  CheckWorkers(*fleet, &findings);
  if (options.sessions) CheckSessions(**connection, subjects, &findings);
  return Print(common, findings);
}

}  // namespace lyceum::cli
