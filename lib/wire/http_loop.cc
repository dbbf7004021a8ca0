#include "wire/http_loop.h"

#include <pthread.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <system_error>

#include "wire/http_running.h"

namespace lyceum::wire {
namespace {

constexpr int kEventsAtOnce = 128;
constexpr int kWaitMsMax = 1000;

}  // namespace

Result<std::unique_ptr<HttpLoop>> HttpLoop::Start(const HttpClient::Options& options,
                                                  std::shared_ptr<HttpDoor> door,
                                                  std::shared_ptr<HttpCounts> counts) {
  std::unique_ptr<HttpLoop> loop(new HttpLoop);
  loop->door_ = std::move(door);
  loop->counts_ = std::move(counts);
  loop->epoll_ = Descriptor(epoll_create1(EPOLL_CLOEXEC));
  loop->multi_.reset(curl_multi_init());
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;  // Each word is told once, and need not be read.
  event.data.fd = loop->door_->fd();
  if (!loop->epoll_ || loop->door_->fd() < 0 || !loop->multi_ ||
      epoll_ctl(loop->epoll_.get(), EPOLL_CTL_ADD, loop->door_->fd(), &event) != 0) {
    return Fatal("the HTTP client can not start: no descriptors are left");
  }
  CURLM* multi = loop->multi_.get();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, OnSocket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, loop.get());
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, OnTimer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, loop.get());
  loop->kept_max_ = options.connections_kept_max;
  loop->KeepConnections();
  try {
    loop->thread_ = std::thread([raw = loop.get()] { raw->Run(); });
  } catch (const std::system_error&) {
    return Fatal("the HTTP client can not start: no threads are left");
  }
  return loop;
}

HttpLoop::~HttpLoop() {
  door_->Close();
  if (thread_.joinable()) thread_.join();
}

int HttpLoop::OnSocket(CURL*, curl_socket_t socket, int what, void* closure, void*) {
  const int epoll = static_cast<HttpLoop*>(closure)->epoll_.get();
  epoll_event event{};
  event.data.fd = socket;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, socket, &event);
    return 0;
  }
  if (what != CURL_POLL_OUT) event.events |= EPOLLIN;
  if (what != CURL_POLL_IN) event.events |= EPOLLOUT;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0) {
    epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event);
  }
  return 0;
}

int HttpLoop::OnTimer(CURLM*, long timeout_ms, void* closure) {
  auto& due = static_cast<HttpLoop*>(closure)->curl_due_;
  due.reset();
  if (timeout_ms >= 0) due = In(std::chrono::milliseconds(timeout_ms));
  return 0;
}

void HttpLoop::Run() {
  // The signals of the program are for its other threads, and OpenSSL writes to closed sockets.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), "http");

  door_->Open();
  std::array<epoll_event, kEventsAtOnce> events;
  int still_running = 0;
  bool open = true;
  while (open) {
    const int count = epoll_wait(epoll_.get(), events.data(), kEventsAtOnce, WaitMs());
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      if (event.data.fd == door_->fd()) continue;
      const int mask = ((event.events & (EPOLLIN | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0) |
                       ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                       ((event.events & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0);
      curl_multi_socket_action(multi_.get(), event.data.fd, mask, &still_running);
    }
    open = TakeWords();
    // What was begun is sent by this.
    if (curl_due_ && *curl_due_ <= Steady::now()) {
      curl_due_.reset();
      curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &still_running);
    }
    TakeDone();
    FailOverdue();
    WakeReaders();
  }
  while (!running_.empty()) {
    End(*running_.begin()->first,
        std::make_pair(HttpFailure::kClosed, Retry("the HTTP client was shut down")));
  }
  WakeReaders();
}

int HttpLoop::WaitMs() const {
  if (door_->waiting()) return 0;
  int64_t wait_ms = kWaitMsMax;
  if (curl_due_) wait_ms = std::min(wait_ms, LeftMs(*curl_due_));
  if (!due_.empty()) wait_ms = std::min(wait_ms, LeftMs(due_.begin()->first));
  return static_cast<int>(wait_ms);
}

bool HttpLoop::TakeWords() {
  HttpDoor::Words words = door_->Take();
  for (auto& running : words.begins) Begin(std::move(running));
  for (const auto& flow : words.flows) Look(flow);
  return words.open;
}

void HttpLoop::Begin(std::unique_ptr<HttpRunning> running) {
  HttpRunning& begun = *running;
  begun.loop = this;
  begun.flow->running = &begun;
  begun.due = due_.end();
  running_.emplace(&begun, std::move(running));
  KeepConnections();
  if (begun.flow->over()) return End(begun, std::nullopt);
  Schedule(begun);
  CHECK(curl_multi_add_handle(multi_.get(), begun.easy.get()) == CURLM_OK);
}

void HttpLoop::Look(const std::shared_ptr<HttpFlow>& flow) {
  if (flow->running == nullptr) return touched_.push_back(flow);
  if (flow->over()) return End(*flow->running, std::nullopt);
  HttpRunning& running = *flow->running;
  if (flow->finishing()) running.deadline = std::min(running.deadline, In(kHttpFinishWait));
  if (flow->TakeResume()) return Resume(running);
  Schedule(running);
}

void HttpLoop::Resume(HttpRunning& running) {
  running.paused = false;
  running.heard = Steady::now();
  // Hands over what curl has kept, which may pause it again; the rest by curl's timer.
  curl_easy_pause(running.easy.get(), CURLPAUSE_CONT);
  Schedule(running);
}

void HttpLoop::TakeDone() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    HttpRunning* running = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &running);
    if (code == CURLE_OK && running->head_whole) {
      End(*running, std::nullopt);
    } else {
      End(*running, running->Outcome(code));
    }
  }
}

void HttpLoop::FailOverdue() {
  const Deadline now = Steady::now();
  while (!due_.empty() && due_.begin()->first <= now) {
    HttpRunning& running = *due_.begin()->second;
    const auto [when, failure] = running.Due();
    if (when <= now) {
      End(running, std::make_pair(failure, running.DueError(failure)));
    } else {
      Schedule(running);
    }
  }
}

void HttpLoop::Schedule(HttpRunning& running) {
  if (running.due != due_.end()) due_.erase(running.due);
  running.due = due_.emplace(running.Due().first, &running);
}

// Curl counts those in use with the idle ones, and at the end of a transfer closes what is too
// many.
void HttpLoop::KeepConnections() {
  const size_t connections_max = running_.size() + kept_max_;
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(connections_max));
}

void HttpLoop::End(HttpRunning& running,
                   const std::optional<std::pair<HttpFailure, Error>>& failure) {
  // Nobody hears of the failure of what nobody reads.
  if (failure && running.flow->finishing()) running.flow->Drop();
  if (failure && running.flow->over()) return End(running, std::nullopt);
  if (running.due != due_.end()) due_.erase(std::exchange(running.due, due_.end()));
  CURL* easy = running.easy.get();
  curl_multi_remove_handle(multi_.get(), easy);
  long connections = 0;
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
  counts_->connections += static_cast<uint64_t>(connections);
  const std::shared_ptr<HttpFlow> flow = running.flow;
  flow->running = nullptr;
  running_.erase(&running);
  KeepConnections();
  // The counts are right when the reader looks at them.
  --counts_->running;
  if (failure || flow->failure()) {
    ++counts_->failed;
  } else if (flow->over()) {
    ++counts_->dropped;
  } else {
    ++counts_->done;
    flow->PutEnd();
  }
  if (failure) flow->Fail(failure->first, failure->second);
  touched_.push_back(flow);
}

void HttpLoop::Heard(HttpRunning& running) {
  running.heard = Steady::now();
  running.answered = true;
  // From the first byte on the gaps count, and they may be shorter. Later ones only move it away,
  // which FailOverdue finds out.
  if (running.due != due_.end() && running.Due().first < running.due->first) Schedule(running);
}

void HttpLoop::Touch(HttpRunning& running) {
  if (touched_.empty() || touched_.back() != running.flow) touched_.push_back(running.flow);
}

void HttpLoop::WakeReaders() {
  for (const auto& flow : touched_) flow->Wake();
  touched_.clear();
}

}  // namespace lyceum::wire
