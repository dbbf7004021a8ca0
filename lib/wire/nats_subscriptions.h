// Private to this library: the subscriptions of one connection, found by id and by the subjects that they may get. The loop's
// thread alone.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "wire/nats_options.h"
#include "wire/subject.h"
#include "wire/wire.h"

namespace lyceum::wire {

class NatsSubscriptions {
 public:
  struct One {
    Wire::SubscriptionId id = 0;
    SubscriptionHandle handle;  // Null: unsubscribed.
    std::string subject;
    Wire::Handler handler;
    uint64_t queued = 0;  // While delivering: to be handed out yet.
  };
  using All = std::vector<std::unique_ptr<One>>;

  // Its id is higher than all before.
  void Add(std::unique_ptr<One> one) {
    if (IsWild(*one)) {
      wild_.push_back(one.get());
    } else {
      exact_.emplace(one->subject, one.get());
    }
    all_.push_back(std::move(one));
  }
  One* Find(Wire::SubscriptionId id) const {
    const auto found = LowerBound(id);
    return found != all_.end() && (*found)->id == id ? found->get() : nullptr;
  }
  // Those without a handle, where there are such.
  void EraseUnsubscribed() {
    if (!std::exchange(some_unsubscribed_, false)) return;
    const auto gone = [](const auto& one) { return one->handle == nullptr; };
    std::erase_if(exact_, [&](const auto& entry) { return gone(entry.second); });
    std::erase_if(wild_, gone);
    std::erase_if(all_, gone);
  }
  // It loses its handle, and goes; `later`: with EraseUnsubscribed.
  void Unsubscribe(One* one, bool later) {
    one->handle.reset();
    some_unsubscribed_ = some_unsubscribed_ || later;
    if (later) return;
    const auto [begin, end] = exact_.equal_range(one->subject);
    const auto entry = std::find_if(begin, end, [&](const auto& e) { return e.second == one; });
    if (entry != end) exact_.erase(entry);
    std::erase(wild_, one);
    all_.erase(LowerBound(one->id));
  }
  void Clear() {
    exact_.clear();
    wild_.clear();
    all_.clear();
  }

  const All& all() const { return all_; }  // By id.
  // By id: those that may have got a message under one of these subjects, and some others.
  std::vector<One*> MayHaveGot(const std::vector<std::string>& subjects) const {
    std::vector<One*> found = wild_;
    for (const std::string& subject : subjects) {
      const auto [begin, end] = exact_.equal_range(subject);
      for (auto entry = begin; entry != end; ++entry) found.push_back(entry->second);
    }
    std::sort(found.begin(), found.end(), [](const One* a, const One* b) { return a->id < b->id; });
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  }
  // By id: those that get a message under this subject.
  std::vector<One*> Matching(std::string_view subject) const {
    std::vector<One*> found = MayHaveGot({std::string(subject)});
    std::erase_if(found, [&](const One* one) {
      return one->handle == nullptr || !Matches(one->subject, subject);
    });
    return found;
  }

 private:
  All::const_iterator LowerBound(Wire::SubscriptionId id) const {
    return std::lower_bound(
        all_.begin(), all_.end(), id,
        [](const auto& one, Wire::SubscriptionId wanted) { return one->id < wanted; });
  }
  static bool IsWild(const One& one) {
    return one.subject.find_first_of("*>") != std::string::npos;
  }

  All all_;
  std::unordered_multimap<std::string_view, One*> exact_;  // Keys are the subjects in `all_`.
  std::vector<One*> wild_;
  bool some_unsubscribed_ = false;
};

}  // namespace lyceum::wire
