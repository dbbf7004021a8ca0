// Law 2: the same log under the same fold version gives the same state and the same bytes out, on
// every build. logs/ holds recorded logs, each with digests of what it comes to: see README.md.
//
//   LYCEUM_REWRITE_GOLDEN=1     adds a line for a fold version that has none
//   LYCEUM_REWRITE_GOLDEN=same  also changes lines that are there
//   LYCEUM_GOLDEN_OUTPUT=FOLDER writes there what the digests are of, to be compared by diff -a

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "log_digest.h"
#include "log_file.h"
#include "log_fold.h"
#include "random_log.h"
#include "support/planted_core.h"
#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::golden {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLogBytesMax = 200 * 1000;
constexpr size_t kCorpusBytesMax = 1500 * 1000;

std::vector<fs::path> LogFiles() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(LYCEUM_GOLDEN_LOGS)) {
    if (entry.path().extension() == ".log") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

RecordedLog LogOf(const fs::path& path) {
  auto log = ReadLog(path.string());
  EXPECT_TRUE(log.has_value()) << path << ": " << (log ? "" : log.error().text);
  return log ? *std::move(log) : RecordedLog{};
}

fs::path DigestsOf(fs::path log) { return log.replace_extension(".digest"); }

std::vector<LogDigest> WrittenDigests(const fs::path& log) {
  std::ifstream file(DigestsOf(log));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto digests = DecodeDigests(text);
  EXPECT_TRUE(digests.has_value()) << log << ": " << (digests ? "" : digests.error().text);
  return digests ? *std::move(digests) : std::vector<LogDigest>{};
}

LogFold Begin(const RecordedLog& log, const FoldOptions& options) { return LogFold(log, options); }

LogDigest Digest(const RecordedLog& log, const FoldOptions& options) {
  auto digest = FoldLog(log, options);
  EXPECT_TRUE(digest.has_value()) << (digest ? "" : digest.error().text);
  return digest ? *std::move(digest) : LogDigest{};
}

// What left because of each record.
std::vector<std::string> Outputs(const RecordedLog& log, const FoldOptions& options) {
  LogFold fold = Begin(log, options);
  std::vector<std::string> outputs;
  for (const LogRecord& record : log.records) {
    const auto step = fold.OnRecord(record);
    EXPECT_TRUE(step.has_value());
    outputs.push_back(step ? (*step)->output : "");
  }
  return outputs;
}

void WriteOutput(const fs::path& log, const LogFold& fold) {
  const char* folder = std::getenv("LYCEUM_GOLDEN_OUTPUT");
  if (folder == nullptr) return;
  const std::string name = (fs::path(folder) / log.stem()).string();
  std::ofstream(name + ".state", std::ios::binary) << fold.state();
  std::ofstream(name + ".output", std::ios::binary) << fold.output();
}

// --- The corpus ----------------------------------------------------------------------------------

class Logs : public testing::TestWithParam<fs::path> {};

TEST_P(Logs, FoldAsWritten) {
  const RecordedLog log = LogOf(GetParam());
  const std::vector<LogDigest> written = WrittenDigests(GetParam());
  std::set<uint32_t> versions = {tutor::kFoldVersion};
  for (const LogDigest& line : written) versions.insert(line.fold_version);
  ASSERT_LE(*versions.rbegin(), tutor::kFoldVersion) << "a line of a version that is not there";
  std::vector<LogDigest> folded;
  for (const uint32_t version : versions) {
    LogFold fold = Begin(log, {.fold_version = version});
    for (const LogRecord& record : log.records) {
      const auto step = fold.OnRecord(record);
      ASSERT_TRUE(step.has_value()) << step.error().text;
    }
    folded.push_back(fold.Finish());
    WriteOutput(GetParam(), fold);
  }
  const Compared compared =
      Compare(written, folded, RewriteOf(std::getenv("LYCEUM_REWRITE_GOLDEN")));
  EXPECT_EQ(compared.wrong, "");
  if (compared.lines != written) {
    std::ofstream(DigestsOf(GetParam())) << EncodeDigests(compared.lines);
  }
}

TEST_P(Logs, FoldTheSameWhereSessionsAreReadBackFromTheirRows) {
  const RecordedLog log = LogOf(GetParam());
  EXPECT_EQ(Digest(log, {.reload = true}), Digest(log, {}));
}

INSTANTIATE_TEST_SUITE_P(Recorded, Logs, testing::ValuesIn(LogFiles()), [](const auto& test) {
  std::string name = test.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Corpus, IsSmall) {
  size_t bytes = 0;
  for (const fs::path& path : LogFiles()) {
    EXPECT_LT(fs::file_size(path), kLogBytesMax) << path;
    bytes += fs::file_size(path);
  }
  EXPECT_LT(bytes, kCorpusBytesMax);
}

// A version that no log tells from the one before it is not covered: record a log that shows it.
TEST(Corpus, TellsEachFoldVersionFromTheOneBefore) {
  std::set<uint32_t> told, there;
  for (const fs::path& path : LogFiles()) {
    const std::vector<LogDigest> lines = WrittenDigests(path);
    for (size_t i = 1; i < lines.size(); ++i) {
      there.insert(lines[i].fold_version);
      if (lines[i].state != lines[i - 1].state || lines[i].output != lines[i - 1].output) {
        told.insert(lines[i].fold_version);
      }
    }
  }
  EXPECT_EQ(told, there);
}

// The names of all that occurs in the corpus.
class Coverage {
 public:
  void Add(const RecordedLog& log) {
    LogFold fold = Begin(log, {});
    for (const LogRecord& record : log.records) {
      const auto step = fold.OnRecord(record);
      ASSERT_TRUE(step.has_value());
      Add(**step);
    }
  }
  void Add(const LogFold::Step& step) {
    if (step.is_barrier) ++seen["barrier"];
    if (step.refused) ++seen["refused " + std::string(shard::Name(step.refused->reason))];
    for (const tutor::Effect& effect : step.effects) Add(effect);
    if (!step.event) return;
    const tutor::Event& event = *step.event;
    const std::string kind = "event " + std::to_string(event.kind.index());
    ++seen[kind + (event.encoding == tutor::Encoding::kJson ? " json" : " protobuf")];
    if (step.session != nullptr) {
      // One more would send the oldest away.
      if (step.session->clients.size() == tutor::kClientsMax) ++seen["all clients"];
      if (!step.session->inbox.empty()) ++seen["deferred"];
      if (step.session->counters.duplicates > 0) ++seen["duplicate"];
      if (step.session->time_ms > step.time_ms) ++seen["time goes back"];
    }
    if (step.from) ++seen[kind + " in " + std::string(Name(*step.from))];
    if (const auto* start = std::get_if<tutor::Start>(&event.kind)) {
      ++seen["policy " + std::string(Name(start->busy_policy))];
    }
    if (const auto* result = std::get_if<tutor::ToolResult>(&event.kind)) {
      ++seen["result " + std::to_string(result->reply.outcome.index())];
      if (step.lock && std::holds_alternative<tutor::ToolError>(result->reply.outcome) &&
          result->reply.call == step.lock->id) {
        ++seen["error of " + std::string(Name(step.lock->tool))];
      }
    }
  }
  std::map<std::string, int> seen;

 private:
  void Add(const tutor::Body& body) { ++seen["body " + std::to_string(body.index())]; }
  void Add(const tutor::Effect& effect) {
    ++seen["effect " + std::to_string(effect.index())];
    if (const auto* emit = std::get_if<tutor::EmitMessage>(&effect)) Add(emit->message.body);
    if (const auto* tell = std::get_if<tutor::TellAll>(&effect)) Add(tell->message.body);
    if (const auto* reply = std::get_if<tutor::ReplyTo>(&effect)) Add(reply->message.body);
    if (const auto* set = std::get_if<tutor::SetTimer>(&effect)) {
      ++seen["timer " + std::string(Name(set->timer.kind))];
    }
    if (const auto* call = std::get_if<tutor::CallTool>(&effect)) {
      ++seen["call " + std::string(Name(call->call.tool))];
    }
  }
};

TEST(Corpus, CoversEveryEventToolStateAndEffect) {
  Coverage coverage;
  for (const fs::path& path : LogFiles()) coverage.Add(LogOf(path));
  std::vector<std::string> wanted = {"barrier", "all clients", "deferred", "duplicate",
                                     "time goes back"};
  // All but the last: InvariantViolated is never on the wire.
  const size_t never = tutor::EventKind(tutor::InvariantViolated{}).index();
  for (size_t kind = 0; kind < std::variant_size_v<tutor::EventKind>; ++kind) {
    if (kind == never) continue;  // On no wire.
    const std::string event = "event " + std::to_string(kind);
    wanted.push_back(event + " json");
    wanted.push_back(event + " protobuf");
    for (int state = 0; state < tutor::kStateCount; ++state) {
      wanted.push_back(event + " in " + std::string(Name(static_cast<tutor::StateName>(state))));
    }
  }
  for (int tool = 0; tool < tutor::kToolCount; ++tool) {
    const std::string name(Name(static_cast<tutor::Tool>(tool)));
    wanted.push_back("call " + name);
    wanted.push_back("result " + std::to_string(tool));
    wanted.push_back("error of " + name);
  }
  for (size_t effect = 0; effect < std::variant_size_v<tutor::Effect>; ++effect) {
    wanted.push_back("effect " + std::to_string(effect));
  }
  for (size_t body = 0; body < std::variant_size_v<tutor::Body>; ++body) {
    wanted.push_back("body " + std::to_string(body));
  }
  for (const auto kind : {tutor::TimerKind::kToolDeadline, tutor::TimerKind::kIdle,
                          tutor::TimerKind::kTtl, tutor::TimerKind::kApproval}) {
    wanted.push_back("timer " + std::string(Name(kind)));
  }
  for (const auto policy :
       {tutor::BusyPolicy::kReplyWait, tutor::BusyPolicy::kDefer, tutor::BusyPolicy::kInterrupt}) {
    wanted.push_back("policy " + std::string(Name(policy)));
  }
  for (const auto reason : {shard::Refusal::kUndecodable, shard::Refusal::kWrongClass,
                            shard::Refusal::kWrongPartition, shard::Refusal::kBadSubject}) {
    wanted.push_back("refused " + std::string(shard::Name(reason)));
  }
  for (const std::string& name : wanted) {
    EXPECT_GT(coverage.seen[name], 0) << name << " occurs nowhere";
  }
}

// --- That a difference is seen -------------------------------------------------------------------

constexpr FoldOptions kPlanted = {.core = &test::AdvancePlanted,
                                  .fold_version_max = test::kPlantedFoldVersion};

TEST(PlantedCore, IsSeenInEveryLog) {
  for (const fs::path& path : LogFiles()) {
    const RecordedLog log = LogOf(path);
    const LogDigest same = Digest(log, {});
    EXPECT_EQ(Digest(log, kPlanted), same) << path << ": under the old version it is the same";
    FoldOptions options = kPlanted;
    options.fold_version = test::kPlantedFoldVersion;
    LogDigest other = Digest(log, options);
    EXPECT_NE(other.state, same.state) << path;
    EXPECT_NE(other.output, same.output) << path;
    other.fold_version = same.fold_version;  // As if no one had raised it.
    const Compared compared = Compare({same}, {other}, Rewrite::kNewVersion);
    EXPECT_TRUE(compared.wrong.starts_with(
        "what leaves has changed without a new fold version: raise kFoldVersion "))
        << compared.wrong;
    EXPECT_EQ(compared.lines, std::vector<LogDigest>{same});
  }
}

TEST(PlantedCore, AppliesOnlyAfterItsBarrier) {
  RecordedLog log = RandomLog({.seed = 7, .records = 300});
  size_t barrier = 150;
  const envelope::Subjects subjects(log.prefix, log.partitions);
  log.records[barrier].subject = subjects.Barrier(log.partition, "session-2");
  log.records[barrier].content_type.clear();
  const auto under = [&](uint32_t version) {
    log.records[barrier].data = envelope::EncodeBarrier({EventId("b"), version});
    return Outputs(log, kPlanted);
  };
  const auto old = under(tutor::kFoldVersion);
  const auto now = under(test::kPlantedFoldVersion);
  ASSERT_EQ(old.size(), now.size());
  size_t differ = 0;
  for (size_t i = 0; i < old.size(); ++i) {
    if (i <= barrier) {
      EXPECT_EQ(old[i], now[i]) << "record " << i;
    } else {
      differ += old[i] != now[i];
    }
  }
  EXPECT_GT(differ, 10u);
}

TEST(PlantedCore, ABarrierAboveTheProgramsVersionIsRefused) {
  RecordedLog log;
  const envelope::Subjects subjects(log.prefix, log.partitions);
  log.records.push_back({.subject = subjects.Barrier(0, "session-2"),
                         .data = envelope::EncodeBarrier({EventId("b"), tutor::kFoldVersion + 1}),
                         .sequence = 1});
  EXPECT_FALSE(FoldLog(log, {}));
  EXPECT_TRUE(FoldLog(log, kPlanted));
}

// --- Digests and files ---------------------------------------------------------------------------

LogDigest Line(uint32_t version, std::string output) {
  return {version, 10, 2, 30, "aa", std::move(output)};
}

TEST(Digests, OfANewVersionAreAddedWhereAsked) {
  const std::vector<LogDigest> written = {Line(1, "bb")};
  const std::vector<LogDigest> folded = {Line(1, "bb"), Line(2, "cc")};
  EXPECT_NE(Compare(written, folded, Rewrite::kNothing).wrong, "");
  EXPECT_EQ(Compare(written, folded, Rewrite::kNothing).lines, written);
  EXPECT_EQ(Compare(written, folded, Rewrite::kNewVersion).wrong, "");
  EXPECT_EQ(Compare(written, folded, Rewrite::kNewVersion).lines, folded);
}

TEST(Digests, OfAVersionThatIsThereAreChangedOnlyWhereTheLogIsNew) {
  const std::vector<LogDigest> written = {Line(1, "bb")};
  const std::vector<LogDigest> folded = {Line(1, "cc")};
  for (const Rewrite rewrite : {Rewrite::kNothing, Rewrite::kNewVersion}) {
    EXPECT_NE(Compare(written, folded, rewrite).wrong, "");
    EXPECT_EQ(Compare(written, folded, rewrite).lines, written);
  }
  EXPECT_EQ(Compare(written, folded, Rewrite::kAll).wrong, "");
  EXPECT_EQ(Compare(written, folded, Rewrite::kAll).lines, folded);
  EXPECT_EQ(RewriteOf(nullptr), Rewrite::kNothing);
  EXPECT_EQ(RewriteOf("1"), Rewrite::kNewVersion);
  EXPECT_EQ(RewriteOf("same"), Rewrite::kAll);
}

TEST(Digests, AreReadAsWritten) {
  const std::vector<LogDigest> lines = {Line(1, "bb"), Line(2, "cc")};
  EXPECT_EQ(DecodeDigests(EncodeDigests(lines)).value(), lines);
  EXPECT_FALSE(DecodeDigests("1 10 2 30 aa\n"));
  EXPECT_FALSE(DecodeDigests("1 10 2 30 aa bb cc\n"));
  EXPECT_FALSE(DecodeDigests(EncodeDigests({Line(2, "bb"), Line(1, "cc")})));
}

TEST(LogFile, IsReadAsWrittenAndRefusedWhereCut) {
  const RecordedLog log = RandomLog({.seed = 5, .records = 6, .partition = 4, .lineage = 2});
  const std::string bytes = EncodeLog(log);
  const auto read = DecodeLog(bytes);
  ASSERT_TRUE(read.has_value()) << read.error().text;
  EXPECT_EQ(EncodeLog(*read), bytes);
  EXPECT_EQ(read->lineage, 2u);
  ASSERT_EQ(read->records.size(), 6u);
  EXPECT_EQ(read->records[5].data, log.records[5].data);
  std::set<size_t> whole;  // Where a record ends, nothing tells that another came.
  for (size_t count = 0; count <= log.records.size(); ++count) {
    RecordedLog part = log;
    part.records.resize(count);
    whole.insert(EncodeLog(part).size());
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeLog(bytes.substr(0, size)).has_value(), whole.contains(size)) << size;
  }
  RecordedLog unordered = log;
  unordered.records[3].sequence = 1;
  EXPECT_FALSE(DecodeLog(EncodeLog(unordered)));
}

TEST(RandomWalk, IsTheSameUnderTheSameSeed) {
  EXPECT_EQ(EncodeLog(RandomLog({.seed = 9, .records = 200})),
            EncodeLog(RandomLog({.seed = 9, .records = 200})));
  EXPECT_NE(EncodeLog(RandomLog({.seed = 9, .records = 200})),
            EncodeLog(RandomLog({.seed = 10, .records = 200})));
}

}  // namespace
}  // namespace lyceum::golden
