// What the programs tell the machinery around them: figures as docs/operations.md lists them, and
// probes that say why.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "cli_fixture.h"
#include "support/eventually.h"
#include "support/gateway.h"
#include "support/stack.h"

namespace lyceum {
namespace {

using std::chrono::seconds;
using test::Program;

struct Figure {
  std::string type, help;
  std::set<std::string> labels;
  bool operator==(const Figure&) const = default;
};
using Figures = std::map<std::string, Figure>;

std::ostream& operator<<(std::ostream& out, const Figure& figure) {
  out << figure.type << " {";
  for (const std::string& label : figure.labels) out << " " << label;
  return out << " } " << figure.help;
}

// The name of a sample's figure: without what a histogram puts behind it.
std::string FigureOf(const std::string& sample, const Figures& known) {
  for (const char* suffix : {"_bucket", "_sum", "_count"}) {
    const std::string end = suffix;
    if (!sample.ends_with(end)) continue;
    const std::string base = sample.substr(0, sample.size() - end.size());
    const auto found = known.find(base);
    if (found != known.end() && found->second.type == "histogram") return base;
  }
  return sample;
}

Figures ParsePage(const std::string& page) {
  Figures figures;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first, kind, name;
    words >> first;
    if (first == "#") {
      words >> kind >> name >> std::ws;
      std::string rest;
      std::getline(words, rest);
      (kind == "HELP" ? figures[name].help : figures[name].type) = rest;
      continue;
    }
    const size_t brace = line.find('{');
    const std::string sample = line.substr(0, line.find_first_of("{ "));
    Figure& figure = figures[FigureOf(sample, figures)];
    if (brace == std::string::npos || brace > line.find(' ')) continue;
    // Values of our labels hold neither quotes nor commas.
    std::istringstream labels(line.substr(brace + 1, line.find('}') - brace - 1));
    for (std::string label; std::getline(labels, label, ',');) {
      const std::string key = label.substr(0, label.find('='));
      if (key != "le") figure.labels.insert(key);
    }
  }
  return figures;
}

// The rows below the heading that names the program: | `name` | type | `label`, `label` | help |
Figures ParseDocument(const std::string& heading) {
  Figures figures;
  std::istringstream lines(test::ReadFile(test::SourceFile("docs/operations.md")));
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) inside = line.ends_with(heading);
    if (!inside || !line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    std::istringstream row(line.substr(1));
    for (std::string cell; std::getline(row, cell, '|');) {
      cell.erase(0, cell.find_first_not_of(' '));
      cell.erase(cell.find_last_not_of(' ') + 1);
      std::erase(cell, '`');
      cells.push_back(cell);
    }
    if (cells.size() != 4) {
      ADD_FAILURE() << line;
      continue;
    }
    Figure& figure = figures[cells[0]];
    figure.type = cells[1];
    figure.help = cells[3];
    std::istringstream labels(cells[2]);
    for (std::string label; std::getline(labels >> std::ws, label, ',');) {
      figure.labels.insert(label);
    }
  }
  return figures;
}

class Observed : public Installed {
 protected:
  Observed() {
    test::WriteFile(dir_ / "course.toml", kCourse);
    stack_.ImportCourse(dir_ / "course.toml");
    // A provider that nobody asks: it has figures all the same.
    test::WriteFile(dir_ / "llm.toml",
                    fmt::format("[llm]\n[[llm.provider]]\nname = \"nobody\"\napi = \"openai\"\n"
                                "base_url = \"http://127.0.0.1:{}/v1\"\nkey_env = \"\"\n"
                                "model = \"m\"\n",
                                test::FreePort()));
  }
  void StartSessions() {
    stack_.StartSessionWorker({"--metrics-listen", sessions_});
    ASSERT_TRUE(Becomes(sessions_, "ready\n")) << stack_.session_worker_logs();
  }
  void StartTools() {
    tool_worker_ = stack_.StartToolWorker(
        "tools-1", {"--config", dir_ / "llm.toml", "--prompts", test::SourceFile("ops/prompts"),
                    "--metrics-listen", tools_, "--ledger-dir", dir_ / "tools"});
    ASSERT_TRUE(Becomes(tools_, "ready\n")) << tool_worker_->err();
  }
  void StartGateway() {
    gateway_ = std::make_unique<test::Process>(
        std::vector<std::string>{Program("lyceum-gateway"), "--demo", "--listen",
                                 Loopback(test::FreePort()), "--metrics-listen", doors_},
        stack_.nats().env_for("gateway"));
    ASSERT_TRUE(Becomes(doors_, "ready\n")) << gateway_->err();
  }
  static std::string Loopback(int port) { return fmt::format("127.0.0.1:{}", port); }
  static test::Ran Get(const std::string& listen, const std::string& path) {
    return test::Run({"curl", "-s", "--max-time", "5", "-w", "%{stderr}%{http_code}",
                      "http://" + listen + path});
  }
  static std::string Page(const std::string& listen) { return Get(listen, "/metrics").out; }
  // The text of /readyz begins so.
  static bool Becomes(const std::string& listen, const std::string& text) {
    return test::Eventually(seconds(30),
                            [&] { return Get(listen, "/readyz").out.starts_with(text); });
  }
  static double Value(const std::string& page, const std::string& series) {
    const size_t begin = ("\n" + page).find("\n" + series + " ");
    return begin == std::string::npos ? -1 : std::stod(page.substr(begin + series.size() + 1));
  }

  test::TempDir dir_;
  const std::string sessions_ = Loopback(test::FreePort());
  const std::string tools_ = Loopback(test::FreePort());
  const std::string doors_ = Loopback(test::FreePort());
  std::unique_ptr<test::Process> tool_worker_, gateway_;
};

TEST_F(Observed, FiguresAreThoseOfTheDocument) {
  StartSessions();
  StartTools();
  StartGateway();
  ASSERT_TRUE(test::Eventually(seconds(20),
                               [&] { return Value(Page(sessions_), "lyceum_dead_letters") == 0; }));
  const Figures of_all = ParseDocument("Figures of every program");
  const std::map<std::string, std::string> programs = {{"lyceum-session-worker", sessions_},
                                                       {"lyceum-tool-worker", tools_},
                                                       {"lyceum-gateway", doors_}};
  for (const auto& [program, listen] : programs) {
    Figures documented = ParseDocument("Figures of `" + program + "`");
    EXPECT_FALSE(documented.empty()) << program;
    documented.insert(of_all.begin(), of_all.end());
    const Figures told = ParsePage(Page(listen));
    for (const auto& [name, figure] : told) {
      const auto found = documented.find(name);
      EXPECT_TRUE(found != documented.end() && found->second == figure)
          << program << ": docs/operations.md lacks, or has otherwise:\n| `" << name << "` | "
          << figure;
    }
    for (const auto& [name, figure] : documented) {
      EXPECT_TRUE(told.contains(name)) << program << " has no " << name;
    }
  }
}

TEST_F(Observed, PromtoolFindsNothingToSayOfTheFigures) {
  if (test::Run({"sh", "-c", "command -v promtool"}).code != 0) {
    GTEST_SKIP() << "Debian's prometheus is not installed";
  }
  StartSessions();
  StartTools();
  StartGateway();
  for (const std::string& listen : {sessions_, tools_, doors_}) {
    const test::Ran checked = test::Run({"promtool", "check", "metrics"}, {}, Page(listen));
    EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
    EXPECT_EQ(checked.out + checked.err, "");
  }
}

TEST_F(Observed, ALessonMovesTheFigures) {
  StartSessions();
  StartTools();
  test::Gateway gateway(stack_.nats().Connect("gateway"));
  gateway.Listen("c");
  ASSERT_TRUE(gateway.Send("ada", R"({"id":"s","client":"c","start":{"course":"small"}})"));
  ASSERT_TRUE(gateway.Hear("c", [](const test::Gateway::Received& received) {
    return received.message.state == tutor::StateName::kExposition;
  }));
  ASSERT_TRUE(gateway.Send("ada", "not an event"));
  std::string page;
  EXPECT_TRUE(test::Eventually(seconds(20), [&] {
    page = Page(sessions_);
    return Value(page, "lyceum_dead_letters") == 1 &&
           Value(page, "lyceum_tool_pending{tool=\"load_topic\"}") == 0;
  })) << page;
  EXPECT_EQ(Value(page, "lyceum_turn_seconds_count"), 1);
  EXPECT_GT(Value(page, "lyceum_turn_seconds_sum"), 0);
  EXPECT_LT(Value(page, "lyceum_turn_seconds_sum"), 30);
  EXPECT_GE(Value(page, "lyceum_fold_seconds_count"), 3);
  EXPECT_EQ(Value(page, "lyceum_tool_results_total{tool=\"load_topic\",verdict=\"ok\"}"), 1);
  EXPECT_EQ(Value(page, "lyceum_tool_results_total{tool=\"load_topic\",verdict=\"error\"}"), 0);
  EXPECT_EQ(Value(page, "lyceum_tool_wait_seconds_count{tool=\"load_topic\"}"), 1);
  EXPECT_EQ(Value(page, "lyceum_tool_call_seconds_count{tool=\"load_topic\"}"), 1);
  EXPECT_EQ(Value(page, "lyceum_tool_workers{tool=\"load_topic\"}"), 1);
  EXPECT_EQ(Value(page, "lyceum_tool_slots{tool=\"load_topic\"}"), 32);
  EXPECT_EQ(Value(page, "lyceum_records_refused_total{reason=\"undecodable\"}"), 1);
  EXPECT_EQ(Value(page, "lyceum_partition_state{partition=\"0\",state=\"reading\"}"), 1);
  EXPECT_EQ(Value(page, "lyceum_partition_state{partition=\"0\",state=\"halted\"}"), 0);
  const uint32_t partition = subjects_.PartitionOf(UserId("ada"));
  EXPECT_GE(Value(page, fmt::format("lyceum_partition_position{{partition=\"{}\"}}", partition)),
            3);
  EXPECT_EQ(Value(page, fmt::format("lyceum_partition_lag_records{{partition=\"{}\"}}", partition)),
            0);
  const std::string tools = Page(tools_);
  EXPECT_EQ(Value(tools, "lyceum_tool_run_seconds_count{tool=\"load_topic\"}"), 1);
  EXPECT_EQ(Value(tools, "lyceum_slots"), 32);
  EXPECT_TRUE(test::Eventually(
      seconds(20), [&] { return Value(Page(sessions_), "lyceum_checkpoint_seconds_count") >= 1; }));
}

TEST_F(Observed, NoFigureNamesALearner) {
  StartSessions();
  StartTools();
  test::Gateway gateway(stack_.nats().Connect("gateway"));
  gateway.Listen("c-zzyzx");
  ASSERT_TRUE(
      gateway.Send("ada-zzyzx", R"({"id":"s","client":"c-zzyzx","start":{"course":"small"}})"));
  ASSERT_TRUE(gateway.Reply("c-zzyzx", "s"));
  EXPECT_EQ(Page(sessions_).find("zzyzx"), std::string::npos);
  EXPECT_EQ(Page(tools_).find("zzyzx"), std::string::npos);
}

TEST_F(Observed, WithoutAServerEachProgramIsAliveAndSaysWhyItIsNotReady) {
  StartSessions();
  StartTools();
  StartGateway();
  stack_.nats().Kill9();
  for (const std::string& listen : {sessions_, tools_, doors_}) {
    EXPECT_TRUE(Becomes(listen, "no connection to NATS")) << Get(listen, "/readyz").out;
    EXPECT_EQ(Get(listen, "/readyz").err, "503");
    EXPECT_EQ(Get(listen, "/livez").out, "alive\n");
    EXPECT_EQ(Get(listen, "/livez").err, "200");
  }
  stack_.nats().Restart();
  for (const std::string& listen : {sessions_, tools_, doors_}) {
    EXPECT_TRUE(Becomes(listen, "ready\n")) << Get(listen, "/readyz").out;
  }
}

TEST_F(Observed, APartitionThatHaltsIsNamedWithItsReason) {
  StartSessions();
  test::Gateway gateway(stack_.nats().Connect("gateway"));
  gateway.Listen("c");
  ASSERT_TRUE(gateway.Send("ada", R"({"id":"s","client":"c","start":{"course":"small"}})"));
  const uint32_t partition = subjects_.PartitionOf(UserId("ada"));
  ASSERT_TRUE(test::Eventually(seconds(20), [&] {
    return Value(Page(sessions_),
                 fmt::format("lyceum_partition_position{{partition=\"{}\"}}", partition)) >= 1;
  }));
  stack_.session_worker().Kill9();
  ASSERT_TRUE(stack_.nats().Connect("admin")->Request(
      {.subject = "$JS.API.STREAM.DELETE." + subjects_.LogStream(partition)}, seconds(5)));
  ASSERT_EQ(Lyceum("admin", {"init"}).code, 0);
  stack_.StartSessionWorker({"--metrics-listen", sessions_});
  ASSERT_TRUE(Becomes(sessions_, fmt::format("partition {} halted: ", partition)))
      << Get(sessions_, "/readyz").out;
  EXPECT_EQ(Get(sessions_, "/readyz").err, "503");
  EXPECT_EQ(Get(sessions_, "/livez").err, "200");
  EXPECT_EQ(
      Value(Page(sessions_),
            fmt::format("lyceum_partition_state{{partition=\"{}\",state=\"halted\"}}", partition)),
      1);
}

TEST_F(Observed, AnAddressBeyondLoopbackIsAWarning) {
  const std::string all = fmt::format("0.0.0.0:{}", test::FreePort());
  stack_.StartSessionWorker({"--metrics-listen", all});
  EXPECT_TRUE(test::Eventually(seconds(20), [&] {
    return stack_.session_worker_logs().find("figures can be read beyond this machine") !=
           std::string::npos;
  })) << stack_.session_worker_logs();
  const auto quiet = stack_.StartToolWorker("quiet", {"--metrics-listen", tools_});
  ASSERT_TRUE(Becomes(tools_, "ready\n"));
  EXPECT_EQ(quiet->err().find("beyond this machine"), std::string::npos) << quiet->err();
}

}  // namespace
}  // namespace lyceum
