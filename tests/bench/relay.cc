// The bare relay: the hops of a turn without a session. The limit that a turn is held against.
//
//   bench_relay gateway --learners W --seconds S | session | tool         [--buffered]
// gateway  publishes W events to lyceum.in.user.<user> (JetStream), one more for each answer heard
// session  reads the log of each partition (ordered consumers, a thread each): for an event one
//          request to lyceum.tool.check_answer, for a result one message to lyceum.out.relay
// tool     a member of the queue group `tools`: for a request one result to lyceum.in.tool.<user>
//          (JetStream)
// Three processes with raw nats.c, as little in between as can be: nothing is decoded, kept,
// checked or sent again. Payloads begin with "<user> " and are filled up to the sizes of a real
// turn. Each process speaks as its role (NATS_URL, NATS_USER, NATS_PASSWORD) to a server that
// `lyceum init` has prepared. --buffered: the library's own buffer, which is faster with much in
// flight, slower with little. The gateway prints one JSON line; the others run until SIGTERM.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "bench/raw_nats.h"
#include "load/latencies.h"

namespace lyceum::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int kPartitions = 16;
constexpr int64_t kPollMs = 100;

volatile std::sig_atomic_t stopped = 0;
void OnStop(int) { stopped = 1; }

// Bytes of an event, a tool request, a tool result and an answer.
struct Sizes {
  size_t event = 70, request = 900, result = 350, answer = 160;
};

class Node {
 public:
  explicit Node(bool buffered)
      : connection_(ConnectRaw(buffered)), js_(JetStreamOf(connection_.get())) {}
  void Publish(const std::string& subject, const std::string& data) {
    PublishRaw(connection_.get(), subject, data);
  }
  void PublishStored(const std::string& subject, const std::string& data, const std::string& id) {
    PublishStoredRaw(js_.get(), subject, data, id);
  }
  Owned<natsSubscription> Subscribe(const std::string& subject, const char* queue) {
    natsSubscription* subscription = nullptr;
    Check(queue == nullptr
              ? natsConnection_SubscribeSync(&subscription, connection_.get(), subject.c_str())
              : natsConnection_QueueSubscribeSync(&subscription, connection_.get(), subject.c_str(),
                                                  queue),
          "subscribe");
    natsSubscription_SetPendingLimits(subscription, -1, -1);
    return Owned<natsSubscription>(subscription);
  }
  Owned<natsSubscription> ReadLog(int partition) {
    jsSubOptions options;
    jsSubOptions_Init(&options);
    const std::string stream = fmt::format("LYCEUM_P{}", partition);
    options.Stream = stream.c_str();
    options.Ordered = true;
    options.Config.DeliverPolicy = js_DeliverNew;
    natsSubscription* subscription = nullptr;
    jsErrCode code{};
    Check(js_SubscribeSync(&subscription, js_.get(),
                           fmt::format("lyceum.p.{}.*.*", partition).c_str(), nullptr, &options,
                           &code),
          "read the log");
    natsSubscription_SetPendingLimits(subscription, -1, -1);
    return Owned<natsSubscription>(subscription);
  }
  void Flush() { Check(natsConnection_FlushTimeout(connection_.get(), 5000), "flush"); }

 private:
  Owned<natsConnection> connection_;
  Owned<jsCtx> js_;
};

Owned<natsMsg> Next(natsSubscription* subscription) {
  natsMsg* message = nullptr;
  const natsStatus status = natsSubscription_NextMsg(&message, subscription, kPollMs);
  if (status == NATS_TIMEOUT) return nullptr;
  Check(status, "next message");
  return Owned<natsMsg>(message);
}

std::string_view UserOf(const natsMsg* message) {
  const std::string_view data(natsMsg_GetData(message),
                              static_cast<size_t>(natsMsg_GetDataLength(message)));
  return data.substr(0, data.find(' '));
}

std::string Payload(std::string_view user, size_t bytes) {
  std::string data(user);
  data += ' ';
  if (data.size() < bytes) data.resize(bytes, '.');
  return data;
}

void RunSession(Node& node, const Sizes& sizes) {
  std::vector<std::jthread> readers;
  for (int partition = 0; partition < kPartitions; ++partition) {
    readers.emplace_back([&node, &sizes, log = node.ReadLog(partition)] {
      while (!stopped) {
        const auto message = Next(log.get());
        if (message == nullptr) continue;
        const bool is_event = std::strstr(natsMsg_GetSubject(message.get()), ".user.") != nullptr;
        const std::string_view user = UserOf(message.get());
        if (is_event) {
          node.Publish("lyceum.tool.check_answer", Payload(user, sizes.request));
        } else {
          node.Publish("lyceum.out.relay", Payload(user, sizes.answer));
        }
      }
    });
  }
  fmt::print("ready\n");
  std::fflush(stdout);
}

void RunTool(Node& node, const Sizes& sizes) {
  const auto requests = node.Subscribe("lyceum.tool.check_answer", "tools");
  node.Flush();
  fmt::print("ready\n");
  std::fflush(stdout);
  uint64_t number = 0;
  const auto run = Steady::now().time_since_epoch().count();
  while (!stopped) {
    const auto message = Next(requests.get());
    if (message == nullptr) continue;
    const std::string_view user = UserOf(message.get());
    node.PublishStored(fmt::format("lyceum.in.tool.{}", user), Payload(user, sizes.result),
                       fmt::format("{}-{}", run, ++number));
  }
}

void RunGateway(Node& node, const Sizes& sizes, size_t learners, double seconds, double warm_up) {
  const auto answers = node.Subscribe("lyceum.out.relay", nullptr);
  node.Flush();
  const auto run = Steady::now().time_since_epoch().count();
  std::vector<Deadline> began(learners);
  uint64_t number = 0;
  const auto speak = [&](size_t learner) {
    const std::string user = fmt::format("relay-{}", learner);
    began[learner] = Steady::now();
    node.PublishStored("lyceum.in.user." + user, Payload(user, sizes.event),
                       fmt::format("g{}-{}", run, ++number));
  };
  const Deadline from = In(milliseconds(static_cast<int64_t>(1000 * warm_up)));
  const Deadline end = from + milliseconds(static_cast<int64_t>(1000 * seconds));
  for (size_t learner = 0; learner < learners; ++learner) speak(learner);
  load::Latencies latencies;
  uint64_t turns = 0;
  Deadline now = Steady::now();
  while (now < end && !stopped) {
    const auto message = Next(answers.get());
    now = Steady::now();
    if (message == nullptr) continue;
    const std::string user(UserOf(message.get()));
    const size_t learner = std::strtoull(user.c_str() + std::strlen("relay-"), nullptr, 10);
    if (learner >= learners) continue;
    if (now >= from) {
      ++turns;
      latencies.Add(std::chrono::duration_cast<microseconds>(now - began[learner]).count());
    }
    speak(learner);
  }
  const double took = std::chrono::duration<double>(now - from).count();
  fmt::print(
      R"({{"turns":{},"seconds":{:.3f},"turns_per_s":{:.1f},"p50_ms":{:.3f},"p99_ms":{:.3f}}})"
      "\n",
      turns, took, static_cast<double>(turns) / took, latencies.AtMs(0.5), latencies.AtMs(0.99));
}

int Main(int argc, char** argv) {
  CLI::App app{"The hops of a turn without a session", "bench_relay"};
  std::string role;
  bool buffered = false;
  size_t learners = 1;
  double seconds = 5, warm_up = 1;
  Sizes sizes;
  app.add_option("role", role)->required()->check(CLI::IsMember({"gateway", "session", "tool"}));
  app.add_flag("--buffered", buffered);
  app.add_option("--learners", learners);
  app.add_option("--seconds", seconds);
  app.add_option("--warm-up", warm_up);
  app.add_option("--event-bytes", sizes.event);
  app.add_option("--request-bytes", sizes.request);
  app.add_option("--result-bytes", sizes.result);
  app.add_option("--answer-bytes", sizes.answer);
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGTERM, OnStop);
  std::signal(SIGINT, OnStop);
  try {
    Node node(buffered);
    if (role == "session") RunSession(node, sizes);
    if (role == "tool") RunTool(node, sizes);
    if (role == "gateway") RunGateway(node, sizes, learners, seconds, warm_up);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_relay {}: {}\n", role, error.what());
    return 3;
  }
  return 0;
}

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) { return lyceum::bench::Main(argc, argv); }
