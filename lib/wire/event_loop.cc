#include "wire/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "base/check.h"

namespace lyceum::wire {
namespace {

// Tells an event of a descriptor from one of its predecessor with the same number.
uint64_t Tag(int fd, uint32_t generation) {
  return (uint64_t{generation} << 32) | static_cast<uint32_t>(fd);
}

}  // namespace

EventLoop::EventLoop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(epoll_ >= 0 && event_ >= 0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = Tag(event_, 0);
  CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &event) == 0);
}

EventLoop::~EventLoop() {
  close(event_);
  close(epoll_);
}

bool EventLoop::Add(int fd, uint32_t events, Callback callback) {
  CHECK(!watches_.contains(fd));
  auto watch = std::make_unique<Watch>(Watch{++last_generation_, std::move(callback)});
  epoll_event event{};
  event.events = events;
  event.data.u64 = Tag(fd, watch->generation);
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return false;
  watches_.emplace(fd, std::move(watch));
  return true;
}

void EventLoop::Modify(int fd, uint32_t events) {
  const auto found = watches_.find(fd);
  CHECK(found != watches_.end());
  epoll_event event{};
  event.events = events;
  event.data.u64 = Tag(fd, found->second->generation);
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);  // Closed meanwhile: nothing is ready any more.
}

void EventLoop::Remove(int fd) {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return;
  removed_.push_back(std::move(found->second));
  watches_.erase(found);
  epoll_event unused{};
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, &unused);  // A closed one has left by itself.
}

void EventLoop::Post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  Signal();
}

void EventLoop::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  Signal();
}

// With the lock held: else the loop could be gone before the write.
void EventLoop::Signal() {
  if (!waiting_) return;
  waiting_ = false;
  const uint64_t one = 1;
  CHECK(write(event_, &one, sizeof(one)) == sizeof(one));
}

bool EventLoop::MayWait() {
  const std::lock_guard lock(mutex_);
  waiting_ = tasks_.empty() && !woken_;
  woken_ = false;
  return waiting_;
}

void EventLoop::RunTasks() {
  std::deque<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    waiting_ = false;
    if (tasks_.size() <= kTasksMax) {
      tasks.swap(tasks_);
    } else {
      const auto end = tasks_.begin() + kTasksMax;
      tasks.assign(std::make_move_iterator(tasks_.begin()), std::make_move_iterator(end));
      tasks_.erase(tasks_.begin(), end);
    }
  }
  for (auto& task : tasks) task();
}

void EventLoop::RunOnce(int64_t wait_ms_max) {
  if (wait_ms_max != 0 && !MayWait()) wait_ms_max = 0;
  std::array<epoll_event, kEventsMax> events;
  const int wait = static_cast<int>(std::clamp<int64_t>(wait_ms_max, -1, INT_MAX));
  const int count = epoll_wait(epoll_, events.data(), kEventsMax, wait);
  CHECK(count >= 0 || errno == EINTR);
  RunTasks();
  for (int i = 0; i < count; ++i) {
    const auto fd = static_cast<int>(events[i].data.u64 & UINT32_MAX);
    if (fd == event_) {
      uint64_t value = 0;
      CHECK(read(event_, &value, sizeof(value)) == sizeof(value) || errno == EAGAIN);
      continue;
    }
    const auto found = watches_.find(fd);
    if (found == watches_.end()) continue;
    Watch& watch = *found->second;
    if (Tag(fd, watch.generation) == events[i].data.u64) watch.callback(events[i].events);
  }
  removed_.clear();
}

}  // namespace lyceum::wire
