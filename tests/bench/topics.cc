// Very many sessions on far more topics than fit into a session worker's memory: what it holds, and
// what the learners wait.
//
//   bench_topics [--sessions N] [--topics T] [--topic-kib K] [--memory-mib M] [--rounds R]
//                [--in-flight F] [--seed S]
// Imports courses with T topics of K KiB each, starts the real session worker with `--memory` M MiB
// and a real tool worker, and begins N sessions, session i in topic i modulo T. Then every learner
// answers once a round, in another order each time, F of them at once, so that sessions and topics
// leave the memory and are loaded again. The worker's resident memory is read all the while: its most is held
// against M. Prints a table and one JSON line; exit code 1: it went over, or anything failed.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <deque>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "bench/figures.h"
#include "envelope/codec.h"
#include "envelope/subjects.h"
#include "load/latencies.h"
#include "load/node.h"
#include "support/eventually.h"
#include "support/stack.h"
#include "support/temp_dir.h"

namespace lyceum::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kTopicsOfACourse = 64;  // So that its file stays below the importer's bound.
constexpr size_t kQuestions = 40;        // Of a topic; a round answers one.
constexpr size_t kPartBytes = 4000;      // Of a topic's material.
constexpr seconds kStart{60};
constexpr seconds kImport{120};
constexpr seconds kAnswerMax{60};
constexpr milliseconds kLook{100};
constexpr int64_t kGiveUpMs = 120'000;

struct Plan {
  size_t sessions = 50'000;
  size_t topics = 300;
  size_t topic_kib = 200;
  size_t memory_mib = 256;
  size_t rounds = 3;
  size_t in_flight = 500;
  uint64_t seed = 1;
};

double Mib(uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

uint64_t ResidentBytes(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return 1024 * std::stoull(line.substr(6));
  }
  throw std::runtime_error("the session worker is gone");
}

std::string CourseName(size_t topic) { return fmt::format("long-{}", topic / kTopicsOfACourse); }
std::string TopicName(size_t topic) { return fmt::format("topic-{}", topic); }

// Text that no two topics share, so that nothing can be kept once for several.
std::string TopicText(size_t topic, size_t bytes, std::mt19937_64* random) {
  std::string text = fmt::format("[[topic]]\nid = \"{}\"\ntitle = \"Topic {}\"\nmaterial = [\n",
                                 TopicName(topic), topic);
  while (text.size() < bytes) {
    text += "\"";
    for (const size_t end = text.size() + kPartBytes; text.size() < end;) {
      for (size_t letters = 2 + (*random)() % 8; letters > 0; --letters) {
        text += static_cast<char>('a' + (*random)() % 26);
      }
      text += ' ';
    }
    text += "\",\n";
  }
  text += "]\n";
  for (size_t i = 0; i < kQuestions; ++i) {
    text += fmt::format(
        "[[topic.question]]\nid = \"q{0}-{1}\"\ntext = \"What is {1} + 1?\"\nformat = \"numeric\"\n"
        "answers = [\"{2}\"]\n",
        topic, i, i + 1);
  }
  return text;
}

struct Learner {
  UserId user;
  uint32_t heard = 0;  // The last n.
  uint32_t said = 0;
  bool heard_question = false;
  size_t asked = 0;  // Of the topic's questions: the one that is open.
  Deadline since{};
};

class Bench {
 public:
  explicit Bench(const Plan& plan);
  bool Run();

 private:
  struct Round {
    double seconds = 0;
    double p50_ms = 0;
    double p99_ms = 0;
    uint64_t resident_max = 0;
  };

  void ImportCourses();
  void StartWorkers();
  Round Everybody();  // Each learner's next turn.
  void Say(size_t number);
  void Hear(const wire::Arrived& message);

  const Plan plan_;
  const envelope::Subjects subjects_;
  const ClientId client_{"topics"};
  std::mt19937_64 random_;
  test::Stack stack_;
  std::unique_ptr<test::Process> tool_;
  std::unique_ptr<load::Node> node_;
  std::vector<Learner> learners_;
  std::unordered_map<std::string, size_t> by_user_;
  size_t open_ = 0;  // Turns that have begun and not ended.
  Deadline heard_at_{};
  load::Latencies latencies_;
};

Bench::Bench(const Plan& plan) : plan_(plan), random_(plan.seed) {
  for (size_t i = 0; i < plan_.sessions; ++i) {
    learners_.push_back({.user = UserId(fmt::format("u{}", i))});
    by_user_[learners_.back().user.value] = i;
  }
}

void Bench::ImportCourses() {
  const test::TempDir dir;
  for (size_t topic = 0; topic < plan_.topics;) {
    const std::string name = CourseName(topic);
    std::string text = fmt::format("id = \"{0}\"\ntitle = \"{0}\"\n", name);
    const size_t end = std::min(plan_.topics, topic + kTopicsOfACourse);
    for (; topic < end; ++topic) text += TopicText(topic, plan_.topic_kib << 10, &random_);
    const std::string path = dir / (name + ".toml");
    std::ofstream(path) << text;
    const test::Ran ran = stack_.Lyceum("admin", {"course", "import", path}, "", kImport);
    if (ran.code != 0) throw std::runtime_error("the import failed: " + ran.err);
  }
}

void Bench::StartWorkers() {
  tool_ = stack_.StartToolWorker("topics");
  stack_.StartSessionWorker({"--memory", std::to_string(plan_.memory_mib << 20)});
  wire::ConnectOptions options;
  options.url = stack_.nats().url();
  const auto env = stack_.nats().env_for("gateway");
  options.user = env.at("NATS_USER");
  options.password = env.at("NATS_PASSWORD");
  auto node =
      load::Node::Connect(options, {.messages_max = 2 * plan_.in_flight, .bytes_max = 64 << 20});
  if (!node) throw std::runtime_error(node.error().text);
  node_ = std::move(*node);
  const auto listening = node_->Listen(
      subjects_.Out(client_), [this](const wire::Arrived& m) { Hear(m); },
      [] { throw std::runtime_error("the connection broke"); });
  if (!listening) throw std::runtime_error(listening.error().text);
}

void Bench::Say(size_t number) {
  Learner& learner = learners_[number];
  tutor::Event event{.id = EventId(fmt::format("{}-{}", learner.user.value, learner.said)),
                     .client = client_};
  if (learner.said == 0) {
    const size_t topic = number % plan_.topics;
    event.kind =
        tutor::Start{.course = CourseId(CourseName(topic)), .topic = TopicId(TopicName(topic))};
    ++open_;
    learner.since = Steady::now();
  } else if (learner.heard_question) {
    ++open_;
    learner.since = Steady::now();
    event.kind = tutor::UserMessage{std::to_string(learner.asked + 1), tutor::Intent::kAnswer};
  } else {
    event.kind = tutor::Skip{};  // The material: on to its first question.
  }
  ++learner.said;
  std::string subject;
  subjects_.AppendIn(&subject, envelope::RecordClass::kUser, learner.user.value);
  const bool sent =
      node_->publisher().Send({.subject = std::move(subject),
                               .data = envelope::EncodeEvent(event, envelope::Encoding::kProtobuf),
                               .content_type = {},
                               .message_id = event.id.value,
                               .expected_last = {}},
                              kGiveUpMs, [](const Result<uint64_t>& stored) {
                                if (!stored) throw std::runtime_error(stored.error().text);
                              });
  if (!sent) throw std::runtime_error("no room for what is to be stored");
}

// A turn ends with the next question.
void Bench::Hear(const wire::Arrived& message) {
  const auto received = envelope::DecodeClientMessage(message.data, envelope::Encoding::kProtobuf);
  if (!received) throw std::runtime_error(received.error().text);
  Learner& learner = learners_.at(by_user_.at(received->user.value));
  const tutor::ClientMessage& heard = received->message;
  if (heard.n <= learner.heard) return;
  learner.heard = heard.n;
  if (const auto* error = std::get_if<tutor::ErrorOut>(&heard.body)) {
    throw std::runtime_error("a learner hears an error: " + error->text);
  }
  if (learner.said == 1 && std::holds_alternative<tutor::TextOut>(heard.body)) {
    return Say(by_user_.at(received->user.value));
  }
  const auto* question = std::get_if<tutor::QuestionOut>(&heard.body);
  if (question == nullptr) return;
  learner.heard_question = true;
  const std::string& id = question->question.id.value;
  learner.asked = std::stoull(id.substr(id.find('-') + 1));
  heard_at_ = Steady::now();
  latencies_.Add(
      std::chrono::duration_cast<std::chrono::microseconds>(heard_at_ - learner.since).count());
  --open_;
}

Bench::Round Bench::Everybody() {
  std::vector<size_t> order(plan_.sessions);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random_);
  latencies_ = {};
  Round round;
  const pid_t pid = stack_.session_worker().pid();
  const Deadline begun = heard_at_ = Steady::now();
  Deadline look = begun;
  for (size_t next = 0; next < order.size() || open_ > 0;) {
    while (next < order.size() && open_ < plan_.in_flight) Say(order[next++]);
    node_->RunOnce(kLook);
    const Deadline now = Steady::now();
    if (now - heard_at_ > kAnswerMax) {
      throw std::runtime_error("nobody is answered: " + stack_.session_worker_logs());
    }
    if (now < look) continue;
    look = now + kLook;
    round.resident_max = std::max(round.resident_max, ResidentBytes(pid));
  }
  round.seconds = SecondsSince(begun);
  round.p50_ms = latencies_.AtMs(0.5);
  round.p99_ms = latencies_.AtMs(0.99);
  return round;
}

bool Bench::Run() {
  ImportCourses();
  StartWorkers();
  fmt::print("{:<28} {:>10} {:>10} {:>10} {:>14}\n", "", "turns/s", "p50 ms", "p99 ms",
             "resident MiB");
  nlohmann::ordered_json line = {{"bench", "topics"},
                                 {"sessions", plan_.sessions},
                                 {"topics", plan_.topics},
                                 {"topic_kib", plan_.topic_kib},
                                 {"memory_mib", plan_.memory_mib},
                                 {"seed", plan_.seed}};
  double most = 0;
  for (size_t i = 0; i <= plan_.rounds; ++i) {
    const Round round = Everybody();
    const double rate = static_cast<double>(plan_.sessions) / round.seconds;
    const double resident = Mib(round.resident_max);
    most = std::max(most, resident);
    const std::string name = i == 0 ? "all begin" : fmt::format("all answer, {}", i);
    fmt::print("{:<28} {:>10.0f} {:>10.1f} {:>10.1f} {:>14.1f}\n", name, rate, round.p50_ms,
               round.p99_ms, resident);
    std::fflush(stdout);
    line["turns_per_s"].push_back(rate);
    line["p99_ms"].push_back(round.p99_ms);
    line["resident_mib_by_round"].push_back(resident);
  }
  line["resident_mib"] = most;
  fmt::print("{}\n", line.dump());
  return most <= static_cast<double>(plan_.memory_mib);
}

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) {
  lyceum::bench::Plan plan;
  CLI::App app{"Many sessions on many long topics", "bench_topics"};
  app.add_option("--sessions", plan.sessions)->check(CLI::Range(1, 1'000'000));
  app.add_option("--topics", plan.topics)->check(CLI::Range(1, 10'000));
  app.add_option("--topic-kib", plan.topic_kib)->check(CLI::Range(1, 240));
  app.add_option("--memory-mib", plan.memory_mib)->check(CLI::Range(64, 65'536));
  app.add_option("--rounds", plan.rounds)->check(CLI::Range(1, 30));
  app.add_option("--in-flight", plan.in_flight)->check(CLI::Range(1, 4'000));
  app.add_option("--seed", plan.seed);
  CLI11_PARSE(app, argc, argv);
  try {
    return lyceum::bench::Bench(plan).Run() ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_topics: {}\n", error.what());
    return 1;
  }
}
