// The command line: every flag of every subcommand, those of `course` in course_flags.cc, of
// `supervise` in supervise_flags.cc, of the whole fleet in fleet_flags.cc, of records in record_flags.cc. CLI11 is included
// here, there and in command_docs.cc alone, since it is large.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>

#include "cli/cli.h"
#include "cli/command_docs.h"
#include "cli/course_flags.h"
#include "cli/fleet_flags.h"
#include "cli/record_flags.h"
#include "cli/roles.h"
#include "cli/suggest.h"
#include "cli/supervise_flags.h"
#include "cli/terminal.h"

namespace lyceum::cli {
namespace {

using Job = std::function<int()>;

struct Options {
  InitOptions init;
  ReadyOptions ready;
  FleetFlags fleet;
  CourseOptions course;
  ChatOptions chat;
  SendOptions send;
  std::vector<std::unique_ptr<OperateOptions>> operate;
  std::string send_start, send_text, send_event;
  uint32_t send_attach = 0;
  uint32_t send_review = 0;
  SuperviseFlags supervise;
  StateOptions state;
  ReplayOptions replay;
  uint64_t replay_to = 0;
  uint32_t replay_partition = 0;
  PartitionResumeOptions resume;
  PartitionMoveOptions move;
  SessionRebuildOptions rebuild;
  std::string fsm_format = "md";
  DecodeOptions decode;
  GradeOptions grade;
  LoadOptions load;
  ToolCheckOptions tool_check;
  ToolAskOptions tool_ask;
  ContextOptions context;
  std::string shell;
  RecordFlags records;
};

std::string role_needed;  // Of the one command that runs.

class CommandLine {
 public:
  explicit CommandLine(const Common& common) : common_(common) {
    app_.set_version_flag("--version", std::string(LYCEUM_VERSION));
    app_.require_subcommand(1);
    app_.fallthrough();
    Init();
    Ready();
    AddFleetCommands(app_, options_.fleet, adder());
    Course();
    Chat();
    Send();
    Operate();
    Supervise();
    State();
    Replay();
    Partition();
    Session();
    Fsm();
    Decode();
    Grade();
    Load();
    Tool();
    DeadLetters();
    Context();
    Docs();
  }

  // The flags that the settings declare, before or after the subcommand.
  void AddSettings(const Settings& settings) {
    app_.add_option("--config", values_["config"], "TOML file with the settings (LYCEUM_CONFIG)");
    app_.add_option("--context", context_, "Server and role by name, see `lyceum context`");
    for (const Settings::Item& item : settings.items()) {
      if (item.secret || item.is_table) continue;
      std::string help = item.help + " (";
      for (size_t i = 0; i < item.env.size(); ++i) help += (i ? ", " : "") + item.env[i];
      help += ")";
      if (item.is_switch) {
        app_.add_flag("--" + item.name, values_[item.name], help);
      } else {
        app_.add_option("--" + item.name, values_[item.name], help);
      }
    }
  }

  CLI::App& app() { return app_; }
  const Job& job() const { return job_; }
  const std::string& context() const { return context_; }
  std::map<std::string, std::string> given() const {
    std::map<std::string, std::string> given;
    for (const auto& [name, value] : values_) {
      if (app_.count("--" + name) > 0) given[name] = value;
    }
    return given;
  }

 private:
  CLI::App* Command(CLI::App& parent, const char* name, const char* help, Job job) {
    const bool grouped = &parent != &app_;
    const std::string role = RoleFor(grouped ? parent.get_name() + " " + name : name);
    CLI::App* command = parent.add_subcommand(name, help);
    if (!role.empty()) command->footer("Role at the NATS server: " + role);
    command->fallthrough();
    command->callback([this, role, job = std::move(job)] {
      job_ = job;
      role_needed = role;
    });
    return command;
  }

  // Command, for the files that declare commands of their own.
  AddCommand adder() {
    return [this](CLI::App& group, const char* name, const char* help,
                  std::function<int(const Common&)> run) {
      return Command(group, name, help, [this, run] { return run(common_); });
    };
  }

  static void Timeout(CLI::App* command, int64_t* seconds, const char* help) {
    command->add_option("--timeout", *seconds, help)
        ->check(CLI::Range(int64_t{1}, int64_t{3600}))
        ->capture_default_str();
  }

  void Init() {
    InitOptions& o = options_.init;
    CLI::App* c = Command(app_, "init", "Create the streams and buckets, or say how they differ",
                          [this, &o] { return RunInit(common_, o); });
    c->add_option("--replicas", o.replicas, "Copies of each stream and bucket")
        ->check(CLI::Range(int64_t{1}, int64_t{5}))
        ->capture_default_str();
    c->add_flag("--force", o.force,
                "Copies also on a server before 2.11, which can lose what it acknowledged");
    Timeout(c, &o.timeout_s, "Seconds to wait for a server that is not ready");
  }

  void Ready() {
    ReadyOptions& o = options_.ready;
    CLI::App* c =
        Command(app_, "ready", "Whether every partition answers and a tool worker is there",
                [this, &o] { return RunReady(common_, o); });
    Timeout(c, &o.timeout_s, "Seconds to wait until they are");
  }

  void Course() { AddCourseCommands(app_, options_.course, adder()); }

  void Chat() {
    ChatOptions& o = options_.chat;
    CLI::App* c = Command(app_, "chat", "Talk to the tutor as a learner",
                          [this, &o] { return RunChat(common_, o); });
    c->add_option("--user", o.user, "The learner")->required();
    c->add_option("--course", o.course, "The course; needed to begin one");
    c->add_option("--topic", o.topic, "Begin with this topic, not with the first one");
    c->add_option("--version", o.version, "This version of the course, not the current one");
    c->add_flag("--again", o.again, "Begin a course that is completed anew");
    c->add_option("--script", o.script, "Lines to say, each when the tutor is ready for it");
    c->add_option("--client", o.client, "Where the answers go; a fresh one by default");
    Timeout(c, &o.timeout_s, "Seconds to wait for an answer");
  }

  void Send() {
    SendOptions& o = options_.send;
    CLI::App* c = Command(app_, "send", "Put one event into a session's log", [this, &o] {
      const CLI::App* send = app_.get_subcommand("send");
      if (send->count("--start") > 0) o.start = options_.send_start;
      if (send->count("--text") > 0) o.text = options_.send_text;
      if (send->count("--attach") > 0) o.attach = options_.send_attach;
      if (send->count("--review") > 0) o.review = options_.send_review;
      if (send->count("--event") > 0) o.event = options_.send_event;
      return RunSend(common_, o);
    });
    c->add_option("--user", o.user, "The learner")->required();
    c->add_option("--client", o.client, "Where the answers go");
    c->add_option("--id", o.id, "Id of the event; a fresh one by default");
    CLI::Option_group* kind = c->add_option_group("event", "Exactly one of");
    kind->require_option(1);
    CLI::Option* start = kind->add_option("--start", options_.send_start, "Start this course");
    CLI::Option* text = kind->add_option("--text", options_.send_text, "Say this");
    kind->add_flag("--hint", o.hint, "Ask for a hint");
    kind->add_flag("--skip", o.skip, "Skip");
    kind->add_flag("--continue", o.go_on, "Go on");
    kind->add_option("--attach", options_.send_attach, "Attach; send again what came after this n");
    kind->add_flag("--detach", o.detach, "Detach");
    kind->add_flag("--stop", o.stop, "Stop what runs");
    kind->add_option("--review", options_.send_review,
                     "The grade told in the message of this n seems wrong");
    kind->add_option("--event", options_.send_event, "An Event as JSON, of any class");
    c->add_option("--topic", o.topic, "Start with this topic")->needs(start);
    c->add_option("--intent", o.intent, "What the text is")
        ->check(CLI::IsMember({"answer", "question"}))
        ->needs(text);
    Timeout(c, &o.timeout_s, "Seconds to wait for the ack");
  }

  CLI::App* AddOperation(const char* name, const char* help, Operation what, const char* option,
                         const char* option_help) {
    OperateOptions& o = *options_.operate.emplace_back(std::make_unique<OperateOptions>());
    o.what = what;
    CLI::App* c = Command(app_, name, help, [this, &o] { return RunOperate(common_, o); });
    c->add_option("user", o.user, "The learner")->required();
    if (option != nullptr) c->add_option(option, o.value, option_help);
    Timeout(c, &o.timeout_s, "Seconds to wait for the owner");
    return c;
  }

  void Operate() {
    AddOperation("skip", "Skip what a learner's session is at", Operation::kSkip, nullptr, nullptr);
    AddOperation("goto", "Take a learner to a topic", Operation::kGoto, "topic", "Id of the topic")
        ->get_option("topic")
        ->required();
    AddOperation("retry", "Run a session's failed or pending call again", Operation::kRetry,
                 nullptr, nullptr);
    AddOperation("end", "Complete a session", Operation::kEnd, "--reason", "Kept in the history");
    AddOperation("shutdown", "Suspend a session until its learner comes back", Operation::kShutdown,
                 "--reason", "Kept in the history");
    AddOperation("remediate", "Have an error explained to a learner", Operation::kRemediate,
                 "--error", "Id of a known error; without one, the tutor looks for it");
  }

  void Supervise() {
    SuperviseFlags& o = options_.supervise;
    CLI::App* c = AddSuperviseCommands(app_, o, adder());
    const std::string role = RoleFor("supervise");
    c->footer("Role at the NATS server: " + role);
    c->callback([this, c, &o, role] {
      if (!c->get_subcommands().empty()) return;
      job_ = [this, &o] { return RunSupervise(common_, o.live); };
      role_needed = role;
    });
  }

  void State() {
    StateOptions& o = options_.state;
    CLI::App* c = Command(app_, "state", "The state of a session, from its owner",
                          [this, &o] { return RunState(common_, o); });
    c->add_option("user", o.user, "The learner")->required();
    c->add_option("--history", o.history, "Newest history entries to show")
        ->check(CLI::Range(int64_t{1}, int64_t{10'000}))
        ->capture_default_str();
    Timeout(c, &o.timeout_s, "Seconds to wait for the owner");
  }

  void Replay() {
    ReplayOptions& o = options_.replay;
    CLI::App* c =
        Command(app_, "replay", "Fold a session's records again, a line a step", [this, &o] {
          if (app_.get_subcommand("replay")->count("--to") > 0) {
            o.to = options_.replay_to;
          }
          if (app_.get_subcommand("replay")->count("--partition") > 0) {
            o.partition = options_.replay_partition;
          }
          return RunReplay(common_, o);
        });
    CLI::Option* user = c->add_option("user", o.user, "The learner");
    CLI::Option* verify =
        c->add_flag("--verify", o.verify, "Compare with the live state; exit 1 on a difference");
    c->add_option("--partition", options_.replay_partition,
                  "Instead of a learner: all of this partition")
        ->excludes(user);
    c->add_option("--memory", o.memory_mb, "MiB for the sessions of --partition")
        ->check(CLI::Range(int64_t{1}, int64_t{1 << 20}))
        ->capture_default_str();
    c->add_option("--to", options_.replay_to, "Up to this sequence")->excludes(verify);
    Timeout(c, &o.timeout_s, "Seconds to wait for each answer");
  }

  void Partition() {
    CLI::App* partition = app_.add_subcommand(
        "partition", "Partitions: list (who owns them, how far they are), resume, move");
    partition->fallthrough();
    partition->callback([this, partition] {
      if (partition->get_subcommands().empty()) {
        job_ = [this] { return RunPartitionList(common_); };
      }
    });
    Command(*partition, "list", "A line a partition", [this] { return RunPartitionList(common_); });
    PartitionResumeOptions& o = options_.resume;
    CLI::App* c = Command(*partition, "resume",
                          "A halted partition goes on; where its log lost records, without them",
                          [this, &o] { return RunPartitionResume(common_, o); });
    c->add_option("partition", o.partition, "Its number")->required();
    Timeout(c, &o.timeout_s, "Seconds to wait for its owner");
    PartitionMoveOptions& m = options_.move;
    c = Command(*partition, "move",
                "Another session worker owns it from now on, as long as that one is there",
                [this, &m] { return RunPartitionMove(common_, m); });
    c->add_option("partition", m.partition, "Its number")->required();
    c->add_option("worker", m.worker, "The session worker's id")->required();
    Timeout(c, &m.timeout_s, "Seconds to wait until it does");
  }

  void Session() {
    CLI::App* session = app_.add_subcommand("session", "Sessions: rebuild");
    session->require_subcommand(1);
    session->fallthrough();
    SessionRebuildOptions& o = options_.rebuild;
    CLI::App* c =
        Command(*session, "rebuild", "Fold a session that cannot be read again from its records",
                [this, &o] { return RunSessionRebuild(common_, o); });
    c->add_option("user", o.user, "The learner")->required();
    Timeout(c, &o.timeout_s, "Seconds to wait for the owner");
  }

  void Fsm() {
    CLI::App* c = Command(app_, "fsm", "The tables of the state machine",
                          [this] { return RunFsm(common_, options_.fsm_format); });
    c->add_option("--format", options_.fsm_format, "md, dot or mermaid")
        ->check(CLI::IsMember({"md", "dot", "mermaid"}))
        ->capture_default_str();
  }

  void Decode() {
    DecodeOptions& o = options_.decode;
    CLI::App* c = Command(app_, "decode", "A payload of the contract as JSON",
                          [this, &o] { return RunDecode(common_, o); });
    c->add_option("--type", o.type, "Name of the message")->capture_default_str();
    c->add_option("file", o.file, "The payload; - is standard input")->required();
  }

  void Load() {
    LoadOptions& o = options_.load;
    CLI::App* c = Command(app_, "load", "Simulated learners, and how well they are served",
                          [this, &o] { return RunLoad(common_, o); });
    c->add_option("file", o.file, "The course they take, as it was imported")->required();
    const auto number = [&](const char* flag, int64_t* target, int64_t max, const char* help) {
      c->add_option(flag, *target, help)->check(CLI::Range(int64_t{1}, max))->capture_default_str();
    };
    number("--learners", &o.learners, 100'000, "Learners at once");
    c->add_option("--rate", o.rate, "Turns a second to begin; 0: each learner as fast as it can")
        ->check(CLI::Range(0.0, 1e6))
        ->capture_default_str();
    number("--seconds", &o.seconds, 86'400, "How long to measure");
    c->add_option("--warm-up", o.warm_up_s, "Seconds before that")
        ->check(CLI::Range(int64_t{0}, int64_t{3600}))
        ->capture_default_str();
    number("--timeout", &o.timeout_s, 3600, "Seconds after which a turn is lost");
    number("--seed", &o.seed, INT64_MAX, "The same seed: the same learners");
    c->add_option("--mix", o.mix, "What they do while a question is open")->capture_default_str();
    c->add_option("--encoding", o.encoding, "protobuf or json")
        ->check(CLI::IsMember({"protobuf", "json"}))
        ->capture_default_str();
    c->add_option(
        "--cpu-pids", o.cpu_pids,
        "Processes of this machine whose CPU is told beside its own: ids, commas between");
  }

  void Tool() {
    CLI::App* tool = app_.add_subcommand("tool", "For authors of tools: check, ask");
    tool->require_subcommand(1);
    tool->fallthrough();
    ToolCheckOptions& o = options_.tool_check;
    CLI::App* c =
        Command(*tool, "check", "Whether a tool result fits the contract; no server needed",
                [this, &o] { return RunToolCheck(common_, o); });
    c->add_option("file", o.file,
                  "The event with the result, or in JSON the result alone; - is standard input")
        ->required();
    ToolAskOptions& a = options_.tool_ask;
    CLI::App* ask =
        Command(*tool, "ask", "Send a request to the tool workers, and show what comes of it",
                [this, &a] { return RunToolAsk(common_, a); });
    ask->add_option("tool", a.tool, "Name of the tool")->required();
    ask->add_option("--args", a.args, "Its arguments as JSON; - is standard input")
        ->capture_default_str();
    Timeout(ask, &a.timeout_s, "Seconds to wait for the result");
  }

  void Context() {
    CLI::App* context =
        app_.add_subcommand("context", "Servers and roles by name: add, use, list, show, remove");
    context->require_subcommand(1);
    context->fallthrough();
    ContextOptions& o = options_.context;
    const auto named = [&](const char* name, const char* help, Job job) {
      CLI::App* c = Command(*context, name, help, std::move(job));
      c->add_option("name", o.name, "Its name");
      return c;
    };
    CLI::App* add = named("add", "Keep the server, user and password that are set, under a name",
                          [this, &o] { return RunContextAdd(common_, o); });
    add->get_option("name")->required();
    add->add_option("--description", o.description, "For people");
    add->add_flag("--select", o.select, "Use it from now on");
    named("use", "From now on, where nothing else names a server",
          [&o] { return RunContextUse(o); })
        ->get_option("name")
        ->required();
    Command(*context, "list", "Ours and those of the `nats` command",
            [this] { return RunContextList(common_); });
    named("show", "One of them, or the selected one, without its password",
          [&o] { return RunContextShow(o); });
    named("remove", "One of ours", [&o] { return RunContextRemove(o); })
        ->get_option("name")
        ->required();
  }

  void Docs() {
    CLI::App* c =
        Command(app_, "completion", "A script that completes commands in a shell", [this] {
          std::cout << CompletionOf(app_, options_.shell);
          return static_cast<int>(kDone);
        });
    c->add_option("shell", options_.shell, "bash or zsh")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh"}));
    Command(app_, "man", "The manual page, for man(1)", [this] {
      std::cout << ManPageOf(app_, LYCEUM_VERSION);
      return static_cast<int>(kDone);
    });
  }

  void Grade() {
    GradeOptions& o = options_.grade;
    CLI::App* c = Command(app_, "grade", "Grade a file of answers, without a server",
                          [this, &o] { return RunGrade(common_, o); });
    c->add_flag("--time", o.time, "Say how long one answer takes");
    c->add_flag("--llm", o.llm, "Ask the language models of --config where no checker may judge");
    c->add_option("file", o.file, "JSON Lines, an answer a line; - is standard input")->required();
  }

  void DeadLetters() { AddRecordCommands(app_, options_.records, adder()); }

  const Common& common_;
  std::string context_;
  CLI::App app_{"Lyceum: tutoring sessions over NATS", "lyceum"};
  std::map<std::string, std::string> values_;
  Options options_;
  Job job_;
};

}  // namespace

std::string_view RoleNeeded() { return role_needed; }

int Main(int argc, const char* const* argv) {
  Common common;
  const Settings settings = SettingsOf(&common);
  CommandLine line(common);
  line.AddSettings(settings);
  try {
    line.app().parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      line.app().exit(error);
      return kDone;
    }
    std::string what = error.what();
    if (line.app().get_subcommands().empty() && line.app().remaining_size() > 0) {
      const std::string typed = line.app().remaining().front();
      std::vector<std::string> known;
      for (const CLI::App* command : line.app().get_subcommands({})) {
        known.push_back(command->get_name());
      }
      what = "there is no command " + PlainLine(typed, 80);
      if (auto meant = Suggest(typed, known)) what += ", did you mean " + *meant + "?";
    }
    return Fail(kUsage, what + ": see lyceum --help");
  }
  Settings resolved = settings;
  if (auto done = resolved.Resolve(line.given()); !done) return Fail(kUsage, done.error().text);
  const bool of_contexts = line.app().got_subcommand("context");
  if (auto used = of_contexts ? Result<void>() : UseContext(line.context(), line.given(), &common);
      !used) {
    return Fail(kUsage, used.error().text);
  }
  if (auto checked = CheckCommon(common); !checked) return Fail(kUsage, checked.error().text);
  return line.job()();
}

}  // namespace lyceum::cli
