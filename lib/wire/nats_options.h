// Private to this library: how its connections are set up, whoever drives them.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "wire/connection.h"
#include "wire/handles.h"

namespace lyceum::wire {

// The library may call back after a connection was destroyed, so its callbacks hold a number and
// not a pointer: a number that nobody answers to is ignored.
template <class T>
class ById {
 public:
  uint64_t Add(std::shared_ptr<T> object) {
    const std::lock_guard lock(mutex_);
    objects_.emplace(++last_id_, std::move(object));
    return last_id_;
  }
  void Remove(uint64_t id) {
    std::shared_ptr<T> removed;  // Destroyed without the lock.
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(id);
    if (found == objects_.end()) return;
    removed = std::move(found->second);
    objects_.erase(found);
  }
  std::shared_ptr<T> Find(uint64_t id) {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(id);
    return found == objects_.end() ? nullptr : found->second;
  }
  // The one of the process. Outlives every thread of the library.
  static ById& Instance() {
    static auto* const instance = new ById;
    return *instance;
  }

 private:
  std::mutex mutex_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, std::shared_ptr<T>> objects_;
};

// What the library's own thread reports: lives as long as anybody may still look at it.
struct AsyncState {
  std::atomic<uint64_t> errors{0};
  std::atomic<uint64_t> violations{0};
  std::mutex mutex;
  std::string last;  // Guarded by mutex.

  void Set(std::string text);  // The last one; counts nothing.
  std::string Last();
};

inline void* Closure(uint64_t id) { return reinterpret_cast<void*>(id); }
inline uint64_t IdOf(void* closure) { return reinterpret_cast<uint64_t>(closure); }

// Whom to connect to, and as whom.
struct Target {
  std::vector<std::string> urls;
  std::string shown;  // The urls without user and password: for messages to people.
  std::string inbox_prefix;
  bool secure = false;  // With TLS: one of them is tls://, or there is an authority of our own.
};
// kReject: no url, a prefix that is no subject, a file of TLS that can not be read.
Result<Target> ParseTarget(const ConnectOptions& options);

// Sets one option after another, until one fails.
class Setting {
 public:
  void operator()(natsStatus next) {
    if (status_ == NATS_OK) status_ = next;
  }
  natsStatus status() const { return status_; }

 private:
  natsStatus status_ = NATS_OK;
};
// Servers, TLS, name, credentials, inbox prefix, timeout; errors go to the AsyncState of that id.
natsStatus SetCommon(natsOptions* raw, const ConnectOptions& options, const Target& target,
                     uint64_t async_id);

// kReject: refused (user, password, certificate). kRetry: nobody answers there.
Error ConnectError(natsStatus status, const Target& target);

// A fresh subject under the prefix.
std::string MakeInbox(const std::string& prefix);

}  // namespace lyceum::wire
