// The bare tool worker: the hops of a call of a language model, and nothing else. The limit that
// lyceum-tool-worker is held against.
//
//   bench_bare_tool URL
// For a request to lyceum.tool.clarify_concept an ack on its reply subject, and one POST to URL;
// for the first bytes of the answer a message to lyceum.out.bench, for its end a result to
// lyceum.in.tool.bench (JetStream). Raw nats.c, raw curl, one thread that waits for both:
// nothing is decoded, rendered, checked, counted or sent again. What it sends begins with the
// number that its request begins with, and is as long as what the real one sends. Speaks as its
// role (raw_nats.h) until SIGTERM.
#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "bench/raw_nats.h"

namespace lyceum::bench {
namespace {

constexpr size_t kAckBytes = 60, kPromptBytes = 2600, kDeltaBytes = 110, kResultBytes = 400;
constexpr int kWaitMs = 100;

volatile std::sig_atomic_t stopped = 0;
void OnStop(int) { stopped = 1; }

std::string Payload(std::string_view number, size_t bytes) {
  std::string data(number);
  data += ' ';
  data.resize(std::max(data.size(), bytes), '.');
  return data;
}

class Tool {
 public:
  explicit Tool(std::string url)
      : url_(std::move(url)),
        body_(R"({"model":"m","stream":true,"max_tokens":100,"system":")" +
              std::string(kPromptBytes, 'x') + "\"}"),
        connection_(ConnectRaw(false)),
        js_(JetStreamOf(connection_.get())),
        door_(eventfd(0, EFD_NONBLOCK)),
        epoll_(epoll_create1(0)),
        multi_(curl_multi_init()),
        headers_(curl_slist_append(nullptr, "content-type: application/json")) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, OnSocket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, OnTimer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1024L);
    OnSocket(nullptr, door_, CURL_POLL_IN, this, nullptr);
    natsSubscription* requests = nullptr;
    Check(natsConnection_QueueSubscribe(&requests, connection_.get(), "lyceum.tool.clarify_concept",
                                        "tools", OnRequest, this),
          "subscribe");
    requests_.reset(requests);
    Check(natsConnection_Flush(connection_.get()), "flush");
  }

  void Run() {
    std::array<epoll_event, 128> events;
    int running = 0;
    while (!stopped) {
      const int count = epoll_wait(epoll_, events.data(), events.size(), WaitMs());
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<size_t>(i)];
        if (event.data.fd == door_) {
          TakeRequests();
          continue;
        }
        const int mask = ((event.events & (EPOLLIN | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0) |
                         ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0);
        curl_multi_socket_action(multi_, event.data.fd, mask, &running);
      }
      if (timer_ && *timer_ <= Steady::now()) {
        timer_.reset();
        curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
      }
      TakeDone();
    }
  }

 private:
  struct Call {
    Tool* tool = nullptr;
    CURL* easy = nullptr;
    std::string number;
    bool answered = false;
  };

  // In the library's thread.
  static void OnRequest(natsConnection* connection, natsSubscription*, natsMsg* message,
                        void* closure) {
    auto& tool = *static_cast<Tool*>(closure);
    const Owned<natsMsg> owned(message);
    const std::string_view data(natsMsg_GetData(message),
                                static_cast<size_t>(natsMsg_GetDataLength(message)));
    std::string number(data.substr(0, data.find(' ')));
    PublishRaw(connection, natsMsg_GetReply(message), Payload(number, kAckBytes));
    bool first = false;
    {
      const std::lock_guard lock(tool.mutex_);
      first = tool.asked_.empty();
      tool.asked_.push_back(std::move(number));
    }
    if (first) eventfd_write(tool.door_, 1);
  }

  static size_t OnBody(char*, size_t size, size_t count, void* closure) {
    auto& call = *static_cast<Call*>(closure);
    if (!std::exchange(call.answered, true)) call.tool->Say(call);
    return size * count;
  }

  static int OnSocket(CURL*, curl_socket_t socket, int what, void* closure, void*) {
    const int epoll = static_cast<Tool*>(closure)->epoll_;
    epoll_event event{};
    event.data.fd = socket;
    if (what == CURL_POLL_REMOVE) return epoll_ctl(epoll, EPOLL_CTL_DEL, socket, &event), 0;
    if (what != CURL_POLL_OUT) event.events |= EPOLLIN;
    if (what != CURL_POLL_IN) event.events |= EPOLLOUT;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0) {
      epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event);
    }
    return 0;
  }

  static int OnTimer(CURLM*, long timeout_ms, void* closure) {
    auto& timer = static_cast<Tool*>(closure)->timer_;
    timer.reset();
    if (timeout_ms >= 0) timer = In(std::chrono::milliseconds(timeout_ms));
    return 0;
  }

  int WaitMs() const {
    return static_cast<int>(timer_ ? std::min<int64_t>(kWaitMs, LeftMs(*timer_)) : kWaitMs);
  }

  void Say(const Call& call) {
    PublishRaw(connection_.get(), "lyceum.out.bench", Payload(call.number, kDeltaBytes));
  }

  void TakeRequests() {
    eventfd_t count = 0;
    eventfd_read(door_, &count);
    std::vector<std::string> asked;
    {
      const std::lock_guard lock(mutex_);
      asked.swap(asked_);
    }
    for (std::string& number : asked) {
      if (idle_.empty()) idle_.push_back(MakeCall());
      Call* call = idle_.back();
      idle_.pop_back();
      call->number = std::move(number);
      call->answered = false;
      curl_multi_add_handle(multi_, call->easy);
    }
  }

  Call* MakeCall() {
    calls_.push_back(std::make_unique<Call>());
    Call* call = calls_.back().get();
    call->tool = this;
    call->easy = curl_easy_init();
    curl_easy_setopt(call->easy, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, body_.c_str());
    curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, OnBody);
    curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(call->easy, CURLOPT_NOSIGNAL, 1L);
    return call;
  }

  void TakeDone() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      if (message->data.result != CURLE_OK) throw std::runtime_error("curl failed");
      Call* call = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
      curl_multi_remove_handle(multi_, call->easy);
      PublishStoredRaw(js_.get(), "lyceum.in.tool.bench", Payload(call->number, kResultBytes),
                       "bare-" + call->number);
      idle_.push_back(call);
    }
  }

  // Of the process: nothing is given back.
  const std::string url_;
  const std::string body_;
  const Owned<natsConnection> connection_;
  const Owned<jsCtx> js_;
  Owned<natsSubscription> requests_;
  const int door_;
  const int epoll_;
  CURLM* const multi_;
  curl_slist* const headers_;
  std::optional<Deadline> timer_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<Call*> idle_;
  std::mutex mutex_;
  std::vector<std::string> asked_;  // Guarded by mutex_.
};

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::signal(SIGTERM, lyceum::bench::OnStop);
  try {
    lyceum::bench::Tool tool(argv[1]);
    std::puts("ready");
    std::fflush(stdout);
    tool.Run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_bare_tool: %s\n", error.what());
    return 3;
  }
  std::_Exit(0);  // The library's thread may be in a callback.
}
