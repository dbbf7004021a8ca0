// The command `lyceum`: one file a subcommand, each a function from its flags to an exit code.
//
// Results go to standard output (with --json: one JSON object a line), messages for people to
// standard error. Exit codes are part of the contract: see Exit. Flags are read in flags.cc,
// nowhere else.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/config.h"
#include "base/result.h"
#include "envelope/subjects.h"
#include "models/models.h"
#include "tutor/event.h"
#include "wire/connection.h"

namespace lyceum::cli {

enum Exit : int {
  kDone = 0,
  kNo = 1,     // The answer is no: a difference, a refused item, no such session.
  kUsage = 2,  // Wrong usage or configuration.
  kAway = 3,   // The other side is not there, or timed out.
};

// What every subcommand takes.
struct Common {
  wire::ConnectOptions nats;
  std::string prefix = "lyceum";
  int64_t partitions = 16;
  bool json = false;
  models::Flags models;  // For `grade --llm`.

  envelope::Subjects subjects() const;
};
// Declares them. `common` must outlive the settings.
Settings SettingsOf(Common* common);
// What the settings can not say of a value by itself.
Result<void> CheckCommon(const Common& common);

wire::ConnectOptions ConnectOptionsOf(const Common& common);
Result<std::shared_ptr<wire::Connection>> Connect(const Common& common);

struct InitOptions {
  int64_t replicas = 1;
  bool force = false;      // Also where the server is too old for a cluster.
  int64_t timeout_s = 60;  // A cluster that has just started can not create streams yet.
};
struct ReadyOptions {
  int64_t timeout_s = 30;
};
struct StatusOptions {
  int64_t lag_max = 1'000;
  std::string format = "auto";  // table | json | auto
};
struct CheckOptions {
  int64_t lag_max = 1'000;
  int64_t dead_letters_max = 1'000;
  std::string format = "text";  // text | json | nagios | prometheus
};
struct SessionsOptions {
  std::string state;  // Empty: any; "damaged": those that cannot be read.
  std::string course;
  std::string older;  // "15m": no record since then.
  bool stuck = false;
  std::string like;
  std::string after;  // Where an earlier list ended.
  int64_t limit = 100;
  std::string format = "auto";
};
struct TrimOptions {
  std::string older;  // Only records that are older than this.
  bool dry_run = false;
};
struct ForgetOptions {
  std::string user;
  int64_t timeout_s = 30;  // Until every worker has done it.
};
struct ExportOptions {
  std::string user;
  std::string out;  // Empty or "-": standard output.
  int64_t timeout_s = 20;
};
struct DoctorOptions {
  bool sessions = false;  // Also look at each session.
};
// What a course is read from.
struct CourseSource {
  std::vector<std::string> files;  // One of our own format; of others one or more.
  std::string from;                // Empty: our own; oatutor, gift, moodle-xml, qti or olx.
  std::string course;              // Of other formats: its id.
  std::string problems;            // Of oatutor.
  std::string materials;
  bool lenient = false;
  bool draft = false;
};
// A course that is stored.
struct CourseShowOptions {
  std::string course;
  std::string version;  // Empty: the current one; of a rollback: the one before.
  std::string topic;
};
struct ChatOptions {
  std::string user;
  std::string course;   // Empty: the one that the learner is in.
  std::string topic;    // To begin with. Empty: the first one.
  std::string version;  // Empty: the current one.
  bool again = false;   // Begin a completed course anew.
  std::string client;   // Empty: a fresh one.
  std::string script;   // Empty: standard input.
  int64_t timeout_s = 60;
};
struct SendOptions {
  std::string user;
  std::string client;
  std::string id;  // Empty: a fresh one.
  std::optional<std::string> start;
  std::string topic;
  std::optional<std::string> text;
  std::string intent;  // Empty, "answer" or "question".
  bool hint = false;
  bool skip = false;
  bool go_on = false;
  std::optional<uint32_t> attach;
  bool detach = false;
  bool stop = false;
  std::optional<uint32_t> review;    // The n of the feedback.
  std::optional<std::string> event;  // JSON.
  int64_t timeout_s = 10;
};
enum class Operation { kSkip, kGoto, kRetry, kEnd, kShutdown, kRemediate };
struct OperateOptions {
  Operation what = Operation::kRetry;
  std::string user;
  std::string value;  // The topic, the error or the reason.
  int64_t timeout_s = 10;
};
struct SuperviseOptions {
  std::string course;    // Empty: all of them.
  int64_t seconds = 12;  // list: drafts that wait are shown again every ten.
  int64_t timeout_s = 10;
};
struct SuperviseDecideOptions {
  std::string user;
  std::string draft;
  tutor::Decision decision = tutor::Decision::kApprove;
  std::string text;
  std::string text_file;  // Instead of the text; "-": standard input.
  int64_t timeout_s = 10;
};
struct StateOptions {
  std::string user;
  int64_t history = 20;
  int64_t timeout_s = 5;
};
struct ReplayOptions {
  std::string user;
  std::optional<uint32_t> partition;  // Instead of a user: all of them.
  bool verify = false;
  std::optional<uint64_t> to;
  int64_t memory_mb = 512;  // Of the sessions that are compared in one pass of a partition's log.
  int64_t timeout_s = 60;
};
struct StepOptions {
  std::string user;
  uint64_t to = 0;  // 0: the learner's last record.
  int64_t timeout_s = 60;
};
struct TraceOptions {
  std::string user;      // Or of all learners
  std::string tool;      // the results of a tool.
  int64_t next = 0;      // Lines, then it ends; 0: it does not.
  std::string duration;  // "5m", then it ends; empty: it does not.
  int64_t timeout_s = 10;
};
struct PartitionResumeOptions {
  uint32_t partition = 0;
  int64_t timeout_s = 20;
};
struct PartitionMoveOptions {
  uint32_t partition = 0;
  std::string worker;
  int64_t timeout_s = 20;
};
struct SessionRebuildOptions {
  std::string user;
  int64_t timeout_s = 120;
};
struct DecodeOptions {
  std::string type = "Event";
  std::string file;  // "-": standard input.
};

struct LoadOptions {
  std::string file;  // The course in our own format: what the learners know.
  int64_t learners = 100;
  double rate = 0;  // Turns a second; 0: closed loop.
  int64_t seconds = 10;
  int64_t warm_up_s = 2;
  int64_t timeout_s = 30;
  int64_t seed = 1;
  std::string mix = "right=60,wrong=20,hint=5,question=10,second=5";
  std::string encoding = "protobuf";
  std::string cpu_pids;  // Of processes of this machine, commas between.
};
struct ToolAskOptions {
  std::string tool;
  std::string args = "{}";  // JSON; "-": standard input.
  int64_t timeout_s = 35;
};
struct ReportOptions {
  std::string course;
  std::string like;  // Only learners whose names have this text.
  std::string format = "auto";
  bool csv = false;
  int64_t memory_mb = 512;
  int64_t timeout_s = 10;  // For what comes next of a log.
};
// Which dead letters: one by its number, or all that the filters take.
struct DeadLetterOptions {
  uint64_t sequence = 0;  // 0: none is named.
  std::string user;
  int64_t partition = -1;  // -1: any.
  std::string reason;
  std::string older;  // "15m": refused before that.
  std::string newer;
  int64_t limit = 50;
  bool all_matching = false;
  bool yes = false;
};
struct ContextOptions {
  std::string name;
  std::string description;
  bool select = false;
};
struct ToolCheckOptions {
  std::string file;  // "-": standard input.
};
struct GradeOptions {
  std::string file;   // "-": standard input.
  bool time = false;  // Say how long one takes.
  bool llm = false;   // Ask the configured language models where no checker may judge.
};

int RunInit(const Common& common, const InitOptions& options);
int RunReady(const Common& common, const ReadyOptions& options);
int RunStatus(const Common& common, const StatusOptions& options);
// With the format nagios the exit codes are those of its plugins: 0 well, 1 warning, 2 critical, 3 not known.
int RunCheck(const Common& common, const CheckOptions& options);
int RunSessions(const Common& common, const SessionsOptions& options);
int RunTrim(const Common& common, const TrimOptions& options);
int RunReport(const Common& common, const ReportOptions& options);
int RunForget(const Common& common, const ForgetOptions& options);
int RunExport(const Common& common, const ExportOptions& options);
int RunDoctor(const Common& common, const DoctorOptions& options);
int RunCourseImport(const Common& common, const CourseSource& source);
int RunCourseCheck(const Common& common, const CourseSource& source);
// Paths of files in our own format.
int RunCourseDiff(const Common& common, const std::string& from, const std::string& to);
int RunCourseExport(const CourseSource& source);
// Empty topic: all of them.
int RunCoursePreview(const Common& common, const CourseSource& source, const std::string& topic);
int RunCourseList(const Common& common);
int RunCourseShow(const Common& common, const CourseShowOptions& options);
int RunCourseVersions(const Common& common, const CourseShowOptions& options);
int RunCoursePublish(const Common& common, const CourseShowOptions& options);
int RunCourseRollback(const Common& common, const CourseShowOptions& options);
int RunCourseFetch(const Common& common, const CourseShowOptions& options);
int RunChat(const Common& common, const ChatOptions& options);
int RunSend(const Common& common, const SendOptions& options);
int RunOperate(const Common& common, const OperateOptions& options);
int RunSupervise(const Common& common, const SuperviseOptions& options);
int RunSuperviseList(const Common& common, const SuperviseOptions& options);
int RunSuperviseDecide(const Common& common, const SuperviseDecideOptions& options);
int RunState(const Common& common, const StateOptions& options);
int RunReplay(const Common& common, const ReplayOptions& options);
int RunReplayPartition(const Common& common, const ReplayOptions& options);
int RunStep(const Common& common, const StepOptions& options);
int RunTrace(const Common& common, const TraceOptions& options);
int RunPartitionList(const Common& common);
int RunPartitionResume(const Common& common, const PartitionResumeOptions& options);
int RunPartitionMove(const Common& common, const PartitionMoveOptions& options);
int RunSessionRebuild(const Common& common, const SessionRebuildOptions& options);
int RunFsm(const Common& common, const std::string& format);
int RunGrade(const Common& common, const GradeOptions& options);
int RunDecode(const Common& common, const DecodeOptions& options);
int RunLoad(const Common& common, const LoadOptions& options);
int RunToolAsk(const Common& common, const ToolAskOptions& options);
int RunContextAdd(const Common& common, const ContextOptions& options);
int RunContextUse(const ContextOptions& options);
int RunContextList(const Common& common);
int RunContextShow(const ContextOptions& options);
int RunContextRemove(const ContextOptions& options);
int RunToolCheck(const Common& common, const ToolCheckOptions& options);
int RunDeadLetterList(const Common& common, const DeadLetterOptions& options);
int RunDeadLetterShow(const Common& common, const DeadLetterOptions& options);
int RunDeadLetterRetry(const Common& common, const DeadLetterOptions& options);
int RunDeadLetterPurge(const Common& common, const DeadLetterOptions& options);

// The role at the NATS server that the command which runs needs; empty: none. Set by Main.
std::string_view RoleNeeded();

// The context that a command goes by: `named` by a flag, whatever else names a server; else, where nothing
// else names a server or a user, that of LYCEUM_CONTEXT, the selected one, or the one that is named as the role
// which the command needs. `given`: the flags, which stand above it. kReject: it is not there, or is not good.
Result<void> UseContext(const std::string& named, const std::map<std::string, std::string>& given,
                        Common* common);

// Reads the command line, runs what it names.
int Main(int argc, const char* const* argv);

// --- What several of them need ------------------------------------------------------------------

// The sentence on standard error, and the exit code that its fault means.
int Fail(const Error& error);
int Fail(Exit code, std::string_view sentence);
// For what went wrong before anything was asked: credentials, files, values.
int FailUsage(const Error& error);

// `format` auto: where standard output is a terminal.
bool AsTable(const Common& common, const std::string& format);

// A subject token as it is; any other id is turned into one.
Result<UserId> UserOf(const std::string& text);
Result<ClientId> ClientOf(const std::string& text);
// 128 random bits in hex: an id nobody has used.
std::string FreshId();

// An exit code where it was installed with another count of partitions, under which every record would be refused.
std::optional<int> CheckPartitions(const Common& common, wire::Connection& connection);

// At most bytes_max of a file; "-" is standard input. kReject: not readable, or larger.
Result<std::string> ReadAll(const std::string& path, size_t bytes_max);

}  // namespace lyceum::cli
