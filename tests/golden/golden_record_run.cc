// golden_record_run FOLDER: a whole Lyceum on a real nats-server, learners in it, and the logs of
// two of its partitions as FOLDER/load.log and FOLDER/chat.log.
//
// load: `lyceum load` in protobuf, with wrong answers, hints and questions. chat: a script in JSON,
// and what an operator does in between. No two runs give the same log.
#include <fmt/format.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/digest.h"
#include "log_fold.h"
#include "record_log.h"
#include "support/stack.h"
#include "tutor/dump.h"

namespace lyceum {
namespace {

constexpr size_t kFileBytesMax = 195 * 1000;
constexpr size_t kRecordsMax = 400;

constexpr char kScript[] =
    "/continue\n/continue\n/hint\n1/5\nwhy is that so?\n/hint\n/skip\n3/4\nnot a number\n/hint\n"
    "/hint\n/hint\n0.5\n2/8\n/skip\n/continue\n1 1/2\n/skip\n";

void Check(const test::Ran& ran, const std::vector<int>& codes = {0}) {
  for (const int code : codes) {
    if (ran.code == code) return;
  }
  throw std::runtime_error(fmt::format("ended with {}: {}{}", ran.code, ran.out, ran.err));
}

golden::RecordedLog Record(wire::Connection& connection, uint32_t partition,
                           const std::string& file) {
  const auto log =
      golden::RecordLog(connection, envelope::Subjects(), partition, kRecordsMax, kFileBytesMax);
  if (!log) throw std::runtime_error(log.error().text);
  if (const auto written = golden::WriteLog(file, *log); !written) {
    throw std::runtime_error(written.error().text);
  }
  fmt::print("{}: {} records of partition {}\n", file, log->records.size(), partition);
  return *log;
}

// The session that the worker has is the one that the log comes to.
void CheckState(test::Stack& stack, const golden::RecordedLog& log, const UserId& user) {
  golden::LogFold fold(log, {});
  for (const golden::LogRecord& record : log.records) {
    if (const auto step = fold.OnRecord(record); !step) {
      throw std::runtime_error(step.error().text);
    }
  }
  const tutor::Session* session = fold.Find(user.value);
  const test::Ran state = stack.Lyceum("operator", {"state", user.value, "--json"});
  Check(state);
  if (session == nullptr || state.out.find(Sha256Hex(tutor::Dump(*session))) == std::string::npos) {
    throw std::runtime_error("the worker's session is not what its log comes to: " + state.out);
  }
}

void Run(const std::string& folder) {
  const envelope::Subjects subjects;
  const UserId learner("ada");
  const uint32_t of_chat = subjects.PartitionOf(learner);
  const std::string course = test::SourceFile("ops/courses/fractions.toml");
  test::Stack stack;
  stack.ImportCourse(course);
  stack.StartSessionWorker();
  const auto tools = stack.StartToolWorker("tools-1");
  Check(stack.Lyceum("operator", {"ready", "--timeout", "30"}));

  test::TempDir dir;
  test::WriteFile(dir / "script", kScript);
  const std::vector<std::string> chat = {"chat",      "--user",   learner.value,  "--course",
                                         "fractions", "--script", dir / "script", "--json"};
  Check(stack.Lyceum("gateway", chat));
  for (const char* event : {R"({"force_remediation":{}})", R"({"force_skip":{}})",
                            R"({"retry":{}})", R"({"shutdown":{"reason":"deploy"}})"}) {
    Check(stack.Lyceum("operator", {"send", "--user", learner.value, "--event", event}));
  }
  Check(stack.Lyceum("gateway", chat));
  Check(stack.Lyceum(
      "operator", {"send", "--user", learner.value, "--event", R"({"end":{"reason":"enough"}})"}));
  const auto connection = stack.nats().Connect("operator");
  CheckState(stack, Record(*connection, of_chat, folder + "/chat.log"), learner);

  Check(stack.Lyceum("gateway", {"load", course, "--learners", "60", "--seconds", "6", "--warm-up",
                                 "0", "--rate", "600", "--seed", "11", "--mix",
                                 "right=40,wrong=25,hint=15,question=15,second=5"}));
  Record(*connection, (of_chat + 1) % subjects.partitions(), folder + "/load.log");
}

}  // namespace
}  // namespace lyceum

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "golden_record_run FOLDER\n");
    return 2;
  }
  try {
    lyceum::Run(argv[1]);
  } catch (const std::runtime_error& error) {  // Thrown by tests/support, and above.
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
