// What a NatsWire keeps to beyond the contract: with a real server that is killed, stopped, or
// says nothing.
#include "wire/nats_wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <iostream>
#include <random>

#include "log_contract.h"
#include "nats_world.h"
#include "support/seed.h"
#include "wire/subject.h"

#if defined(__SANITIZE_ADDRESS__)
// nats.c 3.4.1 does not free what it holds of a large message in the middle of which its connection
// breaks: at most one message a connection.
extern "C" const char* __lsan_default_suppressions() { return "leak:natsBuf_Create\n"; }
#endif

namespace lyceum::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

INSTANTIATE_WIRE_CONTRACT(Nats, MakeNatsWorld);

class PacedLog : public LogContract {};

TEST_P(PacedLog, AReaderWithAPaceGetsItAllAndLeavesRoomForOthers) {
  constexpr int kCount = 600;
  constexpr size_t kPadding = 10'000;  // 6 MB in all; a burst is 1 MB.
  world_->CreateStream("LOG", {"log.>"});
  auto wire = Connected();
  Store(*wire, 1, kCount, kPadding);
  Reading reading;
  const int64_t begun_ms = world_->clock().SteadyMs();
  reading.reader = std::make_unique<LogReader>(
      wire.get(), &world_->clock(), "LOG", 1,
      LogReader::Options{.subject = {}, .opened = {}, .bytes_per_s = 2'000'000}, Into(&reading),
      Breaks(&reading));
  ASSERT_TRUE(Read(&reading, [&] { return reading.sequences.size() == kCount; }));
  EXPECT_GT(world_->clock().SteadyMs() - begun_ms, 2'000);
  EXPECT_TRUE(reading.broken.empty());
}
INSTANTIATE_TEST_SUITE_P(Nats, PacedLog, testing::Values(MakeNatsWorld));

constexpr test::NatsServer::Options kCoreOnly{.roles = false, .jetstream = false, .partitions = 1};
constexpr seconds kLong{15};

uint64_t Fnv(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash;
}

// A payload that says what it should be.
std::string Sealed(std::mt19937_64* random, size_t bytes_max) {
  std::string body((*random)() % bytes_max, '\0');
  for (char& byte : body) byte = static_cast<char>((*random)());
  const uint64_t hash = Fnv(body);
  return std::string(reinterpret_cast<const char*>(&hash), sizeof(hash)) + body;
}

bool IsWhole(std::string_view payload) {
  uint64_t hash = 0;
  if (payload.size() < sizeof(hash)) return false;
  std::memcpy(&hash, payload.data(), sizeof(hash));
  return hash == Fnv(payload.substr(sizeof(hash)));
}

// How long this thread has run, or wanted to and got no processor.
std::chrono::nanoseconds RunnableTime() {
  std::ifstream file("/proc/thread-self/schedstat");
  int64_t running_ns = 0;
  int64_t waiting_ns = 0;
  file >> running_ns >> waiting_ns;
  EXPECT_GT(running_ns, 0);
  return std::chrono::nanoseconds(running_ns + waiting_ns);
}

// Turns of a loop that does not wait, and how long one of them was held up: by a lock, a socket, a
// thread; not by a busy machine.
class Watched {
 public:
  explicit Watched(NatsWorld* world) : world_(world) {}
  void Turn() {
    const auto before = RunnableTime();
    const auto took = world_->Turn(0);
    longest_ = std::max(longest_, took - std::chrono::duration_cast<std::chrono::microseconds>(
                                             RunnableTime() - before));
  }
  // Until the condition holds.
  bool Until(const std::function<bool()>& condition, milliseconds wait) {
    for (const Deadline deadline = In(wait); !condition(); Turn()) {
      if (LeftMs(deadline) == 0) return false;
    }
    return true;
  }
  std::chrono::microseconds longest() const { return longest_; }

 private:
  NatsWorld* const world_;
  std::chrono::microseconds longest_{0};
};

// Accepts connections (the kernel does) and says nothing.
class SilentServer {
 public:
  SilentServer() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(fd_, 64), 0);
    socklen_t size = sizeof(address);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "nats://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~SilentServer() { close(fd_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  const std::string& url() const { return url_; }

 private:
  const int fd_;
  std::string url_;
};

TEST(NatsWire, NothingCorruptComesThrough200KillsUnderLoad) {
  constexpr int kKills = 200;
  const uint64_t seed = test::Seed();
  std::mt19937_64 random(seed);
  NatsWorld world(kCoreOnly);
  auto wire = world.MakeWire();
  uint64_t received = 0, corrupt = 0;
  wire->SetConnectionHandler([&](bool connected) {
    if (!connected) return;
    EXPECT_TRUE(wire->Subscribe("load.*", "", [&](const Arrived& arrived) {
      ++received;
      const bool with_id = arrived.headers != nullptr;
      if (!IsWhole(arrived.data)) ++corrupt;
      if (with_id && arrived.header("Nats-Msg-Id") != std::to_string(Fnv(arrived.data))) ++corrupt;
    }));
  });
  std::vector<std::string> payloads;
  for (int i = 0; i < 200; ++i) payloads.push_back(Sealed(&random, i % 10 == 0 ? 100'000 : 2000));
  const auto publish_some = [&] {
    for (int i = 0; i < 20 && wire->unwritten_bytes() < 8 << 20; ++i) {
      const std::string& payload = payloads[random() % payloads.size()];
      const std::string id = i % 3 == 0 ? std::to_string(Fnv(payload)) : "";
      (void)wire->Publish({.subject = "load.x", .data = payload, .message_id = id});
    }
  };
  Watched watched(&world);
  for (int kill = 0; kill < kKills; ++kill) {
    ASSERT_TRUE(world.RunUntil([&] { return wire->connected(); }, kLong)) << "kill " << kill;
    const uint64_t goal = received + 20 + random() % 400;
    ASSERT_TRUE(watched.Until(
        [&] {
          publish_some();
          return received >= goal;
        },
        kLong))
        << "kill " << kill;
    world.StopServer();
    ASSERT_TRUE(watched.Until(
        [&] {
          publish_some();
          return !wire->connected();
        },
        kLong));
    world.StartServer();
  }
  EXPECT_EQ(corrupt, 0u);
  EXPECT_LT(watched.longest(), milliseconds(50));
  EXPECT_EQ(wire->connection_number(), static_cast<uint64_t>(kKills));
  std::cout << received << " messages, a turn was held up for at most " << watched.longest().count()
            << " us\n";
}

TEST(NatsWire, AServerThatAcceptsAndSaysNothingDoesNotBlockTheLoop) {
  SilentServer silent;
  NatsWorld world(kCoreOnly);
  ConnectOptions options;
  options.url = silent.url();
  options.timeout = milliseconds(300);
  auto wire = world.MakeNatsWire(options);
  Watched watched(&world);
  std::optional<Result<Answer>> answer;
  wire->Request({.subject = "q"}, seconds(1), [&](Result<Answer> got) { answer = got; });
  ASSERT_TRUE(watched.Until([&] { return wire->connect_error().has_value(); }, kLong));
  EXPECT_FALSE(wire->connected());
  EXPECT_EQ(wire->connect_error()->fault, Fault::kRetry);
  EXPECT_NE(wire->connect_error()->text.find(silent.url()), std::string::npos);
  EXPECT_TRUE(answer && !*answer);
  const auto begin = Steady::now();
  wire.reset();
  EXPECT_LT(Steady::now() - begin, seconds(2));
  EXPECT_LT(watched.longest(), milliseconds(50));
}

TEST(NatsWire, AServerThatFallsSilentIsNoticedWithin3Seconds) {
  NatsWorld world(kCoreOnly);
  auto wire = world.MakeWire();
  ASSERT_TRUE(world.RunUntil([&] { return wire->connected(); }, kLong));
  kill(world.server().pid(), SIGSTOP);
  const auto begin = Steady::now();
  Watched watched(&world);
  const std::string data(1000, 'x');
  EXPECT_TRUE(watched.Until(
      [&] {
        if (wire->unwritten_bytes() < 4 << 20) (void)wire->Publish({.subject = "a", .data = data});
        return !wire->connected();
      },
      kLong));
  EXPECT_LT(Steady::now() - begin, milliseconds(3200));
  EXPECT_GT(Steady::now() - begin, milliseconds(1000));
  // Where the kernel accepts for the stopped server, each try ends in its time.
  EXPECT_TRUE(watched.Until([&] { return Steady::now() - begin > seconds(4); }, kLong));
  kill(world.server().pid(), SIGCONT);
  EXPECT_TRUE(watched.Until([&] { return wire->connected(); }, kLong));
  EXPECT_EQ(wire->connection_number(), 2u);
  EXPECT_LT(watched.longest(), milliseconds(50));
}

TEST(NatsWire, WhatAServerIsSlowToReadWaitsAndArrives) {
  NatsWorld world(kCoreOnly);
  auto wire = world.MakeWire();
  ASSERT_TRUE(world.RunUntil([&] { return wire->connected(); }, kLong));
  uint64_t received = 0;
  uint64_t in_order = 0;
  ASSERT_TRUE(wire->Subscribe("a", "", [&](const Arrived& arrived) {
    uint64_t number = 0;
    std::memcpy(&number, arrived.data.data(), sizeof(number));
    if (number == received) ++in_order;
    ++received;
  }));
  world.Turn(0);
  kill(world.server().pid(), SIGSTOP);
  std::string data(100'000, 'x');
  constexpr uint64_t kCount = 300;  // 30 MB: more than the socket holds.
  for (uint64_t i = 0; i < kCount; ++i) {
    std::memcpy(data.data(), &i, sizeof(i));
    ASSERT_TRUE(wire->Publish({.subject = "a", .data = data}));
  }
  for (int i = 0; i < 100; ++i) world.Turn(0);
  EXPECT_GT(wire->unwritten_bytes(), size_t{1} << 20);
  kill(world.server().pid(), SIGCONT);
  EXPECT_TRUE(world.RunUntil([&] { return received == kCount; }, kLong));
  EXPECT_EQ(in_order, kCount);
  EXPECT_EQ(wire->unwritten_bytes(), 0u);
  EXPECT_EQ(wire->connection_number(), 1u);
}

// A clock that a test sets.
class SetClock final : public Clock {
 public:
  int64_t SteadyMs() const override { return ms; }
  int64_t UnixMs() const override { return ms; }
  int64_t ms = 1000;
};

TEST(NatsWire, AProcessThatWasStoppedDoesNotBlameTheServer) {
  NatsWorld world(kCoreOnly);
  SetClock clock;
  ConnectOptions options;
  options.url = world.server().url();
  auto wire = NatsWire::Create(&world.loop(), &clock, options);
  ASSERT_TRUE(wire);
  const auto turn = [&] {
    world.loop().RunOnce(10);
    (*wire)->Tick();
    (*wire)->Flush();
  };
  while (!(*wire)->connected()) turn();
  clock.ms += 60'000;
  (*wire)->Tick();
  EXPECT_TRUE((*wire)->connected());
  // Without a word from the server in many short turns it is the server.
  kill(world.server().pid(), SIGSTOP);
  for (int i = 0; i < 100 && (*wire)->connected(); ++i) {
    clock.ms += 100;
    (*wire)->Tick();
  }
  EXPECT_FALSE((*wire)->connected());
  kill(world.server().pid(), SIGCONT);
}

TEST(NatsWire, WrongUrlsAreRejectAndSayWhy) {
  EventLoop loop;
  const SystemClock clock;
  ConnectOptions options;
  for (const char* url : {"", ","}) {
    options.url = url;
    const auto wire = NatsWire::Create(&loop, &clock, options);
    ASSERT_FALSE(wire) << url;
    EXPECT_EQ(wire.error().fault, Fault::kReject);
  }
}

TEST(NatsWire, SaysWhyItCannotConnect) {
  NatsWorld world(test::NatsServer::Options{});
  ConnectOptions options;
  options.url = "nats://127.0.0.1:" + std::to_string(test::FreePort());
  auto wire = world.MakeNatsWire(options);
  ASSERT_TRUE(world.RunUntil([&] { return wire->connect_error().has_value(); }, kLong));
  EXPECT_EQ(wire->connect_error()->fault, Fault::kRetry);
  EXPECT_NE(wire->connect_error()->text.find(options.url), std::string::npos);

  options.url = world.server().url();
  options.user = "gateway";
  options.password = "sesame";
  wire = world.MakeNatsWire(options);
  ASSERT_TRUE(world.RunUntil([&] { return wire->connect_error().has_value(); }, kLong));
  EXPECT_EQ(wire->connect_error()->fault, Fault::kReject);
  EXPECT_EQ(wire->connect_error()->text.find("sesame"), std::string::npos);
}

TEST(NatsWire, WhatTheServerForbidsIsCountedAndIdlingForbidsNothing) {
  NatsWorld world(test::NatsServer::Options{});
  const auto as = [&](const std::string& role) {
    ConnectOptions options;
    options.url = world.server().url();
    options.user = role;
    options.password = world.server().password(role);
    return world.MakeNatsWire(options);
  };
  auto gateway = as("gateway");
  auto tool_worker = as("tool_worker");
  ASSERT_TRUE(
      world.RunUntil([&] { return gateway->connected() && tool_worker->connected(); }, kLong));
  EXPECT_EQ(gateway->NewInbox().rfind("_INBOX.gateway.", 0), 0u);
  ASSERT_TRUE(gateway->Publish({.subject = "lyceum.in.admin.ann"}));
  ASSERT_TRUE(world.RunUntil([&] { return gateway->async_errors() == 1; }, kLong));
  EXPECT_NE(gateway->last_async_error().find("lyceum.p."), std::string::npos);
  world.RunUntil([] { return false; }, milliseconds(3500));
  EXPECT_TRUE(tool_worker->connected());
  EXPECT_EQ(tool_worker->connection_number(), 1u);
  EXPECT_EQ(tool_worker->async_errors(), 0u);
}

TEST(NatsWire, ManyComeAndGo) {
  NatsWorld world(kCoreOnly);
  for (int i = 0; i < 50; ++i) {
    auto wire = world.MakeWire();
    if (i % 5 == 0) continue;  // While it connects.
    ASSERT_TRUE(world.RunUntil([&] { return wire->connected(); }, kLong));
    ASSERT_TRUE(wire->Subscribe("a", "", [](const Arrived&) {}));
    wire->Request({.subject = "a"}, seconds(5), [](const Result<Answer>&) {});
    if (i % 2 == 0) world.Turn(0);
    const auto begin = Steady::now();
    wire.reset();
    EXPECT_LT(Steady::now() - begin, milliseconds(400));  // The library would wait 500 ms.
  }
}

TEST(NatsWire, ManyRequestsWithoutAnAnswerAreBounded) {
  NatsWorld world(kCoreOnly);
  auto wire = world.MakeWire();
  ASSERT_TRUE(world.RunUntil([&] { return wire->connected(); }, kLong));
  ASSERT_TRUE(wire->Subscribe("q", "", [](const Arrived&) {}));
  int over = 0, in_time = 0;
  constexpr int kCount = 70'000;
  for (int i = 0; i < kCount; ++i) {
    wire->Request({.subject = "q"}, seconds(1), [&](const Result<Answer>& answer) {
      ASSERT_FALSE(answer);
      EXPECT_EQ(answer.error().fault, Fault::kRetry);
      ++(answer.error().text.find("too many") != std::string::npos ? over : in_time);
    });
  }
  ASSERT_TRUE(world.RunUntil([&] { return over + in_time == kCount; }, kLong));
  EXPECT_EQ(in_time, 1 << 16);
}

TEST(Subject, PatternsMatchAsTheServerMatches) {
  for (const auto& [pattern, subject, matches] : {std::tuple{"a", "a", true},
                                                  {"a", "b", false},
                                                  {"a.b", "a", false},
                                                  {"a", "a.b", false},
                                                  {"*", "a", true},
                                                  {"*", "a.b", false},
                                                  {"a.*", "a.b", true},
                                                  {"a.*", "a", false},
                                                  {"a.*.c", "a.b.c", true},
                                                  {"a.*.c", "a.b.d", false},
                                                  {">", "a.b.c", true},
                                                  {"a.>", "a.b.c", true},
                                                  {"a.>", "a", false},
                                                  {"a.>", "b.c", false}}) {
    EXPECT_EQ(Matches(pattern, subject), matches) << pattern << " " << subject;
  }
}

}  // namespace
}  // namespace lyceum::wire
