#include "wire/http_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "wire/http_running.h"

namespace lyceum::wire {
namespace {

constexpr int64_t kWaitMsMax = 1000;
constexpr int kRoundsMax = 4;  // Readers that begin another transfer need not wait for a turn.

}  // namespace

Result<std::unique_ptr<HttpLoop>> HttpLoop::Make(const HttpClient::Options& options,
                                                 EventLoop* event_loop,
                                                 std::shared_ptr<HttpDoor> door,
                                                 std::shared_ptr<HttpCounts> counts) {
  std::unique_ptr<HttpLoop> loop(new HttpLoop);
  loop->door_ = std::move(door);
  loop->counts_ = std::move(counts);
  loop->loop_ = event_loop;
  loop->multi_.reset(curl_multi_init());
  if (!loop->multi_) return Fatal("the HTTP client cannot start: there is no memory");
  CURLM* multi = loop->multi_.get();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, OnSocket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, loop.get());
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, OnTimer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, loop.get());
  loop->kept_max_ = options.connections_kept_max;
  loop->KeepConnections();
  return loop;
}

HttpLoop::~HttpLoop() {
  door_->Close();
  TakeWords();
  while (!running_.empty()) {
    End(*running_.begin()->first,
        std::make_pair(HttpFailure::kClosed, Retry("the HTTP client was shut down")));
  }
  WakeReaders();
}

int HttpLoop::OnSocket(CURL*, curl_socket_t socket, int what, void* closure, void*) {
  auto& self = *static_cast<HttpLoop*>(closure);
  if (what == CURL_POLL_REMOVE) {
    if (self.watched_.erase(socket) > 0) self.loop_->Remove(socket);
    return 0;
  }
  uint32_t events = 0;
  if (what != CURL_POLL_OUT) events |= EPOLLIN;
  if (what != CURL_POLL_IN) events |= EPOLLOUT;
  if (self.watched_.contains(socket)) {
    self.loop_->Modify(socket, events);
  } else if (self.loop_->Add(socket, events,
                             [&self, socket](uint32_t ready) { self.OnReady(socket, ready); })) {
    self.watched_.insert(socket);
  }
  return 0;
}

int HttpLoop::OnTimer(CURLM*, long timeout_ms, void* closure) {
  auto& due = static_cast<HttpLoop*>(closure)->curl_due_;
  due.reset();
  if (timeout_ms >= 0) due = In(std::chrono::milliseconds(timeout_ms));
  return 0;
}

void HttpLoop::OnReady(int socket, uint32_t events) {
  const int mask = ((events & (EPOLLIN | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0) |
                   ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                   ((events & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0);
  int still_running = 0;
  curl_multi_socket_action(multi_.get(), socket, mask, &still_running);
  acted_ = true;
}

void HttpLoop::Turn() {
  door_->Open();
  for (int round = 0; round < kRoundsMax; ++round) {
    TakeWords();
    // What was begun is sent by this.
    if (curl_due_ && *curl_due_ <= Steady::now()) {
      curl_due_.reset();
      int still_running = 0;
      curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &still_running);
      acted_ = true;
    }
    if (std::exchange(acted_, false)) TakeDone();
    FailOverdue();
    WakeReaders();
    if (!door_->waiting()) return;
  }
}

int64_t HttpLoop::WaitMs() const {
  if (acted_ || door_->waiting()) return 0;
  int64_t wait_ms = kWaitMsMax;
  if (curl_due_) wait_ms = std::min(wait_ms, LeftMs(*curl_due_));
  if (!due_.empty()) wait_ms = std::min(wait_ms, LeftMs(due_.begin()->first));
  return wait_ms;
}

void HttpLoop::TakeWords() {
  HttpDoor::Words words = door_->Take();
  for (auto& running : words.begins) Begin(std::move(running));
  for (const auto& flow : words.flows) Look(flow);
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
  if (const auto end_by = flow->end_by()) running.deadline = std::min(running.deadline, *end_by);
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
  const std::vector<std::shared_ptr<HttpFlow>> touched = std::exchange(touched_, {});
  for (const auto& flow : touched) flow->Wake();
}

}  // namespace lyceum::wire
