#include "bench/gateway_client.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/signals.h"
#include "bench/figures.h"
#include "bench/raw_nats.h"
#include "gateway/token.h"
#include "support/web_socket.h"

namespace lyceum::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int kBeginAtOnce = 50;
constexpr std::chrono::seconds kGiveUp{120};

// A way to the sessions: events in, messages out.
class Way {
 public:
  using OnMessage = std::function<void(std::string_view json)>;
  virtual ~Way() = default;
  virtual void Send(int learner, const std::string& id, const std::string& kind_json) = 0;
  // What comes until then; at least one look.
  virtual void Listen(Deadline until, const OnMessage& on_message) = 0;
};

class NatsWay final : public Way {
 public:
  explicit NatsWay(std::string users)
      : users_(std::move(users)),
        client_("bench-" + users_),
        connection_(ConnectRaw(false)),
        js_(JetStreamOf(connection_.get())) {
    natsSubscription* subscription = nullptr;
    Check(natsConnection_SubscribeSync(&subscription, connection_.get(),
                                       ("lyceum.out." + client_).c_str()),
          "subscribe");
    natsSubscription_SetPendingLimits(subscription, -1, -1);
    subscription_.reset(subscription);
  }
  void Send(int learner, const std::string& id, const std::string& kind_json) override {
    const std::string user = users_ + std::to_string(learner);
    PublishStoredRaw(js_.get(), "lyceum.in.user." + user,
                     fmt::format(R"({{"id":"{}","client":"{}",{}}})", id, client_, kind_json),
                     user + "/" + id);
  }
  void Listen(Deadline until, const OnMessage& on_message) override {
    const int64_t left_ms = std::max<int64_t>(LeftMs(until), 1);
    natsMsg* message = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&message, subscription_.get(), left_ms);
    if (status == NATS_TIMEOUT) return;
    Check(status, "next message");
    const Owned<natsMsg> owned(message);
    on_message({natsMsg_GetData(message), static_cast<size_t>(natsMsg_GetDataLength(message))});
  }

 private:
  const std::string users_;
  const std::string client_;
  Owned<natsConnection> connection_;
  Owned<jsCtx> js_;
  Owned<natsSubscription> subscription_;
};

class SocketWay final : public Way {
 public:
  explicit SocketWay(const ClientPlan& plan) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    const gateway::Issuer issuer{.key = kBenchSecret, .issuer = kBenchIssuer, .audience = "lyceum"};
    const int64_t until_s = SystemClock().UnixMs() / 1000 + 890;
    for (int i = 0; i < plan.learners; ++i) {
      std::string answer;
      auto socket = test::WebSocket::Connect(
          plan.gateway_port, "/v1/sessions/me/ws",
          gateway::MakeToken(issuer, plan.users + std::to_string(i), until_s), &answer);
      if (!socket) throw std::runtime_error("no socket: " + answer);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u32 = static_cast<uint32_t>(i);
      epoll_ctl(epoll_, EPOLL_CTL_ADD, socket->fd(), &event);
      sockets_.push_back(*std::move(socket));
    }
  }
  ~SocketWay() override { close(epoll_); }
  void Send(int learner, const std::string& id, const std::string& kind_json) override {
    if (!sockets_[static_cast<size_t>(learner)].Send(
            fmt::format(R"({{"id":"{}",{}}})", id, kind_json))) {
      throw std::runtime_error("a frame is not sent");
    }
  }
  void Listen(Deadline until, const OnMessage& on_message) override {
    epoll_event events[64];
    const int count = epoll_wait(epoll_, events, 64, static_cast<int>(LeftMs(until)));
    for (int i = 0; i < count; ++i) {
      if (!sockets_[events[i].data.u32].Read(on_message)) {
        throw std::runtime_error("the gateway has closed a socket");
      }
    }
  }

 private:
  const int epoll_;
  std::vector<test::WebSocket> sockets_;
};

// The text behind "<name>":" in a message, where nothing in it is escaped.
std::string_view Field(std::string_view json, std::string_view name) {
  const std::string key = fmt::format(R"("{}":")", name);
  const size_t at = json.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = json.substr(at + key.size());
  return rest.substr(0, rest.find('"'));
}

// The learner whose event of this kind a message ends the answer to. Ids are <kind><learner>.<k>
std::optional<int> Answered(std::string_view json, char kind) {
  const std::string_view id = Field(json, "in_reply_to");
  if (id.empty() || id[0] != kind || Field(json, "text").empty()) return {};
  if (Field(json, "state") == "awaiting_tool_result") return {};
  return std::atoi(std::string(id.substr(1)).c_str());
}

void Begin(const ClientPlan& plan) {
  NatsWay way(plan.users);
  const Deadline limit = Steady::now() + kGiveUp;
  int begun = 0;
  int sent = 0;
  while (begun < plan.learners) {
    for (; sent < plan.learners && sent < begun + kBeginAtOnce; ++sent) {
      way.Send(sent, fmt::format("s{}.0", sent),
               fmt::format(R"("start":{{"course":"{}"}})", plan.course));
    }
    way.Listen(limit, [&](std::string_view json) { begun += Answered(json, 's') ? 1 : 0; });
    if (LeftMs(limit) <= 0) throw std::runtime_error("the sessions do not begin");
  }
}

struct Asked {
  Deadline due;   // To ask next.
  Deadline sent;  // Asked, and not answered.
  bool waits = false;
  int k = 0;
  std::string id;
};

void Ask(Way& way, const ClientPlan& plan) {
  const Deadline begun = Steady::now();
  const Deadline from = begun + std::chrono::seconds(plan.warm_up_s);
  const Deadline to = from + std::chrono::seconds(plan.seconds);
  std::vector<Asked> learners(static_cast<size_t>(plan.learners));
  const std::string run = std::to_string(getpid());
  for (size_t i = 0; i < learners.size(); ++i) {
    learners[i].due = begun + milliseconds(plan.pace_ms) * i / learners.size();
  }
  std::vector<double> took_ms;
  while (Steady::now() < to) {
    Deadline next = to;
    const Deadline now = Steady::now();
    for (size_t i = 0; i < learners.size(); ++i) {
      Asked& one = learners[i];
      if (one.waits) continue;
      if (one.due > now) {
        next = std::min(next, one.due);
        continue;
      }
      one.id = fmt::format("q{}.{}.{}", i, run, ++one.k);
      one.sent = Steady::now();
      one.waits = true;
      one.due = std::max(one.due + milliseconds(plan.pace_ms), now);
      way.Send(static_cast<int>(i), one.id, R"("message":{"text":"why?","intent":"QUESTION"})");
    }
    way.Listen(next, [&](std::string_view json) {
      const std::optional<int> learner = Answered(json, 'q');
      if (!learner || static_cast<size_t>(*learner) >= learners.size()) return;
      Asked& one = learners[static_cast<size_t>(*learner)];
      if (!one.waits || Field(json, "in_reply_to") != one.id) return;
      one.waits = false;
      if (one.sent >= from) took_ms.push_back(SecondsSince(one.sent) * 1000);
    });
  }
  if (took_ms.empty()) throw std::runtime_error("no answer");
  fmt::print("{{\"turns\":{},\"p50_ms\":{:.4f},\"p99_ms\":{:.4f}}}\n", took_ms.size(),
             Quantile(took_ms, 0.5), Quantile(took_ms, 0.99));
}

void PrintReady() {
  fmt::print("ready\n");
  std::fflush(stdout);
}

}  // namespace

int RunClient(const ClientPlan& plan) {
  if (plan.way == "begin") {
    Begin(plan);
    return 0;
  }
  if (plan.way == "nats") {
    NatsWay way(plan.users);
    PrintReady();
    Ask(way, plan);
    return 0;
  }
  SocketWay way(plan);
  PrintReady();
  if (plan.way == "socket") {
    Ask(way, plan);
    return 0;
  }
  CatchStopSignals();
  while (!WaitForStop(Steady::now()))
    way.Listen(Steady::now() + milliseconds(100), [](std::string_view) {});
  return 0;
}

}  // namespace lyceum::bench
