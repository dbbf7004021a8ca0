// 500 learners who ask through one gateway, and whose sockets are cut at random: nothing is lost or doubled, and the gateway's
// descriptors and memory stay where they are. A short one; LYCEUM_SOAK_MINUTES=10 makes it one of ten minutes. What it is held
// to is said in lines that end with `holds` or `misses`.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "cli_fixture.h"
#include "gateway/token.h"
#include "support/seed.h"
#include "support/web_socket.h"

namespace lyceum {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kLearners = 500;
constexpr milliseconds kPace{5'000};  // Between two questions of one learner.
constexpr milliseconds kCutEach{20};  // One socket.
constexpr milliseconds kSecond{1'000};
constexpr milliseconds kShort{30'000};
constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";

milliseconds Length() {
  const char* minutes = std::getenv("LYCEUM_SOAK_MINUTES");
  return minutes == nullptr ? kShort : std::chrono::minutes(std::max(1, std::atoi(minutes)));
}

struct Sample {
  size_t descriptors = 0;
  size_t resident_kib = 0;
};

Sample Look(pid_t pid) {
  Sample sample;
  const std::string process = "/proc/" + std::to_string(pid);
  for ([[maybe_unused]] const auto& fd : std::filesystem::directory_iterator(process + "/fd")) {
    ++sample.descriptors;
  }
  std::ifstream status(process + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) sample.resident_kib = std::stoul(line.substr(6));
  }
  return sample;
}

void Hold(const char* what, size_t found, size_t most) {
  std::printf("%s: %zu, at most %zu: %s\n", what, found, most, found <= most ? "holds" : "misses");
  EXPECT_LE(found, most) << what;
}

// One learner: what came, in the order of n, each once.
struct Learner {
  std::string token;
  std::optional<test::WebSocket> socket;
  uint32_t last_n = 0;
  Deadline ask_at;
  int asked = 0;
  std::string waits_for;  // An id. Empty: for nothing.
  std::string event;      // The one of that id.
  std::string state;      // Of the session, with the last message.
  std::string wrong;
};

class GatewaySoak : public Installed {
 protected:
  GatewaySoak() : random_(test::Seed()) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    std::ofstream(dir_ / "small.toml") << kCourse;
    stack_.ImportCourse(dir_ / "small.toml");
    stack_.StartSessionWorker();
    tools_ = stack_.StartToolWorker("t1", {"--slots", "64"});
    std::ofstream(dir_ / "secret") << kSecret;
    gateway_ = std::make_unique<test::Process>(
        std::vector<std::string>{test::Program("lyceum-gateway"), "--listen", "127.0.0.1:0",
                                 "--jwt-key-file", dir_ / "secret", "--jwt-issuer", "soak",
                                 "--handshakes-per-minute", "1000000"},
        stack_.nats().env_for("gateway"));
    EXPECT_TRUE(test::Eventually(seconds(20), [&] { return Port() != 0; })) << gateway_->err();
  }
  int Port() {
    for (const json& line : Lines(gateway_->err())) {
      if (line.is_object() && line.value("event", "") == "started") port_ = line["port"];
    }
    return port_;
  }

  void Connect(Learner* one) {
    if (one->socket) return;
    std::string answer;
    one->socket = test::WebSocket::Connect(
        port_, "/v1/sessions/me/ws?after=" + std::to_string(one->last_n), one->token, &answer);
    // The gateway may not have seen the end of the last ones yet.
    if (!one->socket && answer.find(" 429 ") == std::string::npos)
      one->wrong = "refused: " + answer;
  }
  // As its session stands: a course is begun, and what failed is tried again.
  static json Next(const Learner& one) {
    if (one.last_n == 0) return {{"start", {{"course", "small"}}}};
    if (one.state == "error_state") return {{"continue", json::object()}};
    return {{"message", {{"text", "why?"}, {"intent", "QUESTION"}}}};
  }
  void Ask(Learner* one, Deadline now) {
    if (!one->socket || now < one->ask_at) return;
    one->ask_at = now + kPace;
    // What was not accepted for certain is asked again, with its id.
    if (one->waits_for.empty()) {
      json event = Next(*one);
      one->waits_for = "q-" + std::to_string(one->asked++);
      event["id"] = one->waits_for;
      one->event = event.dump();
    }
    if (!one->socket->Send(one->event)) one->socket.reset();
  }
  void Read(Learner* one) {
    const bool open = one->socket->Read([&](std::string_view text) { OnMessage(one, text); });
    if (!open) one->socket.reset();
  }
  void OnMessage(Learner* one, std::string_view text) {
    const json message = json::parse(text, nullptr, false);
    if (!message.is_object()) one->wrong = "no JSON: " + std::string(text);
    // What may be sent again is, with its id, in its time.
    const bool refused = message.contains("refused");
    if (refused && message["refused"].value("retryable", false)) {
      ++again_;
    } else if (refused) {
      one->wrong = std::string(text);
    }
    const uint32_t n = message.value("n", 0u);
    if (n == 0) return;
    if (n != one->last_n + 1) {
      one->wrong = "after " + std::to_string(one->last_n) + " came " + std::to_string(n);
    }
    one->last_n = n;
    one->state = message.value("state", "");
    if (message.value("in_reply_to", "") != one->waits_for) return;
    if (one->state == "awaiting_tool_result") return;
    const bool failed = message.contains("error");
    if (!failed && !message.contains("text")) return;
    one->waits_for.clear();
    ++(failed ? failed_ : answers_);
  }
  void CutOne() {
    Learner& one = learners_[random_() % learners_.size()];
    if (!one.socket) return;
    ++cuts_;
    switch (random_() % 3) {
      case 0:
        one.socket->Reset();
        break;
      case 1:
        one.socket->SendHalf();
        break;
      default:
        break;
    }
    one.socket.reset();
  }
  // What comes within a moment.
  void ReadAll() {
    std::vector<pollfd> polled;
    std::vector<Learner*> whose;
    for (Learner& one : learners_) {
      if (!one.socket) continue;
      polled.push_back({one.socket->fd(), POLLIN, 0});
      whose.push_back(&one);
    }
    if (poll(polled.data(), polled.size(), 10) <= 0) return;
    for (size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].revents != 0) Read(whose[i]);
    }
  }
  std::string Wrong() const {
    for (const Learner& one : learners_) {
      if (!one.wrong.empty()) return one.wrong;
    }
    return "";
  }

  test::TempDir dir_;
  std::unique_ptr<test::Process> tools_;
  std::unique_ptr<test::Process> gateway_;
  int port_ = 0;
  std::mt19937_64 random_;
  std::vector<Learner> learners_;
  uint64_t cuts_ = 0;
  uint64_t answers_ = 0;
  uint64_t failed_ = 0;  // Answers that say so: no tool in time.
  uint64_t again_ = 0;   // Refused for now.
};

TEST_F(GatewaySoak, RandomCutsLoseNothingAndDescriptorsAndMemoryStayFlat) {
  const gateway::Issuer issuer{.key = kSecret, .issuer = "soak", .audience = "lyceum"};
  const Deadline begun = Steady::now();
  learners_.resize(kLearners);
  Deadline token_until = begun;
  const auto give_tokens = [&](Deadline now) {
    if (now < token_until) return;
    token_until = now + std::chrono::minutes(10);
    const int64_t expires_s = UnixMs() / 1000 + 14 * 60;
    for (int i = 0; i < kLearners; ++i) {
      learners_[static_cast<size_t>(i)].token =
          gateway::MakeToken(issuer, "soak-" + std::to_string(i), expires_s);
    }
  };
  for (int i = 0; i < kLearners; ++i) {
    learners_[static_cast<size_t>(i)].ask_at = begun + kPace * i / kLearners;
  }
  const Deadline end = begun + Length();
  const Deadline settled = begun + std::min<milliseconds>(Length() / 3, std::chrono::minutes(1));
  Deadline cut_at = begun + kPace;
  Deadline look_at = begun;
  std::vector<Sample> before;  // In the time until it is settled, and
  std::vector<Sample> after;   // after it.
  for (Deadline now = begun; now < end && Wrong().empty(); now = Steady::now()) {
    give_tokens(now);
    for (Learner& one : learners_) {
      Connect(&one);
      Ask(&one, now);
    }
    for (; cut_at < now; cut_at += kCutEach) CutOne();
    ReadAll();
    if (now < look_at) continue;
    look_at = now + kSecond;
    ASSERT_TRUE(gateway_->running()) << gateway_->err();
    (now < settled ? before : after).push_back(Look(gateway_->pid()));
  }
  EXPECT_EQ(Wrong(), "") << gateway_->err();
  // All that was asked is answered.
  const auto open = [&] {
    return std::count_if(learners_.begin(), learners_.end(),
                         [](const Learner& one) { return !one.waits_for.empty(); });
  };
  const Deadline limit = In(seconds(60));
  while (open() > 0 && LeftMs(limit) > 0 && Wrong().empty()) {
    for (Learner& one : learners_) {
      Connect(&one);
      if (!one.waits_for.empty()) Ask(&one, Steady::now());
    }
    ReadAll();
  }
  EXPECT_EQ(Wrong(), "");
  ASSERT_FALSE(before.empty() || after.empty());
  const auto most = [](const std::vector<Sample>& samples, size_t Sample::*what) {
    size_t highest = 0;
    for (const Sample& one : samples) highest = std::max(highest, one.*what);
    return highest;
  };
  const size_t fds[] = {most(before, &Sample::descriptors), most(after, &Sample::descriptors)};
  const size_t kib[] = {most(before, &Sample::resident_kib), most(after, &Sample::resident_kib)};
  std::printf("%d learners, %zu cuts, %zu answers, %zu failed, %zu asked again\n", kLearners,
              static_cast<size_t>(cuts_), static_cast<size_t>(answers_),
              static_cast<size_t>(failed_), static_cast<size_t>(again_));
  for (const Learner& one : learners_) {
    if (one.waits_for.empty()) continue;
    std::printf("open: %s, after message %u, state %s\n", one.waits_for.c_str(), one.last_n,
                one.state.c_str());
  }
  Hold("questions open at the end", static_cast<size_t>(open()), 0);
  Hold("descriptors", fds[1], fds[0] + kLearners / 20);
  Hold("resident KiB", kib[1], kib[0] + kib[0] / 10 + 1024);
  EXPECT_GT(cuts_, 100u);
}

}  // namespace
}  // namespace lyceum
