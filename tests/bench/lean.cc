// A canned gateway and a canned tool, on the same kind of loop as the session worker: what a turn
// costs when everything but the session is as thin as the bare relay's, over the real contract.
//
//   bench_lean gateway --learners W --seconds S [--course FILE] | tool [--course FILE]
// gateway  publishes one event for each of W learners (JetStream), and the next one for each
//          question that it hears
// tool     answers load_topic with one topic of many questions, and check_answer with `correct`
//          (JetStream); acks and heartbeats as any tool worker
// Each process speaks as its role (NATS_URL, NATS_USER, NATS_PASSWORD). The gateway says `begun` when
// all its learners have their first question, warms up for a second, says when it hears an answer
// after a pause of 100 ms, and prints one JSON line; the tool says `ready` and runs until SIGTERM.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/signals.h"
#include "bench/micro_lesson.h"
#include "envelope/codec.h"
#include "load/latencies.h"
#include "support/stack.h"
#include "tutor/names.h"
#include "wire/event_loop.h"
#include "wire/nats_wire.h"
#include "wire/stored_publisher.h"

namespace lyceum::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr size_t kQuestions = 150;
constexpr size_t kBeginAtOnce = 50;
constexpr milliseconds kWarmUp{1000};
constexpr milliseconds kBegin{60'000};
constexpr milliseconds kPause{100};
constexpr int64_t kTickMs = 100;
constexpr int64_t kHeartbeatMs = 500;
constexpr uint32_t kSlots = 8192;
constexpr int64_t kGiveUpMs = 120'000;

std::string Env(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(fmt::format("{} is not set", name));
  return value;
}

// A wire on its loop, and what is to be stored on the way out. One thread.
class Node {
 public:
  Node() {
    wire::ConnectOptions options;
    options.url = Env("NATS_URL");
    options.user = Env("NATS_USER");
    options.password = Env("NATS_PASSWORD");
    auto wire = wire::NatsWire::Create(&loop_, &clock_, options);
    if (!wire) throw std::runtime_error(wire.error().text);
    wire_ = std::move(*wire);
    publisher_ = std::make_unique<wire::StoredPublisher>(
        wire_.get(), &clock_,
        wire::StoredPublisher::Options{.messages_max = 1 << 17, .bytes_max = 1 << 30});
    const Deadline deadline = In(milliseconds(10'000));
    while (!wire_->connected()) {
      if (Steady::now() > deadline) throw std::runtime_error("not connected to NATS");
      Turn();
    }
    publisher_->OnConnected();
  }
  // One turn of the loop. False: it was told to stop, or has lost its connection.
  bool Turn() {
    const int64_t now = clock_.SteadyMs();
    loop_.RunOnce(std::clamp<int64_t>(std::min(wire_->NextDeadlineMs(), tick_ms_) - now, 0, 100));
    wire_->Tick();
    if (clock_.SteadyMs() >= tick_ms_) {
      tick_ms_ = clock_.SteadyMs() + kTickMs;
      publisher_->Tick();
      stopped_ = WaitForStop(Deadline{});
    }
    wire_->Flush();
    return !stopped_ && wire_->connection_number() <= 1;
  }
  // `stored` is called once the server has it.
  void Store(std::string subject, std::string data, std::string id, std::function<void()> stored) {
    const bool sent =
        publisher_->Send({.subject = std::move(subject),
                          .data = std::move(data),
                          .content_type = {},
                          .message_id = std::move(id),
                          .expected_last = {}},
                         kGiveUpMs, [stored = std::move(stored)](const Result<uint64_t>& acked) {
                           if (!acked) throw std::runtime_error(acked.error().text);
                           if (stored) stored();
                         });
    if (!sent) throw std::runtime_error("no room for what is to be stored");
  }
  void Subscribe(const std::string& subject, std::string_view queue, wire::Wire::Handler handler) {
    const auto subscribed = wire_->Subscribe(subject, queue, std::move(handler));
    if (!subscribed) throw std::runtime_error(subscribed.error().text);
  }
  wire::Wire& wire() { return *wire_; }
  const Clock& clock() const { return clock_; }

 private:
  wire::EventLoop loop_;
  SystemClock clock_;
  std::unique_ptr<wire::NatsWire> wire_;
  std::unique_ptr<wire::StoredPublisher> publisher_;
  int64_t tick_ms_ = 0;
  bool stopped_ = false;
};

// --- The tool ------------------------------------------------------------------------------------

class Tool {
 public:
  explicit Tool(const std::string& course) : topic_(LongTopic(course, kQuestions)) {
    for (const tutor::Tool tool : {tutor::Tool::kLoadTopic, tutor::Tool::kCheckAnswer}) {
      const std::string_view name = tutor::Name(tool);
      const auto answer = [this](const wire::Arrived& request) { Answer(request); };
      node_.Subscribe(subjects_.ToolRequests(name), envelope::kToolQueueGroup, answer);
      node_.Subscribe(subjects_.ToolRequestsTo(name, kWorker), "", answer);
    }
  }
  void Run() {
    fmt::print("ready\n");
    std::fflush(stdout);
    for (int64_t next_ms = 0; node_.Turn();) {
      const int64_t now = node_.clock().SteadyMs();
      if (now < next_ms) continue;
      next_ms = now + kHeartbeatMs;
      Beat();
    }
  }

 private:
  static constexpr char kWorker[] = "lean";

  void Answer(const wire::Arrived& arrived) {
    const auto request = envelope::DecodeToolRequest(
        arrived.data, envelope::EncodingOf(arrived.content_type, arrived.data));
    if (!request) throw std::runtime_error(request.error().text);
    if (!arrived.reply.empty()) {
      const std::string ack = envelope::EncodeToolAck({request->id, true, kWorker});
      (void)node_.wire().Publish({.subject = arrived.reply, .data = ack});
    }
    tutor::ToolReply reply{.call = request->id, .attempt = request->attempt, .worker = kWorker};
    reply.provider = "canned";
    reply.latency_ms = 1;
    if (const auto* check = std::get_if<tutor::CheckAnswerArgs>(&request->args)) {
      reply.outcome = tutor::CheckAnswerOk{.question = check->question.id,
                                           .verdict = tutor::Verdict::kCorrect,
                                           .score = 1,
                                           .confidence = 1,
                                           .method = "exact",
                                           .feedback = "That is right: the two are the same."};
    } else {
      reply.outcome = tutor::LoadTopicOk{.topic = topic_, .digest = "canned"};
    }
    tutor::Event event{.id = EventId(request->id.value), .kind = tutor::ToolResult{reply}};
    node_.Store(request->reply_subject,
                envelope::EncodeEvent(event, envelope::Encoding::kProtobuf, request->trace),
                request->id.value, [this, id = request->id.value] { in_flight_.erase(id); });
    in_flight_.insert(request->id.value);
  }
  void Beat() {
    envelope::ToolHeartbeat beat{.worker = kWorker,
                                 .tools = {std::string(tutor::Name(tutor::Tool::kLoadTopic)),
                                           std::string(tutor::Name(tutor::Tool::kCheckAnswer))},
                                 .slots = kSlots,
                                 .free = kSlots,
                                 .protobuf = true,
                                 .direct = true};
    for (const std::string& id : in_flight_) beat.in_flight.emplace_back(id);
    const std::string data = envelope::EncodeToolHeartbeat(beat);
    (void)node_.wire().Publish({.subject = subjects_.Heartbeat(kWorker), .data = data});
  }

  const envelope::Subjects subjects_;
  const std::shared_ptr<const tutor::Topic> topic_;
  std::unordered_set<std::string> in_flight_;  // Answered, and not acked yet.
  Node node_;
};

// --- The gateway ---------------------------------------------------------------------------------

class Gateway {
 public:
  Gateway(const std::string& course, size_t learners)
      : course_(LongTopic(course, 1)->course),
        run_(fmt::format("lean-{}", UnixMs())),
        client_(run_),
        learners_(learners),
        longest_us_(learners) {
    node_.Subscribe(subjects_.Out(client_), "",
                    [this](const wire::Arrived& message) { Hear(message); });
  }
  void Run(double seconds);

 private:
  struct Learner {
    std::string user;
    uint32_t said = 0;
    uint32_t heard = 0;  // The last n.
    bool begun = false;
    Deadline since{};
  };

  void Begin(size_t number) {
    Learner& learner = learners_[number];
    by_user_.erase(learner.user);
    learner = {.user = fmt::format("{}-{}", run_, users_++)};
    by_user_[learner.user] = number;
    Say(learner, tutor::Start{.course = course_});
  }
  void Say(Learner& learner, tutor::EventKind kind) {
    learner.since = Steady::now();
    tutor::Event event{.id = EventId(fmt::format("{}-{}", learner.user, learner.said++)),
                       .client = client_,
                       .kind = std::move(kind)};
    subject_.clear();
    subjects_.AppendIn(&subject_, envelope::RecordClass::kUser, learner.user);
    node_.Store(subject_, envelope::EncodeEvent(event, envelope::Encoding::kProtobuf),
                event.id.value, {});
  }
  void Hear(const wire::Arrived& arrived) {
    const auto received =
        envelope::DecodeClientMessage(arrived.data, envelope::Encoding::kProtobuf);
    if (!received) throw std::runtime_error(received.error().text);
    const auto found = by_user_.find(received->user.value);
    if (found == by_user_.end()) return;
    Learner& learner = learners_[found->second];
    const tutor::ClientMessage& message = received->message;
    if (message.n <= learner.heard) return;
    learner.heard = message.n;
    if (const auto* error = std::get_if<tutor::ErrorOut>(&message.body)) {
      throw std::runtime_error("a learner hears an error: " + error->text);
    }
    if (std::holds_alternative<tutor::CompletedOut>(message.body)) return Begin(found->second);
    if (!std::holds_alternative<tutor::QuestionOut>(message.body)) return;
    if (!std::exchange(learner.begun, true)) {
      ++begun_;
    } else if (measuring_) {
      ++turns_;
      const Deadline now = Steady::now();
      const auto took = std::chrono::duration_cast<microseconds>(now - learner.since);
      latencies_.Add(took.count());
      longest_us_[found->second] = std::max(longest_us_[found->second], took.count());
      if (now - heard_ >= kPause) {
        fmt::print("heard after a pause\n");
        std::fflush(stdout);
      }
      heard_ = now;
    }
    Say(learner, tutor::UserMessage{"3/4", tutor::Intent::kAnswer});
  }

  const CourseId course_;
  const std::string run_;
  const ClientId client_;
  const envelope::Subjects subjects_;
  std::vector<Learner> learners_;
  std::vector<int64_t> longest_us_;  // A learner's longest turn; whoever follows it counts on.
  std::unordered_map<std::string, size_t> by_user_;
  uint64_t users_ = 0;
  uint64_t begun_ = 0;
  uint64_t turns_ = 0;
  bool measuring_ = false;
  Deadline heard_{};  // The last answer, whose ever.
  load::Latencies latencies_;
  std::string subject_;
  Node node_;
};

void Gateway::Run(double seconds) {
  const Deadline begin_by = In(kBegin);
  for (size_t next = 0; begun_ < learners_.size();) {
    // Each of them makes a tool send a whole topic.
    while (next < learners_.size() && next - begun_ < kBeginAtOnce) Begin(next++);
    if (!node_.Turn() || Steady::now() > begin_by) {
      throw std::runtime_error(
          fmt::format("only {} of {} learners have begun", begun_, learners_.size()));
    }
  }
  fmt::print("begun\n");
  std::fflush(stdout);
  const Deadline from = In(kWarmUp);
  const Deadline end = from + milliseconds(static_cast<int64_t>(1000 * seconds));
  Deadline now = Steady::now();
  while (now < end && node_.Turn()) {
    now = Steady::now();
    measuring_ = now >= from;
  }
  const double took = std::chrono::duration<double>(now - from).count();
  load::Latencies longest;
  for (const int64_t us : longest_us_) longest.Add(us);
  fmt::print(
      R"({{"turns":{},"seconds":{:.3f},"turns_per_s":{:.1f},"p50_ms":{:.3f},"p99_ms":{:.3f},"max_ms":{:.3f},)"
      R"("longest_p50_ms":{:.3f},"longest_p99_ms":{:.3f}}})"
      "\n",
      turns_, took, static_cast<double>(turns_) / took, latencies_.AtMs(0.5), latencies_.AtMs(0.99),
      latencies_.AtMs(1), longest.AtMs(0.5), longest.AtMs(0.99));
}

int Main(int argc, char** argv) {
  CLI::App app{"A canned gateway and a canned tool", "bench_lean"};
  std::string role, course = test::SourceFile("ops/courses/fractions.toml");
  size_t learners = 1;
  double seconds = 5;
  app.add_option("role", role)->required()->check(CLI::IsMember({"gateway", "tool"}));
  app.add_option("--course", course);
  app.add_option("--learners", learners)->check(CLI::Range(1, 100'000));
  app.add_option("--seconds", seconds);
  CLI11_PARSE(app, argc, argv);
  CatchStopSignals();
  try {
    if (role == "tool") Tool(course).Run();
    if (role == "gateway") Gateway(course, learners).Run(seconds);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_lean {}: {}\n", role, error.what());
    return 3;
  }
  return 0;
}

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) { return lyceum::bench::Main(argc, argv); }
